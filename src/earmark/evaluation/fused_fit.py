"""Held-out trials to the numbers of a fused back end: weights, alignment, calibration, thresholds.

Every set weighs as the square root of its trials. The calibration is fitted at three priors at once, so that
its ratios hold at strict operating points too, not only where both answers are equally likely.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from earmark.evaluation.bank import Bank
from earmark.evaluation.conditions import CHANNELS, LENGTHS
from earmark.evaluation.fit import every_condition, upper_quantile
from earmark.evaluation.metrics import Doubles, softplus
from earmark.voice.features import Floats
from earmark.voice.scoring.alignment import TERMS, Alignment, Recorded, terms_of
from earmark.voice.scoring.backends import Fused, Heard
from earmark.voice.scoring.calibration import Calibration, hinge
from earmark.voice.scoring.normalisation import column, standard_scores
from earmark.voice.scoring.plda import Plda

NEAREST = 50
PRIORS = (0.5, 0.1, 0.01)
KNOT = 2.0
ALIGNED_AT = 0.003  # the share of strangers whose score is held still
RIDGE = 1e-4  # keeps the alignment small where the trials say little
BLUR = 0.1  # of the score, over which that share is counted
SECONDS = (0.3, 30.0)  # of a side, within which the alignment moves
RATES = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4)
BEYOND = (1e-5, 1e-6, 1e-7, 1e-8)  # continued as the tail falls
SUPPORT = 30  # pairs of people behind a rate
TAIL = 100  # pairs of people behind how the tail falls
DOUBLE = 75.0  # per cent of speakers, who are less like themselves than two numbers of one person are alike
MANY_PEOPLE = 1_000_000
# Thresholds are fitted on few speakers, and hold for others less well: measured, half as much again.
MARGIN = 1.5
NO_SHIFT = Alignment((0.0,) * len(TERMS), (0.0,) * len(TERMS), SECONDS)
PLAIN = Calibration(
    (0.0,) * 4, (1.0, 0.0, 0.0, 0.0), SECONDS, SECONDS, ((0.5, 0.0), (0.1, 1.0)), "", score="fused"
)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Trials by both normalised scores."""

    cosine: Doubles  # (n,)
    plda: Doubles
    terms: Doubles  # (n, TERMS)
    people: NDArray[np.int64]  # (n,) one number for each two speakers
    genuine: NDArray[np.bool_]
    weights: Doubles  # (n,) of its set, in all 1 on average

    def fused(self, share: tuple[float, float]) -> Doubles:
        """(n,) weighted sums."""
        return share[0] * self.cosine + share[1] * self.plda


def fit_fused(bank: Bank, cohort: Floats, plda: Plda, *, words: str) -> Fused:
    """A back end for the cohort and PLDA of training speakers, fitted on the bank of calibration speakers."""
    draft = Fused(cohort, plda, NEAREST, (0.5, 0.5), NO_SHIFT, PLAIN)
    pairs, matched = without_doubles(*gather(bank, draft))
    share = fuse(pairs)
    alignment = align(pairs, matched, share)
    aligned = pairs.fused(share) - alignment.shift(pairs.terms)
    meaning = calibrate(aligned, pairs.genuine, pairs.weights)
    strangers, other = meaning.llr(aligned, 1.0, 1.0), ~pairs.genuine
    thresholds = read_thresholds(strangers[other], pairs.weights[other], pairs.people[other])
    meaning = replace(meaning, thresholds=thresholds, trials=words)
    return replace(draft, weights=share, alignment=alignment, meaning=meaning)


def gather(bank: Bank, draft: Fused) -> tuple[Pairs, Pairs]:
    """Trials of every condition, and those of two sides that came over one channel (strangers only)."""
    heard = {key: draft.hear(row.voices) for key, row in bank.rows.items()}
    every, matched = [], []
    for dataset in bank.sets:
        who, whom = bank.speakers[dataset, "enrol"], bank.speakers[dataset, "test"]
        weight = (who.size * whom.size) ** -0.5
        for condition in every_condition():
            enrol = heard[dataset, "enrol", condition.enrol_length, "clean"]
            test = heard[dataset, "test", condition.test_length, condition.channel]
            every.append(_pairs(draft, enrol, test, (who, whom), weight))
        for length in LENGTHS:
            for channel in CHANNELS:
                test = heard[dataset, "test", length, channel]
                matched.append(_pairs(draft, test, test, (whom, whom), weight))
    both = _join(every), _join(matched)
    return both[0], _take(both[1], ~both[1].genuine)


