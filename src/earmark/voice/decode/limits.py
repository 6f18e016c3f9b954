"""What a recording may be: its bounds, the format of headerless PCM, and the blocks that readers yield."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from earmark.errors import AudioUnsupported, InvalidRequest

Floats = NDArray[np.float32]
Encoding = Literal["s16le", "s24le", "s32le", "u8", "f32le", "alaw", "mulaw"]

MIN_RATE, MAX_RATE = 8_000, 192_000  # Hz
MAX_CHANNELS = 64
BLOCK_SAMPLES = 1 << 16  # decoded samples over all channels that are held at a time


@dataclass(frozen=True)
class Limits:
    """Bounds that hold while decoding. Decoded samples are bounded by seconds x rate x channels."""

    bytes_in: int = 64 << 20  # of the encoded recording
    seconds: float = 600.0  # of decoded sound

    def __post_init__(self) -> None:
        """Refuse bounds that bound nothing."""
        if not (self.bytes_in > 0 and 0 < self.seconds < math.inf):
            raise InvalidRequest("limits must be above 0 and finite: give bytes_in and seconds as such")


@dataclass(frozen=True)
class RawFormat:
    """The format of PCM without a header, which nothing but its sender can know."""

    encoding: Encoding
    sample_rate: int  # Hz
    channels: int = 1

    def __post_init__(self) -> None:
        """Raise InvalidRequest for a format that cannot be."""
        if self.encoding not in get_args(Encoding):
            raise InvalidRequest(f"unknown raw encoding: use one of {', '.join(get_args(Encoding))}")
        try:
            check_shape(self.sample_rate, self.channels)
        except AudioUnsupported as error:
            raise InvalidRequest(f"the stated raw format cannot be: {error}") from None


@dataclass(frozen=True)
class Sound:
    """A recording that is being decoded: its rate in Hz, its channels, and float32 blocks (n, channels)."""

    sample_rate: float
    channels: int
    blocks: Iterator[Floats]


def check_shape(sample_rate: float, channels: int) -> None:
    """Raise AudioUnsupported for a rate or channel count out of bounds.

    It runs before a resampler or a buffer is made: a rate of 1 Hz costs gigabytes after it.
    """
    if not MIN_RATE <= sample_rate <= MAX_RATE:
        raise AudioUnsupported(
            f"a sample rate of {sample_rate:,.0f} Hz: use {MIN_RATE:,} to {MAX_RATE:,} Hz (16,000 is enough)"
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise AudioUnsupported(f"{channels:,} channels: use 1 to {MAX_CHANNELS} (1 is enough)")
