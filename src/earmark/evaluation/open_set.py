"""A table of scores, people against recordings, to FNIR at FPIR by gallery size, by drawing galleries."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.evaluation.intervals import Estimate
from earmark.evaluation.metrics import Doubles

SIZES = (10, 30, 100, 300, 1_000, 3_000, 10_000)
DRAWS = 100
FEW_STRANGERS = 10  # people who must stay outside a gallery
SUPPORT = 30  # false positives that a threshold must be read from, over all draws


@dataclass(frozen=True, eq=False)
class OpenSet:
    """Identification in galleries of one size. Terms of ISO/IEC 19795-1, rank 1."""

    size: int
    strangers: int  # people outside the gallery
    threshold: float  # at which FPIR is as asked
    fnir: Estimate  # of people in the gallery, share not found first and above the threshold
    fpir_promised: Estimate | None  # FPIR at the threshold that `identify` would use


def open_set(
    scores: Doubles,
    owners: NDArray[np.intp],
    *,
    fpir: float = 0.01,
    promised: float | None = None,
    seed: int = 1,
) -> list[OpenSet]:
    """Scores (people, probes) to a row for each gallery size that leaves enough strangers.

    `owners` (probes,) is the row of the person who speaks. Each draw enrols `size` random people; probes of
    the others are searches by strangers. Probes of a person who is enrolled look for that person. Intervals
    are the middle 95 % of the draws, which share people, so they are rather narrow.
    """
    people = scores.shape[0]
    draw = np.random.default_rng(seed)
    found = []
    for size in SIZES:
        if people - size < FEW_STRANGERS:
            break
        top, fits = [], []
        for _ in range(DRAWS):
            chosen = draw.choice(people, size, replace=False)
            inside = np.zeros(people, bool)
            inside[chosen] = True
            best = scores[inside].max(axis=0)
            mated = inside[owners]
            own = scores[owners[mated], np.flatnonzero(mated)]
            top.append(best[~mated])
            fits.append(np.where(own >= best[mated], own, -np.inf))  # not first: not found
        strangers = np.sort(np.concatenate(top))
        if fpir * strangers.size < SUPPORT:
            continue
        limit = float(np.nextafter(strangers[strangers.size - int(fpir * strangers.size) - 1], np.inf))
        missed = np.array([np.mean(each < limit) for each in fits])
        passed = None
        if promised is not None:
            passed = _over(np.array([np.mean(each >= promised) for each in top]))
        found.append(OpenSet(size, people - size, limit, _over(missed), passed))
    return found


def _over(draws: Doubles) -> Estimate:
    low, high = np.percentile(draws, [2.5, 97.5])
    return Estimate(float(draws.mean()), float(low), float(high), draws)