def without_doubles(pairs: Pairs, matched: Pairs) -> tuple[Pairs, Pairs]:
    """Leave out two speakers who are more alike, over all their trials, than most speakers are to themselves:
    sets of volunteers hold people who came twice, under two numbers.
    """
    scores = pairs.fused((0.5, 0.5))
    codes, place, counts = np.unique(pairs.people, return_inverse=True, return_counts=True)
    alike = np.bincount(place, scores) / counts
    own = np.bincount(place, pairs.genuine) > 0
    if own.all() or not own.any():
        return pairs, matched
    doubles = codes[~own & (alike > np.percentile(alike[own], DOUBLE))]
    return tuple(_take(each, ~np.isin(each.people, doubles)) for each in (pairs, matched))  # type: ignore[return-value]


def _pairs(
    draft: Fused, left: Heard, right: Heard, who: tuple[NDArray[np.int64], NDArray[np.int64]], weight: float
) -> Pairs:
    one, other = left.voices, right.voices
    cosine = standard_scores(
        np.asarray(one.vectors @ other.vectors.T, np.float64), column(left.cosine), right.cosine
    )
    plda = standard_scores(draft.plda.scores(one.vectors, other.vectors), column(left.plda), right.plda)
    recorded = Recorded(one.seconds[:, None], one.snr_db[:, None], one.bandwidth_hz[:, None])
    terms = terms_of(recorded, Recorded(other.seconds, other.snr_db, other.bandwidth_hz), SECONDS)
    first, second = np.minimum(who[0][:, None], who[1]), np.maximum(who[0][:, None], who[1])
    return Pairs(
        cosine.ravel(),
        plda.ravel(),
        terms.reshape(-1, len(TERMS)),
        (first * MANY_PEOPLE + second).ravel(),
        (first == second).ravel(),
        np.full(first.size, weight),
    )


def _join(parts: list[Pairs]) -> Pairs:
    joined = Pairs(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])}
    )
    return replace(joined, weights=joined.weights / joined.weights.mean())


def _take(pairs: Pairs, where: NDArray[np.bool_]) -> Pairs:
    return Pairs(**{name: values[where] for name, values in vars(pairs).items()})


def fuse(pairs: Pairs) -> tuple[float, float]:
    """Weights of cosine and PLDA, 1 together and neither below 0, by logistic regression of both."""
    design = np.stack([np.ones(pairs.cosine.size), pairs.cosine, pairs.plda], axis=1)
    both = np.maximum(regress(design, pairs.genuine, pairs.weights)[1:], 0.0)
    cosine = round(float(both[0] / both.sum()), 2)
    return cosine, round(1.0 - cosine, 2)


def regress(
    design: Doubles, genuine: NDArray[np.bool_], weights: Doubles, *, priors: tuple[float, ...] = PRIORS
) -> Doubles:
    """Coefficients (K,) of the log-odds of columns (n, K), at even odds, by Newton's method.

    Each prior's cross-entropy counts as a share of what not listening at all would cost there.
    """
    scale = np.sqrt(np.mean(design**2, axis=0))
    scaled, sign = design / scale, np.where(genuine, -1.0, 1.0)
    even = np.where(genuine, weights / weights[genuine].sum(), weights / weights[~genuine].sum())
    parts = []
    for prior in priors:
        blind = -prior * np.log(prior) - (1.0 - prior) * np.log1p(-prior)
        parts.append((np.where(genuine, prior, 1.0 - prior) * even / blind, np.log(prior / (1.0 - prior))))

    def cost(x: Doubles) -> float:
        llr = scaled @ x
        return float(sum(each @ softplus(sign * (llr + odds)) for each, odds in parts) + 1e-4 * x @ x)

    found = np.zeros(design.shape[1])
    for _ in range(100):
        slope, bend, llr = 2e-4 * found, 2e-4 * np.eye(found.size), scaled @ found
        for each, odds in parts:
            wrong = 0.5 * (1.0 + np.tanh(0.5 * sign * (llr + odds)))
            slope = slope + scaled.T @ (each * sign * wrong)
            bend = bend + (scaled.T * (each * wrong * (1.0 - wrong))) @ scaled
        step = np.linalg.solve(bend, slope)
        share, before = 1.0, cost(found)
        while cost(found - share * step) > before and share > 1e-6:
            share /= 2.0
        found = found - share * step
        if slope @ step < 1e-10:
            break
    return np.asarray(found / scale, np.float64)


