"""Speech folder to a pool of training features on disk: every clip at several speeds and channels.

Costly changes of the waveform (speed, rooms, codecs) are made once, here, in parallel processes;
cheap ones (noise, babble, filtering, cropping) are drawn afresh for every batch in `batches`.
Log-mel features are kept in 8 bits: a step of 0.125 in natural-log energy, far below any noise.
"""

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from earmark.evaluation.corpus import HELD_OUT, Split, Utterance, noise_rows, read_clips, rows_of
from earmark.evaluation.degrade import CODECS, change_speed, in_room, read_rooms, through_codec
from earmark.voice.features import FRAME, HOP, Floats, fbank, frame_count
from earmark.voice.vad import find_speech

STEP = 0.125
LOWEST = -2.0  # of the 32768-scaled energies


@dataclass(frozen=True)
class Version:
    """One copy of every clip: its speed, and whether rooms and codecs were applied."""

    name: str
    speed: float = 1.0
    rooms: float = 0.0  # share of clips heard in a room
    codecs: float = 0.0  # share of clips sent through a codec


VERSIONS = (
    Version("clean"),
    Version("channel-1", rooms=0.6, codecs=0.5),
    Version("slow-1", speed=0.9),
    Version("fast-1", speed=1.1),
    Version("room-1", rooms=1.0),
    Version("codec-1", codecs=1.0),
    Version("slow-1-channel", speed=0.9, rooms=0.6, codecs=0.3),
)


def quantise(features: Floats) -> NDArray[np.uint8]:
    """Natural-log mel energies (frames, bands) to 8 bits."""
    return np.clip(np.rint((features - LOWEST) / STEP), 0, 255).astype(np.uint8)


def training_rows(root: Path) -> list[Utterance]:
    """Every row that may be trained on, in a fixed order."""
    return [row for dataset in HELD_OUT for row in rows_of(root, dataset, Split.TRAIN)]


def write_waves(root: Path, work: Path, rows: list[Utterance]) -> None:
    """Decode every training clip once to `waves.i16`, with `rows.json` beside it."""
    done = work / "rows.json"
    if done.exists():
        return
    offsets = np.concatenate([[0], np.cumsum([row.samples for row in rows])])
    waves = np.memmap(work / "waves.i16", np.int16, "w+", shape=(int(offsets[-1]),))
    for position, clip in tqdm(read_clips(root, rows), total=len(rows), desc="decode"):
        start = offsets[position]
        waves[start : start + clip.size] = np.clip(clip * 32_767, -32_768, 32_767)
    waves.flush()
    done.write_text(json.dumps([asdict(row) for row in rows]))


class Waves:
    """Read-only view of the decoded training clips."""

    def __init__(self, work: Path) -> None:
        self.rows = [Utterance(**row) for row in json.loads((work / "rows.json").read_text())]
        self.offsets = np.concatenate([[0], np.cumsum([row.samples for row in self.rows])])
        self.samples = np.memmap(work / "waves.i16", np.int16, "r")

    def clip(self, position: int) -> Floats:
        """One training clip, (samples,) float32."""
        piece = self.samples[self.offsets[position] : self.offsets[position + 1]]
        return piece.astype(np.float32) / np.float32(32_768)


def sped_length(samples: int, speed: float) -> int:
    """Length of a clip after `change_speed`, with a hop's room for rounding."""
    return int(samples / speed)


def _one(waves: Waves, rooms: list[Floats], version: Version, seed: int, position: int) -> Floats:
    """One clip of a version, as samples."""
    draw = np.random.default_rng((seed, position))
    clip = waves.clip(position)
    wanted = sped_length(clip.size, version.speed)
    if version.speed != 1.0:
        clip = change_speed(clip, version.speed)
        clip = np.pad(clip, (0, max(0, wanted - clip.size)))[:wanted]
    if draw.random() < version.rooms:
        clip = in_room(clip, rooms[draw.integers(len(rooms))])
    if draw.random() < version.codecs:
        clip = through_codec(clip, list(CODECS.values())[draw.integers(len(CODECS))])
    return clip


def frame_offsets(rows: list[Utterance], speed: float) -> NDArray[np.int64]:
    """Where each clip's frames start in a version's feature file, shape (clips + 1,)."""
    counts = [frame_count(sped_length(row.samples, speed)) for row in rows]
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _parts(count: int) -> list[range]:
    """Positions 0 to `count` in pieces of 200 clips, one for each job of a worker."""
    return [range(start, min(start + 200, count)) for start in range(0, count, 200)]


def _write_part(root: Path, work: Path, number: int, part: range) -> int:
    version = VERSIONS[number]
    waves = Waves(work)
    rooms = read_rooms(root / "rir") if version.rooms else []
    offsets = frame_offsets(waves.rows, version.speed)
    shape = (int(offsets[-1]), 80)
    out = np.memmap(work / f"{version.name}.part", np.uint8, "r+", shape=shape)
    for position in part:
        features = fbank(_one(waves, rooms, version, number, position))
        out[offsets[position] : offsets[position + 1]] = quantise(features)
    return len(part)


def write_version(root: Path, work: Path, number: int, processes: int) -> None:
    """Write one version's features to `<name>.u8`; nothing is done when the file is there."""
    version = VERSIONS[number]
    done = work / f"{version.name}.u8"
    if done.exists():
        return
    rows = Waves(work).rows
    offsets = frame_offsets(rows, version.speed)
    partial = work / f"{version.name}.part"
    np.memmap(partial, np.uint8, "w+", shape=(int(offsets[-1]), 80)).flush()
    with (
        ProcessPoolExecutor(processes, get_context("spawn")) as executor,
        tqdm(total=len(rows), desc=version.name) as progress,
    ):
        jobs = [executor.submit(_write_part, root, work, number, part) for part in _parts(len(rows))]
        for job in jobs:
            progress.update(job.result())
    partial.rename(done)


def _speech_frames(work: Path, part: range) -> list[NDArray[np.bool_]]:
    """For each clip, which of its frames the product's own detector would keep."""
    waves = Waves(work)
    kept = []
    for position in part:
        clip = waves.clip(position)
        mask = np.zeros(frame_count(clip.size), bool)
        for segment in find_speech(clip):
            mask[segment.start // HOP : max(0, segment.end - FRAME) // HOP + 1] = True
        kept.append(mask)
    return kept


def write_speech(work: Path, processes: int) -> None:
    """Write `speech.npy`: one boolean for each frame of the clean version."""
    done = work / "speech.npy"
    if done.exists():
        return
    count = len(Waves(work).rows)
    with ProcessPoolExecutor(processes, get_context("spawn")) as executor:
        jobs = [executor.submit(_speech_frames, work, part) for part in _parts(count)]
        masks = [mask for job in tqdm(jobs, desc="speech") for mask in job.result()]
    np.save(done.with_suffix(".part.npy"), np.concatenate(masks))
    done.with_suffix(".part.npy").rename(done)


def write_noise(root: Path, work: Path) -> None:
    """Features of the noise recordings, whole and in rooms, to `noise.npz`."""
    done = work / "noise.npz"
    if done.exists():
        return
    rooms = read_rooms(root / "rir")
    draw = np.random.default_rng(7)
    rows = noise_rows(root, held_out=False)
    pieces = []
    for _, clip in tqdm(read_clips(root, rows), total=len(rows), desc="noise"):
        pieces.append(quantise(fbank(clip)))
        if draw.random() < 0.3:
            pieces.append(quantise(fbank(in_room(clip, rooms[draw.integers(len(rooms))]))))
    offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])])
    np.savez(done, features=np.concatenate(pieces), offsets=offsets)
