"""Scores to standard scores: how a pair compares with the strangers that are most like either side.

Adaptive symmetric normalisation, AS-norm1 (Matějka et al. 2017): each side is compared with a cohort of other
people, and the mean and spread of its `nearest` scores are what its strangers usually reach.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.voice.features import Floats

Doubles = NDArray[np.float64]
LEAST_SPREAD = 1e-6  # of a cohort whose nearest are all alike: a test's, or a cohort of one


@dataclass(frozen=True, eq=False)
class Strangers:
    """What each of N voices' nearest strangers in the cohort score."""

    mean: Doubles  # (N,)
    spread: Doubles  # (N,) standard deviation

    def take(self, rows: NDArray[np.intp]) -> "Strangers":
        """Those of some voices."""
        return Strangers(self.mean[rows], self.spread[rows])


def nearest_strangers(
    scores: Floats | Doubles, nearest: int, *, without: NDArray[np.bool_] | None = None
) -> Strangers:
    """Scores (N, C) with the cohort to the mean and spread of the `nearest` highest of each row.

    Who stands in `without`, (N, C), is no stranger to that row; one row of scores may serve for all of it.
    Every row must keep somebody.
    """
    top = np.asarray(scores)
    if without is not None:
        top = np.where(without, -np.inf, top)
    if nearest < top.shape[1]:
        top = np.partition(top, top.shape[1] - nearest, axis=1)[:, -nearest:]
    top = top.astype(np.float64)
    known = np.isfinite(top)
    if known.all():
        return Strangers(top.mean(axis=1), np.maximum(top.std(axis=1), LEAST_SPREAD))
    mean = top.mean(axis=1, where=known)
    return Strangers(mean, np.maximum(top.std(axis=1, where=known), LEAST_SPREAD))


def standard_scores(scores: Doubles, one: Strangers, other: Strangers) -> Doubles:
    """Mean of both sides' standard scores; shapes broadcast, so give (N, 1) or (n,) as the scores ask."""
    found: Doubles = 0.5 * ((scores - one.mean) / one.spread + (scores - other.mean) / other.spread)
    return found


def column(strangers: Strangers) -> Strangers:
    """(N,) to (N, 1), for the rows of a matrix of scores."""
    return Strangers(strangers.mean[:, None], strangers.spread[:, None])
