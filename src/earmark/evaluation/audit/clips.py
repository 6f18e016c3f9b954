"""A folder or a table of the user's recordings to clips: who speaks in each, where it lies, which groups."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from earmark.errors import FileMissing, TrialsInvalid

MOST_CLIPS = 100_000
SPEAKER = ("speaker",)
CLIP = ("clip", "file", "path", "shard")
# Columns that make groups without being asked for; any other is taken with --group.
USUAL_GROUPS = ("age", "sex", "gender", "language", "accent", "channel", "device", "session", "group")
UNKNOWN = ("", "-", "?", "na", "n/a", "none", "unknown")


@dataclass(frozen=True)
class Cut:
    """A stretch of a longer file, in seconds or in samples of that file."""

    start: float
    stop: float
    in_samples: bool


@dataclass(frozen=True)
class Clip:
    """One recording of one speaker."""

    name: str  # how trial lists call it
    speaker: str
    path: Path
    cut: Cut | None
    groups: Mapping[str, str]  # column to value; unknown values are left out


def clips_in_folder(folder: Path, paths: Sequence[Path]) -> list[Clip]:
    """Files below a folder that holds one folder for each speaker; a clip is named by its path below it.

    Raises TrialsInvalid when recordings lie beside the speakers' folders.
    """
    below = [path.relative_to(folder) for path in paths]
    loose = sum(len(path.parts) < 2 for path in below)
    if loose:
        raise TrialsInvalid(
            f"{loose} of {len(below)} recordings lie in no speaker's folder: put every speaker's recordings "
            "into a folder of their own, or hand over a table with the columns speaker and clip."
        )
    return [
        Clip(place.as_posix(), place.parts[0], path, None, {})
        for place, path in zip(below, paths, strict=True)
    ]


def clips_in_table(table: Path, *, groups: Sequence[str] | None = None) -> list[Clip]:
    """Rows of a CSV or TSV table with the columns `speaker` and `clip`, and any others.

    A clip is a path, from the table's folder on. `start` and `end` (seconds), or `start_sample` and
    `samples`, cut it out of a longer file; it is then called PATH:START. `groups` are columns to compare
    speakers by; when None, those of `USUAL_GROUPS` that are there. Raises FileMissing and TrialsInvalid.
    """
    rows = list(_rows(table))
    if not rows:
        raise TrialsInvalid(f"The table {table.name} has no rows: it needs one for each recording.")
    head = list(rows[0][1])
    speaker, clip = _column(head, SPEAKER), _column(head, CLIP)
    chosen = [name for name in head if name.lower() in USUAL_GROUPS] if groups is None else list(groups)
    for name in chosen:
        _column(head, (name,))
    found: dict[str, Clip] = {}
    for line, row in rows:
        if not row[speaker] or not row[clip]:
            raise TrialsInvalid(f"Line {line} of {table.name} names no speaker or no clip: fill it in.")
        cut = _cut(row, line, table.name)
        name = row[clip] if cut is None else f"{row[clip]}:{cut.start:g}"
        if cut is not None and cut.in_samples:
            name = f"{row[clip]}:{int(cut.start)}"
        if name in found:
            raise TrialsInvalid(f"Line {line} of {table.name} repeats a clip: leave one of the two out.")
        known = {each: row[each] for each in chosen if row[each].lower() not in UNKNOWN}
        found[name] = Clip(name, row[speaker], table.parent / row[clip], cut, known)
    return list(found.values())


def _rows(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, cells by column) of a table."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline()
            lines.seek(0)
            separator = max("\t;,", key=first.count)
            reader = csv.DictReader(lines, delimiter=separator, restval="", restkey="")
            for row in reader:
                if reader.line_num > 2 * MOST_CLIPS:
                    raise TrialsInvalid(f"{table.name} has more than {MOST_CLIPS:,} clips: take some.")
                yield reader.line_num, {key: str(value).strip() for key, value in row.items() if key}
    except FileNotFoundError as error:
        raise FileMissing(f"There is no table {table.name}: check the path.") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TrialsInvalid(
            f"{table.name} is no table ({type(error).__name__}): write CSV or TSV in UTF-8."
        ) from error


def _column(head: Sequence[str], names: Sequence[str]) -> str:
    for name in names:
        if name in head:
            return name
    raise TrialsInvalid(
        f"The table has no column {names[0]!r}; its columns are {', '.join(head)[:300]}: name one of them so."
    )


def _cut(row: Mapping[str, str], line: int, table: str) -> Cut | None:
    try:
        if row.get("start_sample") and row.get("samples"):
            start = int(row["start_sample"])
            cut = Cut(start, start + int(row["samples"]), in_samples=True)
        elif row.get("start") or row.get("end"):
            cut = Cut(float(row.get("start") or 0.0), float(row["end"]), in_samples=False)
        else:
            return None
        if not 0 <= cut.start < cut.stop < float("inf"):
            raise ValueError("order")
    except (KeyError, ValueError) as error:
        raise TrialsInvalid(
            f"Line {line} of {table} cuts out no stretch: write `start` and `end` in seconds, or "
            "`start_sample` and `samples`."
        ) from error
    return cut
