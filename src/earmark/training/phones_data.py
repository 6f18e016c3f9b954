"""Speech whose words are known to batches for the phone network: features, and the phones that are said.

Uses the pool of features of the speaker encoder (recipes/train.py, same work folder), adds synthetic speech
and what `readings` found said in clips without text. Single words are joined to strings, so that the network
does not learn that they stand alone. A batch holds every clip twice, disturbed in two ways.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from earmark.evaluation.corpus import Split, Utterance
from earmark.evaluation.degrade import in_room, read_rooms
from earmark.evaluation.synthetic import draw_voice, speak, variants
from earmark.evaluation.texts import Spoken, spoken_rows
from earmark.training import views
from earmark.training.batches import Noise
from earmark.training.pool import LOWEST, STEP, VERSIONS, Waves, frame_offsets, quantise
from earmark.training.readings import BOOKS, NAMES, ORDERS, readings
from earmark.voice.features import Floats, fbank
from earmark.voice.phrase.pronunciations import (
    DIGITS,
    Phones,
    in_dictionary,
    known_words,
    pronounce,
    words_of,
)

WITH_TEXT = {"speechocean762": 0.40, "speech_commands": 0.10}
READ = {ORDERS: 0.14, BOOKS: 0.12, NAMES: 0.04}
SHARES = {**WITH_TEXT, "synthetic": 0.20, **READ}
STRUNG = ("speech_commands", NAMES)  # single words, joined to strings
TIGHT = 0.5  # share of these that lose the silence around them
QUIET = 64  # steps of 0.125 nats below the loudest band, 35 dB; a noisy clip has no silence to lose
MARGIN = (3, 11)  # frames of it that stay
SENTENCES = 3_600  # synthetic, about three hours
FRAMES_A_BATCH = 36_000
LONGEST = 900  # frames of a batch's clips
FASTEST = 4  # 10 ms frames that a phone takes at least; a clip with more phones is left out


@dataclass(frozen=True, eq=False)
class Batch:
    """Clips of about one length, each of them twice, and what is said in them, one after the other."""

    features: Floats  # (2 B, T, 80), mean-normalised, zeros at the end; B clips, then the same ones again
    frames: NDArray[np.int64]  # (2 B,)
    phones: NDArray[np.int64]  # (sum of counts,)
    counts: NDArray[np.int64]  # (2 B,)


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


Words = Sequence[tuple[Phones, ...]]  # each in the ways that it may be said


@dataclass(frozen=True)
class _Stretch:
    """What is said in some frames of a clip at its own speed; a stop of -1 is its end."""

    clip: int  # place in the pool
    start: int
    stop: int
    said: Words


@dataclass(frozen=True, eq=False)
class _Source:
    """Clips of one set in one version."""

    features: NDArray[np.uint8]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    said: list[Words]


class SpokenPool:
    """Everything with words that may be trained on."""

    def __init__(self, root: Path, work: Path) -> None:
        self.noise = Noise(work)
        rows = Waves(work).rows
        place_of = {row: place for place, row in enumerate(rows)}
        stretches = {name: _labelled(root, name, place_of) for name in WITH_TEXT} | _read(work, place_of)
        self.sources: dict[str, list[_Source]] = {name: [] for name in SHARES}
        for version in VERSIONS:
            path = work / f"{version.name}.u8"
            if path.exists():
                offsets = frame_offsets(rows, version.speed)
                features = np.memmap(path, np.uint8, "r", shape=(int(offsets[-1]), 80))
                for name, found in stretches.items():
                    self.sources[name].append(_source(features, offsets, version.speed, found))
        made = np.load(work / "synthetic.npz")
        offsets = made["offsets"]
        texts = json.loads((work / "synthetic.json").read_text())
        keep = np.flatnonzero([all(in_dictionary(word) for word in words_of(text)) for text in texts])
        said = [_ways(texts[place]) for place in keep]
        self.sources["synthetic"].append(_Source(made["features"], offsets[keep], offsets[keep + 1], said))

    def clip(self, draw: np.random.Generator, longest: int) -> tuple[Floats, Words]:
        """Log-mel features (frames, 80) of at most `longest` frames and the words in them."""
        while True:
            name = str(draw.choice(list(SHARES), p=list(SHARES.values())))
            versions = self.sources[name]
            source = versions[int(draw.integers(len(versions)))]
            joined = int(draw.integers(1, 6)) if name in STRUNG else 1 + (draw.random() < 0.25)
            pieces, words = list[NDArray[np.uint8]](), list[tuple[Phones, ...]]()
            for _ in range(joined):
                place = int(draw.integers(len(source.said)))
                piece = source.features[source.starts[place] : source.stops[place]]
                pieces.append(tight(draw, piece) if name in STRUNG and draw.random() < TIGHT else piece)
                words += source.said[place]
            frames = sum(map(len, pieces))
            if longest // 2 < frames <= longest:
                features = np.concatenate(pieces).astype(np.float32) * np.float32(STEP) + np.float32(LOWEST)
                return features, words


def tight(draw: np.random.Generator, piece: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A word's frames (frames, 80) with little silence on either side, as when words follow closely."""
    level = piece.max(axis=1).astype(int)
    loud = np.flatnonzero(level > level.max() - QUIET)
    before, after = draw.integers(*MARGIN, 2)
    return piece[max(0, loud[0] - before) : loud[-1] + 1 + after]


