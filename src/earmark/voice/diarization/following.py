"""Speakers and looks to who speaks in each frame, and to units that end where one speaker follows another."""

import numpy as np
from numpy.typing import NDArray

from earmark.voice.diarization.clustering import Clusters, Doubles, Ints, Owners, Tuning, unit_rows
from earmark.voice.diarization.hearing import LOOK, LOOK_HOP, SHORTEST_UNIT, Frames, Heard, Unit
from earmark.voice.diarization.segmenter import FRAME_SECONDS

ROUNDS = 4  # of hearing again and following again
PAUSED = 0.5  # of the cost of a change, where there is a pause
UNIT = 400  # frames in a unit at most: 8 s
UNIT_GAP = 25  # frames of silence that it goes on after: 0.5 s
INSIDE = 0.6  # share of a look that lies within a unit which it speaks for


def part_again(heard: Heard, clusters: Clusters, tuning: Tuning) -> list[Unit]:
    """Units that end where the speaker changes: purer and longer than those that the network found.

    Their embeddings are the means of the looks within them. Clustering them once more was measured to take
    a tenth off the confused speech.
    """
    owners = follow(heard, clusters, tuning)
    spoken = np.flatnonzero(owners >= 0).astype(np.int32)
    if not spoken.size:
        return []
    starts, ends = _spans(heard)
    changes = (np.diff(owners[spoken]) != 0) | (np.diff(spoken) > UNIT_GAP)
    units = []
    for run in np.split(spoken, np.flatnonzero(changes) + 1):
        if run.size < SHORTEST_UNIT:
            continue
        for part in np.array_split(run, max(1, round(run.size / UNIT))):
            low = int(np.searchsorted(ends, part[0], "right"))
            high = int(np.searchsorted(starts, part[-1] + 1))
            near = slice(low, high)
            common = np.minimum(ends[near], part[-1] + 1) - np.maximum(starts[near], part[0])
            inside = common / (ends[near] - starts[near]) >= INSIDE
            weights = np.where(inside, common, 0) if inside.any() else (common == common.max()).astype(int)
            total = weights @ heard.look_vectors(low, high)
            unit = np.asarray(total / max(float(np.linalg.norm(total)), 1e-12), np.float32)
            units.append(Unit(part, unit, alone=True))
    return units


def follow(heard: Heard, clusters: Clusters, tuning: Tuning) -> Owners:
    """The one speaker of each frame by the looks alone, (frames,), -1 in silence: the likeliest way through.

    Whoever was found is heard again in what was found of them, and then followed again, as long as that
    changes anything.
    """
    owners = np.full(heard.frames, -1, np.int16)
    count = clusters.seconds.size
    if not heard.looks or not count:
        return owners
    starts, ends = _spans(heard)
    seconds: Doubles = (ends - starts).astype(np.float64) * FRAME_SECONDS
    joined = np.concatenate([[False], starts[1:] < ends[:-1]])
    share = np.where(joined, LOOK_HOP / LOOK, 1.0)  # looks that overlap say the same thing several times
    persons, behind = clusters.vectors, clusters.seconds
    path = _likeliest(heard, seconds, joined, share, persons, behind, tuning)
    for _ in range(ROUNDS):
        heard_of = np.bincount(path, share * seconds, minlength=count)
        said = _sums(heard, path, share * seconds, count)
        sums = np.where(heard_of[:, None] > 0.0, said, clusters.sums)
        persons = unit_rows(sums)
        behind = np.where(heard_of > 0.0, heard_of, clusters.seconds)
        again = _likeliest(heard, seconds, joined, share, persons, behind, tuning)
        if np.array_equal(again, path):
            break
        path = again
    middles = (starts + ends) // 2
    between = (middles[:-1] + middles[1:]) // 2
    begins = np.where(joined, np.concatenate([[0], between]), starts)
    stops = np.where(np.append(joined[1:], False), np.append(between, 0), ends)
    for begin, stop, person in zip(begins.tolist(), stops.tolist(), path.tolist(), strict=True):
        owners[begin:stop] = person
    return owners


def _spans(heard: Heard) -> tuple[Frames, Frames]:
    """First frames of all looks, and the frames after their last."""
    starts, ends = ([getattr(looks, name) for looks in heard.looks] for name in ("starts", "ends"))
    return np.concatenate(starts), np.concatenate(ends)


def _sums(heard: Heard, path: Ints, weights: Doubles, count: int) -> Doubles:
    """Of each person the weighed sum of the looks that are theirs, (count, D); never all looks at once."""
    sums, first = np.zeros((count, heard.looks[0].vectors.shape[1])), 0
    for looks in heard.looks:
        here = slice(first, first + len(looks.vectors))
        member = (path[here] == np.arange(count)[:, None]) * weights[here]
        sums += member @ looks.vectors.astype(np.float64)
        first = here.stop
    return sums


def _likeliest(
    heard: Heard,
    seconds: Doubles,
    joined: NDArray[np.bool_],
    share: Doubles,
    persons: Doubles,
    behind: Doubles,
    tuning: Tuning,
) -> Ints:
    """The speaker of each look (looks,): Viterbi, where a change costs `tuning.change`, less at a pause."""
    cosine = np.concatenate([looks.vectors.astype(np.float64) @ persons.T for looks in heard.looks])
    evidence = tuning.likeness.llr(cosine, seconds[:, None], behind[None]) * share[:, None]
    count = len(persons)
    score = np.zeros(count)
    came = np.zeros((len(seconds), count), np.int16)
    for place in range(len(seconds)):
        leave = score.max() - tuning.change * (1.0 if joined[place] else PAUSED)
        came[place] = np.where(score >= leave, np.arange(count), int(score.argmax()))
        score = np.maximum(score, leave) + evidence[place]
    path = np.zeros(len(seconds), np.int64)
    path[-1] = int(score.argmax())
    for place in range(len(seconds) - 1, 0, -1):
        path[place - 1] = came[place, path[place]]
    return path
