"""Training voices to shards of simulated 10 s windows: 8-bit features, powerset labels, speaker targets.

A writer process fills a ring of shards beside the training, which passes over each window a few times
with other responses and lengths. Reads what `training.pool` and `training.teacher` keep in the work folder.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from earmark.evaluation.conversations import Clip, Conversation, make_conversation
from earmark.evaluation.corpus import noise_rows, read_clips
from earmark.evaluation.degrade import CODECS, change_speed, read_rooms, through_codec
from earmark.training.batches import _response
from earmark.training.pool import LOWEST, STEP, Waves, frame_offsets, quantise
from earmark.training.targets import class_names, load_targets
from earmark.voice.diarization.segmenter import (
    CLASSES,
    FRAME_SAMPLES,
    LOCAL_SPEAKERS,
    WINDOW_SECONDS,
    features_of,
)
from earmark.voice.diarization.turns import Turn
from earmark.voice.features import FRAME, HOP, SAMPLE_RATE, Floats
from earmark.voice.models.families.earmark import normalise
from earmark.voice.vad import Segment

WINDOW = round(WINDOW_SECONDS * SAMPLE_RATE)
FRAMES = WINDOW // FRAME_SAMPLES
SHARD = 192  # windows
RING = 160  # shards
# Shards written without a rest, and the rest after each further one as a share of its time.
AHEAD, REST = 6, 0.8
BEFORE = 1.0  # seconds of a conversation before its first window
WINDOWS = 3  # cut from one conversation
SPEEDS = {1.0: 0.5, 0.9: 0.15, 1.1: 0.15, 0.82: 0.1, 1.21: 0.1}
SHARES = {  # of conversations; the other sets give words rather than sentences
    "speechocean762": 0.42,
    "librispeech_100": 0.24,
    "picovoice_unlabelled": 0.12,
    "speech_commands": 0.14,
    "dspspeech20": 0.05,
    "arabic_digits": 0.03,
}
VOICES = {1: 0.12, 2: 0.36, 3: 0.32, 4: 0.2}  # in a conversation; a window hears fewer of them
SILENT = 0.1  # share of windows without any voice
PERMUTATIONS = tuple(permutations(range(LOCAL_SPEAKERS)))


@dataclass(frozen=True, eq=False)
class Shard:
    """Windows of one length."""

    features: NDArray[np.uint8]  # (N, 1000, 80), natural-log mel energies in steps of STEP
    labels: NDArray[np.uint8]  # (N, 500), place in CLASSES
    targets: NDArray[np.float16]  # (N, 3, 256), what the speaker encoder says of each local speaker, or zeros


def swaps() -> NDArray[np.int64]:
    """For each permutation of the local speakers, the class that each class becomes: (6, 7)."""
    place = {members: number for number, members in enumerate(CLASSES)}
    return np.asarray(
        [
            [place[tuple(sorted(order[who] for who in members))] for members in CLASSES]
            for order in PERMUTATIONS
        ],
        np.int64,
    )


def label(turns: tuple[Turn, ...], start: float, frames: int) -> tuple[NDArray[np.uint8], list[int]]:
    """Powerset class of each 20 ms frame (frames,) from `start` seconds on, and the voices of its speakers.

    The most talkative three are kept, and of three at once the two that talk most in the window.
    """
    centres = start + (np.arange(frames) + 0.5) * FRAME_SAMPLES / SAMPLE_RATE
    speaks: dict[int, NDArray[np.bool_]] = {}
    for turn in turns:
        inside = (centres >= turn.start) & (centres < turn.end)
        if inside.any():
            voice = int(turn.speaker)
            speaks[voice] = speaks.get(voice, np.zeros(frames, bool)) | inside
    kept = sorted(speaks, key=lambda voice: -int(speaks[voice].sum()))[:LOCAL_SPEAKERS]
    active = np.zeros((frames, LOCAL_SPEAKERS), bool)
    for place, voice in enumerate(kept):
        active[:, place] = speaks[voice]
    active[active.sum(axis=1) > 2, 2] = False
    number = {members: place for place, members in enumerate(CLASSES)}
    classes = [number[tuple(np.flatnonzero(row))] for row in active]
    return np.asarray(classes, np.uint8), kept


class Studio:
    """The training voices, rooms and noises, and conversations made of them."""

    def __init__(self, root: Path, work: Path) -> None:
        self.waves = Waves(work)
        rows = self.waves.rows
        self.mask = np.load(work / "speech.npy")
        self.offsets = frame_offsets(rows, 1.0)
        self.targets = load_targets(work, rows, list(SPEEDS))
        people: dict[str, list[int]] = {}
        for position, name in enumerate(class_names(rows)):
            people.setdefault(name, []).append(position)
        self.people = {
            dataset: [clips for name, clips in people.items() if name.startswith(f"{dataset}/")]
            for dataset in SHARES
        }
        self.rooms = read_rooms(root / "rir")
        self.noises = [clip for _, clip in read_clips(root, noise_rows(root, held_out=False))]

    def clip(self, position: int, speed: float) -> Clip:
        """One training clip at a speed, with its speech."""
        samples = self.waves.clip(position)
        mask = self.mask[self.offsets[position] : self.offsets[position + 1]]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
        if speed != 1.0:
            samples = change_speed(samples, speed)
        spans = [
            Segment(int(first * HOP / speed), min(samples.size, int(((last - 1) * HOP + FRAME) / speed)))
            for first, last in edges.reshape(-1, 2).tolist()
        ]
        return Clip(samples, tuple(spans))

    def voice(self, draw: np.random.Generator, dataset: str) -> tuple[list[Clip], Floats]:
        """Clips of one person of a set at one speed, and the speaker target (256,)."""
        people = self.people[dataset]
        clips = people[int(draw.integers(len(people)))]
        speed = float(draw.choice(list(SPEEDS), p=list(SPEEDS.values())))
        most = 5 if dataset in ("speechocean762", "librispeech_100") else 10
        taken = [int(place) for place in draw.permutation(clips)[:most]]
        target = self.targets[speed][taken].mean(axis=0)
        return [self.clip(place, speed) for place in taken], target

    def bed(self, draw: np.random.Generator, samples: int) -> Floats:
        """A recorded noise over a floor of some colour, of RMS one."""
        colour = np.linspace(0, 1, samples // 2 + 1, dtype=np.float32) + 1e-3
        white = np.fft.rfft(draw.standard_normal(samples, np.float32))
        floor = np.fft.irfft(white * colour ** np.float32(-draw.uniform(0, 1)), samples).astype(np.float32)
        swell = np.interp(
            np.arange(samples), np.linspace(0, samples, 16), draw.normal(0, draw.uniform(0, 3), 16)
        )
        floor *= np.float32(10) ** (swell.astype(np.float32) / 20)
        floor /= np.sqrt(np.mean(floor**2))
        if draw.random() < 0.25:
            return floor
        noise = self.noises[int(draw.integers(len(self.noises)))]
        noise = np.resize(np.roll(noise, int(draw.integers(noise.size))), samples)
        share = np.float32(10 ** (-draw.uniform(0, 25) / 20))
        mixed = noise / (np.sqrt(np.mean(noise**2)) + 1e-6) + share * floor
        return np.asarray(mixed / np.sqrt(np.mean(mixed**2)), np.float32)

    def conversation(self, draw: np.random.Generator) -> tuple[Conversation, list[Floats]]:
        """A conversation a little longer than its windows, and the target of each voice."""
        datasets, shares = list(SHARES), list(SHARES.values())
        first = str(draw.choice(datasets, p=shares))
        count = int(draw.choice(list(VOICES), p=list(VOICES.values())))
        mixed = draw.random() < 0.25
        voices = [
            self.voice(draw, str(draw.choice(datasets, p=shares)) if mixed else first) for _ in range(count)
        ]
        seconds = BEFORE + WINDOWS * WINDOW_SECONDS + 0.5
        loud = draw.random() < 0.6
        made = make_conversation(
            draw,
            [clips for clips, _ in voices],
            seconds=seconds,
            overlap=0.0 if draw.random() < 0.2 else draw.uniform(0.02, 0.4),
            noise=self.bed(draw, round(WINDOW_SECONDS * SAMPLE_RATE)),
            snr_db=draw.uniform(3, 22) if loud else draw.uniform(22, 45),
            rooms=self.rooms if draw.random() < 0.6 else None,
            pause=draw.uniform(0.15, 1.2) if draw.random() < 0.65 else draw.uniform(1.2, 6),
            spread_db=draw.uniform(0, 7),
        )
        samples = channel(draw, self.with_events(draw, made.samples))
        return Conversation(samples, made.turns), [target for _, target in voices]

    def with_events(self, draw: np.random.Generator, samples: Floats) -> Floats:
        """In most cases, short sounds that are not speech: knocks, keys, breath."""
        if draw.random() < 0.4:
            return samples
        level = np.sqrt(np.mean(samples**2)) + 1e-6
        samples = samples.copy()
        for _ in range(draw.poisson(draw.uniform(0, 0.8) * samples.size / SAMPLE_RATE)):
            piece = breath(draw) if draw.random() < 0.6 else self.knock(draw)
            gain = level * 10 ** (draw.uniform(-30, 6) / 20) / (np.sqrt(np.mean(piece**2)) + 1e-5)
            place = int(draw.integers(samples.size - piece.size))
            samples[place : place + piece.size] += np.float32(gain) * piece
        return samples

    def knock(self, draw: np.random.Generator) -> Floats:
        """A short piece of some noise."""
        noise = self.noises[int(draw.integers(len(self.noises)))]
        length = min(noise.size, int(np.exp(draw.uniform(np.log(0.03), np.log(1.5))) * SAMPLE_RATE))
        start = int(draw.integers(noise.size - length + 1))
        edges = np.hanning(length).astype(np.float32) ** np.float32(0.2)
        return np.asarray(noise[start : start + length] * edges, np.float32)

    def windows(
        self, draw: np.random.Generator
    ) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8], Floats]]:
        """Windows of one conversation: features (1000, 80), labels (500,), targets (3, 256)."""
        made, voices = self.conversation(draw)
        for number in range(WINDOWS):
            targets = np.zeros((LOCAL_SPEAKERS, 256), np.float32)
            start = BEFORE + number * WINDOW_SECONDS
            first = round(start * SAMPLE_RATE)
            if draw.random() < SILENT:
                sound = channel(draw, self.with_events(draw, 0.02 * self.bed(draw, WINDOW)))
                yield quantise(features_of(sound)), np.zeros(FRAMES, np.uint8), targets
                continue
            labels, kept = label(made.turns, start, FRAMES)
            for place, voice in enumerate(kept):
                targets[place] = voices[voice]
            yield quantise(features_of(made.samples[first : first + WINDOW])), labels, targets


def breath(draw: np.random.Generator) -> Floats:
    """A swell of noise around some pitch, as breath and wind make it in a microphone near the mouth."""
    length = int(draw.uniform(0.15, 1.6) * SAMPLE_RATE)
    hertz = np.fft.rfftfreq(length, 1 / SAMPLE_RATE)
    middle = np.exp(draw.uniform(np.log(40), np.log(4_000)))
    shape = 1 / (1 + ((hertz - middle) / (middle * draw.uniform(0.3, 1.5))) ** 2)
    sound = np.fft.irfft(np.fft.rfft(draw.standard_normal(length)) * shape, length) * np.hanning(length)
    return np.asarray(sound, np.float32)


def channel(draw: np.random.Generator, samples: Floats) -> Floats:
    """Sometimes a telephone's band, sometimes a codec."""
    kind = draw.random()
    if kind < 0.15:
        narrow = soxr.resample(samples, SAMPLE_RATE, 8_000)
        coded = np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log(256)
        coded = np.round(coded * 127) / 127
        narrow = np.sign(coded) * np.expm1(np.abs(coded) * np.log(256)) / 255
        wide = soxr.resample(narrow, 8_000, SAMPLE_RATE).astype(np.float32)
        return np.asarray(np.resize(wide, samples.size), np.float32)
    if kind < 0.25:
        return through_codec(samples, list(CODECS.values())[int(draw.integers(len(CODECS)))])
    return samples