def _training(root: Path, dataset: str) -> list[Spoken]:
    """Clips of a set's training speakers, all of whose words are in the dictionary."""
    found = spoken_rows(root, dataset, Split.TRAIN)
    return [said for said in found if all(in_dictionary(word) for word in words_of(said.text))]


def _labelled(root: Path, dataset: str, place_of: dict[Utterance, int]) -> list[_Stretch]:
    return [_Stretch(place_of[said.row], 0, -1, _ways(said.text)) for said in _training(root, dataset)]


def _read(work: Path, place_of: dict[Utterance, int]) -> dict[str, list[_Stretch]]:
    found: dict[str, list[_Stretch]] = {kind: [] for kind in READ}
    for one in readings(work):
        words = tuple((phones,) for phones in one.words)
        found[one.kind].append(_Stretch(place_of[one.row], one.start, one.stop, words))
    return found


def _ways(text: str) -> Words:
    return tuple(pronounce(word) for word in words_of(text))


def _source(
    features: NDArray[np.uint8], offsets: NDArray[np.int64], speed: float, stretches: Sequence[_Stretch]
) -> _Source:
    """Stretches of clips in a version, which may be faster or slower."""
    starts, stops = list[int](), list[int]()
    for one in stretches:
        first, end = int(offsets[one.clip]), int(offsets[one.clip + 1])
        starts.append(first + int(one.start / speed))
        stops.append(end if one.stop < 0 else min(end, first + int(one.stop / speed)))
    return _Source(features, np.asarray(starts), np.asarray(stops), [one.said for one in stretches])


def spell(draw: np.random.Generator, words: Words) -> list[int]:
    """Phones of a word sequence; rarer pronunciations are drawn now and then."""
    phones = list[int]()
    for ways in words:
        phones += ways[0] if draw.random() < 0.65 else ways[int(draw.integers(len(ways)))]
    return phones


def make_batch(pool: SpokenPool, draw: np.random.Generator) -> Batch:
    """One batch of about `FRAMES_A_BATCH` frames."""
    longest = int(draw.choice([260, 360, 480, 640, LONGEST]))
    clips, spoken = list[Floats](), list[list[int]]()
    while 2 * len(clips) * longest < FRAMES_A_BATCH:
        features, words = pool.clip(draw, longest)
        phones = spell(draw, words)
        if len(phones) * FASTEST < len(features):
            clips.append(features)
            spoken.append(phones)
    both = np.concatenate([views.view(pool.noise, draw, clips, longest) for _ in range(2)])
    frames = np.asarray([len(clip) for clip in clips])
    counts = np.asarray([len(phones) for phones in spoken])
    joined = np.concatenate([np.asarray(phones) for phones in spoken])
    return Batch(both, np.tile(frames, 2), np.tile(joined, 2), np.tile(counts, 2))


def batches(root: Path, work: Path, seed: int | Sequence[int]) -> Iterator[Batch]:
    """Endless batches."""
    pool, draw = SpokenPool(root, work), np.random.default_rng(seed)
    while True:
        yield make_batch(pool, draw)
