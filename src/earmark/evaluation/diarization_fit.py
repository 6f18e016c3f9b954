"""Heard meetings of calibration speakers to the tuning by which people are told apart.

First what a score of two pooled embeddings of one recording says, by logistic regression over pairs of
groups of units; then the few weights of the clustering, by the error rate itself on a grid.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from earmark.evaluation.der import NONE, Errors, der
from earmark.evaluation.listeners import Heard as Listened
from earmark.evaluation.metrics import Doubles, cllr, softplus
from earmark.voice.diarization.clustering import Likeness, Tuning, Wanted
from earmark.voice.diarization.hearing import Heard, Unit
from earmark.voice.diarization.measures import Measure, by_cosine, pair_scores
from earmark.voice.diarization.pipeline import Diarization, tell_apart
from earmark.voice.diarization.segmenter import FRAME_SECONDS
from earmark.voice.diarization.turns import Turn
from earmark.voice.features import Floats

GROUPS = (1, 1, 2, 4, 8, 16, 32)  # units pooled on either side of a pair
PURE = 0.8  # share of a unit in which its speaker must be alone in the truth
# Where the search begins, and what is tried: the error rate is rough ground, so the steps are wide.
START: dict[str, Any] = {
    "stop": -1.1,
    "together": 0.15,
    "most_apart": 15.0,
    "most_same": 0.0,
    "following": 2.0,
    "least_seconds": 60.0,
    "least_share": 0.1,
    "stop_small": -4.0,
    "change": 1.0,
    "own": 1.0,
}
GRID: dict[str, tuple[float, ...]] = {
    "stop": (-3.0, -2.0, -1.5, -1.1, -0.7, -0.3, 0.0),
    "stop_small": (-6.0, -4.0, -3.0, -2.0, -1.0),
    "least_share": (0.05, 0.1, 0.2),
    "together": (0.0, 0.15, 0.3, 0.6),
    "most_same": (0.0, 1.0, 3.0),
    "following": (0.0, 2.0, 4.0, 99.0),
    "change": (0.5, 1.0, 2.0),
    "own": (0.3, 0.6, 1.0),
}


@dataclass(frozen=True, eq=False)
class Known:
    """A meeting that was heard, and the truth about it."""

    heard: Heard
    turns: tuple[Turn, ...]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pooled pairs within meetings."""

    score: Doubles
    one: Doubles  # seconds behind either side
    other: Doubles
    same: NDArray[np.bool_]


def gather_pairs(
    meetings: Sequence[Known], *, measure: Measure = by_cosine, seed: int = 3, each: int = 400
) -> Pairs:
    """Groups of units of one speaker against groups of the same and of another: `each` pairs a meeting.

    Their score is the last that the measure gives.
    """
    rng = np.random.default_rng(seed)
    rows: list[tuple[float, float, bool]] = []
    left, right = [], []
    for meeting in meetings:
        by_speaker = _pure_units(meeting)
        names = [name for name, units in by_speaker.items() if len(units) > 1]
        for number in range(each if names else 0):
            first = names[int(rng.integers(len(names)))]
            same = number % 2 == 0
            others = [name for name in by_speaker if name != first]
            if not same and not others:
                continue
            units = [by_speaker[first][place] for place in rng.permutation(len(by_speaker[first]))]
            size = int(rng.choice(GROUPS))
            if same:
                size = min(size, len(units) - 1)
                mine, theirs = units[:size], units[size:]
            else:
                theirs = by_speaker[others[int(rng.integers(len(others)))]]
                theirs = [theirs[place] for place in rng.permutation(len(theirs))]
                mine = units[:size]
            theirs = theirs[: int(rng.choice(GROUPS))]
            (a, one), (b, other) = _pool(mine), _pool(theirs)
            left.append(a)
            right.append(b)
            rows.append((one, other, same))
    table = np.array(rows, np.float64)
    score = pair_scores(measure(np.array(left)), measure(np.array(right)))[-1]
    return Pairs(score, table[:, 0], table[:, 1], table[:, 2] > 0.5)


def _pure_units(meeting: Known) -> dict[str, list[Unit]]:
    names = sorted({turn.speaker for turn in meeting.turns})
    table = np.zeros((meeting.heard.frames, len(names)), bool)
    for turn in meeting.turns:
        table[
            round(turn.start / FRAME_SECONDS) : round(turn.end / FRAME_SECONDS), names.index(turn.speaker)
        ] = 1
    table[table.sum(axis=1) > 1] = False
    found: dict[str, list[Unit]] = {}
    for unit in meeting.heard.units:
        share = table[unit.frames].mean(axis=0)
        if unit.alone and share.size and share.max() >= PURE:
            found.setdefault(names[int(share.argmax())], []).append(unit)
    return found


