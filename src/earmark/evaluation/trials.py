"""Speakers of a split to trials: enrolment sides and test sides made of different recordings.

Every speaker's clips are dealt into two piles, so that no recording is on both sides of a trial. A speaker
with one long clip gives its two halves. Sets of single words join the clips of a pile to `JOINED` seconds.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earmark.evaluation.corpus import Split, Utterance, read_clips, rows_of
from earmark.voice.features import Floats

SETS = (
    "speech_commands",
    "speechocean762",
    "librispeech_100",
    "dspspeech20",
    "arabic_digits",
    "vctk",
    "readers",
    "fsdd",
)
WORD_SETS = ("speech_commands", "dspspeech20", "arabic_digits", "fsdd")
PER_SPEAKER = (3, 2)  # most enrolment and test sides of a speaker: more would add trials, not knowledge
JOINED = 6.0  # seconds that the words of one side are joined to, where the speaker has as many
HALVED = 4.0  # a speaker's only clip is cut in two when it is at least this long


@dataclass(frozen=True, eq=False)
class Side:
    """One half of trials: speech of one speaker at full length, before any condition."""

    dataset: str
    speaker: str
    clip: Floats
    number: int  # among the sides of its set; seeds its cuts and its degradation


@dataclass(frozen=True)
class Sides:
    """The two sides of one set's trials: every enrolment side meets every test side."""

    enrol: list[Side]
    test: list[Side]


def order(text: str) -> bytes:
    """A fixed shuffle: things are sorted by this."""
    return hashlib.sha256(text.encode()).digest()


def pile_up(rows: list[Utterance], seconds: float) -> list[list[Utterance]]:
    """Deal rows into sides of about `seconds`; a short remainder stands alone only when nothing else does."""
    piles: list[list[Utterance]] = [[]]
    for row in rows:
        if sum(member.seconds for member in piles[-1]) >= seconds:
            piles.append([])
        piles[-1].append(row)
    if len(piles) > 1 and sum(member.seconds for member in piles[-1]) < seconds:
        piles.pop()
    return piles


def deal(dataset: str, rows: list[Utterance]) -> tuple[list[list[Utterance]], list[list[Utterance]]]:
    """One speaker's clips to lists of enrolment sides and of test sides, in a fixed shuffled order."""
    shuffled = sorted(rows, key=lambda row: order(f"{row.shard}/{row.start}"))
    if len(shuffled) == 1:
        row = shuffled[0]
        if row.seconds < HALVED:
            return [], []
        half = row.samples // 2
        first = Utterance(dataset, row.shard, row.start, half, row.speaker)
        second = Utterance(dataset, row.shard, row.start + half, row.samples - half, row.speaker)
        return [[first]], [[second]]
    seconds = JOINED if dataset in WORD_SETS else 0.01
    return pile_up(shuffled[1::2], seconds), pile_up(shuffled[::2], seconds)


def rounds(piles: dict[str, list[list[Utterance]]], limit: int, each: int) -> list[list[Utterance]]:
    """Up to `limit` sides: the first of every speaker, then the second, until every speaker has `each`."""
    chosen: list[list[Utterance]] = []
    for turn in range(each):
        chosen += [pile[turn] for pile in piles.values() if len(pile) > turn]
    return chosen[:limit]


def read_sides(root: Path, dataset: str, groups: list[list[Utterance]], first: int) -> list[Side]:
    """Decode the clips of each side and join them."""
    flat = [row for group in groups for row in group]
    clips = dict(read_clips(root, flat))
    sides, place = [], 0
    for number, group in enumerate(groups):
        joined = np.concatenate([clips[place + step] for step in range(len(group))])
        sides.append(Side(dataset, group[0].speaker, joined, first + number))
        place += len(group)
    return sides


def make_sides(root: Path, dataset: str, split: Split, *, enrol: int, test: int) -> Sides:
    """At most `enrol` and `test` sides of one set's speakers in `split`, richest speakers first."""
    by_speaker: dict[str, list[Utterance]] = {}
    for row in rows_of(root, dataset, split):
        by_speaker.setdefault(row.speaker, []).append(row)
    # Words of one second: a speaker with few of them says little at 4 s, so those with more come first.
    richest = sorted(by_speaker, key=lambda name: (-min(len(by_speaker[name]), 12), order(name)))
    dealt = {name: deal(dataset, by_speaker[name]) for name in richest}
    kept = {name: piles for name, piles in dealt.items() if piles[0] and piles[1]}
    enrolled = rounds({name: piles[0] for name, piles in kept.items()}, enrol, PER_SPEAKER[0])
    tested = rounds({name: piles[1] for name, piles in kept.items()}, test, PER_SPEAKER[1])
    return Sides(read_sides(root, dataset, enrolled, 0), read_sides(root, dataset, tested, len(enrolled)))
