"""Genuine and impostor scores to error rates: DET, EER, minDCF, actDCF, FNMR at an FMR, Cllr and min Cllr.

Terms are those of ISO/IEC 19795-1. A trial is accepted when its score is at least the threshold. Every
measure takes optional trial weights, because intervals are drawn by weighting speakers (`intervals`).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Costs:
    """What errors cost, and how often the person under test is the claimed one (NIST SRE)."""

    p_target: float = 0.01
    miss: float = 1.0
    false_match: float = 1.0

    def __post_init__(self) -> None:
        if not (0 < self.p_target < 1 and 0 < self.miss < math.inf and 0 < self.false_match < math.inf):
            raise ValueError("the prior lies between 0 and 1, and costs are above 0")

    @property
    def threshold(self) -> float:
        """The natural-log likelihood ratio from which on accepting is the cheaper answer (Bayes)."""
        return math.log(self.false_match * (1.0 - self.p_target) / (self.miss * self.p_target))

    def dcf(self, fnmr: Doubles | float, fmr: Doubles | float) -> Doubles:
        """Detection cost divided by that of the better blind answer."""
        weighed = self.miss * self.p_target, self.false_match * (1.0 - self.p_target)
        cost = weighed[0] * np.asarray(fnmr, np.float64) + weighed[1] * np.asarray(fmr, np.float64)
        return np.asarray(cost / min(weighed), np.float64)


USUAL = Costs()  # prior 0.01 and unit costs


@dataclass(frozen=True, eq=False)
class Grid:
    """Where each trial lies among the thresholds at which anything about genuine trials changes.

    The K distinct genuine scores u_0 < u_1 < ... are the marks; place 2k + 1 is "equal to u_k", place 2k is
    "between u_(k-1) and u_k". Only the count of impostors in a place matters to every measure here, so one
    sort serves all replicates of a bootstrap, and the result is exact, not binned.
    """

    marks: Doubles  # (K,) distinct genuine scores, ascending
    genuine: NDArray[np.intp]  # (g,) place of each genuine trial
    impostor: NDArray[np.intp]  # (i,) place of each impostor trial

    @property
    def places(self) -> int:
        """Number of places."""
        return 2 * self.marks.size + 1


@dataclass(frozen=True, eq=False)
class Rates:
    """The staircase of errors as the threshold rises: vertices (fmr, fnmr) from (1, 0) to (0, 1)."""

    fmr: Doubles  # (vertices,) share of impostor weight accepted
    fnmr: Doubles  # (vertices,) share of genuine weight rejected


def make_grid(genuine: ArrayLike, impostor: ArrayLike) -> Grid:
    """Place trials among the distinct genuine scores. Raises ValueError without trials of both kinds."""
    g, i = np.asarray(genuine, np.float64), np.asarray(impostor, np.float64)
    if g.size == 0 or i.size == 0:
        raise ValueError("error rates need at least one genuine and one impostor trial")
    marks, own = np.unique(g, return_inverse=True)
    left, right = np.searchsorted(marks, i, "left"), np.searchsorted(marks, i, "right")
    return Grid(marks, 2 * own + 1, left + right)


def rates(grid: Grid, genuine: Doubles | None = None, impostor: Doubles | None = None) -> Rates:
    """Error rates at every vertex; `genuine` (g,) and `impostor` (i,) weigh trials, all equally when None."""
    rejected = np.bincount(grid.genuine, genuine, grid.places)
    accepted = np.bincount(grid.impostor, impostor, grid.places)
    fnmr = np.concatenate([[0.0], np.cumsum(rejected)])
    fmr = np.concatenate([np.cumsum(accepted[::-1])[::-1], [0.0]])
    with np.errstate(invalid="ignore"):  # a replicate without any genuine weight gives NaN, not an error
        return Rates(fmr / fmr[0], fnmr / fnmr[-1])


def eer_of(rates: Rates) -> float:
    """Rate at which FMR equals FNMR, on straight lines between the vertices of the DET staircase."""
    gap = rates.fmr - rates.fnmr
    if np.isnan(gap).any():
        return float("nan")
    place = int(np.argmax(gap <= 0.0))  # the first vertex has gap 1, the last -1
    step = gap[place - 1] / (gap[place - 1] - gap[place])
    return float(rates.fnmr[place - 1] + step * (rates.fnmr[place] - rates.fnmr[place - 1]))


def hull_of(rates: Rates) -> Rates:
    """The staircase's convex hull: what is reached by drawing lots between thresholds (ROCCH).

    A point that does not lie below the line between any two others is no corner, so all those not below
    the line between their neighbours may go at once, again and again, until every one does.
    """
    x, y = rates.fmr, rates.fnmr
    if np.isnan(x).any() or np.isnan(y).any():
        return rates
    moved = np.concatenate([[True], (np.diff(x) != 0.0) | (np.diff(y) != 0.0)])
    x, y = x[moved], y[moved]
    while x.size > 2:
        turn = np.diff(x)[:-1] * np.diff(y)[1:] - np.diff(y)[:-1] * np.diff(x)[1:]
        kept = np.concatenate([[True], turn < 0.0, [True]])  # x falls and y rises, so a corner turns right
        if kept.all():
            break
        x, y = x[kept], y[kept]
    return Rates(x, y)


def min_dcf_of(rates: Rates, *, costs: Costs = USUAL) -> float:
    """Least normalised detection cost over all thresholds."""
    return float(np.min(costs.dcf(rates.fnmr, rates.fmr)))


def fnmr_at_fmr_of(rates: Rates, fmr: float = 0.01) -> float:
    """Least FNMR among thresholds whose FMR is at most `fmr`."""
    if np.isnan(rates.fmr).any():
        return float("nan")
    return float(rates.fnmr[int(np.argmax(rates.fmr <= fmr))])


def eer(genuine: ArrayLike, impostor: ArrayLike) -> float:
    """Equal error rate of two sets of scores, 0 to 1."""
    return eer_of(rates(make_grid(genuine, impostor)))


def eer_on_hull(genuine: ArrayLike, impostor: ArrayLike) -> float:
    """Equal error rate on the ROC convex hull: never above `eer`, and what the BOSARIS toolkit reports."""
    return eer_of(hull_of(rates(make_grid(genuine, impostor))))


def min_dcf(genuine: ArrayLike, impostor: ArrayLike, *, costs: Costs = USUAL) -> float:
    """Minimum normalised detection cost of two sets of scores, 0 to 1."""
    return min_dcf_of(rates(make_grid(genuine, impostor)), costs=costs)


def act_dcf(genuine: ArrayLike, impostor: ArrayLike, *, costs: Costs = USUAL) -> float:
    """Normalised detection cost of LLRs when they are believed: decided at the costs' own threshold."""
    missed = np.mean(np.asarray(genuine, np.float64) < costs.threshold)
    matched = np.mean(np.asarray(impostor, np.float64) >= costs.threshold)
    return float(costs.dcf(float(missed), float(matched)))


