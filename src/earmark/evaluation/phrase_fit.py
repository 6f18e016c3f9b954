"""Trials of the phrase checker to its calibration: logistic regressions and the point of acceptance."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from earmark.evaluation.phrase_trials import Trial
from earmark.evaluation.phrases import Claim
from earmark.voice.phrase.scoring import (
    PHRASE_EVIDENCE,
    WORD_EVIDENCE,
    Calibration,
    Calibrations,
    Doubles,
    Regression,
    phrase_numbers,
)

FALSE_REJECTS = 0.03  # of right phrases, where a phrase is accepted or not
# How often each kind of claim is met when a phrase is wrong.
WRONG = {Claim.OTHER: 0.4, Claim.CHANGED: 0.2, Claim.DROPPED: 0.2, Claim.ADDED: 0.2}
ROUNDS = 40
FOLDS = 5
STIFF = 1e-3  # weight of the squared coefficients


def regress(numbers: Doubles, truth: NDArray[np.bool_], weights: Doubles, *, evidence: int) -> Regression:
    """Weighted logistic regression; right and wrong must weigh the same in sum.

    None of the first `evidence` numbers may count against what it speaks for: those that would are left out,
    one after the other, the worst first, or numbers that say the same would be played off against each other.
    """
    left = np.ones(numbers.shape[1], bool)
    while True:
        found = _regress(numbers * left, truth, weights)
        if min(found.weights[:evidence], default=0.0) >= 0:
            return found
        worst = int(np.argmin(found.weights[:evidence]))
        left[worst] = False


def _regress(numbers: Doubles, truth: NDArray[np.bool_], weights: Doubles) -> Regression:
    """Logistic regression by iterated least squares."""
    centre = np.average(numbers, axis=0, weights=weights)
    scale = np.sqrt(np.average((numbers - centre) ** 2, axis=0, weights=weights)) + 1e-6
    placed = np.hstack([(numbers - centre) / scale, np.ones((len(numbers), 1))])
    found = np.zeros(placed.shape[1])
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(placed @ found, -30, 30)))
        slope = placed.T @ (weights * (chance - truth)) + STIFF * found
        curve = (placed * (weights * chance * (1 - chance))[:, None]).T @ placed
        found -= np.linalg.solve(curve + STIFF * np.eye(len(found)), slope)
    return Regression(
        tuple(centre.tolist()), tuple(scale.tolist()), tuple(found[:-1].tolist()), float(found[-1])
    )


def even(truth: NDArray[np.bool_], shares: Doubles) -> Doubles:
    """Weights in proportion to `shares` that sum to a half for the true and a half for the false."""
    return np.asarray(
        np.where(truth, 0.5 * shares / shares[truth].sum(), 0.5 * shares / shares[~truth].sum())
    )


def shares_of(trials: Sequence[Trial]) -> Doubles:
    """(N,) weights: every kind as `WRONG` says, every group of people and channel alike within a kind."""
    keys = [(trial.kind, trial.who, trial.channel) for trial in trials]
    counts: dict[tuple[Claim, str, str], int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    return np.asarray([WRONG.get(key[0], 1.0) / counts[key] for key in keys])


def fit_all(trials: Sequence[Trial]) -> Calibrations:
    """Sentences and phrases of nothing but digits, each by themselves."""
    return Calibrations(
        fit([trial for trial in trials if not trial.weighed.digits]),
        fit([trial for trial in trials if trial.weighed.digits]),
    )


def fit(trials: Sequence[Trial]) -> Calibration:
    """Regressions on all trials; the threshold from speakers that each fold's regressions never met.

    All challenges that are joined from digits of several people count as ten speakers. Only right phrases and
    the kinds of `WRONG` are looked at.
    """
    used = [trial for trial in trials if trial.kind in WRONG or trial.kind is Claim.RIGHT]
    right = [place for place, trial in enumerate(used) if trial.kind is Claim.RIGHT]
    speakers = {name: place for place, name in enumerate(sorted({trial.speaker for trial in used}))}
    fold = np.asarray([speakers[used[place].speaker] for place in right]) % FOLDS
    llrs = np.zeros(len(right))
    for number in range(FOLDS):
        inner = _fit([trial for trial in used if speakers[trial.speaker] % FOLDS != number])
        held = [used[place] for place, one in zip(right, fold, strict=True) if one == number]
        if held:
            llrs[fold == number] = inner.phrase(numbers_of(held, inner.word))
    return replace(_fit(used), accept=weighted_quantile(llrs, shares_of(used)[right], FALSE_REJECTS))


def numbers_of(trials: Sequence[Trial], word: Regression) -> Doubles:
    """(N, features) of the trials' phrases."""
    return np.stack([phrase_numbers(trial.weighed, word(trial.weighed.words)) for trial in trials])


def _fit(used: Sequence[Trial]) -> Calibration:
    """The regressions alone."""
    shares = shares_of(used)
    said = np.concatenate([trial.said for trial in used]).astype(bool)
    spread = np.concatenate([_of_words(trial.said, share) for trial, share in zip(used, shares, strict=True)])
    words = np.concatenate([trial.weighed.words for trial in used])
    word = regress(words, said, even(said, spread), evidence=WORD_EVIDENCE)
    numbers = numbers_of(used, word)
    right = np.asarray([trial.kind is Claim.RIGHT for trial in used])
    ways = []
    for kind in WRONG:
        some = right | np.asarray([trial.kind is kind for trial in used])
        weights = even(right[some], shares[some])
        ways.append(regress(numbers[some], right[some], weights, evidence=PHRASE_EVIDENCE))
    return Calibration(word, tuple(ways), tuple(WRONG.values()), 0.0)


def _of_words(said: Sequence[bool], share: float) -> Doubles:
    """A trial's weight shared among its words that were said, and once more among those that were not."""
    truth = np.asarray(said, bool)
    return np.asarray(np.where(truth, share / max(truth.sum(), 1), share / max((~truth).sum(), 1)))


def weighted_quantile(values: Doubles, weights: Doubles, share: float) -> float:
    """The value below which `share` of the weight lies."""
    order = np.argsort(values)
    below = np.cumsum(weights[order]) - weights[order]
    return float(values[order][np.searchsorted(below / weights.sum(), share, "right") - 1])
