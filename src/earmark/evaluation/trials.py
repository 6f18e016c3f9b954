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
LONG = 30.0  # seconds that a side's recordings are joined to where it may be that long
HALVED = 4.0  # a speaker's only clip is cut in two when it is at least this long


@dataclass(frozen=True, eq=False)
class Side:
    """One half of trials: speech of one speaker at full length, before any condition."""

    dataset: str
    speaker: str
    clip: Floats
    number: int  # among the sides of its set; seeds its cuts and its degradation
    longer: Floats | None = None  # the clip and what else of the speaker is on this side, up to `LONG`


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


def prolong(piles: list[list[Utterance]]) -> list[list[Utterance]]:
    """Each pile and as much of the ones after it, in turn, as make `LONG` seconds."""
    found = []
    for first, pile in enumerate(piles):
        rows = [row for other in (*piles[first:], *piles[:first]) for row in other]
        enough = int(np.searchsorted(np.cumsum([row.seconds for row in rows]), LONG)) + 1
        found.append(rows[: max(enough, len(pile))])
    return found


def rounds(piles: dict[str, list[list[Utterance]]], limit: int, each: int) -> list[list[Utterance]]:
    """Up to `limit` sides: the first of every speaker, then the second, until every speaker has `each`."""
    chosen: list[list[Utterance]] = []
    for turn in range(each):
        chosen += [pile[turn] for pile in piles.values() if len(pile) > turn]
    return chosen[:limit]


def read_clips_of(root: Path, groups: list[list[Utterance]]) -> list[Floats]:
    """Decode the clips of each group and join them."""
    clips = dict(read_clips(root, [row for group in groups for row in group]))
    joined, place = [], 0
    for group in groups:
        joined.append(np.concatenate([clips[place + step] for step in range(len(group))]))
        place += len(group)
    return joined


def make_sides(
    root: Path, dataset: str, split: Split, *, enrol: int, test: int, longer: bool = False
) -> Sides:
    """At most `enrol` and `test` sides of one set's speakers in `split`, richest speakers first."""
    by_speaker: dict[str, list[Utterance]] = {}
    for row in rows_of(root, dataset, split):
        by_speaker.setdefault(row.speaker, []).append(row)
    # Words of one second: a speaker with few of them says little at 4 s, so those with more come first.
    richest = sorted(by_speaker, key=lambda name: (-min(len(by_speaker[name]), 12), order(name)))
    dealt = {name: deal(dataset, by_speaker[name]) for name in richest}
    kept = {name: piles for name, piles in dealt.items() if piles[0] and piles[1]}

    def read(which: int, most: int, first: int) -> list[Side]:
        piles = {name: both[which] for name, both in kept.items()}
        groups = rounds(piles, most, PER_SPEAKER[which])
        long = rounds({name: prolong(each) for name, each in piles.items()}, most, PER_SPEAKER[which])
        clips = read_clips_of(root, groups)
        further = read_clips_of(root, long) if longer else [None] * len(groups)
        return [
            Side(dataset, group[0].speaker, clip, first + number, more)
            for number, (group, clip, more) in enumerate(zip(groups, clips, further, strict=True))
        ]

    enrolled = read(0, enrol, 0)
    return Sides(enrolled, read(1, test, len(enrolled)))
