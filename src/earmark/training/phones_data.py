"""Speech whose words are known to batches for the phone network: features, and the phones that are said.

Uses the pool of features of the speaker encoder (recipes/train.py, same work folder) and adds synthetic
speech. Short commands are joined to strings, so that the network does not learn that words stand alone.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from earmark.evaluation.corpus import Split
from earmark.evaluation.degrade import in_room, read_rooms
from earmark.evaluation.synthetic import draw_voice, speak, variants
from earmark.evaluation.texts import Spoken, spoken_rows
from earmark.training import batches
from earmark.training.pool import LOWEST, STEP, VERSIONS, Waves, frame_offsets, quantise
from earmark.voice.features import Floats, fbank
from earmark.voice.models.families.earmark import normalise
from earmark.voice.phrase.pronunciations import DIGITS, in_dictionary, known_words, pronounce, words_of

SHARES = {"speechocean762": 0.60, "speech_commands": 0.14, "synthetic": 0.26}
SENTENCES = 3_600  # synthetic, about three hours
FRAMES_A_BATCH = 36_000
LONGEST = 900  # frames of a batch's clips
FASTEST = 4  # 10 ms frames that a phone takes at least; a clip with more phones is left out


@dataclass(frozen=True, eq=False)
class Batch:
    """Clips of about one length, and what is said in them, one after the other."""

    features: Floats  # (B, T, 80), mean-normalised, zeros at the end
    frames: NDArray[np.int64]  # (B,)
    phones: NDArray[np.int64]  # (sum of counts,)
    counts: NDArray[np.int64]  # (B,)


def sentences(draw: np.random.Generator, texts: list[str]) -> Iterator[str]:
    """What synthetic voices say: sentences of the training speakers, strings of words, and digits."""
    words = [word for word in known_words() if "'" not in word and 2 < len(word) < 12]
    common = sorted({word for text in texts for word in words_of(text)})
    while True:
        kind = draw.random()
        if kind < 0.35:
            yield texts[int(draw.integers(len(texts)))]
        elif kind < 0.5:
            yield " ".join(draw.choice(DIGITS, int(draw.integers(3, 9))))
        else:
            count = int(draw.integers(3, 9))
            pick = [common if draw.random() < 0.7 else words for _ in range(count)]
            yield " ".join(str(draw.choice(among)) for among in pick)


def write_synthetic(root: Path, work: Path) -> None:
    """Features of synthetic speech to `synthetic.npz`, its texts to `synthetic.json`."""
    done = work / "synthetic.npz"
    if done.exists():
        return
    draw = np.random.default_rng(11)
    rooms = read_rooms(root / "rir")
    made = sentences(draw, [said.text for said in _training(root, "speechocean762")])
    names, texts, pieces = variants(Split.TRAIN), list[str](), list[NDArray[np.uint8]]()
    for _ in tqdm(range(SENTENCES), desc="synthetic"):
        text = next(made)
        clip = np.pad(speak(text, draw_voice(draw, names)), draw.integers(800, 8_000, 2))
        if draw.random() < 0.4:
            clip = in_room(clip, rooms[int(draw.integers(len(rooms)))])
        clip += draw.standard_normal(clip.size).astype(np.float32) * np.float32(10 ** draw.uniform(-4.5, -3))
        texts.append(text)
        pieces.append(quantise(fbank(clip)))
    offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])])
    (work / "synthetic.json").write_text(json.dumps(texts))
    with done.with_suffix(".part").open("wb") as file:
        np.savez(file, features=np.concatenate(pieces), offsets=offsets)
    done.with_suffix(".part").replace(done)


@dataclass(frozen=True, eq=False)
class _Source:
    """Clips of one set in one version."""

    features: NDArray[np.uint8]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    texts: list[str]


class SpokenPool:
    """Everything with words that may be trained on."""

    def __init__(self, root: Path, work: Path) -> None:
        noise = np.load(work / "noise.npz")
        self.noise, self.noise_offsets = noise["features"], noise["offsets"]
        rows = Waves(work).rows
        texts = {
            said.row: said.text for name in SHARES if name != "synthetic" for said in _training(root, name)
        }
        self.sources: dict[str, list[_Source]] = {name: [] for name in SHARES}
        for name in SHARES:
            chosen = [place for place, row in enumerate(rows) if row.dataset == name and row in texts]
            for version in VERSIONS:
                path = work / f"{version.name}.u8"
                if chosen and path.exists():
                    offsets = frame_offsets(rows, version.speed)
                    features = np.memmap(path, np.uint8, "r", shape=(int(offsets[-1]), 80))
                    starts, stops = offsets[chosen], offsets[np.asarray(chosen) + 1]
                    said = [texts[rows[place]] for place in chosen]
                    self.sources[name].append(_Source(features, starts, stops, said))
        made = np.load(work / "synthetic.npz")
        offsets = made["offsets"]
        said = json.loads((work / "synthetic.json").read_text())
        keep = np.flatnonzero([all(in_dictionary(word) for word in words_of(text)) for text in said])
        self.sources["synthetic"].append(
            _Source(made["features"], offsets[keep], offsets[keep + 1], [said[place] for place in keep])
        )

    noise_crop = batches.Pool.noise_crop

    def clip(self, draw: np.random.Generator, longest: int) -> tuple[Floats, list[str]]:
        """Log-mel features (frames, 80) of at most `longest` frames and the words in them."""
        while True:
            name = str(draw.choice(list(SHARES), p=list(SHARES.values())))
            versions = self.sources[name]
            source = versions[int(draw.integers(len(versions)))]
            joined = int(draw.integers(1, 6)) if name == "speech_commands" else 1 + (draw.random() < 0.25)
            pieces, words = list[NDArray[np.uint8]](), list[str]()
            for _ in range(joined):
                place = int(draw.integers(len(source.texts)))
                pieces.append(source.features[source.starts[place] : source.stops[place]])
                words += words_of(source.texts[place])
            frames = sum(map(len, pieces))
            if longest // 2 < frames <= longest:
                features = np.concatenate(pieces).astype(np.float32) * np.float32(STEP) + np.float32(LOWEST)
                return features, words


def _training(root: Path, dataset: str) -> list[Spoken]:
    """Clips of a set's training speakers, all of whose words are in the dictionary."""
    found = spoken_rows(root, dataset, Split.TRAIN)
    return [said for said in found if all(in_dictionary(word) for word in words_of(said.text))]


