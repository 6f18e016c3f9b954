"""Enrolling: whole or not at all, and the recording that is at fault is named."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from earmark.errors import (
    AudioError,
    EarmarkError,
    EnrolmentLimit,
    FileMissing,
    InvalidRequest,
    LabelTaken,
    ModelMismatch,
    ProfileNotFound,
    SpeechTooShort,
    VoiceDiffers,
)
from earmark.service.actor import Actor
from earmark.service.consistency import CLEARLY_ANOTHER, compare, describe_doubt, refuse_another
from earmark.service.enrol import add_recordings, enrol
from earmark.service.profiles import list_profiles, show_profile
from earmark.storage.clips import decode_clip
from earmark.storage.store import DEFAULT_TENANT, Store
from earmark.storage.voiceprints import load_record, load_voiceprint
from earmark.voice.audio import load_clip
from earmark.voice.engine import Engine
from earmark.voice.quality import Quality
from earmark.voice.samples import bad_clips
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.voiceprint import Embedding

pytestmark = pytest.mark.databases("sqlite", "postgres")

Clips = dict[str, list[Path]]


def test_a_profile_is_what_the_engine_makes(actor: Actor, store: Store, engine: Engine, clips: Clips) -> None:
    done = enrol(actor, store, engine, "ada", clips["ada"][:2], locale="en-GB")
    assert done.added == 2
    assert done.consistency is not None
    assert len(done.consistency) == 2
    assert done.doubts == ()
    assert done.profile == show_profile(actor, store, "ada")
    assert (done.profile.label, done.profile.locale, done.profile.model) == ("ada", "en-GB", "spectrum@1")
    expected = engine.enrol(clips["ada"][:2])
    stored = load_voiceprint(DEFAULT_TENANT, store, done.profile.id)
    np.testing.assert_allclose(stored.vector, expected.vector, atol=1e-6)
    for kept, made in zip(stored.embeddings, expected.embeddings, strict=True):
        assert kept.quality.speech_seconds == pytest.approx(made.quality.speech_seconds)
    record = load_record(DEFAULT_TENANT, store, done.profile.id)
    assert record.records[0].audio is not None
    np.testing.assert_allclose(decode_clip(record.records[0].audio), load_clip(clips["ada"][0]), atol=2**-15)


def test_one_recording_has_nothing_to_be_compared_with(
    actor: Actor, store: Store, engine: Engine, clips: Clips
) -> None:
    assert enrol(actor, store, engine, None, clips["ada"][:1]).consistency is None


def test_arrays_and_bytes(actor: Actor, store: Store, engine: Engine, clips: Clips) -> None:
    array = load_clip(clips["ada"][0])
    done = enrol(actor, store, engine, "ada", [array, clips["ada"][1].read_bytes()])
    assert len(done.profile.enrolments) == 2


def test_adding(actor: Actor, store: Store, engine: Engine, clips: Clips) -> None:
    first = enrol(actor, store, engine, "ada", clips["ada"][:1]).profile
    by_label = add_recordings(actor, store, engine, "ada", clips["ada"][1:2])
    assert by_label.consistency is not None
    by_guid = add_recordings(actor, store, engine, str(first.id), clips["ada"][2:4])
    assert (by_label.added, by_guid.added) == (1, 2)
    assert len(show_profile(actor, store, "ada").enrolments) == 4


@pytest.mark.parametrize("name", ["silent", "noise"])
def test_a_bad_recording_among_good_ones_is_named_and_nothing_stored(
    actor: Actor, store: Store, engine: Engine, clips: Clips, name: str
) -> None:
    bad = bad_clips()[name]
    audios = [*clips["ada"][:2], bad, *clips["ada"][2:4]]
    with pytest.raises(AudioError, match=rf"^Recording 3 of 5 \({bad.name}\): ") as caught:
        enrol(actor, store, engine, "ada", audios)
    assert str(bad.parent) not in str(caught.value)
    assert list_profiles(actor, store) == []
    made = enrol(actor, store, engine, "ada", clips["ada"][:1]).profile
    with pytest.raises(AudioError, match="Recording 1 of 2"):
        add_recordings(actor, store, engine, "ada", [bad, clips["ada"][1]])
    assert show_profile(actor, store, "ada") == made


def test_a_missing_file_is_named(actor: Actor, store: Store, engine: Engine, clips: Clips) -> None:
    with pytest.raises(FileMissing, match="Recording 2 of 2"):
        enrol(actor, store, engine, "ada", [clips["ada"][0], Path("nowhere.wav")])
    assert list_profiles(actor, store) == []


def test_seconds_count_over_all_recordings(actor: Actor, store: Store, engine: Engine, clips: Clips) -> None:
    clip = load_clip(clips["ada"][0])
    short = clip[: 2 * 16_000]
    with pytest.raises(SpeechTooShort) as caught:
        enrol(actor, store, engine, "ada", [short])
    assert caught.value.limit == 4.0
    assert list_profiles(actor, store) == []
    parts = [load_clip(path)[: 3 * 16_000] for path in clips["ada"][:3]]
    assert enrol(actor, store, engine, "ada", parts, force=True).profile.speech_seconds >= 4.0


def test_a_label_in_use_is_told_before_listening(
    actor: Actor, store: Store, engine: Engine, clips: Clips
) -> None:
    enrol(actor, store, engine, "ada", clips["ada"][:1])
    with pytest.raises(LabelTaken):
        enrol(actor, store, engine, "ada", [Path("nowhere.wav")])


@pytest.mark.parametrize(("audios", "error"), [([], InvalidRequest), ([b""] * 101, EnrolmentLimit)])
def test_too_few_and_too_many(
    actor: Actor, store: Store, engine: Engine, audios: list[bytes], error: type[EarmarkError]
) -> None:
    with pytest.raises(error):
        enrol(actor, store, engine, "ada", audios)


def test_another_person_among_the_recordings_is_refused_and_named(
    actor: Actor, store: Store, engine: Engine, clips: Clips
) -> None:
    mixed = [clips["ada"][0], clips["ada"][1], clips["dima"][0]]
    with pytest.raises(InvalidRequest, match="Recording 3 of 3"):
        enrol(actor, store, engine, "ada", mixed)
    assert list_profiles(actor, store) == []
    forced = enrol(actor, store, engine, "ada", mixed, force=True)
    assert forced.doubts
    assert "Recording 3 of 3" in forced.doubts[-1]


def test_another_persons_recording_is_not_added(
    actor: Actor, store: Store, engine: Engine, clips: Clips
) -> None:
    made = enrol(actor, store, engine, "ada", clips["ada"][:2]).profile
    with pytest.raises(InvalidRequest, match="another person"):
        add_recordings(actor, store, engine, "ada", clips["dima"][:1])
    assert show_profile(actor, store, "ada") == made
    assert add_recordings(actor, store, engine, "ada", clips["dima"][:1], force=True).added == 1


def test_profiles_of_other_models_and_other_tenants(
    actor: Actor, stranger: Actor, store: Store, engine: Engine, other_engine: Engine, clips: Clips
) -> None:
    made = enrol(actor, store, engine, "ada", clips["ada"][:1]).profile
    with pytest.raises(ModelMismatch, match=r"spectrum@1.*other@1.*re-embed"):
        add_recordings(actor, store, other_engine, "ada", clips["ada"][1:2])
    for key in ("ada", made.id, "nobody"):
        with pytest.raises(ProfileNotFound):
            add_recordings(stranger, store, engine, key, clips["ada"][1:2])


def test_a_model_without_calibration_enrols_unjudged(
    actor: Actor, store: Store, models: Path, clips: Clips
) -> None:
    engine = Engine(model="uncalibrated", home=models)
    done = enrol(actor, store, engine, "mixed", [clips["ada"][0], clips["dima"][0]])
    assert done.consistency is None


@pytest.fixture
def embed() -> Callable[[float], Embedding]:
    """An embedding in the plane, at an angle in degrees."""
    quality = Quality(5.0, 6.0, 20.0, 0.0, 8_000.0, -20.0, False)

    def make(degrees: float) -> Embedding:
        vector = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], np.float32)
        return Embedding(vector, quality, "test@1")

    return make


def test_consistency_by_hand(engine: Engine, embed: Callable[[float], Embedding]) -> None:
    calibration = engine.entry.calibration
    assert isinstance(calibration, Calibration)
    calibration = replace(calibration, offset=(-10.0, 0, 0, 0), slope=(20.0, 0, 0, 0))
    assert compare([], [embed(0)], calibration) is None
    assert compare([embed(0)], [embed(0), embed(1)], None) is None
    assert compare([embed(0)], [embed(60)], calibration) == pytest.approx([0.0], abs=1e-5)
    llrs = compare([], [embed(0), embed(90), embed(0)], calibration)
    assert llrs == pytest.approx(
        [20 * np.cos(np.radians(45)) - 10, -10, 20 * np.cos(np.radians(45)) - 10], abs=1e-5
    )


def test_who_is_refused_and_who_is_doubted() -> None:
    names = ["Recording 1 of 2", "Recording 2 of 2"]
    good = Quality(9.0, 10.0, 30.0, 0.0, 7_900.0, -20.0, several_voices=False)
    poor = replace(good, speech_seconds=1.4, snr_db=3.0)
    refuse_another([CLEARLY_ANOTHER, 3.0], names, [good, good], known=True)
    with pytest.raises(VoiceDiffers, match="Recording 2 of 2 is of another person") as refused:
        refuse_another([3.0, CLEARLY_ANOTHER - 0.01], names, [good, poor], known=True)
    assert str(refused.value).count("noisy") == str(refused.value).count("only 1.4 s") == 1
    with pytest.raises(VoiceDiffers, match="two recordings"):
        refuse_another([-9.0, -9.0], names, [good, good], known=False)
    assert describe_doubt([0.1, -0.1], names) == (
        "Recording 2 of 2 sounds unlike the rest (48 % likely the same person): listen to it.",
    )
