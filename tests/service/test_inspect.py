"""What a recording is good enough for, told before anything is stored or compared."""

from pathlib import Path

import numpy as np
import pytest

from earmark.errors import (
    AudioClipped,
    AudioNotRecognised,
    AudioSilent,
    PermissionDenied,
    SpeechTooShort,
)
from earmark.service.actor import Actor, Permission
from earmark.service.inspect import inspect_recording
from earmark.storage.store import DEFAULT_TENANT
from earmark.voice.audio import RawFormat, load_clip
from earmark.voice.engine import Engine
from earmark.voice.samples import bad_clips

Clips = dict[str, list[Path]]


def test_good_for_everything(actor: Actor, engine: Engine, clips: Clips) -> None:
    found = inspect_recording(actor, engine, clips["ada"][0])
    assert (found.enrolment, found.recognition) == (None, None)
    assert found.quality == engine.inspect(clips["ada"][0])
    assert inspect_recording(actor, engine, clips["ada"][0].read_bytes()) == found


@pytest.mark.parametrize(("seconds", "enrols", "recognises"), [(0.5, False, False), (2.5, False, True)])
def test_good_for_one_alone(
    actor: Actor, engine: Engine, clips: Clips, seconds: float, *, enrols: bool, recognises: bool
) -> None:
    clip = load_clip(clips["ada"][0])[: round(seconds * 16_000)]
    found = inspect_recording(actor, engine, clip)
    assert (found.enrolment is None, found.recognition is None) == (enrols, recognises)
    assert isinstance(found.enrolment, SpeechTooShort)
    assert found.enrolment.limit == 4.0
    assert found.enrolment.value == pytest.approx(found.quality.speech_seconds)


def test_too_loud_to_enrol(actor: Actor, engine: Engine, clips: Clips) -> None:
    clip = np.clip(load_clip(clips["ada"][0]) * 20, -1, 1)
    found = inspect_recording(actor, engine, clip)
    assert isinstance(found.enrolment, AudioClipped)
    assert found.enrolment.value == found.quality.clipped > 0.05


def test_what_is_good_for_nothing_is_no_error(actor: Actor, engine: Engine) -> None:
    found = inspect_recording(actor, engine, bad_clips()["silent"])
    assert isinstance(found.enrolment, AudioSilent)
    assert isinstance(found.recognition, AudioSilent)
    assert found.quality.speech_seconds == 0


def test_what_is_no_audio_is_one(actor: Actor, engine: Engine) -> None:
    with pytest.raises(AudioNotRecognised):
        inspect_recording(actor, engine, b"no audio at all, but some bytes")


def test_headerless(actor: Actor, engine: Engine, clips: Clips) -> None:
    clip = load_clip(clips["ada"][0])
    pcm = np.rint(clip * 32_767).astype("<i2").tobytes()
    found = inspect_recording(actor, engine, pcm, raw=RawFormat("s16le", 16_000))
    assert found.quality.total_seconds == pytest.approx(clip.size / 16_000)
    assert found.recognition is None


@pytest.mark.parametrize("role", list(Permission))
def test_who_may(engine: Engine, clips: Clips, role: Permission) -> None:
    someone = Actor(DEFAULT_TENANT, frozenset({role}))
    if role in (Permission.RECOGNISE, Permission.ENROL):
        assert inspect_recording(someone, engine, clips["ada"][0]).recognition is None
    else:
        with pytest.raises(PermissionDenied):
            inspect_recording(someone, engine, clips["ada"][0])
