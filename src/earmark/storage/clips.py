"""Enrolment clip to FLAC and back: 16 kHz mono, 16 bits, lossless from there on. Never through a file."""

import io

import numpy as np
import soundfile

from earmark.voice.features import SAMPLE_RATE, Floats

FULL_SCALE = 32_768


def encode_clip(clip: Floats) -> bytes:
    """Return the clip, (samples,) in [-1, 1], as FLAC; rounded to 16 bits."""
    samples = np.clip(np.rint(np.asarray(clip) * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    file = io.BytesIO()
    soundfile.write(file, samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def decode_clip(flac: bytes) -> Floats:
    """Return the clip, (samples,) float32.

    Raises ValueError when `flac` is not what `encode_clip` makes. FLAC of silence expands without
    end, so the caller bounds what it takes from outside by `clip_samples` first.
    """
    try:
        with soundfile.SoundFile(io.BytesIO(flac)) as file:
            _check(file)
            return np.ascontiguousarray(file.read(dtype="float32"))
    except soundfile.LibsndfileError as error:
        raise ValueError("not a FLAC clip") from error


def clip_samples(flac: bytes) -> int:
    """Return the number of samples that the FLAC's header states; ValueError as `decode_clip`."""
    try:
        with soundfile.SoundFile(io.BytesIO(flac)) as file:
            _check(file)
            return int(file.frames)
    except soundfile.LibsndfileError as error:
        raise ValueError("not a FLAC clip") from error


def _check(file: soundfile.SoundFile) -> None:
    form = (file.format, file.subtype, file.samplerate, file.channels)
    if form != ("FLAC", "PCM_16", SAMPLE_RATE, 1):
        raise ValueError("not a FLAC clip of 16 kHz, mono, 16 bits")
