"""The shipped segmentation network on the sample voices, and what its catalogue entry says of it."""

import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from earmark.errors import ModelInvalid, ModelNotFound
from earmark.evaluation.segments import decide
from earmark.voice.audio import load_clip
from earmark.voice.diarization.segmenter import (
    CLASSES,
    FRAME_SAMPLES,
    FRAME_SECONDS,
    LOCAL_SPEAKERS,
    WINDOW_SECONDS,
    Segmenter,
    features_of,
    marginals,
)
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.models.catalog import (
    find_segmentation,
    load_catalog,
    load_weights,
    shipped_catalog,
    write_entry,
)
from earmark.voice.samples import sample_speakers
from earmark.voice.vad import find_speech

WINDOW = round(WINDOW_SECONDS * SAMPLE_RATE)


@cache
def segmenter() -> Segmenter:
    return Segmenter()


@cache
def speech(name: str, number: int) -> Floats:
    """The speech of a sample clip, without what is before and after it."""
    clip = load_clip(sample_speakers()[name][number])
    found = find_speech(clip)
    return clip[found[0].start : found[-1].end]


def names() -> list[str]:
    return list(sample_speakers())


def test_frames_are_20_ms_and_the_last_may_reach_past_the_end() -> None:
    assert round(FRAME_SECONDS * SAMPLE_RATE) == FRAME_SAMPLES
    for samples, frames in ((0, 0), (1, 1), (319, 1), (320, 1), (321, 2), (16_000, 50), (WINDOW, 500)):
        activity = segmenter().activity(noise(samples))
        assert activity.shape == (frames, LOCAL_SPEAKERS)
        assert activity.dtype == np.float32
        assert ((activity >= 0) & (activity <= 1 + 1e-5)).all()


def noise(samples: int) -> Floats:
    return (0.01 * np.random.default_rng(1).standard_normal(samples)).astype(np.float32)


def test_features_lie_in_the_middle_of_their_stretch() -> None:
    click = np.zeros(SAMPLE_RATE, np.float32)
    click[8_000] = 1.0  # the border of two 10 ms stretches: both hear it alike
    loud = features_of(click).max(axis=1)
    assert loud.shape == (104,)  # thirteen steps of 80 ms
    assert set(np.argsort(loud)[-2:].tolist()) == {49, 50}


def test_marginals_add_the_classes_in_which_a_speaker_is() -> None:
    assert CLASSES[4:] == ((0, 1), (0, 2), (1, 2))
    chances = np.asarray([[0.1, 0.2, 0.0, 0.0, 0.3, 0.4, 0.0], [1.0, 0, 0, 0, 0, 0, 0]], np.float32)
    np.testing.assert_allclose(marginals(chances), np.asarray([[0.9, 0.3, 0.4], [0.0, 0.0, 0.0]]), atol=1e-6)


@pytest.mark.parametrize("samples", [np.zeros(WINDOW, np.float32), noise(WINDOW)], ids=["silence", "noise"])
def test_nobody_speaks_in_silence(samples: Floats) -> None:
    assert (segmenter().activity(samples) < 0.5).mean() > 0.98


def test_one_voice_is_one_local_speaker() -> None:
    second = []
    for name in names():
        clip = np.concatenate([speech(name, 0), speech(name, 1)])[:WINDOW]
        active = decide(segmenter().activity(clip))
        assert active.any(axis=1).mean() > 0.85
        second.append(np.sort(active.mean(axis=0))[-2])
    assert max(second) < 0.35
    assert np.mean(second) < 0.1


def test_two_voices_in_turn_are_two_local_speakers() -> None:
    """Over all pairs of the sample voices, the second is mostly another local speaker than the first."""
    right = []
    for first in names():
        for second in names():
            if first == second:
                continue
            one, two = speech(first, 0)[: 4 * SAMPLE_RATE], speech(second, 1)[: 4 * SAMPLE_RATE]
            activity = segmenter().activity(np.concatenate([one, two]))
            border = one.size // FRAME_SAMPLES
            early, late = activity[:border].mean(axis=0), activity[border:].mean(axis=0)
            right.append(early.argmax() != late.argmax())
    assert np.mean(right) > 0.8


def test_two_voices_at_once_are_two_speakers() -> None:
    def overlapped(clip: Floats) -> float:
        return float((decide(segmenter().activity(clip)).sum(axis=1) > 1).mean())

    people = names()
    alone, both = [], []
    for first, other in zip(people, people[1:] + people[:1], strict=True):
        one, two = speech(first, 0), speech(other, 1)
        size = min(one.size, two.size, 4 * SAMPLE_RATE)
        level = one[:size].std() / two[:size].std()
        alone.append(overlapped(one[:size]))
        both.append(overlapped(np.float32(0.5) * (one[:size] + np.float32(level) * two[:size])))
    assert np.mean(alone) < 0.05
    assert np.mean(both) > 0.3


def test_the_level_of_a_recording_does_not_matter() -> None:
    clip = speech(names()[0], 0)
    np.testing.assert_allclose(segmenter().activity(0.05 * clip), segmenter().activity(clip), atol=0.02)


def test_many_threads_get_the_same_bits() -> None:
    clip = speech(names()[1], 0)
    wanted = segmenter().activity(clip)
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(segmenter().activity, [clip] * 8):
            np.testing.assert_array_equal(got, wanted)


def test_the_shipped_network_is_catalogued_apart_from_the_speaker_models() -> None:
    entry = find_segmentation()
    assert entry.id == "segmentation-1@1.0"
    assert len(load_weights(entry)) < 6_000_000
    assert entry.name not in load_catalog()


def test_writing_a_speaker_model_keeps_the_segmentation_entry(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.toml"
    catalog.write_text(shipped_catalog().read_text())
    before = tomllib.loads(catalog.read_text())
    model = next(iter(load_catalog().values()))
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / model.file.name).write_bytes(b"")
    assert model.scoring is not None
    scoring = replace(model.scoring, file=tmp_path / "weights" / model.scoring.file.name)
    write_entry(catalog, replace(model, file=tmp_path / "weights" / model.file.name, scoring=scoring))
    assert tomllib.loads(catalog.read_text()) == before


def test_another_or_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound):
        Segmenter(file=tmp_path / "gone.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelInvalid):
        Segmenter(file=tmp_path / "bad.onnx")
