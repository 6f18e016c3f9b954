"""Turns: who speaks from when to when, and what can be said of a list of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Turn:
    """One stretch of one speaker's speech, in seconds from the start of the recording."""

    start: float
    end: float
    speaker: str
    confidence: float | None = None  # 0 to 1: how surely this is that speaker's; None where nobody said

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end - self.start


def speakers_of(turns: Iterable[Turn]) -> list[str]:
    """The speakers, in the order in which they are first heard."""
    return list(dict.fromkeys(turn.speaker for turn in sorted(turns, key=lambda turn: turn.start)))


def speech_seconds(turns: Sequence[Turn], speaker: str) -> float:
    """Seconds of one speaker's turns; overlap with others counts."""
    return sum(turn.seconds for turn in turns if turn.speaker == speaker)


def solo_stretches(turns: Sequence[Turn], speaker: str) -> list[tuple[float, float]]:
    """Stretches (start, end) in which this speaker speaks and nobody else does, in order."""
    marks = sorted({mark for turn in turns for mark in (turn.start, turn.end)})
    found: list[tuple[float, float]] = []
    for start, end in pairwise(marks):
        middle = (start + end) / 2
        there = {turn.speaker for turn in turns if turn.start <= middle < turn.end}
        if there == {speaker}:
            if found and found[-1][1] == start:
                found[-1] = (found[-1][0], end)
            else:
                found.append((start, end))
    return found
