"""Units to speakers: which of them are the same person, and how many persons there are.

Units are merged two by two, those first of which the evidence for one person is greatest, until none is
left. The evidence is a log-likelihood ratio of two parts: how alike the pooled embeddings are, by a
calibration that knows how much speech is behind each, and the network, which heard both in one window.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earmark.voice.diarization.hearing import WINDOW, Heard, Unit
from earmark.voice.diarization.measures import Measure, by_cosine, pair_scores, scores
from earmark.voice.diarization.segmenter import LOCAL_SPEAKERS as LOCAL

ROUNDS = 5  # of moving single units
TURN_GAP = 50  # frames between units that may be of one turn: 1 s

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Owners = NDArray[np.int16]  # of frames: the number of a speaker, -1 for nobody


@dataclass(frozen=True)
class Likeness:
    """What the cosine of two pooled embeddings of one recording, or another score of them, says, given the
    speech behind them.

    llr = offset + short * ln(shorter) + long * ln(longer) + slope * score, seconds held within `seconds`.
    """

    offset: float
    short: float
    long: float
    slope: float
    seconds: tuple[float, float]

    def llr(self, score: NDArray[np.floating], one: ArrayLike, other: ArrayLike) -> Doubles:
        """Natural-log likelihood ratio, same speaker against another; shapes broadcast."""
        a, b = (np.log(np.clip(seconds, *self.seconds)) for seconds in (one, other))
        seconds = self.short * np.minimum(a, b) + self.long * np.maximum(a, b)
        return np.asarray(self.offset + seconds + self.slope * score, np.float64)


@dataclass(frozen=True)
class Tuning:
    """How evidence is weighed; fitted on simulated conversations of calibration speakers."""

    likeness: Likeness  # by cosines
    stop: float  # evidence below which two are different people
    together: float  # weight of having been told apart, or not, in the same windows
    most_apart: float  # the most that this can say against two units being of one person,
    most_same: float  # and for it: two people in one turn after the other may share a local speaker
    following: float  # evidence from which on two units that follow each other are one person's turn
    least_seconds: float  # a speaker with less speech than this is looked at again,
    least_share: float  # or with less than this share of all speech, whichever is less,
    stop_small: float  # and given to another from this evidence on
    change: float  # what it costs to change from one speaker to another
    own: float  # weight of the looks beside the windows in saying who speaks
    # By what strangers score, if `measure` says it: who is one person is decided by the mean of both. By it
    # alone the same voice may stay apart for ever, however much of it is heard: many strangers are near it.
    beside: Likeness | None = None
    measure: Measure = field(default=by_cosine, repr=False)


@dataclass(frozen=True, eq=False)
class Clusters:
    """Speakers: of each unit its speaker, and of each speaker the pooled embedding."""

    labels: Ints  # (units,)
    sums: Doubles  # (speakers, D), unit vectors times seconds
    seconds: Doubles  # (speakers,)

    @property
    def vectors(self) -> Doubles:
        """Pooled embeddings of unit length, (speakers, D)."""
        return unit_rows(self.sums)


@dataclass(frozen=True)
class Wanted:
    """How many speakers there may be."""

    least: int = 1
    most: int | None = None


def cluster(heard: Heard, units: Sequence[Unit], tuning: Tuning, wanted: Wanted = Wanted()) -> Clusters:
    """Units of one speaker each, in order, to clusters."""
    if not units:
        return Clusters(np.zeros(0, np.int64), np.zeros((0, 1)), np.zeros(0))
    vectors = np.array([unit.vector for unit in units], np.float64)
    seconds = np.array([unit.seconds for unit in units])
    met = told_apart(heard, units)
    labels = _join_turns(units, vectors, seconds, met, tuning, wanted)
    member = np.zeros((int(labels.max()) + 1, len(units)))
    member[labels, np.arange(len(units))] = 1.0
    joint = (member @ met @ member.T).astype(np.float32)
    groups = _agglomerate((member * seconds) @ vectors, member @ seconds, joint, tuning, wanted)
    labels = _settle(groups[labels], vectors, seconds, met, tuning)
    labels = _absorb(labels, vectors, seconds, met, tuning, wanted)
    labels = _settle(labels, vectors, seconds, met, tuning)
    return _pool(labels, units)


def join(sums: Doubles, seconds: Doubles, tuning: Tuning, wanted: Wanted) -> Ints:
    """Speakers (n, D) of several sections of a recording to the person, from 0 on, that each of them is."""
    if not len(sums):
        return np.zeros(0, np.int64)
    met = np.zeros((len(sums), len(sums)), np.float32)  # two of one section may be the same after all
    labels = _agglomerate(sums, seconds, met, tuning, wanted)
    return _absorb(labels, unit_rows(sums), seconds, met, tuning, wanted)


def _join_turns(
    units: Sequence[Unit],
    vectors: Doubles,
    seconds: Doubles,
    met: NDArray[np.float32],
    tuning: Tuning,
    wanted: Wanted,
) -> Ints:
    """Units that follow each other to turns, likeliest first: longer speech says more of a voice."""
    order = np.argsort([unit.start for unit in units], kind="stable")
    runs = [[int(place)] for place in order]
    gaps = [units[b].start - units[a].end for a, b in pairwise(order.tolist())]

    units_sides = tuning.measure(vectors)
    sides = [units_sides.take(int(place)) for place in order]

    def evidence(place: int) -> float:
        if gaps[place] > TURN_GAP:
            return -np.inf
        one, other = runs[place], runs[place + 1]
        told = np.asarray(met[np.ix_(one, other)].sum())
        score = pair_scores(sides[place], sides[place + 1])
        return float(_evidence(score, seconds[one].sum(), seconds[other].sum(), told, tuning).item())

    found = [evidence(place) for place in range(len(gaps))]
    while found and max(found) >= tuning.following and len(runs) > wanted.least:
        place = int(np.argmax(found))
        runs[place] += runs.pop(place + 1)
        sides.pop(place + 1)
        sides[place] = tuning.measure(unit_rows(seconds[runs[place]] @ vectors[runs[place]])[None])
        found.pop(place)
        gaps.pop(place)
        for near in (place - 1, place):
            if 0 <= near < len(found):
                found[near] = evidence(near)
    labels = np.zeros(len(units), np.int64)
    for label, run in enumerate(runs):
        labels[run] = label
    return labels


def told_apart(heard: Heard, units: Sequence[Unit]) -> NDArray[np.float32]:
    """What windows say of each pair of units, (n, n): 1 the same local speaker, -1 another, 0 nothing."""
    said = np.zeros((len(units), len(units)), np.float32)
    times = np.zeros((len(units), len(units)), np.float32)
    starts = np.array([unit.start for unit in units])
    ends = np.array([unit.end for unit in units])
    if not len(units):
        return said
    for start, activity in zip(heard.starts, heard.windows, strict=True):
        if start >= ends.max() or start + WINDOW <= starts.min():
            continue
        inside = np.flatnonzero((ends > start) & (starts < start + len(activity)))
        places, shares = [], []
        for place in inside.tolist():
            frames = units[place].frames
            frames = frames[(frames >= start) & (frames < start + len(activity))]
            share = activity[frames - start].mean(axis=0) / 255.0 if frames.size else np.zeros(LOCAL)
            if 2 * frames.size >= units[place].frames.size and share.sum() > 0.2:
                places.append(place)
                shares.append(share / share.sum())
        if len(places) > 1:
            table = np.array(shares, np.float32)
            said[np.ix_(places, places)] += 2.0 * (table @ table.T) - 1.0
            times[np.ix_(places, places)] += 1.0
    np.divide(said, times, out=said, where=times > 0)
    np.fill_diagonal(said, 0.0)
    return said


def _agglomerate(
    sums: Doubles, seconds: Doubles, met: NDArray[np.float32], tuning: Tuning, wanted: Wanted
) -> Ints:
    """Labels from 0 on: merge the likeliest pair until it is unlikely, within the number that is wanted."""
    sums, seconds, met = sums.copy(), seconds.copy(), met.copy()
    count = len(sums)
    labels = np.arange(count)
    alive = np.ones(count, bool)
    sides = tuning.measure(unit_rows(sums))
    evidence = _evidence(scores(sides, sides), seconds[:, None], seconds[None], met, tuning)
    np.fill_diagonal(evidence, -np.inf)
    nearest = evidence.argmax(axis=1)
    best = evidence[np.arange(count), nearest]
    left = count
    while left > max(1, wanted.least):
        one = int(best.argmax())
        other = int(nearest[one])
        if best[one] < tuning.stop and (wanted.most is None or left <= wanted.most):
            break
        sums[one] += sums[other]
        seconds[one] += seconds[other]
        met[one] += met[other]
        met[:, one] = met[one]
        labels[labels == other] = one
        alive[other] = False
        merged = tuning.measure(unit_rows(sums[one])[None])
        sides.put(one, merged)
        row = _evidence(scores(sides, merged)[:, :, 0], seconds, seconds[one], met[one], tuning)
        row[~alive] = -np.inf
        row[one] = -np.inf
        evidence[one], evidence[:, one] = row, row
        evidence[other], evidence[:, other] = -np.inf, -np.inf
        best[other] = -np.inf
        closer = row > best
        nearest[closer], best[closer] = one, row[closer]
        stale = alive & ((nearest == other) | ((nearest == one) & ~closer))
        stale[one] = True
        nearest[stale] = evidence[stale].argmax(axis=1)
        best[stale] = evidence[stale, nearest[stale]]
        left -= 1
    return np.unique(labels, return_inverse=True)[1]


def _absorb(
    labels: Ints, vectors: Doubles, seconds: Doubles, met: NDArray[np.float32], tuning: Tuning, wanted: Wanted
) -> Ints:
    """Give speakers with hardly any speech to the likeliest other one, if it may be: a cough is nobody."""
    totals = np.bincount(labels, seconds)
    left = totals.size
    least = min(tuning.least_seconds, tuning.least_share * float(totals.sum()))
    for small in np.argsort(totals):
        if totals[small] >= least or left <= max(1, wanted.least):
            break
        mine = labels == small
        others = np.flatnonzero(np.bincount(labels[~mine], minlength=totals.size))
        member = labels[None] == others[:, None]
        theirs = tuning.measure(unit_rows((member * seconds) @ vectors))
        own = tuning.measure(unit_rows(seconds[mine] @ vectors[mine])[None])
        against = (member @ met[:, mine]).sum(axis=1)
        llrs = _evidence(scores(theirs, own)[:, :, 0], member @ seconds, totals[small], against, tuning)
        if llrs.max() >= tuning.stop_small:
            labels = np.where(mine, others[int(llrs.argmax())], labels)
            left -= 1
    return np.unique(labels, return_inverse=True)[1]


def _settle(
    labels: Ints, vectors: Doubles, seconds: Doubles, met: NDArray[np.float32], tuning: Tuning
) -> Ints:
    """Move single units to the speaker that they are likelier to be: early merges are not all right."""
    weighed = vectors * seconds[:, None]
    sides = tuning.measure(vectors)
    for _ in range(ROUNDS):
        count = int(labels.max()) + 1
        member = np.zeros((len(labels), count))
        member[np.arange(len(labels)), labels] = 1.0
        sums, totals = member.T @ weighed, member.T @ seconds
        own = sums[labels] - weighed  # a unit is compared with the others of its speaker, not with itself
        score = scores(sides, tuning.measure(unit_rows(sums)))
        score[:, np.arange(len(labels)), labels] = pair_scores(sides, tuning.measure(unit_rows(own)))
        behind = np.where(member > 0.0, np.maximum(totals - seconds[:, None], 0.1), totals)
        llrs = _evidence(score, seconds[:, None], behind, met @ member, tuning)
        alone = totals[labels] <= seconds  # the only unit of its speaker stays where it is
        moved = np.where(alone, labels, llrs.argmax(axis=1))
        if np.bincount(moved, minlength=count).min() == 0 or np.array_equal(moved, labels):
            break
        labels = moved
    return labels


def _evidence(
    score: Doubles, one: ArrayLike, other: ArrayLike, met: NDArray[np.floating], tuning: Tuning
) -> Doubles:
    """Log-likelihood ratio of one person against two, of scores (1 or 2, ...)."""
    heard = np.clip(tuning.together * met, -tuning.most_apart, tuning.most_same)
    llr = tuning.likeness.llr(score[0], one, other)
    if tuning.beside is not None and len(score) > 1:
        llr = 0.5 * (llr + tuning.beside.llr(score[1], one, other))
    return np.asarray(llr + heard)


def _pool(labels: Ints, units: Sequence[Unit]) -> Clusters:
    sums = np.zeros((int(labels.max()) + 1, units[0].vector.size))
    seconds = np.zeros(len(sums))
    for label, unit in zip(labels, units, strict=True):
        sums[label] += unit.seconds * unit.vector
        seconds[label] += unit.seconds
    return Clusters(labels, sums, seconds)


def unit_rows(rows: Doubles) -> Doubles:
    """Rows (..., D) at unit length; zeros stay zeros."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12))
