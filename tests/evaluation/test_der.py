"""The diarization error rate against hand-worked values, and properties that any DER has."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.evaluation.der import NONE, der, misnamed_share, named_share
from earmark.voice.diarization.turns import Turn

REFERENCE = [Turn(0.0, 10.0, "a"), Turn(8.0, 14.0, "b"), Turn(20.0, 25.0, "a")]


def test_each_part_by_hand() -> None:
    # 21 s of speaker time. y starts a second late: 1 s missed where only x is said to speak. x goes on for
    # 2 s into silence. In 22 to 25 y is said where a speaks: 3 s confused.
    said = [Turn(0.0, 10.0, "x"), Turn(9.0, 16.0, "y"), Turn(20.0, 22.0, "x"), Turn(22.0, 25.0, "y")]
    found = der(REFERENCE, said)
    assert found.speech == pytest.approx(21.0)
    assert found.missed == pytest.approx(1.0)
    assert found.false_alarm == pytest.approx(2.0)
    assert found.confusion == pytest.approx(3.0)
    assert found.rate == pytest.approx(6.0 / 21.0)


def test_names_do_not_matter_and_overlap_is_scored() -> None:
    renamed = [Turn(turn.start, turn.end, {"a": "z", "b": "a"}[turn.speaker]) for turn in REFERENCE]
    assert der(REFERENCE, renamed).rate == pytest.approx(0.0)
    alone = [Turn(0.0, 14.0, "x"), Turn(20.0, 25.0, "x")]
    found = der(REFERENCE, alone)
    assert found.missed == pytest.approx(2.0)  # b, while a speaks too
    assert found.confusion == pytest.approx(4.0)  # b alone


def test_the_mapping_is_the_best_over_all_speakers_together() -> None:
    # By greed x goes to a (5 s), which leaves y nothing in common with b: 5 s. Together 4 + 4 s are better.
    reference = [Turn(0.0, 9.0, "a"), Turn(10.0, 14.0, "b")]
    said = [Turn(0.0, 5.0, "x"), Turn(5.0, 9.0, "y"), Turn(10.0, 14.0, "x")]
    found = der(reference, said)
    assert found.confusion == pytest.approx(13.0 - 8.0)


def test_turns_of_one_speaker_that_overlap_count_once() -> None:
    doubled = [Turn(0.0, 6.0, "a"), Turn(4.0, 10.0, "a")]
    assert der(doubled, [Turn(0.0, 10.0, "x")]).rate == pytest.approx(0.0)
    assert der(doubled, doubled).speech == pytest.approx(10.0)


def test_silence() -> None:
    assert der(REFERENCE, []).rate == pytest.approx(1.0)
    assert math.isinf(der([], REFERENCE).rate)
    assert math.isnan(der([], []).rate)
    assert der([], []) + NONE == NONE


def test_nothing_after_the_end_is_scored() -> None:
    assert der(REFERENCE, [Turn(0.0, 30.0, "x")], until=8.0).rate == pytest.approx(0.0)


def test_names_are_scored_by_name() -> None:
    said = [Turn(0.0, 5.0, "a"), Turn(5.0, 10.0, "c"), Turn(8.0, 14.0, "a")]
    assert named_share(REFERENCE, said, ["a"]) == pytest.approx(7.0 / 15.0)
    assert math.isnan(named_share(REFERENCE, said, ["nobody"]))
    # a is said while only b speaks, 10 to 14; c, who does not exist, is said for 5 s in which a speaks.
    assert misnamed_share(REFERENCE, said, ["a"]) == pytest.approx(4.0 / 21.0)
    assert misnamed_share(REFERENCE, said, ["a", "c"]) == pytest.approx(9.0 / 21.0)


LISTS = st.lists(
    st.builds(
        lambda start, seconds, who: Turn(float(start), float(start + seconds), who),
        st.integers(0, 30),
        st.integers(1, 10),
        st.sampled_from("abc"),
    ),
    min_size=1,
    max_size=8,
)


@given(LISTS, LISTS)
def test_the_parts_add_up(reference: list[Turn], said: list[Turn]) -> None:
    one, other = der(reference, said), der(said, reference)
    assert min(one.missed, one.false_alarm, one.confusion) >= -1e-9
    # What one misses, the other adds; what is confused is confused both ways.
    assert one.missed == pytest.approx(other.false_alarm)
    assert one.confusion == pytest.approx(other.confusion)
    assert der(reference, reference).rate == pytest.approx(0.0)
