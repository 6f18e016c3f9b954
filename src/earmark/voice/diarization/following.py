"""Speakers and looks to who speaks in each frame, and to units that end where one speaker follows another."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from earmark.voice.diarization.clustering import Clusters, Doubles, Ints, Tuning
from earmark.voice.diarization.hearing import LOOK, LOOK_HOP, SHORTEST_UNIT, Heard, Look, Unit
from earmark.voice.diarization.segmenter import FRAME_SECONDS

ROUNDS = 4  # of hearing again and following again
PAUSED = 0.5  # of the cost of a change, where there is a pause
UNIT = 400  # frames in a unit at most: 8 s
UNIT_GAP = 25  # frames of silence that it goes on after: 0.5 s
BLOCK = 2_048  # looks whose embeddings are held as an array at a time
INSIDE = 0.6  # share of a look that lies within a unit which it speaks for


def part_again(heard: Heard, clusters: Clusters, tuning: Tuning) -> list[Unit]:
    """Units that end where the speaker changes: purer and longer than those that the network found.

    Their embeddings are the means of the looks within them. Clustering them once more was measured to take
    a tenth off the confused speech.
    """
    owners = follow(heard, clusters, tuning)
    spoken = np.flatnonzero(owners >= 0)
    if not spoken.size:
        return []
    starts = np.array([look.start for look in heard.looks])
    ends = np.array([look.end for look in heard.looks])
    changes = (np.diff(owners[spoken]) != 0) | (np.diff(spoken) > UNIT_GAP)
    units = []
    for run in np.split(spoken, np.flatnonzero(changes) + 1):
        if run.size < SHORTEST_UNIT:
            continue
        for part in np.array_split(run, max(1, round(run.size / UNIT))):
            low, high = np.searchsorted(ends, part[0], "right"), np.searchsorted(starts, part[-1] + 1)
            near = slice(int(low), int(high))
            common = np.minimum(ends[near], part[-1] + 1) - np.maximum(starts[near], part[0])
            inside = common / (ends[near] - starts[near]) >= INSIDE
            weights = np.where(inside, common, 0) if inside.any() else (common == common.max()).astype(int)
            total = weights @ np.array([look.vector for look in heard.looks[near]], np.float64)
            unit = np.asarray(total / max(float(np.linalg.norm(total)), 1e-12), np.float32)
            units.append(Unit(part, unit, alone=True))
    return units


def follow(heard: Heard, clusters: Clusters, tuning: Tuning) -> Ints:
    """The one speaker of each frame by the looks alone, (frames,), -1 in silence: the likeliest way through.

    Whoever was found is heard again in what was found of them, and then followed again, as long as that
    changes anything.
    """
    owners = np.full(heard.frames, -1, np.int64)
    looks, count = heard.looks, clusters.seconds.size
    if not looks or not count:
        return owners
    seconds = np.array([(look.end - look.start) * FRAME_SECONDS for look in looks])
    joined = np.array([False, *(after.start < before.end for before, after in pairwise(looks))])
    share = np.where(joined, LOOK_HOP / LOOK, 1.0)  # looks that overlap say the same thing several times
    persons, behind = clusters.vectors, clusters.seconds
    path = _likeliest(looks, seconds, joined, share, persons, behind, tuning)
    for _ in range(ROUNDS):
        member = np.zeros((count, len(looks)))
        member[path, np.arange(len(looks))] = share * seconds
        heard_of = member.sum(axis=1)
        said = sum(member[:, rows] @ vectors for rows, vectors in _vectors(looks))
        sums = np.where(heard_of[:, None] > 0.0, said, clusters.sums)
        persons = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
        behind = np.where(heard_of > 0.0, heard_of, clusters.seconds)
        again = _likeliest(looks, seconds, joined, share, persons, behind, tuning)
        if np.array_equal(again, path):
            break
        path = again
    middles = [(look.start + look.end) // 2 for look in looks]
    for place, look in enumerate(looks):
        begin, end = look.start, look.end
        if joined[place]:
            begin = (middles[place - 1] + middles[place]) // 2
        if place + 1 < len(looks) and joined[place + 1]:
            end = (middles[place] + middles[place + 1]) // 2
        owners[begin:end] = path[place]
    return owners


def _vectors(looks: Sequence[Look]) -> Iterator[tuple[slice, Doubles]]:
    """The embeddings of looks, (some, D), with their places: never all of a long recording at once."""
    for first in range(0, len(looks), BLOCK):
        rows = slice(first, min(first + BLOCK, len(looks)))
        yield rows, np.array([look.vector for look in looks[rows]], np.float64)


def _likeliest(
    looks: Sequence[Look],
    seconds: Doubles,
    joined: NDArray[np.bool_],
    share: Doubles,
    persons: Doubles,
    behind: Doubles,
    tuning: Tuning,
) -> Ints:
    """The speaker of each look (looks,): Viterbi, where a change costs `tuning.change`, less at a pause."""
    cosine = np.concatenate([vectors @ persons.T for _, vectors in _vectors(looks)])
    evidence = tuning.likeness.llr(cosine, seconds[:, None], behind[None]) * share[:, None]
    count = len(persons)
    score = np.zeros(count)
    came = np.zeros((len(looks), count), np.int16)
    for place in range(len(looks)):
        leave = score.max() - tuning.change * (1.0 if joined[place] else PAUSED)
        came[place] = np.where(score >= leave, np.arange(count), int(score.argmax()))
        score = np.maximum(score, leave) + evidence[place]
    path = np.zeros(len(looks), np.int64)
    path[-1] = int(score.argmax())
    for place in range(len(looks) - 1, 0, -1):
        path[place - 1] = came[place, path[place]]
    return path
