"""Passphrases, activation phrases and challenges: words and voice together, with the model that ships."""

import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
import sqlalchemy as sa
from stub_recogniser import write_recogniser
from synthesis import say

from earmark.errors import (
    AudioSilent,
    ChallengeNotFound,
    ChallengeRefused,
    EarmarkError,
    InvalidRequest,
    PhraseNotHeard,
    PhraseUnsupported,
    ProfileLocked,
    ProfileNotEnrolled,
)
from earmark.service import challenges
from earmark.service.actor import Actor
from earmark.service.challenges import (
    ChallengeKind,
    create_challenge,
    digits_of,
    show_lock,
    unlock_profile,
    wait_after,
)
from earmark.service.enrol import add_recordings, enrol
from earmark.service.phrases import add_passphrase
from earmark.service.profiles import create_profile, reset_profile, show_profile
from earmark.service.recognise import verify
from earmark.service.tenants import set_activation
from earmark.storage.schema import attempts
from earmark.storage.schema import challenges as challenge_rows
from earmark.storage.store import Store
from earmark.storage.values import Profile, ProfileKind, ProfileState
from earmark.voice.engine import Engine
from earmark.voice.scoring.decision import Answer
from earmark.voice.scoring.operating import Aim

PHRASE = "my voice is my passport verify me"
OTHER = "apple juice tastes funny after toothpaste"
TD = ProfileKind.TEXT_DEPENDENT
ACTIVATION = "I'll talk for a few seconds so you can recognize my voice in the future."
EASY = Aim(fmr=0.1)  # these tests are about words: a few digits are little to know a voice by
LONG = "The harbour was quiet in the morning and nobody had seen the boats come back from the sea at night."


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


@pytest.fixture
def mary(actor: Actor, store: Store, engine: Engine) -> Profile:
    clips = [say(PHRASE, "mary", take) for take in range(3)]
    return enrol(actor, store, engine, "mary", clips, kind=TD, phrase=PHRASE).profile


def test_three_recordings_of_one_passphrase_enrol(actor: Actor, store: Store, engine: Engine) -> None:
    made = create_profile(actor, store, kind=TD)
    for take in range(3):
        done = add_recordings(actor, store, engine, made.id, [say(PHRASE, "mary", take)])
        assert done.profile.phrase == PHRASE
        assert done.missing.recordings == 2 - take
        enrolled = done.profile.state is ProfileState.ENROLLED
        assert enrolled is (take == 2)
    assert reset_profile(actor, store, made.id).phrase is None


def test_each_recording_says_the_same_listed_phrase(actor: Actor, store: Store, engine: Engine) -> None:
    made = create_profile(actor, store, kind=TD)
    with pytest.raises(PhraseNotHeard, match="Recording 1 of 1"):
        add_recordings(actor, store, engine, made.id, [say("the weather is fine in the south today", "mary")])
    add_recordings(actor, store, engine, made.id, [say(PHRASE, "mary")])
    for other in (OTHER, "my voice is my passport", "so you can talk about something else today"):
        with pytest.raises(PhraseNotHeard) as refused:
            add_recordings(actor, store, engine, made.id, [say(other, "mary", 1)])
        assert not set(str(refused.value).lower().split()) & set(OTHER.split())  # no words in messages
    assert len(show_profile(actor, store, made.id).enrolments) == 1
    with pytest.raises(PhraseNotHeard, match="Recording 2 of 2"):
        add_recordings(actor, store, engine, made.id, [say(PHRASE, "mary", 1), say(OTHER, "mary", 2)])
    assert len(show_profile(actor, store, made.id).enrolments) == 1


def test_only_the_right_voice_with_the_right_words_is_accepted(
    actor: Actor, store: Store, engine: Engine, mary: Profile
) -> None:
    found = {
        (speaker, phrase): verify(actor, store, engine, mary.id, say(phrase, speaker, 7))
        for speaker in ("mary", "john")
        for phrase in (PHRASE, OTHER)
    }
    assert [key for key, one in found.items() if one.accepted] == [("mary", PHRASE)]
    for (speaker, phrase), one in found.items():
        assert one.words is not None
        assert one.words.accepted is (phrase == PHRASE)
        assert [word.word for word in one.words.words] == PHRASE.split()
        assert one.fused_llr <= min(one.decision.llr, one.words.llr)
        if speaker == "john" or phrase == OTHER:
            assert one.answer is not Answer.ACCEPTED
    assert found["mary", OTHER].answer is Answer.REJECTED
    assert found["mary", OTHER].next_step is None


