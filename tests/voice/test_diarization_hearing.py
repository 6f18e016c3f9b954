"""Sound to the frames in which somebody may speak."""

import numpy as np
from voices import clip

from earmark.voice.diarization.hearing import near_speech
from earmark.voice.diarization.segmenter import FRAME_SECONDS
from earmark.voice.features import SAMPLE_RATE, Floats


def voice(speaker: str, number: int) -> Floats:
    samples: Floats = np.frombuffer(clip(speaker, number), "<i2").astype(np.float32)
    return samples / np.float32(32768)


def rumble(seconds: float) -> Floats:
    """Sound that is no speech, much quieter than it."""
    noise = np.random.default_rng(4).normal(0.0, 0.0005, round(seconds * SAMPLE_RATE))
    return noise.astype(np.float32)


def test_only_speech_and_half_a_second_around_it_may_be_speech() -> None:
    said = voice("ada", 1)
    near = near_speech(np.concatenate([rumble(6.0), said, rumble(6.0)]))
    seconds = (np.flatnonzero(near) + 0.5) * FRAME_SECONDS
    assert 5.0 < seconds.min() < 6.5
    assert said.size / SAMPLE_RATE + 5.5 < seconds.max() < said.size / SAMPLE_RATE + 7.0
    assert near[round(6.5 / FRAME_SECONDS) : round((5.5 + said.size / SAMPLE_RATE) / FRAME_SECONDS)].all()


def test_there_is_a_value_for_every_frame_that_has_begun() -> None:
    for samples in (1, 319, 320, 321, 512, 5_000):
        assert near_speech(np.zeros(samples, np.float32)).shape == (-(-samples // 320),)


def test_the_detector_does_not_go_deaf_in_minutes_of_noise() -> None:
    """It did: its state drifts away in noise, and speech after it was not heard."""
    noise = np.random.default_rng(5).normal(0.0, 0.02, 150 * SAMPLE_RATE).astype(np.float32)
    said = voice("ben", 1)
    track = noise.copy()
    track[-said.size - 4_000 : -4_000] += said
    near = near_speech(track)
    assert near[-(said.size + 4_000) // 320 : -30].mean() > 0.8
