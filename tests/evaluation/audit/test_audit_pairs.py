"""Pairs: all of them, or a bounded and repeatable part; never a recording with itself or its copy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import TrialsTooFew
from earmark.evaluation.audit.lists import Listed
from earmark.evaluation.audit.pairs import Pairs, listed_pairs, make_pairs


def digests(count: int) -> list[str]:
    return [f"{number:064x}" for number in range(count)]


def test_all_pairs_once() -> None:
    speakers = np.array([0, 0, 0, 1, 1, 2])
    pairs = make_pairs(speakers, digests(6))
    found = {(min(a, b), max(a, b)) for a, b in zip(pairs.enrol.tolist(), pairs.test.tolist(), strict=True)}
    assert found == {(a, b) for a in range(6) for b in range(a + 1, 6)}
    assert pairs.possible == 15
    assert pairs.genuine.sum() == 4
    assert np.array_equal(pairs.genuine, speakers[pairs.enrol] == speakers[pairs.test])


def test_copies_of_a_recording_are_no_trial() -> None:
    names = digests(5)
    names[3] = names[0]
    pairs = make_pairs(np.array([0, 0, 1, 1, 1]), names)
    assert not np.any((np.minimum(pairs.enrol, pairs.test) == 0) & (np.maximum(pairs.enrol, pairs.test) == 3))
    assert pairs.enrol.size == 9


@settings(max_examples=40)
@given(st.lists(st.integers(0, 6), min_size=6, max_size=60), st.integers(1, 3), st.integers(10, 200))
def test_what_holds_of_any_pairs(people: list[int], enrol: int, most: int) -> None:
    speakers = np.array(people)
    try:
        pairs = make_pairs(speakers, digests(speakers.size), enrol=enrol, most=most)
    except TrialsTooFew:
        return
    sides = [pairs.sides[place] for place in pairs.enrol]
    assert pairs.enrol.size <= most
    assert len({(side, int(test)) for side, test in zip(sides, pairs.test, strict=True)}) == len(sides)
    for side, test, same in zip(sides, pairs.test, pairs.genuine, strict=True):
        assert test not in side
        assert len(side) == enrol
        assert len({int(speakers[place]) for place in side}) == 1
        assert same == (speakers[side[0]] == speakers[test])
    if enrol > 1:
        assert not {place for side in pairs.sides for place in side} & set(pairs.test.tolist())


def test_many_clips_are_drawn_from_without_listing_all() -> None:
    speakers = np.repeat(np.arange(500), 20)  # 50 million pairs
    first, again, other = (
        make_pairs(speakers, digests(10_000), most=20_000, seed=seed) for seed in (1, 1, 2)
    )
    assert first.enrol.size == 20_000
    assert first.genuine.sum() == 10_000
    assert np.array_equal(first.test, again.test)
    assert not np.array_equal(first.test, other.test)
    tested = np.bincount(speakers[first.test[~first.genuine]], minlength=500)
    assert tested.max() < 60
    assert tested[:250].sum() == pytest.approx(5_000, abs=300)  # neither end of the list is favoured


def test_too_few_is_said() -> None:
    for speakers, words in (([0, 1, 2], "two recordings"), ([0, 0, 0], "of one speaker")):
        with pytest.raises(TrialsTooFew, match=words):
            make_pairs(np.array(speakers), digests(3))
    with pytest.raises(TrialsTooFew, match="more than 3 recordings"):
        make_pairs(np.array([0, 0, 0, 1, 1, 1]), digests(6), enrol=3)


def test_listed_pairs_need_both_kinds() -> None:
    listed = Listed(np.array([0, 0]), np.array([1, 2]), None, None)
    pairs: Pairs = listed_pairs(listed, np.array([0, 0, 1]))
    assert pairs.genuine.tolist() == [True, False]
    with pytest.raises(TrialsTooFew, match="all of one kind"):
        listed_pairs(listed, np.array([0, 0, 0]))