def test_another_language_needs_a_recogniser_and_then_is_heard(
    actor: Actor, store: Store, engine: Engine
) -> None:
    said, unlike = "öffne sesam bitte sofort", "schließe sesam bitte sofort"
    with pytest.raises(PhraseUnsupported, match="recognisers/de-de"):
        add_passphrase(actor, store, said, locale="de-DE")
    write_recogniser(store.home / "recognisers" / "de-de", said)
    for phrase in (said, unlike):
        add_passphrase(actor, store, phrase, locale="de-DE")
    made = create_profile(actor, store, kind=TD, locale="de-DE", phrase=said)
    wrong = create_profile(actor, store, kind=TD, locale="de-DE", phrase=unlike)
    clips = [say(LONG, "mary", take) for take in range(3)]  # whose words nobody listens to
    assert add_recordings(actor, store, engine, made.id, clips).profile.state is ProfileState.ENROLLED
    with pytest.raises(PhraseNotHeard):
        add_recordings(actor, store, engine, wrong.id, clips)
    found = verify(actor, store, engine, made.id, say(LONG, "mary", 3), aim=EASY)
    assert found.words is not None
    assert found.words.accepted


def test_a_phrase_of_ones_own_is_examined_first(actor: Actor, store: Store, engine: Engine) -> None:
    own = "seven green bottles are standing on the garden wall"
    clips = [say(own, "carl", take) for take in range(3)]
    made = enrol(actor, store, engine, "carl", clips, kind=TD, phrase=own.title() + "!").profile
    assert made.phrase == own
    assert verify(actor, store, engine, made.id, say(own, "carl", 9)).accepted
    assert not verify(actor, store, engine, made.id, say(PHRASE, "carl", 9)).accepted
    for bad in ("hello", "...", "my voice is my passport verify you", "пароль для входа в дом"):
        with pytest.raises(PhraseUnsupported):
            create_profile(actor, store, kind=TD, phrase=bad)
    with pytest.raises(InvalidRequest, match="text-dependent"):
        create_profile(actor, store, phrase=own)


def test_profiles_of_any_words_listen_to_none(actor: Actor, store: Store, engine: Engine) -> None:
    made = enrol(actor, store, engine, None, [say(LONG, "nora")]).profile
    found = verify(actor, store, engine, made.id, say(OTHER, "nora"))
    assert found.words is None
    assert found.fused_llr == found.decision.llr
    for _ in range(7):
        assert not verify(actor, store, engine, made.id, say(OTHER, "john")).accepted  # nothing is locked
    assert show_lock(actor, store, made.id).failures == 0


@pytest.mark.parametrize("kind", list(ChallengeKind))
def test_a_challenge_is_answered_once(
    actor: Actor, store: Store, engine: Engine, kind: ChallengeKind
) -> None:
    nora = enrol(actor, store, engine, None, [say(LONG, "nora")]).profile
    given = create_challenge(actor, store, nora.id, kind=kind)
    answer = say(given.phrase, "nora", 3)
    found = verify(actor, store, engine, nora.id, answer, challenge=given.id, aim=EASY)
    assert found.words is not None
    assert found.words.challenge
    assert found.accepted, (found.decision.llr, found.words.llr)
    with pytest.raises(ChallengeRefused, match="answered before"):
        verify(actor, store, engine, nora.id, answer, challenge=given.id, aim=EASY)