def spell(draw: np.random.Generator, words: list[str]) -> list[int]:
    """Phones of a word sequence; rarer pronunciations are drawn now and then."""
    phones = list[int]()
    for word in words:
        ways = pronounce(word)
        phones += ways[0] if draw.random() < 0.65 else ways[int(draw.integers(len(ways)))]
    return phones


def make_batch(pool: SpokenPool, draw: np.random.Generator) -> Batch:
    """One batch of about `FRAMES_A_BATCH` frames."""
    longest = int(draw.choice([260, 360, 480, 640, LONGEST]))
    clips, spoken = list[Floats](), list[list[int]]()
    while len(clips) * longest < FRAMES_A_BATCH:
        features, words = pool.clip(draw, longest)
        phones = spell(draw, words)
        if len(phones) * FASTEST < len(features):
            clips.append(features)
            spoken.append(phones)
    frames = np.asarray([len(clip) for clip in clips])
    features = np.stack([np.pad(clip, ((0, longest - len(clip)), (0, 0)), "edge") for clip in clips])
    features = batches.disturb(cast(batches.Pool, pool), draw, features)
    out = np.zeros_like(features)
    for row, count in enumerate(frames):
        out[row, :count] = normalise(features[row, :count])
    out = batches.mask(draw, out)
    counts = np.asarray([len(phones) for phones in spoken])
    return Batch(out, frames, np.concatenate([np.asarray(phones) for phones in spoken]), counts)
