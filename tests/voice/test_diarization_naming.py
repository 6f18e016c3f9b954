"""Who gets which name: the table of the contract, section 4, and the rules around it."""

import numpy as np
import pytest

from earmark.voice.diarization.naming import THRESHOLD, confidences, name_speakers
from earmark.voice.diarization.pipeline import Speaker
from earmark.voice.gallery import Gallery
from earmark.voice.scoring.calibration import Calibration

ANN, BEN = 0, 1
TABLE = np.array([[90.0, 22.0], [31.0, 82.0], [36.0, 16.0]])


@pytest.mark.parametrize(
    ("threshold", "exclusive", "expected"),
    [
        (0.0, True, [ANN, BEN, None]),
        (0.0, False, [ANN, BEN, ANN]),
        (50.0, True, [ANN, BEN, None]),
        (50.0, False, [ANN, BEN, None]),
        (85.0, True, [ANN, None, None]),
        (85.0, False, [ANN, None, None]),
        (90.0, True, [ANN, None, None]),  # a score that equals the threshold reaches it
    ],
)
def test_the_example_of_the_contract(threshold: float, exclusive: bool, expected: list[int | None]) -> None:
    assert name_speakers(TABLE, threshold=threshold, exclusive=exclusive) == expected


def test_the_best_total_wins_over_the_best_pair() -> None:
    table = np.array([[90.0, 85.0], [88.0, 10.0]])
    assert name_speakers(table, threshold=50.0) == [BEN, ANN]
    # Below the threshold a pair counts for nothing, and the best pair is left.
    assert name_speakers(table, threshold=89.0) == [ANN, None]


def test_nobody_to_name_and_nobody_known() -> None:
    assert name_speakers(np.zeros((0, 2))) == []
    assert name_speakers(np.zeros((2, 0))) == [None, None]
    assert name_speakers(np.zeros((2, 1)), threshold=0.0) in ([ANN, None], [None, ANN])


def test_a_confidence_of_fifty_is_where_the_odds_are_even() -> None:
    calibration = Calibration(
        offset=(-5.0, 0.0, 0.0, 0.0),
        slope=(10.0, 0.0, 0.0, 0.0),
        enrol_seconds=(1.0, 60.0),
        test_seconds=(1.0, 60.0),
        thresholds=((0.1, -2.0), (0.001, 3.0)),
        trials="made up for a test",
    )
    voices = Gallery(["near", "even", "far"], np.array([[1, 0], [0.5, 0.75**0.5], [0, 1]]), [9.0] * 3, "m")  # type: ignore[arg-type]
    table = confidences([Speaker("SPEAKER_00", 10.0, np.array([1.0, 0.0], np.float32))], voices, calibration)
    assert table[0] == pytest.approx([99.33, 50.0, 0.67], abs=0.01)
    assert THRESHOLD > 50.0
