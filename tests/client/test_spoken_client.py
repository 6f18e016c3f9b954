"""Phrases, challenges and the lock through `Client`, and the errors that it tells of them."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
import voices
from synthesis import said_pcm

from earmark import Client, errors

OWN = "seven green bottles stand on the garden wall"


@pytest.fixture
def mary(client: Client) -> Iterator[str]:
    made = client.create_profile(kind="text-dependent", phrase=voices.PASSPHRASE)
    done = client.enrol(made.id, *[voices.wav("mary", take) for take in (1, 2, 3)])
    assert done.profile.state == "enrolled"
    yield str(made.id)
    client.delete_profile(made.id)


def test_voice_and_words(client: Client, mary: str) -> None:
    right = client.verify(mary, voices.wav("mary", 5))
    assert right.accepted
    assert right.words is not None
    assert [word.word for word in right.words.words] == voices.PASSPHRASE.split()
    wrong = client.verify(mary, voices.wav("mary other", 5))
    assert (wrong.accepted, wrong.answer) == (False, "rejected")
    with pytest.raises(errors.PhraseNotHeard):
        client.enrol(mary, voices.wav("mary other", 1))


def test_a_challenge(client: Client, mary: str) -> None:
    given = client.create_challenge(mary, seconds=30)
    assert given.digits is not None
    answer = voices.as_wav(said_pcm(given.phrase, "mary"))
    found = client.verify(mary, answer, challenge=given.id, fmr=0.1)
    assert found.words is not None
    assert found.words.challenge
    assert found.accepted
    with pytest.raises(errors.ChallengeRefused):
        client.verify(mary, answer, challenge=given.id)
    with pytest.raises(errors.ChallengeNotFound):
        client.verify(mary, answer, challenge=uuid4())
    words = client.create_challenge(mary, kind="words", length=3)
    assert (words.digits, len(words.phrase.split())) == (None, 3)


def test_the_lock_is_told_with_its_time(client: Client, mary: str) -> None:
    for _ in range(5):
        assert not client.verify(mary, voices.wav("john", 5)).accepted
    with pytest.raises(errors.ProfileLocked) as locked:
        client.verify(mary, voices.wav("mary", 5))
    assert 20 < (locked.value.retry_after or 0) <= 30
    assert client.show_lock(mary).failures == 5
    client.unlock(mary)
    assert client.show_lock(mary).failures == 0
    assert client.verify(mary, voices.wav("mary", 5)).accepted


def test_phrases_and_activation(client: Client) -> None:
    assert client.examine_phrase("open sesame").too_short
    with pytest.raises(errors.PhraseUnsupported):
        client.add_passphrase("open sesame")
    assert client.add_passphrase(OWN.title()).phrase == OWN
    assert client.show_phrases().own_passphrases == [OWN]
    client.remove_passphrase(OWN)
    assert client.show_phrases().own_passphrases == []
    assert client.ask_activation(True).activation
    made = client.create_profile()
    try:
        with pytest.raises(errors.PhraseNotHeard):
            client.enrol(made.id, voices.wav("ada", 1))
    finally:
        assert not client.ask_activation(False).activation
        client.delete_profile(made.id)
