"""Pool of features to training batches: crops, joined clips, and fresh noise, babble and filtering.

Noise is added in the mel-power domain, where powers add up to the cross term; the costly changes
of the waveform are in the pool already.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earmark.training.pool import LOWEST, STEP, VERSIONS, Version, Waves, frame_offsets
from earmark.training.targets import class_names, load_targets
from earmark.voice.features import Floats
from earmark.voice.models.families.earmark import normalise

FRAMES_A_BATCH = 25_600
CROPS = (70, 100, 140, 200, 200, 280, 400, 600)  # frames: 0.7 to 6 s
STRIPPED = 0.6  # share of crops without pauses, as the product hears them
LEAST_SPEECH = 30  # frames
SHARES = {  # of crops from each set
    "speechocean762": 0.32,
    "speech_commands": 0.22,
    "picovoice_unlabelled": 0.20,
    "librispeech_100": 0.14,
    "dspspeech20": 0.07,
    "arabic_digits": 0.05,
}
CENTRES = np.linspace(0, 1, 80, dtype=np.float32)
MEL_HERTZ = 700 * np.expm1(np.linspace(31.75, 2840.02, 82)[1:-1] / 1127)


@dataclass(frozen=True)
class Batch:
    """Crops, what the teacher says of them, and who speaks (-1: unknown)."""

    features: Floats  # (B, T, 80), mean-normalised
    targets: Floats  # (B, 256), unit length
    labels: NDArray[np.int64]  # (B,)


class Noise:
    """Features of the noise recordings, to lay under speech."""

    def __init__(self, work: Path) -> None:
        kept = np.load(work / "noise.npz")
        self._features, self._offsets = kept["features"], kept["offsets"]

    def crop(self, draw: np.random.Generator, frames: int) -> Floats:
        """Log-mel features (frames, 80) of one noise recording, repeated when it is short."""
        pick = int(draw.integers(len(self._offsets) - 1))
        piece = self._features[self._offsets[pick] : self._offsets[pick + 1]]
        start = int(draw.integers(max(1, len(piece) - frames + 1)))
        taken = np.take(piece, range(start, start + frames), axis=0, mode="wrap")
        return taken.astype(np.float32) * np.float32(STEP) + np.float32(LOWEST)


class Pool:
    """The versions that exist on disk, opened read-only, and an index of who said what."""

    def __init__(self, work: Path) -> None:
        self.rows = Waves(work).rows
        self.versions: list[tuple[Version, NDArray[np.uint8], NDArray[np.int64]]] = []
        for version in VERSIONS:
            ready = (work / f"{version.name}.u8").exists()
            if ready and (work / f"teacher-{version.speed}.npy").exists():
                offsets = frame_offsets(self.rows, version.speed)
                shape = (int(offsets[-1]), 80)
                features = np.memmap(work / f"{version.name}.u8", np.uint8, "r", shape=shape)
                self.versions.append((version, features, offsets))
        speeds = sorted({version.speed for version, _, _ in self.versions})
        self.targets = load_targets(work, self.rows, speeds)
        names = np.asarray(class_names(self.rows))
        labelled = np.asarray([row.dataset != "picovoice_unlabelled" for row in self.rows])
        _, self.speaker = np.unique(names, return_inverse=True)
        classes = np.unique(self.speaker[labelled])
        self.class_of = np.full(self.speaker.max() + 1, -1)
        self.class_of[classes] = np.arange(len(classes))
        self.speakers = len(classes)
        self.all_speeds = sorted({version.speed for version in VERSIONS})
        self.by_speaker = {
            dataset: [
                np.flatnonzero(self.speaker == speaker)
                for speaker in np.unique(self.speaker[[row.dataset == dataset for row in self.rows]])
            ]
            for dataset in SHARES
        }
        self.speech = np.load(work / "speech.npy")
        self.speech_offsets = frame_offsets(self.rows, 1.0)
        self.noise = Noise(work)

    @property
    def classes(self) -> int:
        """Labelled speakers times speeds: a changed speed is another speaker."""
        return self.speakers * len(self.all_speeds)

    def crop(self, draw: np.random.Generator, frames: int) -> tuple[Floats, Floats, int]:
        """One crop: log-mel features (frames, 80), unit target (256,), class or -1."""
        dataset = str(draw.choice(list(SHARES), p=list(SHARES.values())))
        people = self.by_speaker[dataset]
        clips = people[draw.integers(len(people))]
        version, features, offsets = self.versions[draw.integers(len(self.versions))]
        stripped = draw.random() < STRIPPED
        pieces, used, have = [], [], 0
        while have < frames:
            clip = int(clips[draw.integers(len(clips))])
            start, stop = int(offsets[clip]), int(offsets[clip + 1])
            places = (
                self.speech_places(clip, stop - start, version.speed) if stripped else np.arange(stop - start)
            )
            need = frames - have
            if len(places) > need:
                first = int(draw.integers(len(places) - need + 1))
                places = places[first : first + need]
            pieces.append(features[start + places])
            used.append(clip)
            have += len(places)
        target = self.targets[version.speed][used].mean(axis=0)
        label = int(self.class_of[self.speaker[clips[0]]])
        if label >= 0:
            label += self.all_speeds.index(version.speed) * self.speakers
        crop = np.concatenate(pieces).astype(np.float32) * np.float32(STEP) + np.float32(LOWEST)
        return crop, target / max(float(np.linalg.norm(target)), 1e-6), label

    def speech_places(self, clip: int, frames: int, speed: float) -> NDArray[np.int64]:
        """Frames of a clip at a speed that hold speech; all of them when there is hardly any."""
        mask = self.speech[self.speech_offsets[clip] : self.speech_offsets[clip + 1]]
        origin = np.minimum((np.arange(frames) * speed).astype(np.int64), len(mask) - 1)
        places = np.flatnonzero(mask[origin])
        return places if len(places) >= LEAST_SPEECH else np.arange(frames)


def _power(features: Floats) -> Floats:
    """Mean power over time and bands, in natural-log units, kept for broadcasting."""
    peak = features.max(axis=(-2, -1), keepdims=True)
    level: Floats = peak + np.log(np.exp(features - peak).mean(axis=(-2, -1), keepdims=True))
    return level


def _mix(speech: Floats, other: Floats, snr_db: Floats) -> Floats:
    """Add `other` to `speech` (B, T, 80) at signal-to-noise ratios (B,) in dB."""
    gain = _power(speech) - _power(other) - snr_db[:, None, None] * np.float32(0.2302585)
    mixed: Floats = np.logaddexp(speech, other + gain)
    return mixed


def _response(draw: np.random.Generator, count: int) -> Floats:
    """Random microphone and line responses (count, 1, 80) in natural-log power."""
    knots = draw.normal(0, 0.7, (count, 6)).cumsum(axis=1)
    places = np.linspace(0, 5, 80)
    low = np.floor(places).astype(int).clip(0, 4)
    share = places - low
    response = knots[:, low] * (1 - share) + knots[:, low + 1] * share
    for row in np.flatnonzero(draw.random(count) < 0.25):
        if draw.random() < 0.6:
            cutoff, start = draw.uniform(3_300, 4_100), draw.uniform(80, 350)
        else:
            cutoff, start = draw.uniform(4_500, 7_500), 0.0
        response[row] -= np.clip((MEL_HERTZ - cutoff) / 60, 0, draw.uniform(8, 14))
        response[row] -= np.clip((start - MEL_HERTZ) / 25, 0, 8)
    return response[:, None].astype(np.float32)


def disturb(noise: Noise, draw: np.random.Generator, features: Floats) -> Floats:
    """Response, noise, babble and a noise floor on a batch (B, T, 80) of log-mel features."""
    count, frames, _ = features.shape
    changed = np.flatnonzero(draw.random(count) < 0.6)
    features[changed] += _response(draw, len(changed))
    noisy = np.flatnonzero(draw.random(count) < 0.55)
    if len(noisy):
        under = np.stack([noise.crop(draw, frames) for _ in noisy])
        snr = draw.uniform(0, 22, len(noisy)).astype(np.float32)
        features[noisy] = _mix(features[noisy], under, snr)
    chatty = np.flatnonzero(draw.random(count) < 0.15)
    if len(chatty):
        others = features[draw.integers(count, size=(len(chatty), 4))]
        babble = np.logaddexp.reduce(others[:, : draw.integers(1, 5)], axis=1)
        snr = draw.uniform(5, 20, len(chatty)).astype(np.float32)
        features[chatty] = _mix(features[chatty], babble, snr)
    floored = np.flatnonzero(draw.random(count) < 0.4)
    floor = draw.normal(0, 0.6, (len(floored), frames, 80)).astype(np.float32)
    floor += CENTRES * draw.uniform(-2, 3, (len(floored), 1, 1)).astype(np.float32)
    snr = draw.uniform(12, 40, len(floored)).astype(np.float32)
    features[floored] = _mix(features[floored], floor, snr)
    return features


def mask(draw: np.random.Generator, features: Floats) -> Floats:
    """SpecAugment (Park et al. 2019) on mean-normalised features: a short time span or a few bands zeroed."""
    for row in np.flatnonzero(draw.random(len(features)) < 0.3):
        width = int(draw.integers(1, 9))
        start = int(draw.integers(80 - width))
        features[row, :, start : start + width] = 0
    for row in np.flatnonzero(draw.random(len(features)) < 0.2):
        width = int(draw.integers(2, max(3, features.shape[1] // 8)))
        start = int(draw.integers(features.shape[1] - width))
        features[row, start : start + width] = 0
    return features


def make_batch(pool: Pool, draw: np.random.Generator) -> Batch:
    """One batch of about `FRAMES_A_BATCH` frames, all crops of one length."""
    frames = int(draw.choice(CROPS) * draw.uniform(0.85, 1.0))
    crops = [pool.crop(draw, frames) for _ in range(FRAMES_A_BATCH // frames)]
    features = disturb(pool.noise, draw, np.stack([crop for crop, _, _ in crops]))
    return Batch(
        mask(draw, normalise(features)),
        np.stack([target for _, target, _ in crops]),
        np.asarray([label for _, _, label in crops], np.int64),
    )


def batches(work: Path, seed: int, reopen: int = 400) -> Iterator[Batch]:
    """Endless batches; versions that appear on disk later are taken up every `reopen` batches."""
    draw = np.random.default_rng(seed)
    while True:
        pool = Pool(work)
        for _ in range(reopen):
            yield make_batch(pool, draw)
