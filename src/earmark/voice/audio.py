"""A recording from anywhere, in any format, to a clip: float32 mono at 16 kHz, within limits."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
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

Opens = Callable[[], AbstractContextManager[Sound]]

HIGHEST_SAMPLE = 8.0  # 18 dB over full scale; beyond it a float is not sound in [-1, 1]
CANCELLED = 0.05  # of the loudest channel's energy: below it the mean of the channels is not their sum
NOTHING = "the recording holds no sound at all (0 samples): record it again"
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
    with open_again(source, raw=raw, sample_rate=sample_rate, limits=limits) as opens:
        return _to_clip(opens, limits)


@contextmanager
def open_again(
    source: AudioSource, *, raw: RawFormat | None, sample_rate: int | None, limits: Limits
) -> Iterator[Opens]:
    """A recording as what opens it, from its start, as often as it is called. Raises as `load_clip`."""
    if isinstance(source, np.ndarray):
        if raw is not None:
            raise InvalidRequest("an array has a type of its own: state its sample_rate, not a raw format")
        array, rate = source, SAMPLE_RATE if sample_rate is None else sample_rate
        yield lambda: nullcontext(from_array(array, rate, limits))
        return
    if sample_rate is not None:
        raise InvalidRequest(
            "sample_rate belongs to arrays: a file states its own, headerless PCM takes `raw`"
        )
    try:
        with open_source(source, limits) as file:
            yield lambda: open_sound(file, raw, limits)
    except OSError:
        raise AudioUnreadable("the recording cannot be read: check the disk and try again") from None


@dataclass
class Energy:
    """What is summed up of a recording while it is decoded, before resampling."""

    mix: float
    channels: NDArray[np.float64]  # (channels,)

    @property
    def cancelled(self) -> bool:
        """Whether the mean of the channels is not their sum, since one is inverted."""
        return self.mix < CANCELLED * float(self.channels.max())


def _to_clip(opens: Opens, limits: Limits) -> Floats:
    with opens() as sound:
        energy = Energy(0.0, np.zeros(sound.channels))
        clip = _join(mono_blocks(sound, limits, energy=energy))
    if energy.cancelled:
        # Decoding again costs time where it is rare; keeping all channels would cost memory always.
        with opens() as sound:
            clip = _join(mono_blocks(sound, limits, channel=int(np.argmax(energy.channels))))
    return clip


def mono_blocks(
    sound: Sound, limits: Limits, *, channel: int | None = None, energy: Energy | None = None
) -> Iterator[Floats]:
    """Blocks of all channels to blocks of the clip (samples,): their mean, or one channel, at 16 kHz.

    What passes is added to `energy`. Raises AudioTooLong as soon as the limit is passed, AudioUnsupported
    for values that are not sound.
    """
    resampler = soxr.ResampleStream(sound.sample_rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
    samples, as_it_is = 0, sound.sample_rate == SAMPLE_RATE
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
        if energy is not None:
            energy.mix += float(np.dot(mono, mono))
            energy.channels += [float(np.dot(column, column)) for column in block.T]
        yield _within(mono if as_it_is else resampler.resample_chunk(mono))
    if not as_it_is:
        yield _within(resampler.resample_chunk(np.empty(0, np.float32), last=True))


def _join(blocks: Iterator[Floats]) -> Floats:
    pieces = list(blocks)
    clip = np.concatenate(pieces) if pieces else np.empty(0, np.float32)
    if not clip.size:
        raise AudioEmpty(NOTHING)
    return clip


def _within(block: Floats) -> Floats:
    return np.clip(block, -1.0, 1.0, out=block)


def _check_values(block: Floats) -> None:
    peak = float(max(block.max(), -block.min()))  # NaN comes through max and min
    if not np.isfinite(peak):
        raise AudioUnsupported("it holds values that are no numbers (NaN or infinite): export it again")
    if peak > HIGHEST_SAMPLE:
        raise AudioUnsupported(
            f"it holds values up to {peak:,.0f}: scale floats to [-1, 1] (divide 16 bit by 32768)"
        )
