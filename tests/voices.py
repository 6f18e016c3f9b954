"""A sample speaker's name and clip numbers -> the audio bytes that a client would send."""

import io
import wave
from functools import cache

import numpy as np

from earmark.voice.audio import load_clip
from earmark.voice.samples import sample_speakers, stranger_clips

RATE = 16_000


@cache
def clip(speaker: str, number: int) -> bytes:
    """One sample clip as 16 kHz mono PCM16 (little endian); clips are numbered from 1."""
    paths = stranger_clips() if speaker == "stranger" else sample_speakers()[speaker]
    samples = load_clip(paths[number - 1])
    return np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2").tobytes()


def pcm(speaker: str, *clips: int, seconds: float | None = None) -> bytes:
    """The clips joined, without a header; cut to `seconds` where given. All five of ada's have over 20 s."""
    joined = b"".join(clip(speaker, number) for number in clips or (1,))
    return joined if seconds is None else joined[: 2 * round(seconds * RATE)]


def wav(speaker: str, *clips: int, seconds: float | None = None) -> bytes:
    """The same as a WAV file: 16 kHz, mono, PCM16."""
    return as_wav(pcm(speaker, *clips, seconds=seconds))


def seconds(speaker: str, *clips: int) -> float:
    """How long the clips are, joined."""
    return len(pcm(speaker, *clips)) / 2 / RATE


def as_wav(samples: bytes, *, rate: int = RATE, channels: int = 1) -> bytes:
    """PCM16 bytes under a RIFF header that says `rate` and `channels`."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples)
    return file.getvalue()