def test_a_challenge_takes_only_its_own_words_and_voice(actor: Actor, store: Store, engine: Engine) -> None:
    nora = enrol(actor, store, engine, None, [say(LONG, "nora")]).profile
    john = enrol(actor, store, engine, None, [say(LONG, "john")]).profile

    def outcome(given_to: Profile, asked: Profile, words: str, speaker: str) -> bool:
        given = create_challenge(actor, store, given_to.id)
        phrase = given.phrase if words == "right" else "one eight three five zero three"
        return verify(
            actor, store, engine, asked.id, say(phrase, speaker), challenge=given.id, aim=EASY
        ).accepted

    assert outcome(nora, nora, "right", "nora")
    assert not outcome(nora, nora, "wrong", "nora")
    assert not outcome(nora, nora, "right", "john")
    with pytest.raises(ChallengeRefused, match="another profile"):
        outcome(john, nora, "right", "nora")
    with pytest.raises(ChallengeNotFound):
        verify(actor, store, engine, nora.id, say("one two three", "nora"), challenge=uuid4())


def test_a_challenge_among_other_words_is_not_answered(
    actor: Actor, store: Store, engine: Engine, mary: Profile
) -> None:
    """A long recording of many digits would hold many answers."""
    for before, after in (("three eight one", ""), ("", "nine four two")):
        given = create_challenge(actor, store, mary.id)
        words = f"{before} {given.phrase} {after}".strip()
        found = verify(actor, store, engine, mary.id, say(words, "mary"), challenge=given.id, aim=EASY)
        assert found.words is not None
        assert not found.words.accepted
    unlock_profile(actor, store, mary.id)
    around = verify(actor, store, engine, mary.id, say(f"Well, here it is: {PHRASE}", "mary"), aim=EASY)
    assert around.words is not None
    assert around.words.accepted


def test_a_late_answer_is_refused(actor: Actor, store: Store, engine: Engine, mary: Profile) -> None:
    given = create_challenge(actor, store, mary.id, seconds=10)
    past = datetime.now(UTC) - timedelta(seconds=1)
    with store.writing() as connection:
        connection.execute(sa.update(challenge_rows).values(expires=past))
    with pytest.raises(ChallengeRefused, match="expired"):
        verify(actor, store, engine, mary.id, say(given.phrase, "mary"), challenge=given.id, aim=EASY)


def test_of_two_answers_at_once_one_is_accepted(
    actor: Actor, store: Store, engine: Engine, mary: Profile
) -> None:
    given = create_challenge(actor, store, mary.id)
    answer = say(given.phrase, "mary", 1)
    results: list[object] = []
    together = threading.Barrier(2)

    def work() -> None:
        together.wait()
        try:
            results.append(
                verify(actor, store, engine, mary.id, answer, challenge=given.id, aim=EASY).accepted
            )
        except EarmarkError as error:
            results.append(error.code)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, results)) == ["True", "challenge_refused"]
    assert show_lock(actor, store, mary.id).failures == 0


def test_what_cannot_be_heard_uses_nothing_up(
    actor: Actor, store: Store, engine: Engine, mary: Profile
) -> None:
    given = create_challenge(actor, store, mary.id)
    silence = say(PHRASE, "mary") * 0
    with pytest.raises(AudioSilent):
        verify(actor, store, engine, mary.id, silence, challenge=given.id, aim=EASY)
    assert show_lock(actor, store, mary.id).failures == 0
    assert verify(
        actor, store, engine, mary.id, say(given.phrase, "mary"), challenge=given.id, aim=EASY
    ).accepted


def test_five_failures_lock_and_each_further_one_for_longer(
    actor: Actor, store: Store, engine: Engine, mary: Profile
) -> None:
    wrong, right = say(PHRASE, "john"), say(PHRASE, "mary", 5)
    for failures in range(1, 6):
        assert not verify(actor, store, engine, mary.id, wrong).accepted
        assert show_lock(actor, store, mary.id).failures == failures
    with pytest.raises(ProfileLocked, match="5 attempts") as locked:
        verify(actor, store, engine, mary.id, right)
    assert 25 < (locked.value.retry_after or 0) <= 30
    with pytest.raises(ProfileLocked):
        create_challenge(actor, store, mary.id)
    verify(actor, store, engine, mary.id, wrong, lock_out=False)  # a protocol without a lock
    with store.writing() as connection:
        connection.execute(sa.update(attempts).values(locked_until=datetime.now(UTC)))
    assert not verify(actor, store, engine, mary.id, wrong).accepted
    with pytest.raises(ProfileLocked, match="6 attempts") as locked:
        verify(actor, store, engine, mary.id, right)
    assert 55 < (locked.value.retry_after or 0) <= 60
    assert unlock_profile(actor, store, mary.id)
    assert verify(actor, store, engine, mary.id, right).accepted
    assert not unlock_profile(actor, store, mary.id)


