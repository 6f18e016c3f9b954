"""Error rates against values worked by hand, a brute-force sweep, and properties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from earmark.evaluation.metrics import (
    Costs,
    cllr,
    eer,
    fnmr_at_fmr,
    make_grid,
    min_cllr,
    min_dcf,
    rates,
)

scores = hnp.arrays(np.float64, st.integers(1, 30), elements=st.integers(-8, 8).map(lambda n: n / 4))


def test_eer_by_hand() -> None:
    # At a threshold of 3: one of four genuine is rejected, one of four impostors accepted.
    assert eer([2, 4, 5, 6], [0, 1, 2.5, 3.5]) == pytest.approx(0.25)
    assert eer([2, 3], [0, 1]) == 0.0
    assert eer([0, 1], [2, 3]) == 1.0
    assert eer([1, 1], [1, 1, 1]) == pytest.approx(0.5)  # nothing can be told: the diagonal of the DET


def test_eer_lies_on_the_staircase_between_points() -> None:
    # FNMR goes 0 -> 1/2 at score 1; there FMR is 1/3 (the impostor at 2): the vertical line crosses at 1/3.
    assert eer([1, 3], [0, 0.5, 2]) == pytest.approx(1 / 3)


def test_min_dcf_by_hand() -> None:
    # Threshold 4: FNMR 1/4, FMR 0 -> 0.01 * 0.25 / 0.01. Threshold 2: FNMR 0, FMR 1/2 -> 0.99 / 2 / 0.01.
    assert min_dcf([2, 4, 5, 6], [0, 1, 2.5, 3.5]) == pytest.approx(0.25)
    assert min_dcf([0], [1]) == pytest.approx(1.0)  # reject everybody
    assert min_dcf([2, 4, 5, 6], [0, 1, 2.5, 3.5], costs=Costs(0.5)) == pytest.approx(0.25)


def test_fnmr_at_fmr_by_hand() -> None:
    genuine, impostor = np.arange(100) / 100.0, np.arange(1000) / 1000.0 - 0.5
    # Ten impostors (1 %) lie at 0.490 and above: threshold just above 0.489, so 0 .. 0.48 are rejected.
    assert fnmr_at_fmr(genuine, impostor, 0.01) == pytest.approx(0.49)
    assert fnmr_at_fmr([1, 2], [3, 4, 5], 0.01) == 1.0


def test_cllr_by_hand() -> None:
    assert cllr([0.0], [0.0]) == pytest.approx(1.0)
    by_hand = (math.log2(1 + math.exp(-2)) + (math.log2(1 + math.e) + math.log2(1 + math.exp(-3))) / 2) / 2
    assert cllr([2.0], [1.0, -3.0]) == pytest.approx(by_hand)
    assert cllr([1e4], [-1e4]) == pytest.approx(0.0)
    assert cllr([-1e4], [-1e4]) == pytest.approx(1e4 / math.log(2) / 2)


def test_min_cllr_by_hand() -> None:
    assert min_cllr([2, 3], [0, 1]) == 0.0
    assert min_cllr([0, 1], [2, 3]) == pytest.approx(1.0)
    # Blocks: impostor 0 alone, then {1 genuine, 1 impostor} of mass 1/2 each, then genuine alone.
    assert min_cllr([1, 3], [0, 2]) == pytest.approx((0.5 * 1 + 0.5 * 1) / 2)


def test_nothing_to_measure_is_said() -> None:
    with pytest.raises(ValueError, match="at least one genuine and one impostor"):
        eer([], [1.0])


@given(scores, scores)
def test_rates_equal_a_brute_force_sweep(genuine: np.ndarray, impostor: np.ndarray) -> None:
    found = rates(make_grid(genuine, impostor))
    vertices = {(round(x, 9), round(y, 9)) for x, y in zip(found.fmr, found.fnmr, strict=True)}
    marks = np.unique(genuine)
    for threshold in [-math.inf, *marks, *(np.nextafter(mark, math.inf) for mark in marks), math.inf]:
        point = (float(np.mean(impostor >= threshold)), float(np.mean(genuine < threshold)))
        assert (round(point[0], 9), round(point[1], 9)) in vertices
    brute = min(
        0.01 * np.mean(genuine < threshold) + 0.99 * np.mean(impostor >= threshold)
        for threshold in [*genuine, *impostor, math.inf]
    )
    assert min_dcf(genuine, impostor) == pytest.approx(brute / 0.01)


@given(scores, scores)
def test_measures_depend_on_order_alone(genuine: np.ndarray, impostor: np.ndarray) -> None:
    for function in (eer, min_dcf, fnmr_at_fmr, min_cllr):
        value = function(genuine, impostor)
        assert 0.0 <= value <= 1.0 + 1e-9
        assert function(np.exp(genuine), np.exp(impostor)) == pytest.approx(value)


@given(scores, scores)
def test_eer_is_symmetric(genuine: np.ndarray, impostor: np.ndarray) -> None:
    assert eer(genuine, impostor) == pytest.approx(eer(-impostor, -genuine), abs=1e-9)


@given(scores, scores)
def test_calibration_cannot_beat_its_minimum(genuine: np.ndarray, impostor: np.ndarray) -> None:
    assert min_cllr(genuine, impostor) <= cllr(genuine, impostor) + 1e-9


@given(scores, scores, st.integers(1, 4))
def test_weights_are_repetitions(genuine: np.ndarray, impostor: np.ndarray, times: int) -> None:
    weights = (np.arange(impostor.size) % times + 1).astype(np.float64)
    repeated = np.repeat(impostor, weights.astype(int))
    weighted = rates(make_grid(genuine, impostor), None, weights)
    assert np.allclose(weighted.fmr, rates(make_grid(genuine, repeated)).fmr)
    assert min_cllr(genuine, impostor, impostor_weights=weights) == pytest.approx(min_cllr(genuine, repeated))
