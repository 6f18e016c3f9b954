"""Held-out trials to a `Calibration`: weighted logistic regression, and thresholds by false-match rate.

Every data set under every condition has the same weight, and within it genuine and impostor trials have
equal mass, so that the objective is Cllr itself (Brümmer and du Preez, 2006).
"""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from earmark.evaluation.bank import Bank, Condition, trials_of
from earmark.evaluation.conditions import CHANNELS, LENGTHS
from earmark.evaluation.intervals import Trials, join_trials
from earmark.evaluation.metrics import Doubles, cllr, min_cllr, softplus
from earmark.voice.scoring.calibration import Calibration

# Which of (1, e, t, e*t) move the offset, and which move the slope; from the plainest to the richest.
SHAPES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "score": ((0,), (0,)),
    "score, seconds": ((0, 1, 2), (0,)),
    "score, seconds, score x seconds": ((0, 1, 2), (0, 1, 2)),
    "score, seconds, all products": ((0, 1, 2, 3), (0, 1, 2, 3)),
}
RATES = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4)
SUPPORT = 30  # false matches that a rate must have been read from ("rule of 30", ISO/IEC 19795-1)
MANY = 30  # speakers from which on a set's own tail is believed
FOLDS = 5
STEPS = 100  # of Newton's method; it takes about ten


@dataclass(frozen=True, eq=False)
class Sample:
    """Trials of every condition, with the cell (set and condition) of each and its weight."""

    trials: Trials
    weights: Doubles  # (n,) each cell's genuine and impostor trials sum to one each


def every_condition() -> list[Condition]:
    """All lengths of either side, over all channels."""
    return [Condition(*each) for each in product(LENGTHS, LENGTHS, CHANNELS)]


def sample_trials(bank: Bank, *, impostors: int | None, seed: int = 5) -> Sample:
    """Trials of every condition; at most `impostors` impostors of each set and condition (None: all)."""
    draw = np.random.default_rng(seed)
    parts, weights = [], []
    for condition in every_condition():
        for dataset in bank.sets:
            trials = trials_of(bank, condition, [dataset])
            other = np.flatnonzero(~trials.genuine)
            if impostors is not None and other.size > impostors:
                other = draw.choice(other, impostors, replace=False)
            trials = take(trials, np.concatenate([np.flatnonzero(trials.genuine), other]))
            genuine = trials.genuine
            parts.append(trials)
            ones = int(np.count_nonzero(genuine))
            others = genuine.size - ones
            weights.append(np.where(genuine, 1.0 / max(ones, 1), 1.0 / max(others, 1)))
    return Sample(join_trials(parts), np.concatenate(weights))


def take(trials: Trials, places: NDArray[np.intp] | NDArray[np.bool_]) -> Trials:
    """The trials at `places`."""
    return Trials(**{name: values[places] for name, values in vars(trials).items()})


def calibrated(trials: Trials, calibration: Calibration) -> Trials:
    """The trials with LLRs for scores."""
    llr = calibration.llr(trials.scores, trials.enrol_seconds, trials.test_seconds)
    return replace(trials, scores=llr)


def _design(trials: Trials, shape: str) -> Doubles:
    e, t = np.log(trials.enrol_seconds), np.log(trials.test_seconds)
    terms = np.stack([np.ones(e.size), e, t, e * t], axis=1)
    offset, slope = SHAPES[shape]
    return np.concatenate([terms[:, offset], trials.scores[:, None] * terms[:, slope]], axis=1)


def regress(sample: Sample, shape: str) -> Doubles:
    """Coefficients of the regression that minimise the weighted Cllr."""
    design, genuine = _design(sample.trials, shape), sample.trials.genuine
    weights = np.where(
        genuine,
        sample.weights / sample.weights[genuine].sum(),
        sample.weights / sample.weights[~genuine].sum(),
    )
    scale = np.sqrt(np.mean(design**2, axis=0))
    scaled, sign = design / scale, np.where(genuine, -1.0, 1.0)

    def cost(x: Doubles) -> float:
        return float(weights @ softplus(sign * (scaled @ x)) + 1e-6 * x @ x)

    found = np.zeros(design.shape[1])
    for _ in range(STEPS):
        wrong = 0.5 * (
            1.0 + np.tanh(0.5 * sign * (scaled @ found))
        )  # the logistic function, never overflowing
        slope = scaled.T @ (weights * sign * wrong) + 2e-6 * found
        bend = (scaled.T * (weights * wrong * (1.0 - wrong))) @ scaled + 2e-6 * np.eye(found.size)
        step = np.linalg.solve(bend, slope)
        share, before = 1.0, cost(found)
        while cost(found - share * step) > before and share > 1e-6:  # a whole Newton step may go too far
            share /= 2.0
        found = found - share * step
        if slope @ step < 1e-12:
            break
    return np.asarray(found / scale, np.float64)


