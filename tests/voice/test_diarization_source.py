"""Stretches of a recording: the samples of `load_clip`, in pieces that overlap as they should."""

import io
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from earmark.errors import AudioEmpty, AudioTooLong, AudioTruncated
from earmark.voice.audio import AudioSource, load_clip
from earmark.voice.decode.limits import Limits
from earmark.voice.diarization.source import Stretch, open_stretches
from earmark.voice.features import SAMPLE_RATE, Floats


def tone(seconds: float, rate: int = SAMPLE_RATE, hertz: float = 300.0) -> Floats:
    times = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def wav(samples: Floats, rate: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


def stretches(source: AudioSource, *, seconds: int = 4, overlap: int = 1) -> list[Stretch]:
    with open_stretches(source, seconds=seconds, overlap=overlap) as parts:
        return [replace(part, clip=part.clip.copy()) for part in parts]


def joined(parts: list[Stretch], seconds: int = 4) -> Floats:
    kept = [part.clip if part.last else part.clip[: seconds * SAMPLE_RATE] for part in parts]
    return np.concatenate(kept)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_together_they_are_the_clip_to_the_bit(rate: int) -> None:
    data = wav(tone(12.8, rate), rate)
    parts = stretches(data)
    assert [part.start for part in parts] == [0, 4 * SAMPLE_RATE, 8 * SAMPLE_RATE]
    assert [part.last for part in parts] == [False, False, True]
    assert all(part.clip.size == 5 * SAMPLE_RATE for part in parts[:-1])
    assert np.array_equal(joined(parts), load_clip(data))


@pytest.mark.parametrize("seconds", [0.5, 4.0, 5.0, 5.01, 9.0, 9.5])
def test_the_last_is_longer_than_the_overlap_or_the_only_one(seconds: float) -> None:
    parts = stretches(tone(seconds))
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]
    assert len(parts) == 1 or parts[-1].clip.size > SAMPLE_RATE
    assert np.array_equal(joined(parts), tone(seconds))


def test_channels_that_cancel_each_other_are_heard() -> None:
    left = tone(6.0)
    data = wav(np.stack([left, -left], axis=1), SAMPLE_RATE)
    parts = stretches(data)
    assert np.abs(joined(parts)).max() > 0.25
    assert np.array_equal(joined(parts), load_clip(data))


def test_a_recording_that_cannot_be_used_is_refused_as_everywhere() -> None:
    with pytest.raises(AudioEmpty):
        stretches(np.zeros(0, np.float32))
    with pytest.raises(AudioEmpty):
        stretches(wav(np.zeros(0, np.float32), SAMPLE_RATE))
    with pytest.raises(AudioTruncated):
        stretches(wav(tone(3.0), SAMPLE_RATE)[:-1000])
    short = Limits(seconds=2.0)
    with (
        pytest.raises(AudioTooLong),
        open_stretches(wav(tone(3.0), SAMPLE_RATE), seconds=4, overlap=1, limits=short) as parts,
    ):
        list(parts)
