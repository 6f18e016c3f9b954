"""Intervals over speakers: weights by hand, coverage of the truth, and no false certainty."""

import numpy as np
import pytest

from earmark.evaluation.averages import error_rates
from earmark.evaluation.intervals import Trials, estimate, join_trials, measure, speaker_draws
from earmark.evaluation.metrics import eer, eer_of


def made(seed: int, speakers: int, *, first: int = 0, number: int = 0, spread: float = 1.0) -> Trials:
    """All pairs of two sides of each speaker; genuine scores share a shift per speaker."""
    draw = np.random.default_rng(seed)
    who = np.arange(speakers)
    enrol, test = (grid.ravel() for grid in np.meshgrid(who, who, indexing="ij"))
    shift = draw.normal(0, spread, speakers)
    scores = draw.normal(0, 1, enrol.size) + np.where(enrol == test, 2 + shift[enrol], 0.0)
    ones = np.ones(enrol.size)
    return Trials(scores, enrol + first, test + first, np.full(enrol.size, number), 5 * ones, ones)


def test_every_set_is_drawn_by_itself() -> None:
    trials = join_trials([made(1, 6), made(2, 4, first=6, number=1)])
    for weights in speaker_draws(trials, 20, seed=3):
        assert weights[:6].sum() == 6
        assert weights[6:].sum() == 4


def test_value_is_that_of_all_trials_and_lies_within() -> None:
    trials = made(5, 30)
    found = measure(trials, {"EER": eer_of})["EER"]
    assert found.value == pytest.approx(eer(trials.scores[trials.genuine], trials.scores[~trials.genuine]))
    assert found.low <= found.value <= found.high
    assert found.low < found.high


def test_a_replicate_equals_trials_repeated_by_hand() -> None:
    trials = made(7, 5)
    weights = next(speaker_draws(trials, 1, seed=1))
    times = np.where(trials.genuine, weights[trials.enrol], weights[trials.enrol] * weights[trials.test])
    times = times.astype(int)
    repeated, genuine = np.repeat(trials.scores, times), np.repeat(trials.genuine, times)
    draws = measure(trials, {"EER": eer_of}, replicates=1)["EER"].draws
    assert draws[0] == pytest.approx(eer(repeated[genuine], repeated[~genuine]))


def test_intervals_cover_the_truth() -> None:
    # Genuine scores are N(2, 1 + 1), impostors N(0, 1): equal error where (2 - t) / sqrt(2) = t.
    truth = 0.2037  # 1 - normal cdf of 2 / (1 + sqrt(2))
    inside = 0
    for seed in range(30):
        found = measure(made(seed, 40), {"EER": eer_of}, replicates=100)["EER"]
        inside += found.low <= truth <= found.high
    assert inside >= 24  # 95 % intervals; 80 % allows for chance in 30 draws


def test_dependence_widens_the_interval() -> None:
    # The same trials, once with their real speakers and once as if each trial had speakers of its own.
    trials = join_trials([made(3, 12, spread=2.0)] * 4)
    alone = {"enrol": np.arange(576), "test": np.arange(576) + 576 * ~trials.genuine}
    narrow = Trials(**{**vars(trials), **alone})
    real, naive = (measure(each, {"EER": eer_of})["EER"] for each in (trials, narrow))
    assert real.high - real.low > 1.3 * (naive.high - naive.low)


def test_no_false_match_is_not_no_false_match_rate() -> None:
    trials = made(9, 10)
    found, _ = error_rates(trials, 1e9)
    assert found.value == 0.0
    assert found.high == pytest.approx(1 - 0.05 ** (1 / 45))  # 45 pairs of ten speakers


def test_fmr_is_the_share_of_impostors_that_pass() -> None:
    trials = made(11, 20)
    found, _ = error_rates(trials, 1.0)
    assert found.value == pytest.approx(np.mean(trials.scores[~trials.genuine] >= 1.0))
    assert found.low < found.value < found.high


def test_an_interval_is_centred_on_its_value_and_stays_a_rate() -> None:
    found = estimate(0.5, np.linspace(0.2, 0.4, 101))
    assert (found.low, found.high) == pytest.approx((0.405, 0.595))
    assert estimate(0.0, np.linspace(0.0, 0.4, 101)).low == 0.0
    assert np.isnan(estimate(0.5, np.full(3, np.nan)).low)
