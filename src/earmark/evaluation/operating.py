"""Trials to operating points: what a false-match rate costs here, and whether a promised rate is kept."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from earmark.errors import InvalidRequest
from earmark.evaluation.averages import error_rates
from earmark.evaluation.fit import SUPPORT, upper_quantile
from earmark.evaluation.intervals import Estimate, Trials
from earmark.voice.scoring.calibration import Calibration

RATES = (0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001)
BROKEN = 2.0  # a promised rate is not kept when more than this times as many strangers surely pass


@dataclass(frozen=True, eq=False)
class Setting:
    """A threshold and the errors that it makes."""

    threshold: float
    fmr: Estimate
    fnmr: Estimate


@dataclass(frozen=True, eq=False)
class Point:
    """One false-match rate: the model's own threshold for it, and the threshold that these trials give."""

    asked: float
    promised: Setting | None  # None: no calibration, or it does not support the rate
    found: Setting | None  # None: fewer than `SUPPORT` false matches to read it from

    @property
    def kept(self) -> bool | None:
        """Whether the promise holds; None when there is none, or the data cannot say."""
        if self.promised is None:
            return None
        if self.promised.fmr.low > self.asked:
            return False
        return True if self.promised.fmr.high <= BROKEN * self.asked else None


def setting(trials: Trials, threshold: float) -> Setting:
    """The errors at a threshold."""
    return Setting(threshold, *error_rates(trials, threshold))


def threshold_at(trials: Trials, fmr: float) -> float | None:
    """The lowest threshold that at most `fmr` of these impostors pass; None with too few to read it from."""
    impostor = trials.scores[~trials.genuine]
    if fmr * impostor.size < SUPPORT:
        return None
    return upper_quantile(impostor, np.ones(impostor.size), fmr)


def operating_points(trials: Trials, calibration: Calibration | None, *, asked: float) -> list[Point]:
    """Points at `RATES` and at the rate asked for, rates falling; `calibration` is that behind the scores."""
    points = []
    for fmr in sorted({*RATES, asked}, reverse=True):
        promised = None
        if calibration is not None:
            with suppress(InvalidRequest):  # the calibration's own trials may not support this rate
                promised = setting(trials, calibration.operating_point(fmr).threshold)
        limit = threshold_at(trials, fmr)
        found = None if limit is None else setting(trials, limit)
        if promised is not None or found is not None or fmr == asked:
            points.append(Point(fmr, promised, found))
    return points