def _pool(units: Sequence[Unit]) -> tuple[Doubles, float]:
    total = np.sum([unit.seconds * unit.vector for unit in units], axis=0, dtype=np.float64)
    return np.asarray(total / np.linalg.norm(total)), sum(unit.seconds for unit in units)


def fit_likeness(pairs: Pairs, *, seconds: tuple[float, float] = (0.3, 20.0)) -> Likeness:
    """The likeness with the least Cllr over the pairs, same and different ones weighing alike.

    Seconds are held below 20: what is pooled over minutes is not pure enough to be asked for more.
    """
    logs = np.log(np.clip(np.stack([pairs.one, pairs.other]), *seconds))
    design = np.stack([np.ones(pairs.score.size), logs.min(axis=0), logs.max(axis=0), pairs.score], axis=1)
    sign = np.where(pairs.same, -1.0, 1.0)
    weights = np.where(pairs.same, 1.0 / pairs.same.sum(), 1.0 / (~pairs.same).sum())

    def cost(x: Doubles) -> tuple[float, Doubles]:
        margin = sign * (design @ x)
        slope = np.asarray(design.T @ (weights * sign * expit(margin)) + 2e-6 * x)
        return float(weights @ softplus(margin) + 1e-6 * x @ x), slope

    found = minimize(cost, np.zeros(4), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    offset, short, long, slope = (round(float(number), 4) for number in found.x)
    return Likeness(offset=offset, short=short, long=long, slope=slope, seconds=seconds)


def likeness_cllr(pairs: Pairs, likeness: Likeness) -> float:
    """Cllr of a likeness over pairs."""
    llr = likeness.llr(pairs.score, pairs.one, pairs.other)
    return cllr(llr[pairs.same], llr[~pairs.same])


@dataclass(frozen=True)
class Score:
    """How a tuning does."""

    errors: Errors
    count_error: float  # mean absolute difference in the number of speakers
    mean_rate: float  # mean error rate over meetings, so that each weighs alike


def score(meetings: Sequence[Known], tuning: Tuning) -> Score:
    """Errors of a tuning over meetings, when the number of speakers is to be found."""
    errors, wrong, rates = NONE, [], []
    for meeting in meetings:
        found: Diarization = tell_apart([meeting.heard], tuning, Wanted())
        own = der(meeting.turns, found.turns)
        errors += own
        rates.append(own.rate)
        wrong.append(abs(len(found.speakers) - len({turn.speaker for turn in meeting.turns})))
    return Score(errors, float(np.mean(wrong)), float(np.mean(rates)))


def search(
    meetings: Sequence[Known],
    likeness: Likeness,
    *,
    beside: Likeness | None = None,
    measure: Measure = by_cosine,
    told: Callable[[Tuning, Score], None] | None = None,
) -> Tuning:
    """The tuning with the least mean error rate: one weight after the other, twice over."""
    best = Tuning(likeness=likeness, beside=beside, measure=measure, **START)
    reached = score(meetings, best)
    for _ in range(2):
        before = best
        for name, values in GRID.items():
            for value in values:
                if value == getattr(best, name):
                    continue
                tried = _with(best, name, value)
                result = score(meetings, tried)
                if told is not None:
                    told(tried, result)
                if result.mean_rate < reached.mean_rate:
                    best, reached = tried, result
        if best == before:
            break
    return best


def _with(tuning: Tuning, name: str, value: float) -> Tuning:
    changed: dict[str, Any] = {name: value}
    return replace(tuning, **changed)


def name_pairs(
    meetings: Sequence[Known], voices: Sequence[Mapping[str, Floats]], listen: Callable[[Floats], Listened]
) -> Pairs:
    """Everything that a person says in a meeting against the clip of each who is known there."""
    rows: list[tuple[float, float, float, bool]] = []
    for meeting, known in zip(meetings, voices, strict=True):
        pooled = {name: _pool(units) for name, units in _pure_units(meeting).items()}
        for person, clip in known.items():
            voice = listen(clip)
            for name, (vector, seconds) in pooled.items():
                rows.append((float(vector @ voice.vector), voice.seconds, seconds, name == person))
    table = np.array(rows, np.float64)
    return Pairs(table[:, 0], table[:, 1], table[:, 2], table[:, 3] > 0.5)
