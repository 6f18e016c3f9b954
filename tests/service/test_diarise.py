"""Recordings of several people to named turns, with the model that ships and a real store."""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from voices import as_wav, clip

from earmark.errors import InvalidRequest, PermissionDenied, ProfileNotFound
from earmark.service.actor import Actor, Permission, local_actor
from earmark.service.diarise import Who, cut_out, diarise
from earmark.service.enrol import enrol
from earmark.service.profiles import list_profiles
from earmark.service.recognise import gather_candidates
from earmark.storage.store import Store, open_store
from earmark.voice.decode.limits import Limits
from earmark.voice.diarization.pipeline import Diarization
from earmark.voice.diarization.turns import Turn
from earmark.voice.engine import Engine
from earmark.voice.features import SAMPLE_RATE
from earmark.voice.gallery import make_gallery

PAUSE = bytes(2 * 6_400)  # 0.4 s


@cache
def shipped() -> Engine:
    return Engine()


def recording(*order: tuple[str, int]) -> bytes:
    return as_wav(PAUSE.join(clip(speaker, number) for speaker, number in order))


MONDAY = (("ada", 1), ("ben", 1), ("ada", 2), ("ben", 2), ("ada", 3))
TUESDAY = (("ben", 4), ("ada", 4), ("ben", 5), ("ada", 5))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "people") as opened:
        yield opened


@pytest.fixture
def actor() -> Actor:
    return local_actor()


def remember(actor: Actor, store: Store, *names: str) -> None:
    for name in names:
        enrol(actor, store, shipped(), name, [as_wav(clip(name, number)) for number in (4, 5)])


def test_known_people_get_their_names_and_strangers_none(actor: Actor, store: Store) -> None:
    remember(actor, store, "ada", "eva")
    found = diarise(actor, store, shipped(), recording(*MONDAY), who=Who.ALL)
    assert [speaker.name for speaker in found.speakers] == ["ada", "SPEAKER_01"]
    ada, ben = found.speakers
    assert ada.match is not None
    assert ada.match.label == "ada"
    assert ada.match.confidence > 80.0
    assert ben.match is None
    assert [fit.label for fit in ada.fits] == ["ada", "eva"]
    assert {turn.speaker for turn in found.turns()} == {"ada", "SPEAKER_01"}
    assert {turn.speaker for turn in found.turns(exclusive=True)} == {"ada", "SPEAKER_01"}
    assert found.confidence.shape == (2, 2)


def test_only_those_asked_for_are_looked_for(actor: Actor, store: Store) -> None:
    remember(actor, store, "ada", "ben")
    audio = recording(*MONDAY)
    nobody = diarise(actor, store, shipped(), audio)
    assert [speaker.name for speaker in nobody.speakers] == ["SPEAKER_00", "SPEAKER_01"]
    assert nobody.speakers[0].fits == ()
    only = diarise(actor, store, shipped(), audio, who=["ben"])
    assert [speaker.name for speaker in only.speakers] == ["SPEAKER_00", "ben"]
    gathered = gather_candidates(actor, store, shipped())
    both = diarise(actor, store, shipped(), audio, who=gathered)
    assert [speaker.name for speaker in both.speakers] == ["ada", "ben"]
    with pytest.raises(ProfileNotFound):
        diarise(actor, store, shipped(), audio, who=["carl"])
    with pytest.raises(ProfileNotFound):
        diarise(local_actor("other"), store, shipped(), audio, who=gathered)


def test_voices_that_the_caller_brings(actor: Actor, store: Store) -> None:
    engine = shipped()
    print_ = engine.enrol(as_wav(clip("ben", 4)))
    voices = make_gallery({"Benjamin": print_}, model=engine.entry.id, dimension=engine.entry.dimension)
    found = diarise(actor, store, engine, recording(*MONDAY), who=voices)
    assert [speaker.name for speaker in found.speakers] == ["SPEAKER_00", "Benjamin"]
    # The hosted API's default: whoever is likest gets the name, however unlike.
    loose = diarise(actor, store, engine, recording(*MONDAY), who=voices, threshold=0.0, exclusive=False)
    assert [speaker.name for speaker in loose.speakers] == ["Benjamin", "Benjamin"]


def test_strangers_are_remembered_and_later_recordings_match_them(actor: Actor, store: Store) -> None:
    first = diarise(actor, store, shipped(), BytesIO(recording(*MONDAY)), remember=True)
    assert [speaker.remembered for speaker in first.speakers] == [True, True]
    profiles = list_profiles(actor, store)
    assert len(profiles) == 2
    assert {speaker.name for speaker in first.speakers} == {str(profile.id) for profile in profiles}
    assert all(profile.label is None for profile in profiles)

    second = diarise(actor, store, shipped(), recording(*TUESDAY), remember=True)
    assert [speaker.remembered for speaker in second.speakers] == [False, False]
    assert [speaker.name for speaker in second.speakers] == [
        first.speakers[1].name,
        first.speakers[0].name,
    ]
    assert len(list_profiles(actor, store)) == 2


def test_a_stranger_with_too_little_speech_is_not_remembered(actor: Actor, store: Store) -> None:
    short = as_wav(clip("ada", 1) + PAUSE + clip("ada", 2) + PAUSE + clip("ben", 1)[: 2 * 32_000])
    found = diarise(actor, store, shipped(), short, remember=True, speakers=2)
    refused = [speaker for speaker in found.speakers if not speaker.remembered]
    assert len(refused) == 1
    assert refused[0].match is None
    assert refused[0].not_remembered is not None
    assert len(list_profiles(actor, store)) == 1


def test_silence_names_nobody(actor: Actor, store: Store) -> None:
    remember(actor, store, "ada")
    silence = np.zeros(48_000, np.float32)
    found = diarise(actor, store, shipped(), silence, who=Who.ALL, remember=True)
    assert (found.speakers, found.turns()) == ((), [])


def test_permissions_and_thresholds(actor: Actor, store: Store) -> None:
    audio = recording(("ada", 1))
    weak = Actor("default", frozenset({Permission.RECOGNISE}))
    assert len(diarise(weak, store, shipped(), audio).speakers) == 1
    with pytest.raises(PermissionDenied):
        diarise(weak, store, shipped(), audio, remember=True)
    with pytest.raises(PermissionDenied):
        diarise(Actor("default", frozenset({Permission.ENROL})), store, shipped(), audio)
    for threshold in (-1.0, 100.1, float("nan")):
        with pytest.raises(InvalidRequest):
            diarise(actor, store, shipped(), audio, threshold=threshold)


def test_what_a_speaker_says_is_cut_out_of_an_hour_as_it_was() -> None:
    """The recording is read a minute at a time; nothing of one minute may be written over by the next."""
    samples = np.random.default_rng(4).uniform(-0.5, 0.5, 200 * SAMPLE_RATE).astype(np.float32)
    turns = (Turn(50.0, 70.0, "SPEAKER_00"), Turn(75.0, 78.0, "SPEAKER_01"), Turn(130.0, 139.0, "SPEAKER_00"))
    nobody = np.zeros(0, np.uint8)
    made = Diarization(200.0, turns, turns, (), np.zeros((3, 2)), nobody)
    found = cut_out(samples, made, ["SPEAKER_00", "SPEAKER_01"], None, None, Limits())
    spans = {"SPEAKER_00": [(50, 70), (130, 139)], "SPEAKER_01": [(75, 78)]}
    for speaker, wanted in spans.items():
        parts = [samples[start * SAMPLE_RATE : end * SAMPLE_RATE] for start, end in wanted]
        np.testing.assert_array_equal(found[speaker], np.concatenate(parts))
