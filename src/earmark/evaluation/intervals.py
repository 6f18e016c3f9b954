"""Trials to measures with 95 % intervals, by drawing speakers again and again.

Trials of one speaker stand or fall together, so trials must not be drawn one by one. Every replicate draws
speakers with replacement within each set; a genuine trial weighs as often as its speaker was drawn, an
impostor trial as the product of both its speakers (the pigeonhole bootstrap of Owen, 2007).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from earmark.evaluation.metrics import Doubles, Rates, make_grid, rates

REPLICATES = 200


@dataclass(frozen=True, eq=False)
class Trials:
    """Scored pairs. Speakers are numbered over all sets; both speakers of a pair are of one set."""

    scores: Doubles  # (n,)
    enrol: NDArray[np.int64]  # (n,) speaker of the enrolment side
    test: NDArray[np.int64]  # (n,) speaker of the side under test
    sets: NDArray[np.int64]  # (n,) number of the data set
    enrol_seconds: Doubles  # (n,) net speech of each side
    test_seconds: Doubles

    @property
    def genuine(self) -> NDArray[np.bool_]:
        """(n,) whether both sides are of one speaker."""
        return np.equal(self.enrol, self.test)


@dataclass(frozen=True, eq=False)
class Estimate:
    """A measure, the 2.5 and 97.5 % points of its replicates, and the replicates themselves."""

    value: float
    low: float
    high: float
    draws: Doubles  # (replicates,)


def estimate(value: float, draws: Doubles, *, within: tuple[float, float] = (0.0, 1.0)) -> Estimate:
    """Join a value and its replicates; replicates without a genuine trial are NaN and left out.

    Redrawn speakers repeat, so a minimum over thresholds comes out lower on them than on the trials
    themselves: the interval is that of the replicates, moved so that their median is the value.
    """
    if not np.isfinite(draws).any():
        return Estimate(value, float("nan"), float("nan"), draws)
    low, middle, high = np.nanpercentile(draws, [2.5, 50, 97.5])
    ends = np.clip(np.array([low, high]) + value - middle, *within)
    return Estimate(value, float(ends[0]), float(ends[1]), draws)


def speaker_draws(trials: Trials, replicates: int, seed: int) -> Iterator[Doubles]:
    """How often each speaker was drawn, (highest speaker number + 1,), once per replicate."""
    count = int(max(trials.enrol.max(), trials.test.max())) + 1
    home = np.full(count, -1)
    home[trials.enrol], home[trials.test] = trials.sets, trials.sets
    members = [np.flatnonzero(home == number) for number in np.unique(trials.sets)]
    draw = np.random.default_rng(seed)
    for _ in range(replicates):
        weights = np.zeros(count)
        for group in members:
            weights[group] = draw.multinomial(group.size, np.full(group.size, 1.0 / group.size))
        yield weights


def measure(
    trials: Trials,
    measures: Mapping[str, Callable[[Rates], float]],
    *,
    replicates: int = REPLICATES,
    seed: int = 1,
) -> dict[str, Estimate]:
    """Each measure of `measures` over all trials, with its interval over speakers."""
    genuine = trials.genuine
    own, enrol, test = trials.enrol[genuine], trials.enrol[~genuine], trials.test[~genuine]
    grid = make_grid(trials.scores[genuine], trials.scores[~genuine])
    whole = rates(grid)
    draws = {name: np.full(replicates, np.nan) for name in measures}
    for number, weights in enumerate(speaker_draws(trials, replicates, seed)):
        drawn = rates(grid, weights[own], weights[enrol] * weights[test])
        for name, function in measures.items():
            draws[name][number] = function(drawn)
    return {name: estimate(function(whole), draws[name]) for name, function in measures.items()}


def join_trials(parts: list[Trials]) -> Trials:
    """Pool trials: those of every part, without any pair across parts."""
    return Trials(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Trials))
    )
