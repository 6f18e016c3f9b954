"""What a decision is to be set by, and how many people are compared, to the LLR that it takes.

A rate is a promise about strangers, measured on held-out trials. A search of N people holds its rate when
each comparison keeps the rate's N-th part: false positives of a search are at most the sum of those of its
comparisons, however these hang together (Bonferroni; ISO/IEC 19795-1 calls the rate FPIR). All but one of
those who are compared are strangers: how far they reach for this recording, against what strangers usually
reach, moves the threshold. Costs and a prior give the threshold that costs least in the long run (Brümmer and
du Preez 2006).
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from earmark.errors import InvalidRequest
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.decision import DEFAULT_FMR, OperatingPoint

DEFAULT_FPIR = 0.01
DOUBT = 10.0  # times the rate: as often may a stranger get an "uncertain", unless the aim says how often
# Beyond the last rate that trials support, a threshold goes on rising as it did over the last decade before.
DECADE = math.log(10.0)
REACHING = 10  # of a search's strangers, the likeliest are looked at
# Square nats that speak for their being as usual. Chosen on calibration speakers, in simulated galleries.
USUAL = 75.0


@dataclass(frozen=True)
class Costs:
    """What mistakes cost, in any unit, and how often the person is the one who is claimed, or is known."""

    miss: float
    false: float  # taking a stranger for somebody
    prior: float  # of all recordings, 0 to 1

    def __post_init__(self) -> None:
        values = self.miss, self.false, self.prior
        if not all(map(math.isfinite, values)) or min(values) <= 0 or self.prior >= 1:
            raise InvalidRequest(
                "Costs must be above 0 and the prior between 0 and 1: give cost_miss, cost_false and prior."
            )


@dataclass(frozen=True)
class Aim:
    """What a decision is set by: exactly one of the first three.

    `doubt` is the rate, of the kind of the aim, at which strangers may get an "uncertain" for an answer; with
    costs it is a false-match rate. Raises InvalidRequest for what makes no sense.
    """

    fmr: float | None = None  # of each comparison
    fpir: float | None = None  # of a whole search, however many are compared
    costs: Costs | None = None
    doubt: float | None = None

    def __post_init__(self) -> None:
        if sum(value is not None for value in (self.fmr, self.fpir, self.costs)) != 1:
            raise InvalidRequest("A decision is set by one of fmr, fpir, or costs with a prior: give one.")
        rate = self.fmr if self.fmr is not None else self.fpir
        if rate is not None:
            name = "false-match" if self.fmr is not None else "false-positive"
            if not 0.0 < rate < 0.5:  # NaN lands here too
                raise InvalidRequest(f"A {name} rate of {rate:g} makes no sense: choose one such as 0.001.")
        if self.doubt is not None and not max(rate or 0.0, 1e-9) <= self.doubt < 1.0:
            raise InvalidRequest(
                f"A rate of {self.doubt:g} for uncertain answers makes no sense: choose one between the "
                "rate that is asked for and 1, or the same to have none."
            )


DEFAULT_AIM = Aim(fmr=DEFAULT_FMR)
DEFAULT_SEARCH = Aim(fpir=DEFAULT_FPIR)


def set_point(calibration: Calibration, aim: Aim, *, compared: int = 1) -> OperatingPoint:
    """Return where a decision about a recording and `compared` people is set.

    Raises InvalidRequest for a false-match rate that the calibration's trials do not support. Thresholds of
    a search may lie beyond the last of these rates: the tail is then continued, not measured.
    """
    many = max(compared, 1)
    if aim.costs is not None:
        costs = aim.costs
        odds = costs.false * (1.0 - costs.prior) / (costs.miss * costs.prior)
        threshold = math.log(odds) + math.log(many)  # the prior is shared among all of them
        rate = rate_at(calibration, threshold)
        doubt = DOUBT * rate if aim.doubt is None else aim.doubt
        return OperatingPoint(rate, threshold, doubtful=_doubtful(calibration, doubt, threshold))
    if aim.fmr is not None:
        threshold = calibration.operating_point(aim.fmr).threshold
        doubt = DOUBT * aim.fmr if aim.doubt is None else aim.doubt
        return OperatingPoint(aim.fmr, threshold, doubtful=_doubtful(calibration, doubt, threshold))
    fpir = aim.fpir or DEFAULT_FPIR  # never the latter: an aim has one of the three
    threshold = threshold_at(calibration, fpir / many)
    doubt = (DOUBT * fpir if aim.doubt is None else aim.doubt) / many
    doubtful = _doubtful(calibration, doubt, threshold)
    return OperatingPoint(fpir / many, threshold, doubtful=doubtful, fpir=fpir, compared=many)


def follow_strangers(
    point: OperatingPoint, calibration: Calibration, llrs: NDArray[np.float64]
) -> OperatingPoint:
    """Return the point of a search for an FPIR, moved as the strangers of its recording are; others stay.

    `llrs` are of the likeliest people that were compared, in any order. The likeliest of all may be the right
    one and is left out; the next are held against what strangers usually reach at the same places. The ratio
    stretches the threshold: the middle one, since somebody may be enrolled twice, drawn towards 1 where these
    places say little. Few people say nothing.
    """
    if point.fpir is None:
        return point
    found = np.sort(llrs)[::-1][1 : 1 + REACHING]
    places = (np.arange(found.size) + 1.5) / point.compared
    usual = np.array([threshold_at(calibration, float(rate)) for rate in places])
    telling = (places <= calibration.thresholds[0][0]) & (usual > 0.0)
    if not telling.any():
        return point
    middle = float(np.median(np.maximum(found[telling], 0.0) / usual[telling]))
    told = float(np.sum(usual[telling] ** 2))
    ratio = (USUAL + told * middle) / (USUAL + told)
    doubtful = point.threshold if point.doubtful is None else point.doubtful
    return replace(point, threshold=point.threshold * ratio, doubtful=doubtful * ratio)


def threshold_at(calibration: Calibration, rate: float) -> float:
    """Return the LLR that this share of strangers reaches; continued beyond the rates of the trials.

    Above the highest of them it is that one's.
    """
    logs, limits = _tail(calibration.thresholds)
    wanted = -math.log(rate)
    if wanted <= logs[-1]:
        return float(np.interp(wanted, logs, limits))
    return float(limits[-1] + (wanted - logs[-1]) * _slope(logs, limits))


def rate_at(calibration: Calibration, threshold: float) -> float:
    """Return the share of strangers that reaches an LLR: the inverse of `threshold_at`."""
    logs, limits = _tail(calibration.thresholds)
    if threshold <= limits[-1]:
        return math.exp(-float(np.interp(threshold, limits, logs)))
    return math.exp(-(logs[-1] + (threshold - limits[-1]) / _slope(logs, limits)))


def _doubtful(calibration: Calibration, rate: float, threshold: float) -> float:
    return min(threshold, threshold_at(calibration, min(rate, 1.0)))


@lru_cache(maxsize=64)
def _tail(thresholds: tuple[tuple[float, float], ...]) -> tuple[list[float], list[float]]:
    return [-math.log(rate) for rate, _ in thresholds], [threshold for _, threshold in thresholds]


def _slope(logs: list[float], limits: list[float]) -> float:
    """How much the threshold rises for each e-fold of the rate, over the last decade that was measured."""
    before = max(logs[-1] - DECADE, logs[0])
    rise = limits[-1] - float(np.interp(before, logs, limits))
    return max(rise / (logs[-1] - before), 0.1)  # at least something: a flat end would let everybody in
