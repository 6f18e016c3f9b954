"""Fitting a back end on made-up scores whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from earmark.evaluation.bank import Bank, Row
from earmark.evaluation.conditions import CHANNELS, LENGTHS
from earmark.evaluation.fused_fit import (
    ALIGNED_AT,
    BEYOND,
    MARGIN,
    PRIORS,
    RATES,
    Pairs,
    align,
    calibrate,
    fit_fused,
    fuse,
    read_thresholds,
    regress,
    without_doubles,
)
from earmark.evaluation.metrics import Doubles, cllr, softplus
from earmark.evaluation.strangers import Views, choose_cohort, learn_people
from earmark.voice.features import Floats
from earmark.voice.scoring.alignment import TERMS

COUNT = 20_000


def made(seed: int = 1, *, shift: float = 1.5, useless: bool = False) -> Pairs:
    """Strangers around 0 and genuine pairs, wider, around 4; strangers of noisy sides `shift` higher."""
    draw = np.random.default_rng(seed)
    genuine = draw.random(COUNT) < 0.1
    terms = np.zeros((COUNT, len(TERMS)))
    terms[:, TERMS.index("noise")] = draw.random(COUNT)
    scores = np.where(genuine, draw.normal(4.0, 2.0, COUNT), draw.standard_normal(COUNT))
    scores += shift * terms[:, TERMS.index("noise")]
    other = draw.standard_normal(COUNT) if useless else scores + 0.1 * draw.standard_normal(COUNT)
    return Pairs(scores, other, terms, np.arange(COUNT), genuine, np.ones(COUNT))


def none_of(pairs: Pairs) -> Pairs:
    return Pairs(**{name: values[:1] for name, values in vars(pairs).items()})


def test_logistic_regression_finds_the_odds_of_gaussians() -> None:
    draw = np.random.default_rng(2)
    genuine = np.arange(COUNT) % 2 == 0
    scores = draw.standard_normal(COUNT) + 2.0 * genuine
    design = np.stack([np.ones(COUNT), scores], axis=1)
    # log N(x; 2, 1) - log N(x; 0, 1) = 2 x - 2, at any prior
    for priors in ((0.5,), (0.5, 0.1, 0.01)):
        assert regress(design, genuine, np.ones(COUNT), priors=priors) == pytest.approx([-2.0, 2.0], abs=0.1)


def test_alignment_holds_the_share_of_strangers_whatever_the_noise() -> None:
    pairs = made()
    found = align(pairs, none_of(pairs), (1.0, 0.0))
    assert found.weights[TERMS.index("noise")] == pytest.approx(1.5, abs=0.25)
    other, noise = ~pairs.genuine, pairs.terms[:, TERMS.index("noise")]
    aligned = pairs.cosine - found.shift(pairs.terms)
    limit = np.quantile(aligned[other], 1.0 - 10 * ALIGNED_AT)
    quiet, loud = (np.mean(aligned[other & half] >= limit) for half in (noise < 0.5, noise >= 0.5))
    assert 0.7 < quiet / loud < 1.4
    before = np.quantile(pairs.cosine[other], 1.0 - 10 * ALIGNED_AT)
    assert np.mean(pairs.cosine[other & (noise >= 0.5)] >= before) > 2 * np.mean(
        pairs.cosine[other & (noise < 0.5)] >= before
    )


def strict_cost(llr: Doubles, genuine: np.ndarray) -> float:
    """Cross-entropy at all `PRIORS`, each divided by what not listening at all costs."""
    sign, total = np.where(genuine, -1.0, 1.0), 0.0
    for prior in PRIORS:
        blind = -prior * np.log(prior) - (1.0 - prior) * np.log1p(-prior)
        even = np.where(genuine, prior / genuine.sum(), (1.0 - prior) / (~genuine).sum())
        total += float(even @ softplus(sign * (llr + np.log(prior / (1.0 - prior)))) / blind)
    return total / len(PRIORS)


def test_calibrated_scores_are_likelihood_ratios_far_out_too() -> None:
    fitted, fresh = made(shift=0.0), made(3, shift=0.0)
    meaning = calibrate(fitted.cosine, fitted.genuine, fitted.weights)
    assert meaning.bend[0] > 0  # genuine scores are wider, so evidence grows faster further out
    llr = meaning.llr(fresh.cosine, 1.0, 1.0)
    x = fresh.cosine
    true: Doubles = -np.log(2.0) - (x - 4.0) ** 2 / 8.0 + x**2 / 2.0
    genuine, same = fresh.genuine, fresh.genuine
    assert cllr(llr[genuine], llr[~genuine]) < 1.1 * cllr(true[genuine], true[~same])
    assert strict_cost(llr, genuine) < 1.15 * strict_cost(true, genuine)


def test_fusion_leaves_out_what_says_nothing() -> None:
    assert fuse(made(useless=True))[0] > 0.9
    cosine, plda = fuse(made(shift=0.0))
    assert cosine + plda == 1.0


def test_thresholds_keep_their_rates_and_go_on_as_the_tail_falls() -> None:
    strangers = np.random.default_rng(4).exponential(2.0, 400_000)
    ones, everybody = np.ones(strangers.size), np.arange(strangers.size)
    found = dict(read_thresholds(strangers, ones, everybody))
    assert list(found) == [*RATES, *BEYOND]
    assert np.mean(strangers >= found[0.01]) == pytest.approx(0.01 / MARGIN, rel=0.01)
    for rate in (1e-4, 1e-6, 1e-8):  # an exponential's own tail
        assert found[rate] == pytest.approx(2.0 * np.log(MARGIN / rate), rel=0.1)
    # The same trials of forty pairs of people say less: they end sooner, and go on all the same.
    few = dict(read_thresholds(strangers, ones, everybody % 40))
    assert list(few) == list(found)
    assert read_thresholds(strangers, ones, everybody % 20) == ()


def test_one_person_under_two_numbers_is_left_out() -> None:
    pairs = made(shift=0.0)
    twice = np.flatnonzero(~pairs.genuine)[:500]
    people, cosine, plda = np.zeros(COUNT, int), pairs.cosine.copy(), pairs.plda.copy()
    people[pairs.genuine] = 1 + np.arange(pairs.genuine.sum()) % 40
    people[~pairs.genuine] = 100 + np.arange((~pairs.genuine).sum()) % 300
    people[twice], cosine[twice], plda[twice] = 7_000, 6.0, 6.0
    mixed = replace(pairs, people=people, cosine=cosine, plda=plda)
    kept, matched = without_doubles(mixed, mixed)
    assert set(people) - set(kept.people) == {7_000} == set(people) - set(matched.people)
    assert kept.cosine.size == COUNT - 500


def speakers(first: int, count: int, *, seed: int) -> tuple[Floats, np.ndarray]:
    """Two recordings of each of some people, in 16 numbers."""
    centres = np.random.default_rng(99).standard_normal((400, 16))[first : first + count]
    who = np.repeat(np.arange(count), 2)
    vectors = centres[who] + 0.6 * np.random.default_rng(seed).standard_normal((who.size, 16))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32), who


def test_a_whole_back_end_is_fitted_from_training_and_calibration_speakers() -> None:
    vectors, who = speakers(0, 150, seed=1)
    views = Views(vectors, who, np.repeat([0, 1], who.size // 2))
    cohort = choose_cohort(views, size=100)
    assert len(np.unique(cohort, axis=0)) == 100
    bank = Bank("toy@1")
    for number, (dataset, first) in enumerate({"a": 200, "b": 260}.items()):
        for side in ("enrol", "test"):
            for place, length in enumerate(LENGTHS):
                for channel in ("clean",) if side == "enrol" else CHANNELS:
                    seed = 100 * place + 10 * len(side) + CHANNELS.index(channel)
                    voices, owners = speakers(first, 10, seed=seed)
                    seconds = np.full(owners.size, 8.0 / 2**place)
                    bank.speakers[dataset, side] = owners + 100 * number
                    bank.rows[dataset, side, length, channel] = Row(voices, seconds, 0)
    fused = fit_fused(bank, cohort, learn_people(views), words="toy")
    assert sum(fused.weights) == 1.0
    assert fused.meaning.trials == "toy"
    assert fused.meaning.thresholds[-1][0] == BEYOND[-1]
    heard = [fused.hear(bank.rows["a", side, "full", "clean"].voices) for side in ("enrol", "test")]
    llr, same = fused.scores(*heard), bank.speakers["a", "enrol"][:, None] == bank.speakers["a", "test"]
    limit = fused.meaning.operating_point(0.01).threshold
    assert np.mean(llr[~same] >= limit) < 0.03
    assert np.mean(llr[same] >= limit) > 0.5
