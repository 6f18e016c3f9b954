"""Windows and labelled units to turns: local speakers get their person, and every frame its speakers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.voice.diarization.assignment import assign
from earmark.voice.diarization.clustering import Clusters, Doubles, Ints, Likeness, Owners, Tuning
from earmark.voice.diarization.following import follow
from earmark.voice.diarization.hearing import ACTIVE, WINDOW, Heard, Unit
from earmark.voice.diarization.segmenter import FRAME_SECONDS
from earmark.voice.diarization.segmenter import LOCAL_SPEAKERS as LOCAL
from earmark.voice.diarization.turns import Turn

BLOCK = 6_000  # frames that are stitched at a time, two minutes: memory does not grow with the recording
SHORTEST_TURN = 0.1  # seconds
SHORTEST_PAUSE = 0.25  # seconds; a shorter silence of one speaker is part of the turn


@dataclass(frozen=True, eq=False)
class Stitched:
    """Who speaks in each frame."""

    speaking: NDArray[np.bool_]  # (frames, speakers)
    loudest: Owners  # (frames,) the one who speaks when only one may; -1 for nobody
    certainty: NDArray[np.uint8]  # (frames,) 0 to 100: how sure the choice of speakers is


def stitch(heard: Heard, alone: Sequence[Unit], clusters: Clusters, tuning: Tuning) -> Stitched:
    """Frames to speakers: the windows' activity under their persons' names, averaged where they overlap."""
    count = clusters.seconds.size
    speaking = np.zeros((heard.frames, count), bool)
    loudest = np.full(heard.frames, -1, np.int16)
    certainty = np.full(heard.frames, 100, np.uint8)
    if not count:
        return Stitched(speaking, loudest, certainty)
    names = _name_windows(heard, alone, clusters, tuning.likeness)
    owners = follow(heard, clusters, tuning)
    for low, high, share, number in _blocks(heard, names, owners, count, tuning.own):
        rows = np.arange(high - low)
        order = np.argsort(-share, axis=1, kind="stable")
        ranked = np.take_along_axis(share, order, axis=1)
        for place in range(min(LOCAL, count)):
            chosen = (number > place) & (ranked[:, place] > 0.0)
            speaking[low + rows[chosen], order[chosen, place]] = True
        loudest[low:high] = np.where((number > 0) & (ranked[:, 0] > 0.0), order[:, 0], -1)
        # Sure of a speaker who is heard in all windows, and of one who is heard in none.
        doubt = np.minimum(share, 1.0 - np.minimum(share, 1.0)).max(axis=1)
        certainty[low:high] = np.rint(100.0 * (1.0 - doubt))
    return Stitched(speaking, loudest, certainty)


def _blocks(
    heard: Heard, names: Sequence[Ints], owners: Owners, count: int, own: float
) -> Iterator[tuple[int, int, Doubles, Ints]]:
    """(first, end, share of the windows that hear each speaker (frames, speakers), how many speak)."""
    starts = np.array(heard.starts)
    for low in range(0, heard.frames, BLOCK):
        high = min(low + BLOCK, heard.frames)
        share = np.zeros((high - low, count))
        number = np.zeros(high - low)
        weights = np.zeros(high - low)
        first = int(np.searchsorted(starts, low - WINDOW, "right"))
        for window in range(first, int(np.searchsorted(starts, high))):
            activity = heard.windows[window]
            start = starts[window]
            begin, end = max(low, start), min(high, start + len(activity))
            if begin >= end:
                continue
            part = activity[begin - start : end - start]
            # A window knows its middle best, where it has heard both what was before and what came after.
            weight = _weight(len(activity))[begin - start : end - start]
            here = slice(begin - low, end - low)
            for local, name in enumerate(names[window]):
                if name >= 0:
                    share[here, name] += weight * part[:, local] / 255.0
            number[here] += weight * (part >= ACTIVE).sum(axis=1)
            weights[here] += weight
        weights = np.maximum(weights, 1e-9)
        share /= weights[:, None]
        voices = np.rint(number / weights).astype(np.int64)
        owned = owners[low:high]
        known = np.flatnonzero(owned >= 0)
        share[known] /= 1.0 + own
        share[known, owned[known]] += own / (1.0 + own)
        yield low, high, share, voices


def _weight(frames: int) -> Doubles:
    return 0.1 + np.hanning(frames + 2)[1:-1]


def _unit_labels(frames: int, units: Sequence[Unit], labels: Ints) -> Owners:
    """The speaker of the unit that each frame belongs to; -1 outside of units."""
    owners = np.full(frames, -1, np.int16)
    for unit, label in zip(units, labels, strict=True):
        owners[unit.frames] = label
    return owners


def _name_windows(heard: Heard, alone: Sequence[Unit], clusters: Clusters, likeness: Likeness) -> list[Ints]:
    """Of each window, the speaker behind each local speaker, or -1; never one for two.

    Units that a local speaker has alone vote; who is only heard together with another is compared with the
    speakers that are left.
    """
    owners = _unit_labels(heard.frames, alone, clusters.labels)
    both = [unit for unit in heard.units if not unit.alone]
    both_starts = np.array([unit.start for unit in both])
    persons = clusters.vectors
    names = []
    for start, activity in zip(heard.starts, heard.windows, strict=True):
        active = activity >= ACTIVE
        owned = owners[start : start + len(activity)]
        votes = np.zeros((LOCAL, clusters.seconds.size))
        single = active.sum(axis=1) == 1
        for local in range(LOCAL):
            votes[local] = np.bincount(
                owned[(owned >= 0) & single & active[:, local]], minlength=votes.shape[1]
            )
        name = np.full(LOCAL, -1, np.int64)
        for local, person in assign(votes):
            name[local] = person
        missing = [local for local in range(LOCAL) if name[local] < 0 and active[:, local].sum() > 5]
        if missing and both:
            near = slice(*np.searchsorted(both_starts, [start - WINDOW, start + len(activity)]))
            _name_rest(name, missing, active, start, both[near], persons, clusters, likeness)
        names.append(name)
    return names


def _name_rest(
    name: Ints,
    missing: Sequence[int],
    active: NDArray[np.bool_],
    start: int,
    both: Sequence[Unit],
    persons: Doubles,
    clusters: Clusters,
    likeness: Likeness,
) -> None:
    """Fill in local speakers who are never alone, by the embedding of what they say with somebody else."""
    for local in missing:
        total = np.zeros(persons.shape[1])
        seconds = 0.0
        for unit in both:
            frames = unit.frames[(unit.frames >= start) & (unit.frames < start + len(active))] - start
            if frames.size and active[frames, local].mean() > 0.5:
                total += unit.seconds * unit.vector
                seconds += unit.seconds
        free = np.setdiff1d(np.arange(len(persons)), name[name >= 0])
        if seconds and free.size:
            cosine = persons[free] @ (total / max(float(np.linalg.norm(total)), 1e-12))
            name[local] = free[int(likeness.llr(cosine, seconds, clusters.seconds[free]).argmax())]


def make_turns(
    speaking: NDArray[np.bool_],
    *,
    names: Sequence[str],
    shortest: float = SHORTEST_TURN,
    pause: float = SHORTEST_PAUSE,
) -> list[Turn]:
    """Frames (frames, speakers) to turns by start: short pauses closed, then short turns left out."""
    turns = []
    for speaker, name in enumerate(names):
        for start, end in spans(speaking[:, speaker], pause=pause, shortest=shortest):
            turns.append(Turn(start, end, name))
    return sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker))


def spans(speaking: NDArray[np.bool_], *, pause: float, shortest: float) -> list[tuple[float, float]]:
    """Frames of one speaker to stretches in seconds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], speaking, [False]]).astype(np.int8)))
    joined: list[list[int]] = []
    for start, end in edges.reshape(-1, 2).tolist():
        if joined and (start - joined[-1][1]) * FRAME_SECONDS < pause:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    return [
        (round(start * FRAME_SECONDS, 3), round(end * FRAME_SECONDS, 3))
        for start, end in joined
        if (end - start) * FRAME_SECONDS >= shortest
    ]


def make_exclusive(
    loudest: NDArray[np.signedinteger],
    *,
    names: Sequence[str],
    shortest: float = SHORTEST_TURN,
    pause: float = SHORTEST_PAUSE,
) -> list[Turn]:
    """The one speaker of each frame (frames,) to turns that never overlap."""
    turns: list[Turn] = []
    cuts = np.flatnonzero(np.diff(loudest)) + 1
    ends = np.concatenate([cuts, [loudest.size]])
    for start, end in zip(np.concatenate([[0], cuts]), ends, strict=True):
        if start == end or loudest[start] < 0:
            continue
        begin, stop = round(float(start * FRAME_SECONDS), 3), round(float(end * FRAME_SECONDS), 3)
        name = names[loudest[start]]
        if turns and turns[-1].speaker == name and begin - turns[-1].end < pause:
            turns[-1] = Turn(turns[-1].start, stop, name)
        else:
            turns.append(Turn(begin, stop, name))
    return [turn for turn in turns if turn.seconds >= shortest]