def test_a_success_begins_the_count_anew(actor: Actor, store: Store, engine: Engine, mary: Profile) -> None:
    for _ in range(4):
        verify(actor, store, engine, mary.id, say(PHRASE, "john"))
    assert verify(actor, store, engine, mary.id, say(PHRASE, "mary", 5)).accepted
    assert show_lock(actor, store, mary.id) == challenges.LockState(0, None)


def test_the_waits_grow_to_an_hour_and_end_at_fifty() -> None:
    waits = [wait_after(failures) for failures in range(1, 51)]
    assert waits[:9] == [0, 0, 0, 0, 30, 60, 120, 240, 480]
    assert waits == sorted(waits)
    assert waits[-2:] == [3_600, float("inf")]


def test_for_good_is_until_somebody_unlocks(
    actor: Actor, store: Store, engine: Engine, mary: Profile
) -> None:
    verify(actor, store, engine, mary.id, say(PHRASE, "john"))
    with store.writing() as connection:
        connection.execute(sa.update(attempts).values(failures=49))
    verify(actor, store, engine, mary.id, say(PHRASE, "john"))
    with pytest.raises(ProfileLocked, match="have it unlocked") as locked:
        verify(actor, store, engine, mary.id, say(PHRASE, "mary"))
    assert locked.value.retry_after is None


@pytest.mark.parametrize(
    ("kind", "length", "seconds"),
    [("digits", 3, 60.0), ("digits", 13, 60.0), ("words", 1, 60.0), ("words", 9, 60.0), ("digits", 6, 1.0)],
)
def test_challenges_have_bounds(
    actor: Actor, store: Store, mary: Profile, kind: str, length: int, seconds: float
) -> None:
    with pytest.raises(InvalidRequest):
        create_challenge(actor, store, mary.id, kind=ChallengeKind(kind), length=length, seconds=seconds)


def test_challenges_are_random_and_readable(actor: Actor, store: Store, mary: Profile) -> None:
    given = [create_challenge(actor, store, mary.id, length=8).phrase for _ in range(20)]
    assert len(set(given)) == 20
    for phrase in given:
        figures = (digits_of(phrase) or "").split()
        assert len(figures) == 8
        assert all(one != two for one, two in pairwise(figures))
    words = create_challenge(actor, store, mary.id, kind=ChallengeKind.WORDS)
    assert digits_of(words.phrase) is None
    empty = create_profile(actor, store)
    with pytest.raises(ProfileNotEnrolled):
        create_challenge(actor, store, empty.id)


def test_activation_phrases_where_the_tenant_asks(actor: Actor, store: Store, engine: Engine) -> None:
    assert set_activation(actor, store, True).activation
    made = create_profile(actor, store)
    with pytest.raises(PhraseNotHeard, match="activation"):
        add_recordings(actor, store, engine, made.id, [say(LONG, "nora")])
    with pytest.raises(PhraseNotHeard, match="activation"):
        enrol(actor, store, engine, None, [say(LONG, "nora")])
    assert show_profile(actor, store, made.id).enrolments == ()
    done = add_recordings(actor, store, engine, made.id, [say(f"Hello there. {ACTIVATION}", "nora")])
    assert done.profile.phrase is None
    add_recordings(actor, store, engine, made.id, [say(LONG, "nora")])  # only the first has to say it
    german = create_profile(actor, store, locale="de-DE")
    with pytest.raises(PhraseUnsupported):
        add_recordings(actor, store, engine, german.id, [say(LONG, "nora")])
    set_activation(actor, store, False)
    add_recordings(actor, store, engine, german.id, [say(LONG, "nora")])
