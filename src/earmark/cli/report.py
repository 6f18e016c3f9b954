"""Refusals to a file as they come: CSV, or JSON lines where the name says so."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from earmark.cli.table import JSON_SUFFIXES
from earmark.errors import InvalidRequest


@contextmanager
def open_report(path: Path) -> Iterator[Callable[[Mapping[str, object]], None]]:
    """Give a function that writes one refusal; each is in the file at once, should the command be stopped.

    A file that is there is written anew: a run that is taken up again meets the same refusals. Raises
    InvalidRequest when it cannot be written.
    """
    try:
        file = path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise InvalidRequest(
            f"The report {path} cannot be written ({error.strerror}): choose another place."
        ) from None
    with file:
        if path.suffix.lower() in JSON_SUFFIXES:

            def write(refusal: Mapping[str, object]) -> None:
                file.write(json.dumps(refusal, ensure_ascii=False) + "\n")
                file.flush()

            yield write
            return
        from earmark.cli.shapes import RefusalJson

        rows = csv.DictWriter(file, list(RefusalJson.__annotations__))
        rows.writeheader()
        file.flush()

        def write_row(refusal: Mapping[str, object]) -> None:
            rows.writerow(refusal)
            file.flush()

        yield write_row
