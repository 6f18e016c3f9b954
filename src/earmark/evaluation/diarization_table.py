"""Meetings and systems to the table of `make eval-diarization`: error rates, speaker counts and names."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from earmark.evaluation.der import NONE, Errors, der, misnamed_share, named_share
from earmark.evaluation.meetings import Meeting
from earmark.voice.diarization.turns import Turn, speech_seconds

MISNAMED_NOTE = "share of all speech that carries the name of somebody else"


@dataclass(frozen=True)
class Answer:
    """What a system says of a meeting."""

    turns: tuple[Turn, ...]
    names: dict[str, str] = field(default_factory=dict)  # its speakers to the people that it takes them for


@dataclass(frozen=True)
class System:
    """A way to diarize, and to name speakers where it can."""

    name: str
    answer: Callable[[Meeting], Answer]
    names: bool = True


@dataclass(frozen=True)
class Row:
    """How one system did on one meeting."""

    system: str
    meeting: str
    part: str
    errors: Errors
    people: int  # in the reference
    found: int
    known: float  # seconds of speech of people who are enrolled
    named: float  # share of it that carries the right name
    misnamed: float  # share of all speech that carries a wrong name


def run(
    meetings: Iterable[Meeting], systems: Sequence[System], *, told: Callable[[Row], None] | None = None
) -> list[Row]:
    """Every system on every meeting."""
    rows = []
    for meeting in meetings:
        for system in systems:
            row = judge(meeting, system.name, system.answer(meeting))
            rows.append(row)
            if told is not None:
                told(row)
    return rows


def judge(meeting: Meeting, system: str, answer: Answer) -> Row:
    """Score an answer; stretches that voiceprints were cut from do not count for names."""
    truth = outside(meeting.turns, meeting.used)
    said = [replace(turn, speaker=answer.names.get(turn.speaker, "")) for turn in answer.turns]
    said = outside([turn for turn in said if turn.speaker], meeting.used)
    return Row(
        system,
        meeting.name,
        meeting.part,
        der(meeting.turns, answer.turns),
        people=len({turn.speaker for turn in meeting.turns}),
        found=len({turn.speaker for turn in answer.turns}),
        known=sum(speech_seconds(truth, name) for name in meeting.known),
        named=named_share(truth, said, meeting.known),
        misnamed=misnamed_share(truth, said, meeting.known),
    )


def outside(turns: Sequence[Turn], stretches: Sequence[tuple[float, float]]) -> list[Turn]:
    """The parts of turns that lie outside of stretches (start, end)."""
    left = list(turns)
    for start, end in stretches:
        cut = []
        for turn in left:
            if turn.end <= start or turn.start >= end:
                cut.append(turn)
                continue
            if turn.start < start:
                cut.append(replace(turn, end=start))
            if turn.end > end:
                cut.append(replace(turn, start=end))
        left = cut
    return left


@dataclass(frozen=True)
class Line:
    """A part of the table: one system over some meetings."""

    system: str
    part: str
    meetings: int
    errors: Errors
    count_error: float  # mean absolute difference in the number of speakers
    named: float
    misnamed: float


def summarise(rows: Sequence[Row], system: str, part: str, *, chosen: Sequence[Row] | None = None) -> Line:
    """One system over the meetings of a part (or the rows given), seconds joined."""
    own = [row for row in (rows if chosen is None else chosen) if row.system == system]
    own = [row for row in own if chosen is not None or row.part == part]
    errors = sum((row.errors for row in own), NONE)
    weights = np.array([row.known for row in own])
    known = weights > 0.0
    shares = np.array([row.named for row in own])
    speech = np.array([row.errors.speech for row in own])
    wrong = np.array([row.misnamed for row in own])
    return Line(
        system,
        part,
        len(own),
        errors,
        float(np.mean([abs(row.found - row.people) for row in own])),
        float(np.average(shares[known], weights=weights[known])) if known.any() else float("nan"),
        float(np.average(wrong, weights=speech)) if speech.sum() else float("nan"),
    )


def make_lines(rows: Sequence[Row], systems: Sequence[System]) -> list[Line]:
    """Lines of every part, all simulated meetings together, and every real excerpt by itself."""
    parts = list(dict.fromkeys(row.part for row in rows))
    lines = [summarise(rows, system.name, part) for part in parts for system in systems]
    simulated = [row for row in rows if row.part.endswith(("speaker", "speakers"))]
    if simulated:
        lines += [summarise(rows, one.name, "all simulated", chosen=simulated) for one in systems]
    for name in dict.fromkeys(row.meeting for row in rows if row.part == "real excerpts"):
        own = [row for row in rows if row.meeting == name]
        lines += [summarise(rows, system.name, name, chosen=own) for system in systems]
    return lines


def to_markdown(lines: Sequence[Line], systems: Sequence[System]) -> str:
    """The table as Markdown: a row for each part, a block of columns for each system."""
    heads = ["", "meetings"]
    for system in systems:
        heads += [f"DER %<br>{system.name}", "missed, false, confused", "count off by"]
        heads += ["named rightly, wrongly %"] if system.names else []
    text = ["| " + " | ".join(heads) + " |", "|---|--:|" + "--:|" * (len(heads) - 2)]
    for part in dict.fromkeys(line.part for line in lines):
        own = {line.system: line for line in lines if line.part == part}
        best = min(line.errors.rate for line in own.values())
        cells = [part, str(next(iter(own.values())).meetings)]
        for system in systems:
            line = own[system.name]
            rate = f"{100 * line.errors.rate:.1f}"
            cells.append(f"**{rate}**" if line.errors.rate == best else rate)
            cells.append(", ".join(f"{100 * value:.1f}" for value in _parts(line.errors)))
            cells.append(f"{line.count_error:.2f}")
            if system.names:
                cells.append(f"{100 * line.named:.1f}, {100 * line.misnamed:.1f}")
        text.append("| " + " | ".join(cells) + " |")
    return "\n".join(text)


def _parts(errors: Errors) -> tuple[float, float, float]:
    whole = max(errors.speech, 1e-9)
    return errors.missed / whole, errors.false_alarm / whole, errors.confusion / whole


def to_json(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines as plain values, shares 0 to 1."""
    return [
        {
            "system": line.system,
            "part": line.part,
            "meetings": line.meetings,
            "der": round(line.errors.rate, 4),
            **dict(
                zip(
                    ("missed", "false_alarm", "confusion"),
                    (round(value, 4) for value in _parts(line.errors)),
                    strict=True,
                )
            ),
            "count_error": round(line.count_error, 3),
            "named": None if np.isnan(line.named) else round(line.named, 4),
            "misnamed": None if np.isnan(line.misnamed) else round(line.misnamed, 4),
        }
        for line in lines
    ]
