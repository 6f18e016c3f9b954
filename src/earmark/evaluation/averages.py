"""Costs of single trials to their averages, with intervals over speakers: FMR, FNMR, Cllr, actDCF.

A cost is summed once for each speaker (genuine trials) and pair of speakers (impostor trials), so that a
replicate costs no more than the speakers are many.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from earmark.evaluation.intervals import REPLICATES, Estimate, Trials, estimate, speaker_draws
from earmark.evaluation.metrics import Costs, Doubles, softplus


@dataclass(frozen=True, eq=False)
class Mean:
    """A cost's average over genuine and over impostor trials, and the same of every replicate."""

    genuine: float
    impostor: float
    genuine_draws: Doubles  # (replicates,), NaN where none was drawn
    impostor_draws: Doubles


def averages(
    trials: Trials, costs: Mapping[str, Doubles], *, replicates: int = REPLICATES, seed: int = 1
) -> dict[str, Mean]:
    """The average of every cost, (n,) each. NaN for a kind of which there is no trial."""
    same = trials.genuine
    first, second = np.minimum(trials.enrol, trials.test), np.maximum(trials.enrol, trials.test)
    wide = int(second.max()) + 1
    codes, place = np.unique(first[same], return_inverse=True)
    pairs, where = np.unique(first[~same] * wide + second[~same], return_inverse=True)
    own = {name: np.bincount(place, cost[same], codes.size) for name, cost in costs.items()}
    other = {name: np.bincount(where, cost[~same], pairs.size) for name, cost in costs.items()}
    owns, others = np.bincount(place, minlength=codes.size), np.bincount(where, minlength=pairs.size)
    drawn = np.full((2, len(costs), replicates), np.nan)
    for number, weights in enumerate(speaker_draws(trials, replicates, seed)):
        times, both = weights[codes], weights[pairs // wide] * weights[pairs % wide]
        total = times @ owns, both @ others
        for column, name in enumerate(costs):
            drawn[0, column, number] = times @ own[name] / total[0] if total[0] else np.nan
            drawn[1, column, number] = both @ other[name] / total[1] if total[1] else np.nan
    return {
        name: Mean(_mean(cost[same]), _mean(cost[~same]), drawn[0, column].copy(), drawn[1, column].copy())
        for column, (name, cost) in enumerate(costs.items())
    }


def _mean(values: Doubles) -> float:
    return float(values.mean()) if values.size else float("nan")


def error_rates(
    trials: Trials, threshold: float, *, replicates: int = REPLICATES, seed: int = 1
) -> tuple[Estimate, Estimate]:
    """(FMR, FNMR) at a threshold. Where nobody erred, the upper end is 1 - 0.05 ** (1 / n), with n the pairs
    of speakers (FMR) or the speakers (FNMR) that were tried: trials of the same people are no new evidence.
    """
    return error_rates_at(trials, [threshold], replicates=replicates, seed=seed)[0]


def error_rates_at(
    trials: Trials, thresholds: Sequence[float], *, replicates: int = REPLICATES, seed: int = 1
) -> list[tuple[Estimate, Estimate]]:
    """`error_rates` at each of several thresholds; speakers are drawn once for all of them."""
    passed = {
        str(place): (trials.scores >= limit).astype(np.float64) for place, limit in enumerate(thresholds)
    }
    means = averages(trials, passed, replicates=replicates, seed=seed).values()
    speakers, pairs = speaker_counts(trials)
    return [
        (
            _rate(found.impostor, found.impostor_draws, pairs),
            _rate(1.0 - found.genuine, 1.0 - found.genuine_draws, speakers),
        )
        for found in means
    ]


def speaker_counts(trials: Trials) -> tuple[int, int]:
    """Speakers with genuine trials, and pairs of speakers with impostor trials."""
    same = trials.genuine
    first, second = np.minimum(trials.enrol, trials.test), np.maximum(trials.enrol, trials.test)
    pairs = first[~same] * (int(second.max()) + 1) + second[~same]
    return np.unique(first[same]).size, np.unique(pairs).size


def _rate(value: float, draws: Doubles, units: int) -> Estimate:
    if not np.isfinite(value):
        return Estimate(value, float("nan"), float("nan"), draws)
    if value in (0.0, 1.0) and units:
        reach = float(1.0 - 0.05 ** (1.0 / units))
        return Estimate(value, max(0.0, value - reach), min(1.0, value + reach), draws)
    return estimate(value, draws)


def llr_costs(
    trials: Trials, costs: Costs, *, replicates: int = REPLICATES, seed: int = 1
) -> dict[str, Estimate]:
    """Cllr and actDCF of trials whose scores are natural-log likelihood ratios."""
    same, llr = trials.genuine, trials.scores
    bits = softplus(np.where(same, -llr, llr)) / np.log(2.0)
    wrong = np.where(same, llr < costs.threshold, llr >= costs.threshold).astype(np.float64)
    found = averages(trials, {"Cllr": bits, "actDCF": wrong}, replicates=replicates, seed=seed)
    bit, error = found["Cllr"], found["actDCF"]
    top = float("inf")
    return {
        "Cllr": estimate(
            (bit.genuine + bit.impostor) / 2,
            (bit.genuine_draws + bit.impostor_draws) / 2,
            within=(0.0, top),
        ),
        "actDCF": estimate(
            float(costs.dcf(error.genuine, error.impostor)),
            costs.dcf(error.genuine_draws, error.impostor_draws),
            within=(0.0, top),
        ),
    }
