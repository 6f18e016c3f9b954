"""Errors by group: GARBE by hand, groups that differ are found, equal ones are not, few data are said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.evaluation.fairness import Comparison, compare_groups, gini, ratio_estimate
from earmark.evaluation.fairness_words import Verdict, judge
from earmark.evaluation.intervals import Trials


def made(shift: float, *, people: int = 40, sides: int = 8, seed: int = 1) -> tuple[Trials, np.ndarray]:
    """Trials of people half of whom are of group b, whose impostors score `shift` higher among themselves."""
    draw = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), sides)
    enrol, test = (grid[np.triu_indices(who.size, 1)] for grid in np.meshgrid(who, who, indexing="ij"))
    group = np.where(np.arange(people) % 2, "b", "a")
    both = (group[enrol] == "b") & (group[test] == "b") & (enrol != test)
    scores = draw.normal(0, 1, enrol.size) + np.where(enrol == test, 3.0, 0.0) + shift * both
    ones = np.ones(enrol.size)
    return Trials(scores, enrol, test, np.zeros(enrol.size, int), ones, ones), group


def compared(shift: float, *, threshold: float = 1.5, **how: int) -> tuple[Comparison, Verdict]:
    trials, group = made(shift, **how)
    found = compare_groups(
        "kind", trials, group[trials.enrol], group[trials.test], of_speakers=True, threshold=threshold
    )
    return found, judge(found)


def test_gini_by_hand() -> None:
    assert gini(np.array([0.1, 0.1, 0.1])) == 0.0
    assert gini(np.array([0.0, 0.2])) == pytest.approx(1.0)  # (2/1) * (0.2 + 0.2) / (2 * 4 * 0.1)
    # |1-2| + |1-3| + |2-3| = 4, twice; (3/2) * 8 / (2 * 9 * 2)
    assert gini(np.array([1.0, 2.0, 3.0])) == pytest.approx(1 / 3)
    assert gini(np.array([0.0, 0.0])) == 0.0


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8), st.floats(0.1, 10))
def test_gini_is_between_0_and_1_and_knows_no_unit(rates: list[float], factor: float) -> None:
    found = gini(np.array(rates))
    assert -1e-9 <= found <= 1 + 1e-9
    assert gini(np.array(rates[::-1])) == pytest.approx(found, abs=1e-9)
    if max(rates) > 1e-9:
        assert gini(factor * np.array(rates)) == pytest.approx(found, abs=1e-9)


def test_rates_of_groups_are_those_of_their_trials() -> None:
    trials, group = made(1.0)
    found, _ = compared(1.0)
    for each in found.groups:
        inside = (group[trials.enrol] == each.name) & (group[trials.test] == each.name)
        assert each.fmr.value == pytest.approx(np.mean(trials.scores[inside & ~trials.genuine] >= 1.5))
        assert each.fnmr.value == pytest.approx(np.mean(trials.scores[inside & trials.genuine] < 1.5))
        assert each.fmr.low <= each.fmr.value <= each.fmr.high
        assert each.speakers == 20
    a, b = found.groups
    assert a.fmr_ratio is not None
    assert b.fmr_ratio is not None
    assert b.fmr_ratio.value == pytest.approx(b.fmr.value / a.fmr.value)
    assert a.fmr_ratio.value == pytest.approx(1 / b.fmr_ratio.value)


def test_a_group_that_is_worse_off_is_named() -> None:
    found, verdict = compared(1.0)
    assert verdict.differs is True
    assert verdict.worst_fmr == "b"
    assert "“b”" in verdict.sentences[0]
    assert "no group is" in verdict.sentences[1]
    assert found.garbe is not None
    assert found.garbe.value > 0.2


def test_equal_groups_are_not_called_different() -> None:
    called = [compared(0.0, seed=seed)[1].differs for seed in range(12)]
    assert called.count(True) <= 1  # it is a verdict at 95 %


def test_too_few_people_are_said_and_not_judged() -> None:
    found, verdict = compared(1.0, people=12)
    assert all(not group.fmr_judged for group in found.groups)
    assert verdict.differs is None
    assert found.garbe is None
    assert "too few" in verdict.sentences[0]
    assert len(verdict.warnings) == 2


def test_too_few_errors_are_said() -> None:
    _, verdict = compared(0.0, threshold=4.5)
    assert verdict.worst_fmr is None
    assert any(words.startswith("False matches of") for words in verdict.warnings)


def test_groups_of_recordings_count_by_the_one_under_test() -> None:
    trials, _ = made(0.0)
    words = np.where(np.arange(trials.scores.size) % 3 == 0, "phone", "laptop")
    found = compare_groups("device", trials, words[::-1], words, of_speakers=False, threshold=1.5)
    assert sum(group.genuine for group in found.groups) == int(trials.genuine.sum())
    assert sum(group.impostor for group in found.groups) == int((~trials.genuine).sum())


def test_unknown_groups_are_left_out() -> None:
    trials, group = made(0.0)
    words = np.where(np.arange(40) < 4, "", group)
    found = compare_groups(
        "kind", trials, words[trials.enrol], words[trials.test], of_speakers=True, threshold=1.5
    )
    assert [each.speakers for each in found.groups] == [18, 18]
    assert found.left_out == 4


def test_a_ratio_is_moved_by_a_factor_and_stays_positive() -> None:
    found = ratio_estimate(2.0, np.linspace(0.5, 1.5, 101))
    assert found.low == pytest.approx(2 * 0.525)
    assert found.high == pytest.approx(2 * 1.475)
    assert ratio_estimate(2.0, np.full(3, np.nan)).high == np.inf
