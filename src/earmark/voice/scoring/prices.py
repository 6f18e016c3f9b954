"""False-match rates to what they cost: the share of the right people who are missed.

Measured on speakers that nothing was fitted on, kept as evidence beside a calibration (the key `costs`), and
read for any rate by straight lines in its logarithm.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from earmark.errors import ModelInvalid

EVIDENCE = "costs"  # the key


@dataclass(frozen=True)
class Share:
    """A share, 0 to 1, and the ends of its 95 % interval over speakers."""

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.low <= self.value <= self.high <= 1.0:  # NaN lands here too
            raise ValueError("a share is not within its interval")


@dataclass(frozen=True)
class Case:
    """Recordings under test of one kind, and the errors at the threshold of each rate."""

    name: str  # such as "4 s": how long they are at most
    seconds: float  # net speech of half of them is less, of half of them more
    fnmr: tuple[Share, ...]  # at each of the rates
    fmr: tuple[Share, ...]  # at those that were measured


@dataclass(frozen=True)
class Expected:
    """What a rate comes to in recordings of one kind."""

    name: str
    seconds: float
    fnmr: Share  # the right people who are missed
    fmr: Share | None  # strangers who pass; None where too few were tried to see it


@dataclass(frozen=True)
class Prices:
    """What rates cost with a model."""

    speakers: int
    sets: int
    recorded: str  # in words: what the recordings under test came through
    rates: tuple[float, ...]  # falling; after the first `measured` ones thresholds go on as the tail falls
    measured: int
    cases: tuple[Case, ...]  # the most speech first

    def __post_init__(self) -> None:
        rates = [*self.rates]
        if not 2 <= self.measured <= len(rates) or not 0.0 < rates[-1] <= rates[0] < 1.0:
            raise ValueError("too few rates, or senseless ones")
        if sorted(set(rates), reverse=True) != rates or not self.cases:
            raise ValueError("rates do not fall, or there is no case")
        for case in self.cases:
            if len(case.fnmr) != len(rates) or len(case.fmr) != self.measured:
                raise ValueError("not one share for each rate")
            if not 0.0 <= case.seconds < math.inf:
                raise ValueError("seconds")

    @property
    def lowest(self) -> float:
        """The last rate that was measured; what is below rests on how the tail falls."""
        return self.rates[self.measured - 1]

    def at(self, rate: float) -> tuple[Expected, ...]:
        """What a rate above 0 costs, by case; beyond the first and the last it is theirs."""
        logs = [-math.log(one) for one in self.rates]
        wanted = -math.log(rate)
        seen = self.lowest * (1.0 - 1e-9) <= rate <= self.rates[0] * (1.0 + 1e-9)
        return tuple(
            Expected(
                case.name,
                case.seconds,
                _between(wanted, logs, case.fnmr),
                _between(wanted, logs[: self.measured], case.fmr) if seen else None,
            )
            for case in self.cases
        )

    def warning(self, rate: float) -> str | None:
        """What to know of a rate that was not measured."""
        if rate > self.rates[0] * (1.0 + 1e-9):
            return f"More than {one_in(self.rates[0])} was not measured: fewer people will be missed."
        if rate >= self.lowest * (1.0 - 1e-9):
            return None
        told = f"Fewer false matches than {one_in(self.lowest)} were not measured: the threshold goes on as "
        told += "the tail of strangers' scores falls."
        if rate < self.rates[-1] * (1.0 - 1e-9):
            told += f" More people will be missed than the shares say, which are of {one_in(self.rates[-1])}."
        return told

    def to_table(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "speakers": self.speakers,
            "sets": self.sets,
            "recorded": self.recorded,
            "rates": list(self.rates),
            "measured": self.measured,
            "cases": [
                {"name": case.name, "seconds": case.seconds}
                | {
                    f"{name}{end}": [getattr(share, part) for share in getattr(case, name)]
                    for name in ("fnmr", "fmr")
                    for end, part in (("", "value"), ("_low", "low"), ("_high", "high"))
                }
                for case in self.cases
            ],
        }

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Read what `to_table` wrote. Raises ValueError, KeyError or TypeError for senseless numbers."""
        return cls(
            int(table["speakers"]),
            int(table["sets"]),
            str(table["recorded"]),
            tuple(float(rate) for rate in table["rates"]),
            int(table["measured"]),
            tuple(
                Case(str(one["name"]), float(one["seconds"]), _shares(one, "fnmr"), _shares(one, "fmr"))
                for one in table["cases"]
            ),
        )


def prices_in(evidence: Mapping[str, Any]) -> Prices | None:
    """What a calibration's evidence says of costs, if anything. Raises ModelInvalid when it is damaged."""
    if EVIDENCE not in evidence:
        return None
    try:
        return Prices.from_table(evidence[EVIDENCE])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelInvalid(
            f"What rates cost with a model cannot be read ({type(error).__name__}: {error}): fit its "
            "calibration again."
        ) from error


def one_in(rate: float) -> str:
    """Such as "1 in 1,000"; at most two digits count."""
    whole = round(1.0 / rate)
    return f"1 in {round(whole, min(0, 2 - len(str(whole)))):,}"


def in_hundred(share: float) -> str:
    """Such as "0.12", "4.5", "37" and "99.6": two digits, and never 0 or 100 for what is neither."""
    percent = 100.0 * share
    if percent < 10.0:
        return f"{float(f'{percent:.2g}'):g}"
    return f"{percent:.0f}" if percent <= 99.0 or share == 1.0 else f"{min(percent, 99.9):.1f}"


def _between(wanted: float, logs: list[float], shares: tuple[Share, ...]) -> Share:
    value, low, high = (
        float(np.interp(wanted, logs, [getattr(share, part) for share in shares]))
        for part in ("value", "low", "high")
    )
    return Share(value, min(low, value), max(high, value))


def _shares(table: Mapping[str, Any], name: str) -> tuple[Share, ...]:
    columns = (table[name], table[f"{name}_low"], table[f"{name}_high"])
    return tuple(Share(*map(float, row)) for row in zip(*columns, strict=True))
