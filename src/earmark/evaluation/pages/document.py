"""The parts of a report, the same for HTML and Markdown: sections of text, warnings, tables and figures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earmark.evaluation.intervals import Estimate


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    words: str


@dataclass(frozen=True)
class Notice:
    """A paragraph that stands out: a verdict, or a warning."""

    words: str
    warning: bool = True


@dataclass(frozen=True)
class Bullets:
    """Points of a list."""

    points: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows under a head; the first column is words, the others stand to the right where they are numbers."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1  # columns from the left that are words


@dataclass(frozen=True)
class Figure:
    """A picture, by the name of its file."""

    name: str
    svg: str
    caption: str


Block = Text | Notice | Bullets | Table | Figure


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A whole report."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    foot: str


def percent(rate: float, *, digits: int = 3) -> str:
    """Such as "0.10 %", with about `digits` digits that mean something."""
    if not np.isfinite(rate):
        return "-"
    value = 100.0 * rate
    places = 1 if value >= 9.995 else 2 if value >= 0.0995 or value == 0 else 3 if value >= 0.01 else 4
    return f"{value:.{min(places, digits)}f} %"


def plain(value: float) -> str:
    """Such as "0.123" and "12.3"."""
    return "-" if not np.isfinite(value) else f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def with_interval(found: Estimate | None, *, rate: bool = True) -> str:
    """Such as "4.4 % (3.1 to 5.8)"."""
    if found is None or not np.isfinite(found.value):
        return "too few"
    show = percent if rate else plain
    if not (np.isfinite(found.low) and np.isfinite(found.high)):
        return show(found.value)
    low, high = show(found.low).removesuffix(" %"), show(found.high).removesuffix(" %")
    return f"{show(found.value)} ({low} to {high})"


def one_in(rate: float) -> str:
    """Such as "1 in 1,000"."""
    return f"1 in {round(1 / rate):,}"


def enumerate_words(words: Sequence[str]) -> str:
    """Such as "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