def write_shards(root: Path, work: Path, seed: int, first: int, stride: int) -> None:
    """Fill the ring under `work` with every `stride`-th shard for as long as the parent lives."""
    folder = work / "windows"
    folder.mkdir(exist_ok=True)
    studio, parent, number = Studio(root, work), os.getppid(), first
    while os.getppid() == parent:
        began = time.monotonic()
        draw = np.random.default_rng((seed, number))
        rows = list[tuple[NDArray[np.uint8], NDArray[np.uint8], Floats]]()
        while len(rows) < SHARD:
            rows += studio.windows(draw)
        path = folder / f"{number % RING:03d}.npz"
        parts = zip(*rows[:SHARD], strict=True)
        features, labels, targets = (np.stack(part) for part in parts)
        with path.with_suffix(".part").open("wb") as file:
            np.savez(file, features=features, labels=labels, targets=targets.astype(np.float16))
        path.with_suffix(".part").replace(path)
        number += stride
        if number >= first + AHEAD * stride:
            time.sleep(REST * (time.monotonic() - began))


def read_shard(path: Path) -> Shard:
    """One shard into memory."""
    with np.load(path) as kept:
        return Shard(kept["features"], kept["labels"], kept["targets"])


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows of one length: what the trunk sees in them, their labels at 20 ms and speaker targets."""

    seen: Floats  # (B, T // 2, 512)
    labels: NDArray[np.int64]  # (B, T)
    targets: Floats  # (B, 3, 256)


@dataclass(frozen=True, eq=False)
class _Seen:
    """A shard as the trunk sees it."""

    seen: NDArray[np.float16]  # (N, 250, 512)
    labels: NDArray[np.uint8]
    targets: NDArray[np.float16]


class Ring:
    """The shards that exist, some of them in memory, and batches drawn from those."""

    def __init__(self, work: Path, look: Callable[[Floats], NDArray[np.float16]], *, held: int = 8) -> None:
        self.folder, self.look, self.held = work / "windows", look, held
        self.shards = list[_Seen]()

    def refresh(self, draw: np.random.Generator) -> bool:
        """Exchange the oldest shard in memory for one from the disk; False when there is none yet."""
        paths = sorted(self.folder.glob("*.npz"), key=lambda path: path.stat().st_mtime)
        if not paths:
            return False
        fresh = paths[-2:] if draw.random() < 0.5 else paths
        shard = read_shard(fresh[int(draw.integers(len(fresh)))])
        seen = self.look(disturbed(draw, shard.features))
        self.shards = [*self.shards[-self.held + 1 :], _Seen(seen, shard.labels, shard.targets)]
        return True

    def batch(self, draw: np.random.Generator, size: int, frames: int, changing: float) -> Batch:
        """`size` windows of `frames` 20 ms frames; a share of them are drawn for their changes of speaker."""
        seen, labels, targets = list[Floats](), list[NDArray[np.uint8]](), list[Floats]()
        for _ in range(size):
            shard, row, start = self._place(draw, frames, changing)
            seen.append(shard.seen[row, start // 2 : (start + frames) // 2].astype(np.float32))
            labels.append(shard.labels[row, start : start + frames])
            targets.append(shard.targets[row].astype(np.float32))
        return Batch(np.stack(seen), np.stack(labels).astype(np.int64), np.stack(targets))

    def _place(self, draw: np.random.Generator, frames: int, changing: float) -> tuple[_Seen, int, int]:
        """A shard, a window and a first frame; two speakers alone in turn are favoured."""
        for _ in range(6 if draw.random() < changing else 1):
            shard = self.shards[int(draw.integers(len(self.shards)))]
            row = int(draw.integers(len(shard.labels)))
            start = 4 * int(draw.integers((FRAMES - frames) // 4 + 1))
            alone = np.bincount(shard.labels[row, start : start + frames], minlength=len(CLASSES))[1:4]
            if np.sort(alone)[-2] > frames // 8:
                break
        return shard, row, start


def disturbed(draw: np.random.Generator, features: NDArray[np.uint8]) -> Floats:
    """Windows of a shard, some under another response and with hidden bands, normalised."""
    sound = features.astype(np.float32) * np.float32(STEP) + np.float32(LOWEST)
    changed = np.flatnonzero(draw.random(len(sound)) < 0.5)
    sound[changed] += _response(draw, len(changed))
    sound = normalise(sound)
    for hidden in np.flatnonzero(draw.random(len(sound)) < 0.2):
        width = int(draw.integers(1, 9))
        first = int(draw.integers(80 - width))
        sound[hidden, :, first : first + width] = 0
    return sound
