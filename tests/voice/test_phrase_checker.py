"""The checker that ships, on synthetic voices: what was said, and what was not quite said."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from synthesis import SPEAKERS, say

from earmark.errors import InvalidRequest, PhraseUnsupported
from earmark.service.phrases import PASSPHRASES
from earmark.voice.features import SAMPLE_RATE
from earmark.voice.phrase.checker import PhraseChecker, open_checker

PHRASES = PASSPHRASES["en-us"]
PASSPORT = "my voice is my passport verify me"


@pytest.fixture(scope="module")
def checker() -> PhraseChecker:
    return open_checker()


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_every_passphrase_is_known_from_the_others(checker: PhraseChecker, speaker: str) -> None:
    for place, phrase in enumerate(PHRASES):
        found, match = checker.best(say(phrase, speaker), PHRASES)
        assert found == place
        assert match.accepted
        assert not checker.check(say(phrase, speaker), PHRASES[place - 1]).accepted


@pytest.mark.parametrize("speaker", SPEAKERS)
@pytest.mark.parametrize(
    "claimed",
    [
        "my voice is my umbrella verify me",
        "my neighbour is my passport verify me",
        "my voice is passport verify me",
        "my voice is my british passport verify me",
        "my voice verify me",
    ],
)
def test_near_misses_are_refused(checker: PhraseChecker, speaker: str, claimed: str) -> None:
    clip = say(PASSPORT, speaker)
    assert not checker.check(clip, claimed).accepted
    assert checker.check(clip, PASSPORT).accepted


def test_the_wrong_word_is_named_and_the_others_stand_in_order(checker: PhraseChecker) -> None:
    match = checker.check(say(PASSPORT), "my voice is my umbrella verify me")
    assert [word.word for word in match.words] == ["my", "voice", "is", "my", "umbrella", "verify", "me"]
    assert min(match.words, key=lambda word: word.llr).word == "umbrella"
    assert not match.words[4].said
    starts = [word.start for word in match.words]
    assert starts == sorted(starts)
    assert all(word.start <= word.end <= say(PASSPORT).size / SAMPLE_RATE + 0.1 for word in match.words)


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_digits_of_a_challenge(checker: PhraseChecker, speaker: str) -> None:
    clip = say("4 7 1 9 0 2", speaker)
    assert checker.check(clip, "4 7 1 9 0 2").accepted
    assert checker.check(clip, "four seven one nine zero two").accepted
    for other in ("4 7 1 8 0 2", "3 7 1 9 0 2", "9 3 5 1 1 8", "2 0 9 1 7 4", "4 7 1 9 5 0 2"):
        assert not checker.check(clip, other).accepted, other


def test_a_phrase_within_other_speech_is_found_and_the_rest_reported(checker: PhraseChecker) -> None:
    before, after = say("good morning to you all"), say("thank you very much")
    alone = checker.check(say(PASSPORT), PASSPORT)
    match = checker.check(np.concatenate([before, say(PASSPORT), after]), PASSPORT)
    assert match.accepted
    assert match.speech_before > 0.5 > alone.speech_before
    assert match.speech_after > 0.4 > alone.speech_after
    assert match.words[0].start > before.size / SAMPLE_RATE - 0.2


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_a_phrase_said_over_and_over_until_it_is_cut_off(checker: PhraseChecker, speaker: str) -> None:
    """What a stream from a microphone brings."""
    for first in range(0, 12, 4):
        takes = np.concatenate([say(PASSPORT, speaker, first + take) for take in range(4)])
        match = checker.check(takes[: 10 * SAMPLE_RATE], PASSPORT)
        assert match.accepted
        assert match.words[-1].end - match.words[0].start < 4
        assert not checker.check(takes[: 10 * SAMPLE_RATE], "my voice is my umbrella verify me").accepted


def test_a_phrase_that_is_cut_off_is_refused(checker: PhraseChecker) -> None:
    clip = say(PASSPORT)
    assert not checker.check(clip[: clip.size * 6 // 10], PASSPORT).accepted


@pytest.mark.parametrize("samples", [0, 1, 400, SAMPLE_RATE])
def test_silence_says_nothing(checker: PhraseChecker, samples: int) -> None:
    match = checker.check(np.zeros(samples, np.float32), PASSPORT)
    assert not match.accepted
    assert match.llr < 0
    assert np.isfinite([word.llr for word in match.words]).all()


def test_noise_says_nothing(checker: PhraseChecker) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 3 * SAMPLE_RATE).astype(np.float32)
    assert not checker.check(noise, PASSPORT).accepted


def test_threads_hear_the_same(checker: PhraseChecker) -> None:
    claims = [(say(PHRASES[number]), phrase) for number in (0, 3) for phrase in PHRASES[:4]]
    alone = [checker.check(*claim) for claim in claims]
    with ThreadPoolExecutor(4) as executor:
        assert list(executor.map(lambda claim: checker.check(*claim), claims)) == alone


def test_what_it_cannot_check_is_refused(checker: PhraseChecker) -> None:
    clip = say(PASSPORT)
    with pytest.raises(PhraseUnsupported, match="en-us"):
        checker.check(clip, PASSPORT, "de-de")
    with pytest.raises(PhraseUnsupported):
        checker.check(clip, "\u3053\u3093\u306b\u3061\u306f")
    with pytest.raises(InvalidRequest):
        checker.best(clip, [])
    with pytest.raises(InvalidRequest, match="120"):
        checker.check(np.zeros(121 * SAMPLE_RATE, np.float32), PASSPORT)
    assert checker.languages == {"en-us"}