def fnmr_at_fmr(genuine: ArrayLike, impostor: ArrayLike, fmr: float = 0.01) -> float:
    """FNMR at the lowest threshold whose FMR is at most `fmr`."""
    return fnmr_at_fmr_of(rates(make_grid(genuine, impostor)), fmr)


def softplus(values: ArrayLike) -> Doubles:
    """log(1 + exp(x)) without overflow."""
    return np.logaddexp(0.0, np.asarray(values, np.float64))


def cllr(
    genuine: ArrayLike,
    impostor: ArrayLike,
    *,
    genuine_weights: Doubles | None = None,
    impostor_weights: Doubles | None = None,
) -> float:
    """Cost of log-likelihood ratios (natural log) in bits; 0 is perfect, 1 is knowing nothing.

    Source: Brümmer and du Preez, "Application-independent evaluation of speaker detection" (2006).
    """
    missed = np.average(softplus(-np.asarray(genuine, np.float64)), weights=genuine_weights)
    matched = np.average(softplus(impostor), weights=impostor_weights)
    return float((missed + matched) / (2.0 * np.log(2.0)))


def min_cllr(
    genuine: ArrayLike,
    impostor: ArrayLike,
    *,
    genuine_weights: Doubles | None = None,
    impostor_weights: Doubles | None = None,
) -> float:
    """Cllr after the best monotone map of these very scores (pool adjacent violators): the part of
    Cllr that calibration cannot remove. Equal scores get one answer.
    """
    return min_cllr_of(rates(make_grid(genuine, impostor), genuine_weights, impostor_weights))


def min_cllr_of(rates: Rates) -> float:
    """Min Cllr of a DET staircase: pooling adjacent violators is taking the sides of its convex hull.

    Source: Fawcett and Niculescu-Mizil, "PAV and the ROC convex hull" (2007).
    """
    hull = hull_of(rates)
    g_mass, i_mass = np.diff(hull.fnmr), -np.diff(hull.fmr)
    with np.errstate(divide="ignore", invalid="ignore"):
        # A side of one kind alone has an infinite ratio on its right side, and costs nothing.
        missed = np.where(g_mass > 0, g_mass * np.log2((g_mass + i_mass) / g_mass), 0.0)
        matched = np.where(i_mass > 0, i_mass * np.log2((g_mass + i_mass) / i_mass), 0.0)
    if np.isnan(g_mass).any() or np.isnan(i_mass).any():
        return float("nan")
    return float((missed.sum() + matched.sum()) / 2.0)
