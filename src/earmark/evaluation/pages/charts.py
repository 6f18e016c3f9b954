"""Numbers to SVG: rates with their intervals as dots and whiskers, and Tippett plots."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from earmark.evaluation.drawing import COLOURS, frame, line, text
from earmark.evaluation.intervals import Estimate
from earmark.evaluation.metrics import Doubles

WIDTH, LEFT, RIGHT, TOP, BOTTOM, ROW = 970, 190, 40, 76, 50, 34
TICKS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True, eq=False)
class Dots:
    """One kind of rate over all rows; None where it was not measured."""

    name: str
    rates: Sequence[Estimate | None]


@dataclass(frozen=True)
class Axis:
    """A logarithmic axis of rates from `low` to `high`."""

    low: float
    high: float

    def across(self, rate: float) -> float:
        """Where a rate lies; what is below the axis lies on its left edge."""
        share = math.log(max(rate, self.low) / self.low) / math.log(self.high / self.low)
        return LEFT + (WIDTH - LEFT - RIGHT) * min(share, 1.0)


def dots_svg(title: str, rows: Sequence[str], series: Sequence[Dots], *, marks: Sequence[float] = ()) -> str:
    """Rates of rows on a logarithmic axis, an interval through each dot; `marks` are rates asked for."""
    axis = _axis([rate for dots in series for rate in dots.rates if rate is not None], marks)
    bottom = TOP + ROW * len(rows)
    body = []
    for tick in TICKS:
        if axis.low <= tick <= axis.high:
            body.append(line(axis.across(tick), TOP, axis.across(tick), bottom))
            body.append(text(axis.across(tick), bottom + 18, f"{100 * tick:g}"))
    for mark in marks:
        if axis.low <= mark <= axis.high:
            style = 'stroke="#222" stroke-width="1.5" stroke-dasharray="5 4"'
            body.append(line(axis.across(mark), TOP - 4, axis.across(mark), bottom, style))
    words = "rate, % (logarithmic; a dot on the left edge is that rate or less)"
    body.append(text((LEFT + WIDTH - RIGHT) / 2, bottom + 40, words))
    for place, name in enumerate(rows):
        body.append(text(LEFT - 14, TOP + ROW * (place + 0.5) + 5, shorten(name), "end"))
        if place:
            body.append(line(LEFT, TOP + ROW * place, WIDTH - RIGHT, TOP + ROW * place, 'stroke="#eee"'))
    key = LEFT
    for number, dots in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        body.append(f'<circle cx="{key + 6}" cy="{TOP - 22}" r="5" fill="{colour}"/>')
        body.append(text(key + 18, TOP - 17, dots.name, "start"))
        key += 40 + int(7.4 * len(dots.name))
        body += _dots(dots, axis, colour, 8 * (number - (len(series) - 1) / 2))
    return frame(title, body, width=WIDTH, height=bottom + BOTTOM, left=24)


def _axis(rates: Sequence[Estimate], marks: Sequence[float]) -> Axis:
    tops = [end for rate in rates for end in (rate.value, rate.high) if np.isfinite(end) and end > 0]
    lows = [rate.value for rate in rates if np.isfinite(rate.value) and rate.value > 0]
    least, most = min([*lows, *marks, *tops, 1.0]), min(max([*tops, 0.001]), 1.0)
    low = max([tick for tick in TICKS if tick <= least / 1.5], default=TICKS[0])
    return Axis(low, min(tick for tick in TICKS if tick >= max(most, 2 * low)))


def _dots(dots: Dots, axis: Axis, colour: str, lift: float) -> Iterator[str]:
    for place, rate in enumerate(dots.rates):
        if rate is None or not np.isfinite(rate.value):
            continue
        y = TOP + ROW * (place + 0.5) + lift
        if np.isfinite(rate.low) and np.isfinite(rate.high):
            style = f'stroke="{colour}" stroke-width="2"'
            yield line(axis.across(rate.low), y, axis.across(rate.high), y, style)
        yield f'<circle cx="{axis.across(rate.value):.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>'


def tippett_svg(title: str, genuine: Doubles, impostor: Doubles, *, case: Sequence[float] = ()) -> str:
    """Shares of trials with a log10 likelihood ratio of at least x; `case` marks comparisons of a case."""
    wide, tall, left, bottom, top = 970, 470, 70, 420, 62
    both = np.concatenate([genuine, impostor, np.asarray(case, np.float64)])
    low, high = float(np.floor(np.percentile(both, 0.2))), float(np.ceil(np.percentile(both, 99.8)))
    low = min([low, -1.0, *(float(np.floor(value)) for value in case)])
    high = max([high, 1.0, *(float(np.ceil(value)) for value in case)])
    right = wide - 40

    def across(value: float) -> float:
        return left + (right - left) * (value - low) / (high - low)

    def down(share: float) -> float:
        return bottom - (bottom - top) * share

    body = []
    for tick in range(int(low), int(high) + 1, max(1, round((high - low) / 12))):
        body.append(line(across(tick), top, across(tick), bottom))
        body.append(text(across(tick), bottom + 18, f"{tick}"))
    for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        body.append(line(left, down(share), right, down(share)))
        body.append(text(left - 8, down(share) + 4, f"{100 * share:g}", "end"))
    body.append(line(across(0.0), top, across(0.0), bottom, 'stroke="#222"'))
    named = ((genuine, "same speaker", COLOURS[0]), (impostor, "different speakers", COLOURS[1]))
    for number, (values, name, colour) in enumerate(named):
        ordered = np.sort(np.asarray(values, np.float64))
        grid = np.linspace(low, high, 500)
        shares = 1.0 - np.searchsorted(ordered, grid, "left") / ordered.size
        points = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in zip(grid, shares, strict=True))
        body.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x = left + 170 * number
        body.append(line(x, top - 18, x + 28, top - 18, f'stroke="{colour}" stroke-width="3"'))
        body.append(text(x + 36, top - 13, name, "start"))
    marked = 'stroke="#a83279" stroke-width="2"'
    body += [line(across(value), top, across(value), bottom, marked) for value in case]
    if case:
        body.append(line(left + 380, top - 18, left + 408, top - 18, 'stroke="#a83279" stroke-width="3"'))
        body.append(text(left + 416, top - 13, "this case", "start"))
    body.append(text((left + right) / 2, bottom + 40, "log10 of the likelihood ratio: at least"))
    middle = (top + bottom) / 2
    body.append(text(20, middle, "share of trials, %", more=f'transform="rotate(-90 20 {middle})"'))
    return frame(title, body, width=wide, height=tall, left=24)


def shorten(name: str, most: int = 22) -> str:
    """A name that fits beside its row."""
    return name if len(name) <= most else name[: most - 1] + "…"
