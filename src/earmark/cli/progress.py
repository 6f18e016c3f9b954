"""A list of recordings to the same list with a progress bar on standard error while it is walked through."""

import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
FEW = 4  # as many are done before a bar has told anybody anything


def with_progress(items: Sequence[T], *, doing: str, quiet: bool) -> Iterator[T]:
    """Yield the items; for many of them on a terminal, show how far it is and an estimate of the rest."""
    if quiet or len(items) <= FEW or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        # Lines for a file or a pipe must not be drawn over the terminal instead.
        redirect_stdout=sys.stdout.isatty(),
    )
    with bar:
        yield from bar.track(items, description=doing)
