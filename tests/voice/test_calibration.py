"""The map from score and seconds to LLR: values worked by hand, order kept, refusals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import InvalidRequest, ModelInvalid
from earmark.voice.scoring.calibration import Calibration, probability

CALIBRATION = Calibration(
    offset=(-6.0, -0.5, -1.0, 0.0),
    slope=(10.0, 1.0, 2.0, 0.0),
    enrol_seconds=(1.0, 20.0),
    test_seconds=(0.5, 10.0),
    thresholds=((0.1, 0.0), (0.01, 2.0), (0.001, 5.0)),
    trials="by hand",
)


def test_llr_by_hand() -> None:
    assert CALIBRATION.llr(0.7, 1.0, 1.0) == pytest.approx(1.0)  # both logarithms are zero
    e, t = math.log(4), math.log(2)
    by_hand = -6 - 0.5 * e - t + 0.8 * (10 + e + 2 * t)
    assert CALIBRATION.llr(0.8, 4.0, 2.0) == pytest.approx(by_hand)


def test_llr_of_arrays_equals_llr_of_numbers() -> None:
    scores, seconds = np.array([[0.1, 0.9], [0.5, 0.3]], np.float32), np.array([3.0, 0.8])
    both = CALIBRATION.llr(scores, 6.0, seconds)
    for row in range(2):
        for place in range(2):
            one = CALIBRATION.llr(float(scores[row, place]), 6.0, float(seconds[place]))
            assert both[row, place] == pytest.approx(one)


def test_seconds_beyond_the_fit_count_as_its_end() -> None:
    assert CALIBRATION.llr(0.6, 500.0, 0.01) == CALIBRATION.llr(0.6, 20.0, 0.5)


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.01, 1_000), st.floats(0.01, 1_000))
def test_a_higher_score_never_lowers_the_llr(one: float, other: float, enrol: float, test: float) -> None:
    low, high = sorted([one, other])
    assert CALIBRATION.llr(low, enrol, test) <= CALIBRATION.llr(high, enrol, test)


def test_a_falling_map_is_refused() -> None:
    table = CALIBRATION.to_table() | {"slope": [1.0, 0.0, 2.0, 0.0]}  # negative at 0.5 s
    with pytest.raises(ModelInvalid, match="falls with the score"):
        Calibration.from_table(table)


def test_the_table_comes_back() -> None:
    assert Calibration.from_table(CALIBRATION.to_table()) == CALIBRATION


@pytest.mark.parametrize(
    "change",
    [
        {"offset": [1.0, 2.0]},
        {"slope": "steep"},
        {"slope": [math.nan, 0, 0, 0]},
        {"enrol_seconds": [0.0, 3.0]},
        {"thresholds": [[0.1, 0.0]]},
        {"thresholds": [[0.001, 0.0], [0.1, 3.0]]},
        {"thresholds": [[0.1, 3.0], [0.01, 1.0]]},
        {"thresholds": None},
    ],
)
def test_senseless_tables_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ModelInvalid):
        Calibration.from_table(CALIBRATION.to_table() | change)


def test_a_missing_number_is_refused() -> None:
    table = CALIBRATION.to_table()
    del table["slope"]
    with pytest.raises(ModelInvalid, match="fit it again"):
        Calibration.from_table(table)


def test_operating_points_are_interpolated_in_the_logarithm() -> None:
    assert CALIBRATION.operating_point(0.01).threshold == pytest.approx(2.0)
    assert CALIBRATION.operating_point(math.sqrt(0.01 * 0.001)).threshold == pytest.approx(3.5)
    assert CALIBRATION.operating_point(0.001).fmr == 0.001


@pytest.mark.parametrize("fmr", [0.0, 1e-4, 0.5, 1.0, -0.1, math.nan, math.inf])
def test_a_rate_without_support_is_refused(fmr: float) -> None:
    with pytest.raises(InvalidRequest, match=r"between 0\.001 and 0\.1"):
        CALIBRATION.operating_point(fmr)


def test_probability_by_hand() -> None:
    assert probability(0.0) == 0.5
    assert probability(math.log(9)) == pytest.approx(0.9)
    assert probability(1e6) == 1.0
    assert probability(-1e6) == 0.0
