"""Measures against scikit-learn and SciPy, to 1e-9, and what must hold of any scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from earmark.evaluation.averages import error_rates, llr_costs
from earmark.evaluation.intervals import Trials
from earmark.evaluation.metrics import (
    Costs,
    act_dcf,
    cllr,
    eer,
    eer_on_hull,
    fnmr_at_fmr,
    hull_of,
    make_grid,
    min_cllr,
    min_dcf,
    rates,
)

library = pytest.importorskip("sklearn.metrics")
scores = hnp.arrays(np.float64, st.integers(1, 40), elements=st.integers(-20, 20).map(lambda n: n / 4))


def labelled(genuine: np.ndarray, impostor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    labels = np.concatenate([np.ones(genuine.size), np.zeros(impostor.size)])
    return labels, np.concatenate([genuine, impostor])


def made(seed: int, genuine: int = 700, impostor: int = 9_000) -> tuple[np.ndarray, np.ndarray]:
    """Scores on a grid, so that there are ties within and between both kinds."""
    draw = np.random.default_rng(seed)
    return np.round(draw.normal(2, 1, genuine), 2), np.round(draw.normal(0, 1, impostor), 2)


@given(scores, scores)
def test_rates_are_those_of_scikit_learn(genuine: np.ndarray, impostor: np.ndarray) -> None:
    fpr, tpr, _ = library.roc_curve(*labelled(genuine, impostor), drop_intermediate=False)
    found = rates(make_grid(genuine, impostor))
    # Every corner is a point of theirs; between two genuine scores theirs has points on a straight line.
    for fmr, fnmr in zip(found.fmr, found.fnmr, strict=True):
        assert np.any((abs(fpr - fmr) < 1e-9) & (abs(1.0 - tpr - fnmr) < 1e-9))
    assert library.roc_auc_score(*labelled(genuine, impostor)) == pytest.approx(
        1.0 + np.trapezoid(found.fnmr, found.fmr), abs=1e-9
    )


@pytest.mark.parametrize("seed", range(5))
def test_costs_are_those_over_scikit_learns_thresholds(seed: int) -> None:
    genuine, impostor = made(seed)
    fpr, tpr, _ = library.roc_curve(*labelled(genuine, impostor), drop_intermediate=False)
    for costs in (Costs(), Costs(0.05, 10.0, 1.0), Costs(0.5, 1.0, 3.0)):
        miss, false = costs.miss * costs.p_target, costs.false_match * (1 - costs.p_target)
        by_library = np.min(miss * (1 - tpr) + false * fpr) / min(miss, false)
        assert min_dcf(genuine, impostor, costs=costs) == pytest.approx(by_library, abs=1e-9, rel=0)
    assert fnmr_at_fmr(genuine, impostor, 0.01) == pytest.approx(min(1 - tpr[fpr <= 0.01]), abs=1e-9, rel=0)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("ties", [True, False])
def test_equal_error_is_where_scikit_learns_curve_crosses(seed: int, ties: bool) -> None:
    genuine, impostor = made(seed)
    if not ties:
        genuine, impostor = np.unique(genuine) + 1e-4, np.unique(impostor)
    fpr, tpr, _ = library.roc_curve(*labelled(genuine, impostor), drop_intermediate=False)
    gap = fpr - (1 - tpr)
    place = int(np.argmax(gap >= 0))
    share = gap[place - 1] / (gap[place - 1] - gap[place])
    crossing = fpr[place - 1] + share * (fpr[place] - fpr[place - 1])
    assert eer(genuine, impostor) == pytest.approx(crossing, abs=1e-9, rel=0)


@pytest.mark.parametrize("seed", range(5))
def test_min_cllr_is_that_of_isotonic_regression(seed: int) -> None:
    isotonic = pytest.importorskip("sklearn.isotonic")
    genuine, impostor = made(seed)
    labels, both = labelled(genuine, impostor)
    weights = np.where(labels == 1, 1 / genuine.size, 1 / impostor.size)
    fitted = isotonic.IsotonicRegression(y_min=0, y_max=1).fit(both, labels, sample_weight=weights)
    posterior = fitted.predict(both)
    with np.errstate(divide="ignore"):
        cost = np.where(labels == 1, -np.log2(posterior), -np.log2(1 - posterior))
    assert min_cllr(genuine, impostor) == pytest.approx(float(weights @ cost) / 2, abs=1e-9, rel=0)


@pytest.mark.parametrize("seed", range(5))
def test_cllr_is_a_log_loss(seed: int) -> None:
    genuine, impostor = made(seed)
    labels, llr = labelled(genuine, impostor)
    weights = np.where(labels == 1, 1 / genuine.size, 1 / impostor.size)
    loss = library.log_loss(labels, 1 / (1 + np.exp(-llr)), sample_weight=weights)
    assert cllr(genuine, impostor) == pytest.approx(loss / np.log(2), abs=1e-9, rel=0)


def test_act_dcf_by_hand() -> None:
    costs = Costs(0.01)
    assert costs.threshold == pytest.approx(np.log(99))
    # One of four genuine is below 4.6, one of five impostors above: 0.25 + 0.2 * 99.
    assert act_dcf([5, 6, 7, 1], [0, 0, 0, 0, 9]) == pytest.approx(0.25 + 0.2 * 99)
    assert act_dcf([5.0], [-5.0], costs=Costs(0.5, 2.0, 1.0)) == 0.0


def test_senseless_costs_are_refused() -> None:
    for wrong in ((0.0, 1.0, 1.0), (1.0, 1.0, 1.0), (0.5, 0.0, 1.0), (0.5, 1.0, float("nan"))):
        with pytest.raises(ValueError, match="prior"):
            Costs(*wrong)


@given(scores, scores)
def test_monotone_maps_and_permutations_change_nothing(genuine: np.ndarray, impostor: np.ndarray) -> None:
    for measure in (eer, eer_on_hull, min_dcf, min_cllr, fnmr_at_fmr):
        value = measure(genuine, impostor)
        assert measure(np.arctan(genuine), np.arctan(impostor)) == pytest.approx(value, abs=1e-9, rel=0)
        assert measure(3 * genuine - 7, 3 * impostor - 7) == pytest.approx(value, abs=1e-9, rel=0)
        assert measure(genuine[::-1], np.sort(impostor)) == pytest.approx(value, abs=1e-9, rel=0)


@given(scores, scores, st.integers(2, 4), st.integers(2, 4))
def test_duplicated_trials_change_nothing(a: np.ndarray, b: np.ndarray, m: int, n: int) -> None:
    for measure in (eer, eer_on_hull, min_dcf, min_cllr, cllr, act_dcf):
        assert measure(np.tile(a, m), np.tile(b, n)) == pytest.approx(measure(a, b), abs=1e-9, rel=0)


@given(scores, scores)
def test_what_is_least_is_never_above_what_is(genuine: np.ndarray, impostor: np.ndarray) -> None:
    assert min_cllr(genuine, impostor) <= cllr(genuine, impostor) + 1e-9
    assert min_dcf(genuine, impostor) <= act_dcf(genuine, impostor) + 1e-9
    assert eer_on_hull(genuine, impostor) <= eer(genuine, impostor) + 1e-9
    assert 0.0 <= eer_on_hull(genuine, impostor) <= 0.5 + 1e-9


@given(scores, scores)
def test_the_hull_lies_below_the_staircase_and_is_convex(genuine: np.ndarray, impostor: np.ndarray) -> None:
    stairs = rates(make_grid(genuine, impostor))
    hull = hull_of(stairs)
    order = np.argsort(hull.fmr, kind="stable")
    under = np.interp(stairs.fmr, hull.fmr[order], hull.fnmr[order])
    assert np.all(under <= stairs.fnmr + 1e-9) or np.any(np.diff(hull.fmr) == 0)
    slopes = np.diff(hull.fnmr) * np.roll(np.diff(hull.fmr), -1) - np.diff(hull.fmr) * np.roll(
        np.diff(hull.fnmr), -1
    )
    assert np.all(slopes[:-1] > 0)


def trials_of(genuine: np.ndarray, impostor: np.ndarray) -> Trials:
    """Every trial by people of its own."""
    count = genuine.size + impostor.size
    first = np.arange(count)
    second = np.where(first < genuine.size, first, first + count)
    ones = np.ones(count)
    return Trials(np.concatenate([genuine, impostor]), first, second, np.zeros(count, int), ones, ones)


@given(scores, scores)
def test_values_with_intervals_are_the_measures_themselves(g: np.ndarray, i: np.ndarray) -> None:
    found = llr_costs(trials_of(g, i), Costs(0.2), replicates=2)
    assert found["Cllr"].value == pytest.approx(cllr(g, i), abs=1e-9, rel=0)
    assert found["actDCF"].value == pytest.approx(act_dcf(g, i, costs=Costs(0.2)), abs=1e-9, rel=0)
    fmr, fnmr = error_rates(trials_of(g, i), 0.5, replicates=2)
    assert fmr.value == pytest.approx(np.mean(i >= 0.5), abs=1e-9, rel=0)
    assert fnmr.value == pytest.approx(np.mean(g < 0.5), abs=1e-9, rel=0)
