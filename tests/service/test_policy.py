"""Rules of doors: what a profile lacks, what is too short, too long or too much, whom it is compared with."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthesis import say

from earmark.errors import (
    AudioTooLong,
    AudioTooShort,
    EnrolmentLimit,
    InvalidRequest,
    ProfileNotEnrolled,
    ProfileNotFound,
    SpeechTooNoisy,
)
from earmark.service.actor import Actor
from earmark.service.enrol import add_recordings, enrol
from earmark.service.policy import ANY_WORDS, NATIVE, PASSPHRASE, EnrolmentPolicy, check_room, missing
from earmark.service.profiles import create_profile, reset_profile, show_profile
from earmark.service.recognise import identify, verify
from earmark.storage.store import Store
from earmark.storage.values import Enrolment, Profile, ProfileKind, ProfileState
from earmark.voice.audio import load_clip
from earmark.voice.engine import Engine
from earmark.voice.features import Floats
from earmark.voice.quality import RECOGNISE, Quality

PHRASE = "my voice is my passport verify me"
Clips = dict[str, list[Path]]
ENROLLING, ENROLLED = ProfileState.ENROLLING, ProfileState.ENROLLED


@pytest.fixture
def empty(actor: Actor, store: Store) -> Profile:
    return create_profile(actor, store, label="ada", locale="en-US")


def cut(path: Path, seconds: float) -> Floats:
    return load_clip(path)[: round(seconds * 16_000)]


def test_native_four_seconds_over_all_recordings(
    actor: Actor, store: Store, engine: Engine, clips: Clips, empty: Profile
) -> None:
    assert missing(empty, NATIVE).speech_seconds == 4.0
    first = add_recordings(actor, store, engine, "ada", [cut(clips["ada"][0], 2)])
    heard = first.enrolments[0].quality.speech_seconds
    assert first.missing.speech_seconds == pytest.approx(4.0 - heard)
    assert (first.profile.state, first.missing.nothing) == (ENROLLING, False)
    assert first.profile == show_profile(actor, store, "ada")
    second = add_recordings(actor, store, engine, "ada", [clips["ada"][1]])
    assert (second.profile.state, second.missing.nothing) == (ENROLLED, True)
    assert second.profile.revision == 2
    assert second.enrolments == second.profile.enrolments[1:]
    assert verify(actor, store, engine, "ada", clips["ada"][3]).accepted


def test_twenty_seconds_of_any_words(
    actor: Actor, store: Store, engine: Engine, clips: Clips, empty: Profile
) -> None:
    seconds = 0.0
    for number, path in enumerate(clips["ada"], 1):
        done = add_recordings(actor, store, engine, empty.id, [path], policy=ANY_WORDS)
        seconds += done.enrolments[0].quality.speech_seconds
        assert done.missing.speech_seconds == pytest.approx(max(0.0, 20.0 - seconds))
        assert done.profile.state is (ENROLLED if seconds >= 20.0 else ENROLLING), f"after {number}"
    assert 20.0 <= seconds < 26.0


def test_three_recordings_of_a_passphrase(actor: Actor, store: Store, engine: Engine) -> None:
    made = create_profile(actor, store, kind=ProfileKind.TEXT_DEPENDENT, phrase=PHRASE)
    for number, state in ((1, ENROLLING), (2, ENROLLING), (3, ENROLLED), (4, ENROLLED)):
        said = say(PHRASE, take=number)
        done = add_recordings(actor, store, engine, made.id, [said], policy=PASSPHRASE, force=True)
        assert (done.profile.state, done.missing.recordings) == (state, max(0, 3 - number))
        assert done.missing.nothing is (state is ENROLLED)
    assert done.profile.phrase == PHRASE


def test_several_at_once_count_together(
    actor: Actor, store: Store, engine: Engine, clips: Clips, empty: Profile
) -> None:
    done = add_recordings(actor, store, engine, "ada", clips["ada"][:3], policy=ANY_WORDS)
    assert (done.added, done.profile.state) == (3, ENROLLING)
    assert done.missing.speech_seconds == pytest.approx(20.0 - done.profile.speech_seconds)
    assert (
        add_recordings(actor, store, engine, "ada", clips["ada"][3:], policy=ANY_WORDS).profile.state
        is ENROLLED
    )


def test_enough_when_the_caller_says_so(
    actor: Actor, store: Store, engine: Engine, clips: Clips, empty: Profile
) -> None:
    short = cut(clips["ada"][0], 2)
    done = add_recordings(actor, store, engine, "ada", [short], policy=ANY_WORDS, enough=True)
    assert done.profile.state is ENROLLED
    assert done.missing.speech_seconds > 18
    again = add_recordings(actor, store, engine, "ada", [clips["ada"][1]], policy=ANY_WORDS)
    assert again.profile.state is ENROLLED, "once enrolled, it stays so"


@pytest.mark.parametrize(
    ("policy", "seconds", "error"),
    [
        (ANY_WORDS, 0.99, AudioTooShort),
        (PASSPHRASE, 0.99, AudioTooShort),
        (PASSPHRASE, 10.01, AudioTooLong),
        (ANY_WORDS, 120.01, AudioTooLong),
    ],
)
def test_lengths_of_one_recording(
    actor: Actor,
    store: Store,
    engine: Engine,
    clips: Clips,
    empty: Profile,
    policy: EnrolmentPolicy,
    seconds: float,
    error: type[Exception],
) -> None:
    long = np.tile(np.concatenate([load_clip(path) for path in clips["ada"]]), 5)[: round(seconds * 16_000)]
    policy = replace(policy, each=replace(policy.each, snr_db=float("-inf")))
    with pytest.raises(error):
        add_recordings(actor, store, engine, "ada", [long], policy=policy)
    assert show_profile(actor, store, "ada") == empty
    if seconds < 11:
        just = long[:160_000] if seconds > 10 else np.append(long, np.zeros(160, np.float32))
        assert add_recordings(actor, store, engine, "ada", [just], policy=policy, force=True).added == 1


def test_a_passphrase_in_noise_is_refused_where_other_words_are_not(
    actor: Actor, store: Store, engine: Engine, clips: Clips, empty: Profile
) -> None:
    clip = load_clip(clips["ada"][0])
    noise = np.random.default_rng(0).normal(0, 0.28 * clip.std(), clip.size).astype(np.float32)
    assert 0 < engine.inspect(clip + noise).snr_db < 10
    with pytest.raises(SpeechTooNoisy):
        add_recordings(actor, store, engine, "ada", [clip + noise], policy=PASSPHRASE)
    assert add_recordings(actor, store, engine, "ada", [clip + noise], policy=ANY_WORDS).added == 1


def test_full_by_number_or_by_seconds(
    actor: Actor, store: Store, engine: Engine, clips: Clips, empty: Profile
) -> None:
    few = replace(NATIVE, most_clips=2)
    with pytest.raises(EnrolmentLimit, match="2 recordings"):
        add_recordings(actor, store, engine, "ada", [Path("nowhere.wav")] * 3, policy=few)
    full = add_recordings(actor, store, engine, "ada", clips["ada"][:2], policy=few).profile
    with pytest.raises(EnrolmentLimit, match="2 recordings"):
        add_recordings(actor, store, engine, "ada", clips["ada"][2:3], policy=few)
    room = full.total_seconds + load_clip(clips["ada"][2]).size / 16_000
    with pytest.raises(EnrolmentLimit, match=" s of recordings"):
        add_recordings(
            actor, store, engine, "ada", clips["ada"][2:3], policy=replace(NATIVE, most_seconds=room - 0.01)
        )
    assert show_profile(actor, store, "ada") == full
    exactly = replace(NATIVE, most_seconds=room)
    assert add_recordings(actor, store, engine, "ada", clips["ada"][2:3], policy=exactly).added == 1
    with pytest.raises(EnrolmentLimit):
        enrol(actor, store, engine, "ben", clips["ben"][:3], policy=few)


@given(
    enough=st.tuples(st.floats(0, 60), st.integers(0, 10)),
    spoken=st.lists(st.floats(0.1, 10), max_size=8),
)
def test_what_is_missing_by_arithmetic(enough: tuple[float, int], spoken: list[float]) -> None:
    policy = replace(NATIVE, enough_seconds=enough[0], enough_clips=enough[1])
    quality = Quality(0, 0, 20, 0, 8_000, -20, False)
    now = datetime.now(UTC)
    kept = tuple(Enrolment(uuid4(), now, replace(quality, speech_seconds=one)) for one in spoken)
    profile = Profile(uuid4(), None, ProfileKind.IDENTIFICATION, None, ENROLLING, None, now, now, kept)
    lacks = missing(profile, policy)
    assert lacks.speech_seconds == pytest.approx(max(0, enough[0] - sum(spoken)))
    assert lacks.recordings == max(0, enough[1] - len(spoken))
    assert lacks.nothing == (sum(spoken) >= enough[0] and len(spoken) >= enough[1])


@pytest.mark.parametrize(
    ("clips", "seconds", "fits"),
    [(100, 300.0, True), (101, 0.0, False), (1, 300.01, False), (0, 0.0, True), (101, 301.0, False)],
)
def test_room_to_the_last(clips: int, seconds: float, fits: bool) -> None:
    if fits:
        check_room(clips, seconds, ANY_WORDS)
        return
    with pytest.raises(EnrolmentLimit, match="reset"):
        check_room(clips, seconds, ANY_WORDS)


def test_what_azure_asked_for() -> None:
    """Its contract, sections 1 and 3.1."""
    assert (ANY_WORDS.enough_seconds, ANY_WORDS.clip_seconds, ANY_WORDS.most_seconds) == (20, (1, 120), 300)
    assert (PASSPHRASE.enough_clips, PASSPHRASE.clip_seconds, PASSPHRASE.most_clips) == (3, (1, 10), 50)
    assert (ANY_WORDS.each.snr_db, PASSPHRASE.each.snr_db) == (0, 10)
    assert (NATIVE.enough_seconds, NATIVE.enough_clips, NATIVE.most_clips) == (4, 1, 100)


def test_who_is_not_enrolled_yet_is_not_compared_with(
    actor: Actor, store: Store, engine: Engine, clips: Clips, empty: Profile
) -> None:
    audio = clips["ada"][3]
    for _ in range(2):  # without a recording, and with too little
        with pytest.raises(ProfileNotEnrolled):
            verify(actor, store, engine, "ada", audio)
        with pytest.raises(ProfileNotEnrolled):
            identify(actor, store, engine, audio, among=[empty.id])
        with pytest.raises(ProfileNotFound):
            identify(actor, store, engine, audio)  # among all: there is nobody
        add_recordings(actor, store, engine, "ada", clips["ada"][:1], policy=ANY_WORDS)
    ben = enrol(actor, store, engine, "ben", clips["ben"][:2]).profile
    with pytest.raises(ProfileNotEnrolled):
        identify(actor, store, engine, audio, among=[ben.id, empty.id])
    found = identify(actor, store, engine, audio).identification
    assert [one.key for one in found.candidates] == [str(ben.id)]
    add_recordings(actor, store, engine, "ada", clips["ada"][1:2], policy=ANY_WORDS, enough=True)
    assert identify(actor, store, engine, audio).identification.best == str(empty.id)
    reset_profile(actor, store, "ada")
    with pytest.raises(ProfileNotEnrolled):
        verify(actor, store, engine, "ada", audio)


@pytest.mark.parametrize(
    ("seconds", "error"), [(0.99, AudioTooShort), (1.0, None), (2.0, None), (2.01, AudioTooLong)]
)
def test_lengths_of_what_is_recognised(
    actor: Actor,
    store: Store,
    engine: Engine,
    clips: Clips,
    seconds: float,
    error: type[Exception] | None,
) -> None:
    made = enrol(actor, store, engine, "ada", clips["ada"][:2]).profile
    audio, between = cut(clips["ada"][3], seconds), (1.0, 2.0)
    any_speech = replace(RECOGNISE, speech_seconds=0.1)
    for ask in (
        lambda: verify(actor, store, engine, "ada", audio, clip_seconds=between, rules=any_speech),
        lambda: identify(
            actor, store, engine, audio, among=[made.id], clip_seconds=between, rules=any_speech
        ),
    ):
        if error is None:
            assert ask()
            continue
        with pytest.raises(error):
            ask()


def test_kinds_and_locales_of_what_is_recognised(
    actor: Actor, store: Store, engine: Engine, clips: Clips
) -> None:
    here = ProfileKind.IDENTIFICATION
    ada, ben, dima = (
        enrol(actor, store, engine, name, clips[name][:2], kind=kind, locale=locale).profile.id
        for name, kind, locale in (
            ("ada", here, "en-US"),
            ("ben", here, "en-us"),
            ("dima", ProfileKind.VERIFICATION, None),
        )
    )
    audio = clips["ada"][3]
    assert verify(actor, store, engine, ada, audio, kind=here).accepted
    with pytest.raises(ProfileNotFound):
        verify(actor, store, engine, ada, audio, kind=ProfileKind.VERIFICATION)
    with pytest.raises(ProfileNotFound):
        identify(actor, store, engine, audio, among=[ada, dima], kind=here)
    found = identify(actor, store, engine, audio, among=[ada, ben], kind=here, one_locale=True)
    assert found.identification.best == str(ada), "case is no difference"
    with pytest.raises(InvalidRequest, match="locale"):
        identify(actor, store, engine, audio, among=[ada, ben, dima], one_locale=True)
    assert identify(actor, store, engine, audio, among=[ada, ben, dima]).identification.best == str(ada)


def test_a_passphrase_profile_is_compared_with_only_when_it_is_named(
    actor: Actor, store: Store, engine: Engine
) -> None:
    *said, again = (say(PHRASE, take=number) for number in range(4))
    made = enrol(actor, store, engine, "ada", said, kind=ProfileKind.TEXT_DEPENDENT, force=True).profile
    with pytest.raises(ProfileNotFound):
        identify(actor, store, engine, again)
    assert identify(actor, store, engine, again, among=["ada"]).identification.best == str(made.id)
