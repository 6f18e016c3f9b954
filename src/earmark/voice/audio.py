"""A recording from anywhere, in any format, to a clip: float32 mono at 16 kHz, within limits."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from os import PathLike
from typing import Any, BinaryIO

import numpy as np
import soxr
from numpy.typing import NDArray

from earmark.errors import AudioEmpty, AudioTooLong, AudioUnreadable, AudioUnsupported, InvalidRequest
from earmark.voice.decode.arrays import from_array
from earmark.voice.decode.limits import Encoding, Floats, Limits, RawFormat, Sound
from earmark.voice.decode.opening import open_sound, open_source
from earmark.voice.decode.whole import too_long
from earmark.voice.features import SAMPLE_RATE

__all__ = ["AudioSource", "Encoding", "Limits", "RawFormat", "load_clip"]

AudioSource = str | PathLike[str] | bytes | bytearray | memoryview | BinaryIO | NDArray[Any]

HIGHEST_SAMPLE = 8.0  # 18 dB over full scale; beyond it a float is not sound in [-1, 1]
CANCELLED = 0.05  # of the loudest channel's energy: below it the mean of the channels is not their sum
DEFAULT_LIMITS = Limits()


def load_clip(
    source: AudioSource,
    *,
    raw: RawFormat | None = None,
    sample_rate: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Floats:
    """Decode a recording to a clip: float32 (samples,) in [-1, 1], mono, 16 kHz.

    `source` is a path, the bytes of a file, a binary stream (read from where it stands, seekable or not) or
    an array of shape (samples,) or (samples, channels); integers are scaled by their full scale. `raw` states
    the format of PCM without a header, `sample_rate` the rate of an array in Hz (16,000 when not given).
    Files are known by their content, never by their name. Channels are averaged; where that cancels them
    (one is inverted), the loudest is taken. Resampling is soxr's HQ.

    The limits hold while decoding, in blocks of 65,536 samples. Raises FileMissing for a path without a file,
    InvalidRequest for arguments that do not fit together, and the subclasses of AudioError for the rest.
    """
    if isinstance(source, np.ndarray):
        if raw is not None:
            raise InvalidRequest("an array has a type of its own: state its sample_rate, not a raw format")
        array, rate = source, SAMPLE_RATE if sample_rate is None else sample_rate
        return _to_clip(lambda: nullcontext(from_array(array, rate, limits)), limits)
    if sample_rate is not None:
        raise InvalidRequest(
            "sample_rate belongs to arrays: a file states its own, headerless PCM takes `raw`"
        )
    try:
        with open_source(source, limits) as file:
            return _to_clip(lambda: open_sound(file, raw, limits), limits)
    except OSError:
        raise AudioUnreadable("the recording cannot be read: check the disk and try again") from None


@dataclass(frozen=True)
class _Mixed:
    clip: Floats
    energy: float  # of the mix, before resampling
    channel_energy: NDArray[np.float64]  # (channels,)


def _to_clip(opens: Callable[[], AbstractContextManager[Sound]], limits: Limits) -> Floats:
    with opens() as sound:
        mixed = _mix(sound, limits, channel=None)
    loudest = int(np.argmax(mixed.channel_energy))
    if mixed.energy < CANCELLED * mixed.channel_energy[loudest]:
        # Decoding again costs time where it is rare; keeping all channels would cost memory always.
        with opens() as sound:
            mixed = _mix(sound, limits, channel=loudest)
    return mixed.clip


def _mix(sound: Sound, limits: Limits, *, channel: int | None) -> _Mixed:
    """Blocks of all channels to one clip: their mean, or one channel.

    Raises AudioTooLong as soon as the limit is passed, AudioUnsupported for values that are not sound, and
    AudioEmpty.
    """
    resampler = soxr.ResampleStream(sound.sample_rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
    pieces: list[Floats] = []
    samples, energy = 0, 0.0
    energies = np.zeros(sound.channels)
    weights = np.full(sound.channels, 1 / sound.channels, np.float32)
    if channel is not None:
        weights = np.eye(sound.channels, dtype=np.float32)[channel]
    for block in sound.blocks:
        samples += len(block)
        if samples > limits.seconds * sound.sample_rate:
            raise AudioTooLong(too_long(limits))
        _check_values(block)
        # Products with strided columns: NumPy's mean and einsum over a short axis are 30 times slower.
        mono = block @ weights
        energy += float(np.dot(mono, mono))
        energies += [float(np.dot(column, column)) for column in block.T]
        pieces.append(mono if sound.sample_rate == SAMPLE_RATE else resampler.resample_chunk(mono))
    if sound.sample_rate != SAMPLE_RATE:
        pieces.append(resampler.resample_chunk(np.empty(0, np.float32), last=True))
    clip = np.concatenate(pieces) if pieces else np.empty(0, np.float32)
    if not clip.size:
        raise AudioEmpty("the recording holds no sound at all (0 samples): record it again")
    return _Mixed(np.clip(clip, -1.0, 1.0, out=clip), energy, energies)


def _check_values(block: Floats) -> None:
    peak = float(max(block.max(), -block.min()))  # NaN comes through max and min
    if not np.isfinite(peak):
        raise AudioUnsupported("it holds values that are no numbers (NaN or infinite): export it again")
    if peak > HIGHEST_SAMPLE:
        raise AudioUnsupported(
            f"it holds values up to {peak:,.0f}: scale floats to [-1, 1] (divide 16 bit by 32768)"
        )
