"""A recording of any length to overlapping stretches of its clip, decoded as they are asked for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from earmark.errors import AudioEmpty
from earmark.voice.audio import NOTHING, AudioSource, Energy, Opens, RawFormat, mono_blocks, open_again
from earmark.voice.decode.limits import Limits
from earmark.voice.features import SAMPLE_RATE, Floats

# A path is read in place and decoded piece by piece, so that length costs time and little memory.
LONG = Limits(bytes_in=4 << 30, seconds=24 * 3600.0)

Progress = Callable[[float], None]  # told the seconds that were heard


@dataclass(frozen=True, eq=False)
class Stretch:
    """A part of a recording."""

    start: int  # its first sample, counted from the recording's start
    clip: Floats  # (samples,) at 16 kHz; the next stretch is written over it
    last: bool


@contextmanager
def open_stretches(
    source: AudioSource,
    *,
    seconds: int,
    overlap: int,
    raw: RawFormat | None = None,
    sample_rate: int | None = None,
    limits: Limits = LONG,
) -> Iterator[Iterator[Stretch]]:
    """A recording as stretches of `seconds` + `overlap`; the next begins `seconds` after the one before.

    The samples are those of `load_clip`, and no more than one stretch is held. The last one is as short as
    it comes, and longer than `overlap` unless it is the only one. Raises what `load_clip` raises, also while
    the stretches are walked through.
    """
    with open_again(source, raw=raw, sample_rate=sample_rate, limits=limits) as opens:
        channel = _channel(opens, limits)
        with opens() as sound:
            blocks = mono_blocks(sound, limits, channel=channel)
            yield _stretches(blocks, seconds * SAMPLE_RATE, overlap * SAMPLE_RATE)


def _channel(opens: Opens, limits: Limits) -> int | None:
    """The loudest channel where the mean would cancel the channels, which takes decoding all of it once."""
    with opens() as sound:
        if sound.channels == 1:
            return None
        energy = Energy(0.0, np.zeros(sound.channels))
        for _ in mono_blocks(sound, limits, energy=energy):
            pass
    return int(np.argmax(energy.channels)) if energy.cancelled else None


def _stretches(blocks: Iterator[Floats], step: int, overlap: int) -> Iterator[Stretch]:
    held = np.empty(step + overlap, np.float32)
    size = start = 0
    for block in blocks:
        while block.size:
            if size == held.size:  # more has come, so this one is not the last
                yield Stretch(start, held, last=False)
                held[:overlap] = held[step:]
                size, start = overlap, start + step
            taken = block[: held.size - size]
            held[size : size + taken.size] = taken
            size, block = size + taken.size, block[taken.size :]
    if not size:
        raise AudioEmpty(NOTHING)
    yield Stretch(start, held[:size], last=True)
