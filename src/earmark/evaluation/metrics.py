"""Genuine and impostor scores to error rates: DET, EER, minDCF, FNMR at an FMR, Cllr and min Cllr.

Terms are those of ISO/IEC 19795-1. A trial is accepted when its score is at least the threshold. Every
measure takes optional trial weights, because intervals are drawn by weighting speakers (`intervals`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression

Doubles = NDArray[np.float64]


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


def min_dcf_of(rates: Rates, *, p_target: float = 0.01) -> float:
    """Least detection cost with unit costs, divided by that of the better blind answer (NIST SRE)."""
    cost = p_target * rates.fnmr + (1.0 - p_target) * rates.fmr
    return float(np.min(cost) / min(p_target, 1.0 - p_target))


def fnmr_at_fmr_of(rates: Rates, fmr: float = 0.01) -> float:
    """Least FNMR among thresholds whose FMR is at most `fmr`."""
    if np.isnan(rates.fmr).any():
        return float("nan")
    return float(rates.fnmr[int(np.argmax(rates.fmr <= fmr))])


def eer(genuine: ArrayLike, impostor: ArrayLike) -> float:
    """Equal error rate of two sets of scores, 0 to 1."""
    return eer_of(rates(make_grid(genuine, impostor)))


def min_dcf(genuine: ArrayLike, impostor: ArrayLike, *, p_target: float = 0.01) -> float:
    """Minimum normalised detection cost of two sets of scores, 0 to 1."""
    return min_dcf_of(rates(make_grid(genuine, impostor)), p_target=p_target)


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
    g, i = np.asarray(genuine, np.float64), np.asarray(impostor, np.float64)
    g_weights = np.ones(g.size) if genuine_weights is None else genuine_weights
    i_weights = np.ones(i.size) if impostor_weights is None else impostor_weights
    values, place = np.unique(np.concatenate([g, i]), return_inverse=True)
    g_mass = np.bincount(place[: g.size], g_weights, values.size) / g_weights.sum()
    i_mass = np.bincount(place[g.size :], i_weights, values.size) / i_weights.sum()
    mass = g_mass + i_mass
    kept = mass > 0
    g_mass, i_mass, mass = g_mass[kept], i_mass[kept], mass[kept]
    posterior = np.clip(isotonic_regression(g_mass / mass, weights=mass).x, 0.0, 1.0)
    with np.errstate(divide="ignore"):
        # A block of one kind alone has an infinite ratio on its right side, and costs nothing.
        missed = np.where(g_mass > 0, -np.log2(posterior), 0.0)
        matched = np.where(i_mass > 0, -np.log2(1.0 - posterior), 0.0)
    return float((g_mass @ missed + i_mass @ matched) / 2.0)


def fmr_at(impostor: ArrayLike, threshold: float, *, weights: Doubles | None = None) -> float:
    """Share of impostor scores at or above `threshold`."""
    return float(np.average(np.asarray(impostor) >= threshold, weights=weights))
