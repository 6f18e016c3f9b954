"""Clip to the clip of a condition: cut to a length, then heard in noise, in a room or through a codec.

Everything is drawn from fixed seeds. Noise is from the recordings that training never sees. Rooms are not
recordings at all (training uses every one there is): they are exponentially decaying noise.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earmark.evaluation.corpus import noise_rows, read_clips
from earmark.evaluation.degrade import CODECS, add_noise, in_room, through_codec
from earmark.voice.features import SAMPLE_RATE, Floats

SHORT = {"full": 10.0, "4 s": 4.0, "2 s": 2.0, "1 s": 1.0}  # seconds at most, of one recording
LENGTHS = SHORT | {"30 s": 30.0}  # of several joined
CHANNELS = ("clean", "noise 15 dB", "noise 5 dB", "room", "G.711", "Opus 6-9 kbit/s")
G711 = ("g711-mu", "g711-a")
OPUS = ("opus-6k", "opus-9k", "opus-8k-narrow")


@dataclass(frozen=True, eq=False)
class Scenery:
    """What clips are degraded with."""

    noises: list[Floats]


def read_scenery(root: Path) -> Scenery:
    """Held-out noise recordings of the speech folder."""
    return Scenery([clip for _, clip in read_clips(root, noise_rows(root, held_out=True))])


def cut(clip: Floats, seconds: float, seed: tuple[int, ...]) -> Floats:
    """At most `seconds` of a clip: the loudest of five random cuts, so that it is not a pause."""
    wanted = int(seconds * SAMPLE_RATE)
    if clip.size <= wanted:
        return clip
    starts = np.random.default_rng(seed).integers(0, clip.size - wanted + 1, 5)
    energy = np.concatenate([[0.0], np.cumsum(clip.astype(np.float64) ** 2)])
    start = max(starts, key=lambda place: float(energy[place + wanted] - energy[place]))
    return clip[int(start) : int(start) + wanted]


def made_room(draw: np.random.Generator) -> Floats:
    """A room of 0.3 to 0.9 s reverberation time: direct sound, then noise that decays and dulls.

    The reverberation is from 3 dB below the direct sound to 6 dB above it, as at one to three metres.
    """
    decay = draw.uniform(0.3, 0.9)
    times = np.arange(int(decay * SAMPLE_RATE)) / SAMPLE_RATE
    tail = draw.standard_normal(times.size) * np.exp(-np.log(1_000.0) * times / decay)
    dull = draw.standard_normal(times.size) * np.exp(-np.log(1_000.0) * times / (0.5 * decay))
    tail = 0.5 * (tail + np.concatenate([[0.0], tail[:-1]])) + 0.5 * dull
    tail[: int(draw.uniform(0.002, 0.008) * SAMPLE_RATE)] = 0.0
    tail *= 10 ** (draw.uniform(-3.0, 6.0) / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return np.asarray(tail / np.sqrt(np.sum(tail**2)), np.float32)


def noise_bed(scenery: Scenery, samples: int, draw: np.random.Generator) -> Floats:
    """A stretch of one noise recording that is not silent, repeated when it is too short."""
    while True:
        noise = scenery.noises[draw.integers(len(scenery.noises))]
        noise = np.tile(noise, -(-samples // noise.size))
        start = int(draw.integers(0, noise.size - samples + 1))
        bed = noise[start : start + samples]
        if np.sqrt(np.mean(bed**2)) > 1e-4:
            return bed


def degrade(clip: Floats, channel: str, scenery: Scenery, seed: tuple[int, ...]) -> Floats:
    """The clip as it arrives over one of `CHANNELS`."""
    draw = np.random.default_rng(seed)
    if channel == "clean":
        return clip
    if channel.startswith("noise"):
        return add_noise(clip, noise_bed(scenery, clip.size, draw), float(channel.split()[1]))
    if channel == "room":
        return in_room(clip, made_room(draw))
    if channel == "G.711":
        return through_codec(clip, CODECS[G711[draw.integers(len(G711))]])
    if channel == "Opus 6-9 kbit/s":
        return through_codec(clip, CODECS[OPUS[draw.integers(len(OPUS))]])
    raise ValueError(f"no channel is called {channel!r}: use one of {CHANNELS}")
