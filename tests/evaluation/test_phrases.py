"""Claims about what was said, the fit of the phrase checker's regressions, and the rates of its table."""

import numpy as np
import pytest

from earmark.evaluation.phrase_fit import even, regress, weighted_quantile
from earmark.evaluation.phrase_table import Scored, rate
from earmark.evaluation.phrase_trials import Trial
from earmark.evaluation.phrases import Claim, checkable, claims, truncated, vocabulary
from earmark.evaluation.synthetic import Voice, speak
from earmark.voice.features import SAMPLE_RATE
from earmark.voice.phrase.lattice import Evidence
from earmark.voice.phrase.pronunciations import pronounce
from earmark.voice.phrase.scoring import MOST, Weighed

TEXT = "we have climbed one step up the ladder"
OTHERS = [
    "the kids really like the dogs",
    "apple juice tastes funny after toothpaste",
    "mostly the american community follows the game",
]
WORDS = vocabulary([*OTHERS, "a see sea cat"])


@pytest.fixture(scope="module")
def made() -> dict[Claim, list[tuple[str, tuple[bool, ...]]]]:
    found: dict[Claim, list[tuple[str, tuple[bool, ...]]]] = {}
    for one in claims(TEXT, OTHERS, WORDS, np.random.default_rng(1), each=20):
        found.setdefault(one.kind, []).append((one.phrase, one.said))
    return found


def test_one_claim_is_right(made: dict[Claim, list[tuple[str, tuple[bool, ...]]]]) -> None:
    assert made[Claim.RIGHT] == [(TEXT, (True,) * 8)]
    assert all(phrase in OTHERS and not any(said) for phrase, said in made[Claim.OTHER])


@pytest.mark.parametrize("kind", [Claim.CHANGED, Claim.ALIKE])
def test_one_word_is_changed(kind: Claim, made: dict[Claim, list[tuple[str, tuple[bool, ...]]]]) -> None:
    for phrase, said in made[kind]:
        pairs = list(zip(phrase.split(), TEXT.split(), strict=True))
        assert [claimed == spoken for claimed, spoken in pairs] == list(said)
        assert said.count(False) == 1
        ((claimed, spoken),) = [pair for pair, same in zip(pairs, said, strict=True) if not same]
        assert not set(pronounce(claimed)) & set(pronounce(spoken))


def test_a_dropped_word_is_one_that_was_never_said(
    made: dict[Claim, list[tuple[str, tuple[bool, ...]]]],
) -> None:
    for phrase, said in made[Claim.DROPPED]:
        assert [word for word, true in zip(phrase.split(), said, strict=True) if true] == TEXT.split()
        assert said.count(False) == 1


def test_an_added_word_is_never_at_the_edge(
    made: dict[Claim, list[tuple[str, tuple[bool, ...]]]],
) -> None:
    for phrase, said in made[Claim.ADDED]:
        words = phrase.split()
        assert all(said)
        assert len(words) == 7
        assert (words[0], words[-1]) == ("we", "ladder")


def test_texts_of_too_few_or_unknown_words_are_no_phrases() -> None:
    assert checkable("we call it bear")
    assert not checkable("call it")
    assert not checkable("we call it plondville")


def test_a_clip_is_cut_within_the_phrase() -> None:
    clip = np.zeros(4 * SAMPLE_RATE, np.float32)
    for seed in range(20):
        short = truncated(clip, 1.0, 3.0, np.random.default_rng(seed))
        assert 2.0 <= short.size / SAMPLE_RATE <= 2.6


def test_the_regression_finds_the_likelihood_ratio_of_two_normals() -> None:
    draw = np.random.default_rng(3)
    truth = np.arange(20_000) % 5 == 0  # one in five is right: the prior must not show
    numbers = draw.normal(np.where(truth, 1.0, -1.0), 1.0)[:, None]
    found = regress(numbers, truth, even(truth, np.ones(truth.size)), evidence=1)
    points = np.array([[-1.5], [0.0], [1.5]])
    assert found(points) == pytest.approx([-3.0, 0.0, 3.0], abs=0.2)  # ln N(x; 1, 1) / N(x; -1, 1) = 2 x
    assert found(np.array([[1e6]]))[0] == MOST


def test_a_number_that_would_count_against_what_it_speaks_for_is_left_out() -> None:
    draw = np.random.default_rng(4)
    truth = np.arange(4_000) % 2 == 0
    good = draw.normal(np.where(truth, 2.0, -2.0), 1.0)
    echo = good + draw.normal(np.where(truth, -0.5, 0.5), 0.3)  # says the same, less of it
    numbers = np.stack([good, echo], axis=1)
    weights = even(truth, np.ones(truth.size))
    assert min(regress(numbers, truth, weights, evidence=0).weights) < -0.1
    found = regress(numbers, truth, weights, evidence=2)
    assert min(found.weights) >= 0
    assert max(found.weights) > 1


def test_a_weighted_quantile() -> None:
    values, ones = np.arange(100.0), np.ones(100)
    assert weighted_quantile(values, ones, 0.03) == 3.0
    assert np.mean(values < weighted_quantile(values, ones, 0.03)) == 0.03
    assert weighted_quantile(values, np.where(values < 1, 97.0, 1.0), 0.03) == 0.0


def trial(kind: Claim, speaker: str) -> Trial:
    none, cuts = np.zeros(1, np.float32), np.zeros(2, np.int64)
    evidence = Evidence(0.0, none, none[:0], none, cuts, none[None], none[None])
    weighed = Weighed(evidence, np.zeros((1, 1)), np.ones(1), np.zeros(1), 0.0, digits=False)
    return Trial(kind, "adults", "clean", speaker, (True,), weighed)


def test_rates_are_shares_with_intervals_over_speakers() -> None:
    trials = [trial(Claim.RIGHT, f"{number // 4}") for number in range(40)]
    llrs = np.where(np.arange(40) < 4, -1.0, 1.0)  # the first speaker is always refused
    everybody = np.ones(40, bool)
    found = rate(Scored(trials, llrs), everybody, 0.0, refused=True)
    assert found.value == pytest.approx(0.1)
    assert found.low == 0.0
    assert 0.2 <= found.high <= 0.5  # as wide as ten people make it, not forty clips
    assert rate(Scored(trials, llrs), everybody, 0.0, refused=False).value == pytest.approx(0.9)
    never = rate(Scored(trials, llrs), everybody, -2.0, refused=True)
    assert (never.value, never.low, never.high) == (0.0, 0.0, 3 / 40)


def test_a_synthetic_sentence_is_the_same_whatever_was_said_before() -> None:
    voice = Voice("en-us", "f2", 60, 150)
    first = speak("apple juice tastes funny", voice)
    other = speak("my voice is my passport", Voice("en-us", "m3", 25, 140))
    assert not np.array_equal(first[: other.size], other[: first.size])
    assert np.array_equal(first, speak("apple juice tastes funny", voice))
