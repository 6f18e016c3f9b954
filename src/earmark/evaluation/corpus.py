"""Speech folder to clips: reads the `index.tsv` sets and splits their speakers for ever.

A set is a folder of Ogg Opus shards and an `index.tsv` with the columns `shard`, `start_sample`,
`samples` and `speaker`. A speaker belongs to exactly one split, decided by a hash of the set and the
speaker's number, so that nobody whose voice was trained on is ever calibrated or measured on.
"""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import soundfile

from earmark.voice.features import SAMPLE_RATE, Floats


class Split(StrEnum):
    """What a speaker's clips may be used for."""

    TRAIN = "train"
    CALIBRATION = "calibration"
    TEST = "test"


@dataclass(frozen=True)
class Utterance:
    """One row of an index: where the clip lies and who speaks."""

    dataset: str
    shard: str
    start: int
    samples: int
    speaker: str

    @property
    def seconds(self) -> float:
        """Length of the clip."""
        return self.samples / SAMPLE_RATE


# Share of speakers held out: (calibration, test). Sets with (x, 1 - x) are never trained on at all.
HELD_OUT: dict[str, tuple[float, float]] = {
    "speech_commands": (0.06, 0.08),
    "speechocean762": (0.14, 0.20),
    "dspspeech20": (0.15, 0.27),
    "arabic_digits": (0.17, 0.24),
    "librispeech_100": (0.12, 0.20),
    "vctk": (0.4, 0.6),
    "readers": (0.4, 0.6),
    "fsdd": (0.0, 1.0),
    "picovoice_unlabelled": (0.0, 0.0),
}
LABELLED = tuple(name for name in HELD_OUT if name != "picovoice_unlabelled")


def split_speakers(dataset: str, speakers: set[str]) -> dict[str, Split]:
    """The one split of each speaker of a set: the order of their hashes, cut at the set's shares."""
    calibration, test = HELD_OUT[dataset]
    ranked = sorted(speakers, key=lambda name: hashlib.sha256(f"{dataset}/{name}".encode()).digest())
    tested = round(test * len(ranked))
    calibrated = tested + round(calibration * len(ranked))
    return {
        name: Split.TEST if rank < tested else Split.CALIBRATION if rank < calibrated else Split.TRAIN
        for rank, name in enumerate(ranked)
    }


def rows_of(root: Path, dataset: str, split: Split) -> list[Utterance]:
    """Rows of one set whose speakers belong to `split`."""
    rows = read_index(root, dataset)
    splits = split_speakers(dataset, {row.speaker for row in rows})
    return [row for row in rows if splits[row.speaker] is split]


def read_index(root: Path, dataset: str) -> list[Utterance]:
    """Rows of one set's `index.tsv`, in file order."""
    with (root / dataset / "index.tsv").open(encoding="utf-8", newline="") as lines:
        return [
            Utterance(
                dataset,
                row["shard"],
                int(row["start_sample"]),
                int(row["samples"]),
                row["speaker"],
            )
            for row in csv.DictReader(lines, delimiter="\t")
        ]


def noise_rows(root: Path, *, held_out: bool) -> list[Utterance]:
    """Noise recordings for evaluation (one in five) or for training (the others)."""
    rows = read_index(root, "noise")
    return [row for place, row in enumerate(rows) if (place % 5 == 0) is held_out]


def read_clips(root: Path, rows: list[Utterance]) -> Iterator[tuple[int, Floats]]:
    """(position in `rows`, clip) for every row, decoding each shard once; clips are 16 kHz mono."""
    by_shard: dict[tuple[str, str], list[int]] = {}
    for position, row in enumerate(rows):
        by_shard.setdefault((row.dataset, row.shard), []).append(position)
    for (dataset, shard), positions in by_shard.items():
        with soundfile.SoundFile(root / dataset / shard) as file:
            if file.samplerate != SAMPLE_RATE or file.channels != 1:
                raise ValueError(f"{dataset}/{shard} is not 16 kHz mono")
            for position in sorted(positions, key=lambda place: rows[place].start):
                file.seek(rows[position].start)
                yield position, file.read(rows[position].samples, dtype=np.float32)