def assess(sample: Sample, llr: Doubles) -> float:
    """Cllr with the sample's weights."""
    genuine = sample.trials.genuine
    return cllr(
        llr[genuine],
        llr[~genuine],
        genuine_weights=sample.weights[genuine],
        impostor_weights=sample.weights[~genuine],
    )


def best_assessment(sample: Sample) -> float:
    """Min Cllr of the sample's LLRs, with its weights."""
    genuine, llr = sample.trials.genuine, sample.trials.scores
    return min_cllr(
        llr[genuine],
        llr[~genuine],
        genuine_weights=sample.weights[genuine],
        impostor_weights=sample.weights[~genuine],
    )


def cross_validate(sample: Sample, *, folds: int = FOLDS) -> dict[str, float]:
    """Cllr of each shape on speakers that its fit has not seen; trials across folds are left out."""
    fold = np.random.default_rng(11).permutation(int(sample.trials.enrol.max()) + 1) % folds
    enrol, test = fold[sample.trials.enrol], fold[sample.trials.test]
    results = {}
    for shape in SHAPES:
        llr, seen = np.zeros(enrol.size), np.zeros(enrol.size, bool)
        for number in range(folds):
            inside, outside = (enrol == number) & (test == number), (enrol != number) & (test != number)
            numbers = regress(_part(sample, outside), shape)
            llr[inside] = _design(take(sample.trials, inside), shape) @ numbers
            seen |= inside
        results[shape] = assess(_part(sample, seen), llr[seen])
    return results


def _part(sample: Sample, where: NDArray[np.bool_]) -> Sample:
    return Sample(take(sample.trials, where), sample.weights[where])


def choose_shape(results: dict[str, float]) -> str:
    """The plainest shape that is within 0.5 % of the best."""
    best = min(results.values())
    return next(shape for shape, value in results.items() if value <= 1.005 * best)


def fit(sample: Sample, shape: str, whole: Sample) -> Calibration:
    """Calibration of one shape fitted on `sample`, with thresholds read from the impostors of `whole`.

    Raises ModelInvalid when the fitted map does not rise with the score everywhere.
    """
    numbers = regress(sample, shape)
    offset, slope = np.zeros(4), np.zeros(4)
    offset_terms, slope_terms = SHAPES[shape]
    offset[list(offset_terms)] = numbers[: len(offset_terms)]
    slope[list(slope_terms)] = numbers[len(offset_terms) :]
    trials = sample.trials
    draft = Calibration(
        _plain(offset),
        _plain(slope),
        _range(trials.enrol_seconds),
        _range(trials.test_seconds),
        thresholds=((1.0, -1e9), (0.5, -1e9)),
        trials="",
    )
    speakers = np.unique(trials.enrol).size
    words = f"{speakers} speakers of {np.unique(trials.sets).size} sets, {whole.trials.scores.size} trials"
    thresholds = read_thresholds(calibrated(whole.trials, draft), whole.weights)
    return replace(draft, thresholds=thresholds, trials=words)


def read_thresholds(trials: Trials, weights: Doubles) -> tuple[tuple[float, float], ...]:
    """(rate, LLR) for every rate of `RATES` that enough impostor trials support.

    The threshold is the highest of: that over all sets with equal weight, and that of each set with many
    speakers by itself. So the promised rate is kept on the hardest of the large sets, not on average.
    """
    other = ~trials.genuine
    scores, sets, weights = trials.scores[other], trials.sets[other], weights[other]
    pools = [np.ones(scores.size, bool)]
    for number in np.unique(sets):
        members = sets == number
        if np.unique(trials.enrol[other][members]).size >= MANY:
            pools.append(members)
    points: list[tuple[float, float]] = []
    for fmr in RATES:
        limits = [
            upper_quantile(scores[pool], weights[pool], fmr) for pool in pools if fmr * pool.sum() >= SUPPORT
        ]
        if limits:
            # Rounded up: rounded down it would let more impostors pass than promised.
            points.append((fmr, float(np.ceil(1e4 * max([*limits, *(limit for _, limit in points)])) / 1e4)))
    return tuple(points)


def upper_quantile(scores: Doubles, weights: Doubles, share: float) -> float:
    """The lowest score such that at most `share` of the weight lies at or above it."""
    order = np.argsort(-scores)
    mass = np.cumsum(weights[order]) / weights.sum()
    place = int(np.searchsorted(mass, share, "right"))
    return float(np.nextafter(scores[order[min(place, scores.size - 1)]], np.inf))


def _plain(values: Doubles) -> tuple[float, float, float, float]:
    a, b, c, d = (round(float(value), 5) for value in values)
    return a, b, c, d


def _range(seconds: Doubles) -> tuple[float, float]:
    low, high = np.percentile(seconds, [0.5, 99.5])
    return round(float(low), 2), round(float(high), 2)
