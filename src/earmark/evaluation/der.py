"""Reference and hypothesis turns to the diarization error rate and its three parts, without a collar.

Overlapped speech is scored. Source: NIST Rich Transcription; the mapping of speakers is the one with the
most seconds in common. Turns of one speaker that overlap each other count once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from earmark.evaluation.metrics import Doubles
from earmark.voice.diarization.assignment import assign
from earmark.voice.diarization.turns import Turn


@dataclass(frozen=True)
class Errors:
    """Seconds of speaker time; all but `speech` are errors, and `rate` is their share of it."""

    speech: float  # in the reference; two who speak at once count twice
    missed: float
    false_alarm: float
    confusion: float

    @property
    def rate(self) -> float:
        """The diarization error rate; NaN without speech in the reference and without any false alarm."""
        errors = self.missed + self.false_alarm + self.confusion
        return errors / self.speech if self.speech else (np.inf if errors else np.nan)

    def __add__(self, other: "Errors") -> "Errors":
        """Errors of two recordings together."""
        return Errors(
            self.speech + other.speech,
            self.missed + other.missed,
            self.false_alarm + other.false_alarm,
            self.confusion + other.confusion,
        )


NONE = Errors(0.0, 0.0, 0.0, 0.0)


def der(reference: Sequence[Turn], hypothesis: Sequence[Turn], *, until: float | None = None) -> Errors:
    """Errors of a hypothesis, under the best mapping of its speakers; nothing after `until` s is scored."""
    seconds, truth, found = _activity(reference, hypothesis, until)
    mapping = assign((truth.T * seconds) @ found)
    common = sum(float(seconds @ (truth[:, one] * found[:, other])) for one, other in mapping)
    there, told = truth.sum(axis=1), found.sum(axis=1)
    return Errors(
        speech=float(seconds @ there),
        missed=float(seconds @ np.maximum(there - told, 0.0)),
        false_alarm=float(seconds @ np.maximum(told - there, 0.0)),
        confusion=float(seconds @ np.minimum(there, told)) - common,
    )


def named_share(reference: Sequence[Turn], hypothesis: Sequence[Turn], names: Iterable[str]) -> float:
    """Share of the speech of people who are known, `names`, that carries the right name; NaN without any."""
    known = set(names)
    seconds, truth, found = _activity(reference, hypothesis, None)
    said = {name: column for column, name in enumerate(_speakers(hypothesis))}
    total = right = 0.0
    for column, name in enumerate(_speakers(reference)):
        if name in known:
            total += float(seconds @ truth[:, column])
            if name in said:
                right += float(seconds @ (truth[:, column] * found[:, said[name]]))
    return right / total if total else float("nan")


def misnamed_share(reference: Sequence[Turn], hypothesis: Sequence[Turn], names: Iterable[str]) -> float:
    """Share of all reference speech in which somebody else is said to speak under one of the `names`."""
    known = set(names)
    seconds, truth, found = _activity(reference, hypothesis, None)
    there = {name: column for column, name in enumerate(_speakers(reference))}
    wrong = 0.0
    for column, name in enumerate(_speakers(hypothesis)):
        if name in known:
            right = truth[:, there[name]] if name in there else np.zeros(len(seconds))
            wrong += float(seconds @ (found[:, column] * (right == 0.0) * (truth.sum(axis=1) > 0.0)))
    total = float(seconds @ truth.sum(axis=1))
    return wrong / total if total else float("nan")


def _speakers(turns: Sequence[Turn]) -> list[str]:
    return sorted({turn.speaker for turn in turns})


def _activity(
    reference: Sequence[Turn], hypothesis: Sequence[Turn], until: float | None
) -> tuple[Doubles, Doubles, Doubles]:
    """Stretches in which nothing changes: their seconds (n,), and who speaks in them, (n, speakers) each."""
    marks = sorted({mark for turn in (*reference, *hypothesis) for mark in (turn.start, turn.end)} | {0.0})
    if until is not None:
        marks = [*(mark for mark in marks if mark < until), until]
    edges = np.array(marks)
    tables = []
    for turns in (reference, hypothesis):
        names = {name: column for column, name in enumerate(_speakers(turns))}
        table = np.zeros((max(0, edges.size - 1), len(names)))
        for turn in turns:
            low, high = np.searchsorted(edges, [turn.start, turn.end])
            table[low:high, names[turn.speaker]] = 1.0
        tables.append(table)
    return np.diff(edges), tables[0], tables[1]
