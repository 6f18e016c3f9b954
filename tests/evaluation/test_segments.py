"""Counts within windows, against cases worked by hand."""

import numpy as np
import pytest

from earmark.evaluation.segments import Activity, Counts, compare, cut_windows, decide, truth_of
from earmark.voice.diarization.turns import Turn
from earmark.voice.features import SAMPLE_RATE


def rows(*columns: str) -> Activity:
    """One string of dots and letters for each speaker, to (frames, speakers)."""
    return np.asarray([[mark != "." for mark in column] for column in columns], np.bool_).T


def test_another_order_of_the_speakers_is_no_error() -> None:
    found = compare(rows("aaa...", "...bb."), rows("...", "...").repeat(2, axis=0)[:6])
    assert (found.missed, found.speech) == (5, 5)
    same = compare(rows("aaa...", "...bb."), rows("...xx.", "yyy...", "......"))
    assert same == Counts(frames=6, speech=5)
    assert same.error_rate == 0


def test_each_kind_of_error() -> None:
    found = compare(rows("aaaaaa....", "....bbbb.."), rows("xxxx....xx", "....yyyy..", ".........."))
    assert found.missed == 2  # a under b
    assert found.false_alarm == 2
    assert found.confused == 0
    assert found.wrong == 4
    assert (found.overlap, found.overlap_said, found.overlap_found) == (2, 0, 0)
    swapped = compare(rows("aaaaaa....", "......bbbb"), rows("xxxxxxxx..", "........yy"))
    assert (swapped.confused, swapped.missed, swapped.false_alarm) == (2, 0, 0)
    assert swapped.error_rate == pytest.approx(0.2)


def test_overlap_f1() -> None:
    found = compare(rows("aaaa", "bb.."), rows("xxxx", ".yy."))
    assert (found.overlap, found.overlap_said, found.overlap_found) == (2, 2, 1)
    assert found.overlap_f1 == pytest.approx(0.5)
    assert Counts().overlap_f1 == 0


def test_more_speakers_than_can_be_said_are_missed() -> None:
    found = compare(rows("aa..", "..a.", "...a", "aaaa"), rows("xx..", "..x.", "xxxx"))
    assert (found.missed, found.speech, found.confused) == (1, 8, 0)


def test_counts_add_up() -> None:
    one = compare(rows("aa.."), rows("x..."))
    assert one + one == Counts(frames=8, wrong=2, speech=4, missed=2)
    assert "missed  50.0%" in (one + one).line()


def test_truth_and_windows_share_their_frames() -> None:
    turns = (Turn(0.5, 11.0, "ann"), Turn(10.5, 12.0, "bob"))
    samples = np.zeros(12 * SAMPLE_RATE, np.float32)
    windows = list(cut_windows(samples, turns, hop=10.0))
    assert [len(truth) for _, truth in windows] == [500, 100]
    first, second = (truth for _, truth in windows)
    assert first[:, 0].sum() == 475
    assert not first[:, 1].any()
    np.testing.assert_array_equal(second, truth_of(turns, 10.0, 100))
    assert second[:50, 0].all()
    assert not second[50:, 0].any()
    assert second[25:, 1].all()


def test_as_many_speak_as_the_probabilities_add_up_to() -> None:
    activity = np.asarray([[0.1, 0.2, 0.1], [0.1, 0.45, 0.4], [0.9, 0.2, 0.8], [0.3, 0.3, 0.8]], np.float32)
    assert decide(activity).tolist() == [
        [False, False, False],
        [False, True, False],
        [True, False, True],
        [False, False, True],
    ]
