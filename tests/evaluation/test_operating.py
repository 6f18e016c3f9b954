"""Operating points and buckets: thresholds keep their rate, promises are judged, few data are said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.evaluation.buckets import SECONDS, by_measure
from earmark.evaluation.intervals import Trials
from earmark.evaluation.operating import operating_points, setting, threshold_at
from earmark.voice.scoring.calibration import Calibration


def made(seed: int = 1, *, people: int = 50, sides: int = 4, shift: float = 0.0) -> Trials:
    draw = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), sides)
    enrol, test = (grid[np.triu_indices(who.size, 1)] for grid in np.meshgrid(who, who, indexing="ij"))
    scores = draw.normal(0, 1, enrol.size) + np.where(enrol == test, 4.0, shift)
    ones = np.ones(enrol.size)
    return Trials(scores, enrol, test, np.zeros(enrol.size, int), ones, draw.uniform(0.5, 6, enrol.size))


def calibration(**thresholds: float) -> Calibration:
    points = tuple((float(rate.removeprefix("r")) / 1000, limit) for rate, limit in thresholds.items())
    return Calibration((0, 0, 0, 0), (1, 0, 0, 0), (0.1, 10), (0.1, 10), points, "")


@settings(max_examples=25)
@given(st.floats(0.005, 0.4), st.integers(0, 50))
def test_a_threshold_lets_in_as_many_as_it_may_and_no_more(fmr: float, seed: int) -> None:
    trials = made(seed, people=20)
    limit = threshold_at(trials, fmr)
    impostor = trials.scores[~trials.genuine]
    if limit is None:
        assert fmr * impostor.size < 30
        return
    passed = np.mean(impostor >= limit)
    assert passed <= fmr < passed + 2 / impostor.size


def test_a_kept_promise_a_broken_one_and_one_that_nobody_can_judge() -> None:
    kept = {
        point.asked: point.kept
        for point in operating_points(made(), calibration(r100=1.5, r10=2.5, r1=3.4), asked=0.01)
    }
    assert kept[0.1] is True  # 6.7 % pass 1.5
    assert kept[0.01] is True
    assert 0.0003 not in kept  # neither the calibration nor the data know that rate
    broken = operating_points(made(shift=1.0), calibration(r100=1.5, r10=2.5), asked=0.01)
    assert next(point for point in broken if point.asked == 0.01).kept is False
    few = operating_points(made(people=6), calibration(r100=1.5, r1=3.4), asked=0.001)
    assert next(point for point in few if point.asked == 0.001).kept is None


def test_without_a_calibration_the_data_speak() -> None:
    points = operating_points(made(), None, asked=0.02)
    asked = next(point for point in points if point.asked == 0.02)
    assert asked.promised is None
    assert asked.found is not None
    assert asked.found.fmr.value == pytest.approx(0.02, abs=1e-3)
    assert asked.found.threshold == pytest.approx(2.05, abs=0.1)


def test_a_bucket_is_measured_by_its_own_trials() -> None:
    trials = made()
    found = by_measure(trials, trials.test_seconds, SECONDS, threshold=2.0)
    assert [bucket.low for bucket in found] == [0.0, 1.0, 2.0, 4.0]
    assert sum(bucket.genuine + bucket.impostor for bucket in found) == trials.scores.size
    inside = (trials.test_seconds >= 2.0) & (trials.test_seconds < 4.0)
    part = Trials(**{name: values[inside] for name, values in vars(trials).items()})
    assert found[2].fmr is not None
    assert found[2].fmr.value == setting(part, 2.0).fmr.value


def test_small_buckets_are_counted_only() -> None:
    trials = made(people=4)
    found = by_measure(trials, trials.test_seconds, SECONDS, threshold=2.0)
    assert all(bucket.eer is None and bucket.genuine > 0 for bucket in found)
