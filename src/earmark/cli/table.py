"""A CSV or JSON lines file to rows of named texts; what is wrong with the file as such is said at once."""

import codecs
import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from earmark.errors import FileMissing, InvalidRequest

MAX_BYTES = 256 << 20
MAX_ROWS = 1_000_000
JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
DELIMITERS = ",;\t"  # a spreadsheet writes the one that its country uses
SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
SAVE_AS = "save it as CSV in UTF-8 (in a spreadsheet: 'CSV UTF-8')"


@dataclass(frozen=True)
class Table:
    """What a file holds."""

    rows: list[tuple[int, dict[str, tuple[str, ...]]]]  # number, and for each column its texts
    ignored: tuple[str, ...]  # columns that mean nothing here


def read_table(path: Path, columns: Mapping[str, str], *, needed: tuple[str, ...]) -> Table:
    """Read all rows. `columns` turns what a column may be called, in small letters and digits, to its name.

    Rows are numbered as a spreadsheet shows them, lines of JSON as an editor does. Raises FileMissing, and
    InvalidRequest for what is no table, has too much in it, or lacks one of the columns `needed`.
    """
    text = _read_text(path)
    records = _json_lines(text) if path.suffix.lower() in JSON_SUFFIXES else _csv(text)
    rows: list[tuple[int, dict[str, tuple[str, ...]]]] = []
    found: set[str] = set()
    ignored: dict[str, None] = {}
    for number, record in records:
        row: dict[str, tuple[str, ...]] = {}
        for name, value in record.items():
            column = columns.get(_plain(name))
            if column is None:
                ignored.setdefault(name)
            elif column in row:
                raise InvalidRequest(f"Row {number} has two columns that mean {column}: remove one.")
            else:
                row[column] = _texts(value, column, number)
        found |= set(row)
        if any(row.values()):
            rows.append((number, row))
        if len(rows) > MAX_ROWS:
            raise InvalidRequest(f"The table has more than {MAX_ROWS:,} rows: import it in parts.")
    missing = [name for name in needed if name not in found]
    if missing and (found or ignored):
        raise InvalidRequest(
            f"The table lacks {' and '.join(missing)}: name its columns {', '.join(needed)} in the first row."
        )
    if not rows:
        raise InvalidRequest("The table has no row below its first: check that it is the right file.")
    return Table(rows, tuple(ignored))


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise FileMissing(f"There is no file {path}: check the path.") from None
    except OSError as error:
        raise InvalidRequest(f"The table {path} cannot be read ({error.strerror}): check it.") from None
    if len(content) > MAX_BYTES:
        raise InvalidRequest(f"The table has more than {MAX_BYTES >> 20} MB: import it in parts.")
    if content.startswith(SPREADSHEETS):
        raise InvalidRequest(f"The table is a spreadsheet, not CSV: {SAVE_AS}.")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content:
        raise InvalidRequest(f"The table is not text in UTF-8: {SAVE_AS}.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidRequest(f"The table is not UTF-8 in line {line}: {SAVE_AS}.") from None
    if not text.strip():
        raise InvalidRequest("The table is empty: check that it is the right file.")
    return text


def _csv(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count) if any(map(first.count, DELIMITERS)) else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = [cell.strip() for cell in cells]
                continue
            if any(cell.strip() for cell in cells[len(header) :]):
                raise InvalidRequest(
                    f"Row {number} has more cells than the first row: put names with {delimiter!r} in quotes."
                )
            yield number, {name: cell for name, cell in zip(header, cells, strict=False) if name}
    except csv.Error as error:
        raise InvalidRequest(f"The table cannot be read at row {number + 1} ({error}): correct it.") from None


def _json_lines(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record: Any = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            raise InvalidRequest(f"Line {number} of the table is no JSON object: write one in each line.")
        yield number, record


def _texts(value: Any, name: str, number: int) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    try:
        texts = [one.strip() for one in values if one is not None]
        "".join(texts).encode()  # half a surrogate pair, which JSON can write, is no text
    except (AttributeError, UnicodeEncodeError):
        raise InvalidRequest(f"Row {number} of the table: {name} is no text and no list of texts.") from None
    return tuple(text for text in texts if text)


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