def align(pairs: Pairs, matched: Pairs, share: tuple[float, float]) -> Alignment:
    """By how much the score that `ALIGNED_AT` of all strangers reach moves with each term.

    Quantile regression (Koenker and Bassett 1978), smoothed so that Newton's method works. Sides that came
    over the same channel count half: they tell a narrow band from two bands that differ.
    """
    other = _take(pairs, ~pairs.genuine)
    terms = np.concatenate([other.terms, matched.terms])
    scores = np.concatenate([other.fused(share), matched.fused(share)])
    half = 0.5 * other.weights.sum() / max(matched.weights.sum(), 1e-9)
    weights = np.concatenate([other.weights, half * matched.weights])
    weights = weights / weights.sum()
    known = np.isfinite(terms)
    usual = np.average(np.where(known, terms, 0.0), axis=0, weights=weights)
    usual /= np.maximum(weights @ known, 1e-9)  # of those that were measured
    terms = np.where(known, terms, usual)
    apart = np.concatenate([np.ones((len(terms), 1)), terms - usual], axis=1)
    found = np.zeros(apart.shape[1])
    found[0] = upper_quantile(scores, weights, ALIGNED_AT)
    keep = np.diag([0.0, *np.full(len(TERMS), RIDGE)])
    for _ in range(50):
        above = 0.5 * (1.0 + np.tanh(0.5 * (scores - apart @ found) / BLUR))
        slope = apart.T @ (weights * (above - ALIGNED_AT)) - keep @ found
        bend = (apart.T * (weights * above * (1.0 - above) / BLUR)) @ apart + keep
        step = np.linalg.solve(bend + 1e-6 * np.eye(found.size), slope)
        step *= min(1.0, 0.5 / np.abs(step).max())
        found = found + step
        if np.abs(step).max() < 1e-5:
            break
    return Alignment(_round(usual), _round(found[1:]), SECONDS)


def calibrate(aligned: Doubles, genuine: NDArray[np.bool_], weights: Doubles) -> Calibration:
    """Scores to ratios: a line, and a steeper one far above `KNOT`."""
    ones = np.ones(aligned.size)
    design = np.stack([ones, aligned, hinge(aligned, KNOT)], axis=1)
    offset, slope, bend = regress(design, genuine, weights)
    if bend < 0.0:
        (offset, slope), bend = regress(design[:, :2], genuine, weights), 0.0
    return replace(
        PLAIN,
        offset=(round(float(offset), 5), 0.0, 0.0, 0.0),
        slope=(round(float(slope), 5), 0.0, 0.0, 0.0),
        bend=(round(float(bend), 5), KNOT if bend else 0.0),
    )


def read_thresholds(
    strangers: Doubles, weights: Doubles, people: NDArray[np.int64]
) -> tuple[tuple[float, float], ...]:
    """(rate, LLR) for rates that enough pairs of people support, and beyond by how far the highest lie above.

    Trials of the same two people are no new evidence, so pairs are counted that reach the limit at all. Each
    rate is read at its `MARGIN`-th part. Excesses over a high limit are exponential (Pickands 1975), so that
    their mean says how much further the next rarer stranger comes: over the last limit that `TAIL` pairs
    reach, since two or three pairs make those above.
    """
    points: list[tuple[float, float]] = []
    excess = 0.0
    for rate in RATES:
        limit = upper_quantile(strangers, weights, rate / MARGIN)
        above = strangers >= limit
        pairs = np.unique(people[above]).size
        if pairs < SUPPORT:
            break
        if pairs >= TAIL or not points:
            excess = float(np.average(strangers[above] - limit, weights=weights[above]))
        points.append((rate, max([limit, *(before for _, before in points)])))
    if points:
        last, limit = points[-1]
        further = (rate for rate in (*RATES, *BEYOND) if rate < last)
        points += [(rate, limit + excess * float(np.log(last / rate))) for rate in further]
    return tuple((rate, float(np.ceil(1e4 * limit) / 1e4)) for rate, limit in points)


def _round(values: Doubles) -> tuple[float, ...]:
    return tuple(round(float(value), 5) for value in values)
