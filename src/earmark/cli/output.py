"""Values to lines, tables and JSON on standard output, and complaints to standard error."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from earmark.cli.exits import Exit, exit_for
from earmark.errors import AudioError, EarmarkError, FileMissing


class AboutFile(Exception):
    """An error of the tree together with the recording it is about, which the error itself never names."""

    def __init__(self, error: EarmarkError, file: str) -> None:
        super().__init__(f"{file}: {error}")
        self.error = error
        self.file = file


@contextmanager
def about(file: str) -> Iterator[None]:
    """Say which recording an error inside is about, where it is about one."""
    try:
        yield
    except (AudioError, FileMissing) as error:
        raise AboutFile(error, file) from error


def say(line: str = "") -> None:
    """One line to standard output, at once: many recordings take long and may be followed through a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def counted(number: int, what: str) -> str:
    """Such as "1 recording" and "2 recordings"."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def say_json(value: Mapping[str, object]) -> None:
    """One JSON object to standard output."""
    say(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))


def say_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows under a header, in columns as wide as they need to be; plain text, so that it can be piped on."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def complain(error: EarmarkError | AboutFile, *, as_json: bool) -> Exit:
    """Tell an error in one line of standard error, or as JSON on standard output; returns its exit code."""
    cause = error.error if isinstance(error, AboutFile) else error
    code = exit_for(type(cause))
    if as_json:
        from earmark.cli.shapes import error_json

        file = error.file if isinstance(error, AboutFile) else None
        say_json({"error": error_json(cause, exit_code=code, file=file)})
    else:
        warn(str(error))
    return code


def complain_plain(code: str, message: str, exit_code: Exit, *, as_json: bool) -> Exit:
    """The same for what is no error of the tree: wrong arguments, and faults of our own."""
    if as_json:
        say_json({"error": {"code": code, "message": message, "exit": int(exit_code)}})
    else:
        warn(message)
    return exit_code


def warn(line: str) -> None:
    """One line to standard error; control characters of a file's name cannot reach the terminal."""
    clean = "".join(char if char.isprintable() else " " for char in line)
    sys.stderr.write(f"earmark: {clean}\n")
    sys.stderr.flush()
