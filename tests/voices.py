"""A speaker's name and clip numbers -> the audio bytes that a client would send.

The sample speakers say sentences of their own. Those of `synthesis.py` say a passphrase, `mary` the
`PASSPHRASE` and `mary other` another one; the number of a clip is the time that they say it.
"""

import io
import wave
from functools import cache

import numpy as np
from synthesis import SPEAKERS, said_pcm

from earmark.voice.audio import load_clip
from earmark.voice.samples import sample_speakers, stranger_clips

RATE = 16_000
PASSPHRASE = "my voice is my passport verify me"
OTHER_PHRASE = "apple juice tastes funny after toothpaste"


@cache
def clip(speaker: str, number: int) -> bytes:
    """One sample clip as 16 kHz mono PCM16 (little endian); clips are numbered from 1."""
    name, _, other = speaker.partition(" ")
    if name in SPEAKERS:
        return said_pcm(OTHER_PHRASE if other else PASSPHRASE, name, number)
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
