"""A back end's score and net speech seconds of both sides to a log-likelihood ratio, by plain numbers.

The numbers are fitted by `recipes/calibrate.py` on speakers that nothing was trained on, and stand in the
model catalogue. The map rises with the score everywhere, so it never changes the order of candidates of
equal length. Source: Mandasari, Saeidi, McLaren and van Leeuwen, "Quality measure functions for calibration
of speaker recognition systems in various duration conditions" (2013).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earmark.errors import InvalidRequest, ModelInvalid
from earmark.voice.scoring.decision import OperatingPoint

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """Offset and slope of the score, each moved by the logarithm of the seconds of both sides.

    llr = offset . (1, e, t, e*t) + score * slope . (1, e, t, e*t) + bend * softplus(2 (score - knot)) / 2,
    where e and t are the natural logarithms of the enrolment's and the test's net speech seconds, held within
    `enrol_seconds` and `test_seconds`. The bend lets evidence grow faster where hardly any stranger comes:
    genuine scores spread wider than those of strangers, and so the ratio is no straight line.
    """

    offset: tuple[float, float, float, float]
    slope: tuple[float, float, float, float]
    enrol_seconds: tuple[float, float]  # least and most that the fit has seen
    test_seconds: tuple[float, float]
    thresholds: tuple[tuple[float, float], ...]  # (false-match rate, LLR), rates falling, LLRs rising
    trials: str  # in words: what it was fitted on
    score: str = "cosine"  # the back end whose scores these are
    bend: tuple[float, float] = (0.0, 0.0)  # how much steeper far above the knot, and the knot

    def __post_init__(self) -> None:
        seconds = (*self.enrol_seconds, *self.test_seconds)
        values = [*self.offset, *self.slope, *self.bend, *seconds]
        values += [value for pair in self.thresholds for value in pair]
        if not all(map(math.isfinite, values)) or min(seconds) <= 0:
            raise ModelInvalid("The calibration has senseless numbers: fit it again.")
        rates = [fmr for fmr, _ in self.thresholds]
        limits = [threshold for _, threshold in self.thresholds]
        # Bilinear in (e, t), so the slope is least at a corner.
        corners = [
            np.dot(self.slope, _terms(enrol, test))
            for enrol in self.enrol_seconds
            for test in self.test_seconds
        ]
        if min(corners) <= 0 or self.bend[0] < 0:
            raise ModelInvalid("The calibration falls with the score: fit it again.")
        if len(rates) < 2 or sorted(rates, reverse=True) != rates or sorted(limits) != limits:
            raise ModelInvalid("The calibration's thresholds must rise as the false-match rate falls.")

    @overload
    def llr(self, score: float, enrol_seconds: float, test_seconds: float) -> float: ...
    @overload
    def llr(self, score: NDArray[Any], enrol_seconds: ArrayLike, test_seconds: ArrayLike) -> Doubles: ...
    def llr(
        self, score: float | NDArray[Any], enrol_seconds: ArrayLike, test_seconds: ArrayLike
    ) -> float | Doubles:
        """Natural-log likelihood ratio, same speaker against different speaker; shapes broadcast."""
        terms = _terms(np.clip(enrol_seconds, *self.enrol_seconds), np.clip(test_seconds, *self.test_seconds))
        offset = sum(weight * term for weight, term in zip(self.offset, terms, strict=True))
        slope = sum(weight * term for weight, term in zip(self.slope, terms, strict=True))
        scores = np.asarray(score, np.float64)
        llr = offset + slope * scores
        if self.bend[0]:
            llr = llr + self.bend[0] * hinge(scores, self.bend[1])
        return float(llr) if np.ndim(llr) == 0 else llr

    def operating_point(self, fmr: float) -> OperatingPoint:
        """The LLR threshold at a false-match rate, interpolated in the rate's logarithm.

        Raises InvalidRequest for a rate that the held-out trials cannot support.
        """
        highest, lowest = self.thresholds[0][0], self.thresholds[-1][0]
        if not lowest <= fmr <= highest:  # NaN lands here too
            raise InvalidRequest(
                f"A false-match rate of {fmr:g} is outside what this model's held-out trials support: "
                f"choose one between {lowest:g} and {highest:g}."
            )
        logs = [-math.log(rate) for rate, _ in self.thresholds]
        limit = np.interp(-math.log(fmr), logs, [threshold for _, threshold in self.thresholds])
        return OperatingPoint(fmr, float(limit))

    def to_table(self) -> dict[str, Any]:
        """As a TOML table."""
        table = {
            "offset": list(self.offset),
            "slope": list(self.slope),
            "enrol_seconds": list(self.enrol_seconds),
            "test_seconds": list(self.test_seconds),
            "thresholds": [list(pair) for pair in self.thresholds],
            "trials": self.trials,
        }
        if self.score != "cosine":  # left out otherwise: files of before keep their ids
            table["score"] = self.score
        return table | {"bend": list(self.bend)} if self.bend[0] else table

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Read what `to_table` wrote. Raises ModelInvalid when a number is missing or senseless."""
        try:
            numbers = {
                name: tuple(float(value) for value in table[name])
                for name in ("offset", "slope", "enrol_seconds", "test_seconds")
            }
            thresholds = tuple((float(fmr), float(threshold)) for fmr, threshold in table["thresholds"])
            weight, knot = (float(value) for value in table.get("bend", (0.0, 0.0)))
            sizes = [len(values) for values in numbers.values()]
            if sizes != [4, 4, 2, 2]:
                raise ValueError("sizes")
            words = {"trials": str(table.get("trials", "")), "score": str(table.get("score", "cosine"))}
            return cls(**numbers, **words, thresholds=thresholds, bend=(weight, knot))  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError) as error:
            raise ModelInvalid(
                "The model's calibration table is incomplete or has senseless numbers: fit it again with "
                "recipes/calibrate.py, or leave it out."
            ) from error


def unchanged(calibration: Calibration) -> Calibration:
    """What a back end's ratios mean as they are: the same, with the thresholds of their own calibration."""
    return replace(
        calibration,
        offset=(0.0, 0.0, 0.0, 0.0),
        slope=(1.0, 0.0, 0.0, 0.0),
        score="llr",
        bend=(0.0, 0.0),
    )


def probability(llr: float) -> float:
    """Probability of the same speaker at even prior odds: the figure shown to people, 0 to 1."""
    return float(0.5 * (1.0 + math.tanh(0.5 * llr)))


def hinge(scores: Doubles, knot: float) -> Doubles:
    """Nought far below the knot and `scores - knot` far above, with a smooth bend of about 1 between."""
    found: Doubles = 0.5 * np.logaddexp(0.0, 2.0 * (scores - knot))
    return found


def _terms(enrol: ArrayLike, test: ArrayLike) -> tuple[Any, Any, Any, Any]:
    e, t = np.log(enrol), np.log(test)
    return 1.0, e, t, e * t
