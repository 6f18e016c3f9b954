"""The lattice of a phrase, against every path written out, and what it says of words left out or put in."""

from itertools import groupby, product

import numpy as np
import pytest

from earmark.voice.features import Floats
from earmark.voice.phrase.lattice import Graph, build, weigh
from earmark.voice.phrase.pronunciations import BLANK, PHONES, Phones
from earmark.voice.phrase.rivals import grow, lead

A, B, C, D = 1, 2, 3, 4


def random_chances(frames: int, seed: int) -> Floats:
    logits = np.random.default_rng(seed).normal(0, 2, (frames, 1 + len(PHONES)))
    return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)), np.float32)


def spoken(*phones: int, step: int = 2, certain: float = 0.98) -> Floats:
    """Each phone for one frame, blanks between."""
    labels = [BLANK, BLANK]
    for phone in phones:
        labels += [phone] + [BLANK] * (step - 1)
    chances = np.full((len(labels) + 2, 1 + len(PHONES)), (1 - certain) / len(PHONES), np.float32)
    for frame, label in enumerate([*labels, BLANK, BLANK]):
        chances[frame, label] = certain
    return np.log(chances)


def written_out(chances: Floats, phones: Phones) -> float:
    """Every path of every stretch, summed over where it begins, the best over where it ends."""
    labels = sorted({BLANK, *phones})
    ends = np.full(len(chances) + 1, -np.inf)
    for start in range(len(chances)):
        for end in range(start + 1, len(chances) + 1):
            for path in product(labels, repeat=end - start):
                collapsed = tuple(label for label, _ in groupby(path) if label != BLANK)
                if path[0] == phones[0] and path[-1] == phones[-1] and collapsed == phones:
                    total = sum(chances[start + place, label] for place, label in enumerate(path))
                    ends[end] = np.logaddexp(ends[end], total)
    return float(ends.max())


def lines(*words: Phones) -> Graph:
    return build([(word,) for word in words])


@pytest.mark.parametrize(
    "words", [((A, B), (C,)), ((A,), (A,)), ((A, A),), ((A, B, A),)], ids=["two", "same", "double", "back"]
)
@pytest.mark.parametrize("seed", range(3))
def test_the_phrase_is_the_sum_over_its_paths(words: tuple[Phones, ...], seed: int) -> None:
    chances = random_chances(6, seed)
    whole = tuple(phone for word in words for phone in word)
    assert weigh(chances, lines(*words)).phrase == pytest.approx(written_out(chances, whole), abs=1e-3)


def test_what_was_said_has_hardly_anything_against_it() -> None:
    found = weigh(spoken(A, B, C, D), lines((A, B), (C, D)))
    assert found.phrase > -0.5
    assert found.words.min() > -0.3
    assert found.gaps.min() > -0.3
    assert found.cuts.tolist() == sorted(found.cuts.tolist())


def test_the_word_that_was_changed_is_the_one_that_stands_out() -> None:
    found = weigh(spoken(A, B, C, D, A, C), lines((A, B), (D, D), (A, C)))
    assert int(found.words.argmin()) == 1
    assert found.words[1] < -4
    assert min(found.words[0], found.words[2]) > -1


def test_a_word_that_was_left_out_stands_out() -> None:
    found = weigh(spoken(A, B, D, B), lines((A, B), (C, A), (D, B)))
    assert int(found.words.argmin()) == 1
    assert found.words[1] < -4


def test_a_word_that_was_put_in_stands_between_two_words() -> None:
    found = weigh(spoken(A, B, D, A, C, C, D, B, C, A), lines((A, B), (D, A), (D, B), (C, A)))
    assert found.gaps[1] < -4
    assert min(found.gaps[0], found.gaps[2]) > -1
    assert min(found.words[0], found.words[3]) > -1  # its neighbours may have been something longer


def test_speech_around_the_phrase_is_no_matter() -> None:
    alone, within = (
        weigh(spoken(*phones), lines((A, B), (C, D))) for phones in ((A, B, C, D), (D, C, A, B, C, D, A, A))
    )
    assert within.phrase == pytest.approx(alone.phrase, abs=0.1)


def test_of_a_phrase_said_over_and_over_one_is_taken() -> None:
    again = (A, B, C, D, B, A, A, B, C, D, B, A, A, B)
    words = lines((A, B), (C, D), (B, A))
    evidence = weigh(spoken(*again), words)
    assert (np.diff(evidence.cuts) > 0).all()
    assert evidence.cuts[-1] - evidence.cuts[0] <= 2 * 6
    assert evidence.fits.min() > -0.5
    assert weigh(spoken(C, D, B, A), words).fits.min() < -3


def test_any_pronunciation_will_do() -> None:
    graph = build([((A, B), (A, C)), ((D,),)])
    assert weigh(spoken(A, C, D), graph).phrase > -0.5
    assert weigh(spoken(A, B, D), graph).phrase > -0.5
    assert weigh(spoken(B, B, D), graph).phrase < -3


def test_a_rival_that_was_said_instead_leads() -> None:
    tree = grow([((A, B),), ((C, D),), ((B, D),)])
    chances = spoken(A, B, C, D)
    right, wrong = ((A, B), (C, D)), ((A, B), (B, D))
    for words, better in ((right, True), (wrong, False)):
        found = weigh(chances, lines(*words))
        ahead, together = lead(chances, found, 1, (words[1],), tree, grow([(words[1],)]))
        assert (ahead > 3) is better
        assert together <= ahead


def test_a_clip_too_short_for_the_phrase_is_as_bad_as_can_be() -> None:
    found = weigh(spoken(A)[:2], lines((A, B, C), (D, A, B)))
    assert found.phrase <= -100
    assert np.isfinite(found.words).all()
