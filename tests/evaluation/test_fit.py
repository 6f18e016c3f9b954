"""Fitting a calibration: it finds the truth in made trials, and thresholds keep the rates they promise."""

import numpy as np
import pytest

from earmark.errors import ModelInvalid
from earmark.evaluation.fit import (
    Sample,
    assess,
    best_assessment,
    calibrated,
    choose_shape,
    cross_validate,
    fit,
    read_thresholds,
    regress,
)
from earmark.evaluation.intervals import Trials
from earmark.voice.scoring.decision import DEFAULT_FMR


def made(seed: int, *, speakers: int = 60, sides: int = 3, worth: float = 0.25) -> Sample:
    """Scores whose true LLR is known: N(m, v) against N(0, v), where v falls with the seconds under test."""
    draw = np.random.default_rng(seed)
    who = np.repeat(np.arange(speakers), sides)
    enrol, test = (grid.ravel() for grid in np.meshgrid(who, who, indexing="ij"))
    lengths = np.exp(draw.permutation(np.linspace(0, 2, who.size)))
    seconds = np.broadcast_to(lengths[None], (who.size, who.size)).ravel()
    genuine = enrol == test
    deviation = 0.15 * seconds**-worth
    scores = np.where(genuine, 0.3, 0.0) + deviation * draw.standard_normal(enrol.size)
    trials = Trials(scores, enrol, test, np.zeros(enrol.size, int), np.full(enrol.size, 8.0), seconds)
    weights = np.where(genuine, 1 / genuine.sum(), 1 / (~genuine).sum())
    return Sample(trials, weights)


def test_regression_finds_the_true_line() -> None:
    # Equal variances: LLR = (m s - m^2 / 2) / v, with m = 0.3 and v = 0.0225.
    offset, slope = regress(made(1, worth=0.0), "score")
    assert slope == pytest.approx(0.3 / 0.0225, rel=0.15)
    assert offset == pytest.approx(-0.045 / 0.0225, rel=0.15)


def test_cross_validation_prefers_what_holds_on_other_speakers() -> None:
    assert (
        choose_shape({"score": 0.5, "score, seconds": 0.499, "score, seconds, all products": 0.498})
        == "score"
    )
    results = cross_validate(made(2, worth=0.5))
    assert choose_shape(results) == "score, seconds, score x seconds"
    assert choose_shape(cross_validate(made(3, worth=0.0))) == "score"


def test_a_fit_is_calibrated_on_other_speakers() -> None:
    sample, other = made(4, worth=0.5), made(5, worth=0.5)
    calibration = fit(sample, "score, seconds, score x seconds", sample)
    judged = Sample(calibrated(other.trials, calibration), other.weights)
    cost, least = assess(judged, judged.trials.scores), best_assessment(judged)
    assert least <= cost <= 1.2 * least + 0.002
    threshold = calibration.operating_point(DEFAULT_FMR).threshold
    impostors = judged.trials.scores[~judged.trials.genuine]
    assert np.mean(impostors >= threshold) == pytest.approx(DEFAULT_FMR, rel=0.6)


def test_thresholds_are_on_the_safe_side_and_stop_at_the_support() -> None:
    sample = made(6)
    trials = sample.trials
    points = read_thresholds(trials, sample.weights)
    impostors = trials.scores[~trials.genuine]
    for fmr, threshold in points:
        assert np.mean(impostors >= threshold) <= fmr
    assert points[-1][0] * impostors.size >= 30
    assert points[-1][0] == 0.001  # 31,860 impostor trials: 30 false matches are not seen at 0.0003
    assert [threshold for _, threshold in points] == sorted(threshold for _, threshold in points)


def test_the_harder_of_two_large_sets_decides() -> None:
    one, two = made(7).trials, made(8).trials
    both = Trials(
        *(np.concatenate([getattr(one, name), getattr(two, name)]) for name in vars(one)),
    )
    both.scores[one.scores.size :] += 0.3
    both.enrol[one.scores.size :] += 100
    both.test[one.scores.size :] += 100
    both.sets[one.scores.size :] = 1
    weights = np.ones(both.scores.size)
    hard = np.sort(two.scores[~two.genuine] + 0.3)
    for fmr, threshold in read_thresholds(both, weights):
        assert np.mean(hard >= threshold) <= fmr


def test_scores_that_fall_are_refused() -> None:
    sample = made(9)
    sample.trials.scores[:] *= -1
    with pytest.raises(ModelInvalid, match="falls with the score"):
        fit(sample, "score", sample)
