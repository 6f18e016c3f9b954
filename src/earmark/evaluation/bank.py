"""Sides of all sets to embeddings under every condition, and embeddings to scored trials."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from earmark.evaluation.conditions import CHANNELS, LENGTHS, SHORT, Scenery, cut, degrade
from earmark.evaluation.intervals import Trials, join_trials
from earmark.evaluation.listeners import Heard as HeardClip
from earmark.evaluation.listeners import Listener
from earmark.evaluation.metrics import Doubles
from earmark.evaluation.trials import Side, Sides
from earmark.voice.features import Floats
from earmark.voice.scoring.backends import Heard
from earmark.voice.scoring.decider import Decider
from earmark.voice.scoring.voices import Voices


@dataclass(frozen=True, order=True)
class Condition:
    """Length of each side at most, and what the test side came through; the enrolment side is clean."""

    enrol_length: str
    test_length: str
    channel: str


@dataclass(frozen=True, eq=False)
class Row:
    """Embeddings of the sides of one set under one condition."""

    vectors: Floats  # (sides, D)
    seconds: Doubles  # (sides,)
    fallbacks: int
    snr_db: Doubles | None = None  # (sides,)
    bandwidth_hz: Doubles | None = None

    @property
    def voices(self) -> Voices:
        """As a back end takes them."""
        unknown = np.full(self.seconds.size, np.nan)
        snr = unknown if self.snr_db is None else self.snr_db
        band = unknown if self.bandwidth_hz is None else self.bandwidth_hz
        return Voices(self.vectors, self.seconds, snr, band)


def row_of(heard: Sequence[HeardClip]) -> Row:
    """What was heard of several sides."""
    return Row(
        np.stack([one.vector for one in heard]),
        np.array([one.seconds for one in heard]),
        sum(one.fallback for one in heard),
        np.array([one.snr_db for one in heard]),
        np.array([one.bandwidth_hz for one in heard]),
    )


Scored = Callable[[Row, Row], Doubles]  # enrolment and test sides to scores, (E, T)


def by_cosine(enrol: Row, test: Row) -> Doubles:
    """Cosines of all pairs."""
    return np.asarray(enrol.vectors @ test.vectors.T, np.float64)


def by_backend(decider: Decider) -> Scored:
    """Likelihood ratios as verification gives them; each row is heard once."""
    heard: dict[int, Heard] = {}

    def hear(row: Row) -> Heard:
        if id(row) not in heard:
            heard[id(row)] = decider.hear(row.voices)
        return heard[id(row)]

    return lambda enrol, test: decider.llrs(hear(enrol), hear(test))


@dataclass
class Bank:
    """Everything one listener heard; rows are asked for by set, side, length and channel."""

    listener: str
    speakers: dict[tuple[str, str], NDArray[np.int64]] = field(default_factory=dict)
    rows: dict[tuple[str, str, str, str], Row] = field(default_factory=dict)

    @property
    def sets(self) -> list[str]:
        """Names of the sets, sorted; a set's place here is its number in `Trials.sets`."""
        return sorted({name for name, _ in self.speakers})


def clip_of(side: Side, length: str, channel: str, scenery: Scenery) -> Floats:
    """A side under a condition; equal for every listener, as seeds come from the side alone."""
    place = list(LENGTHS).index(length)
    whole = side.clip if length in SHORT or side.longer is None else side.longer
    short = cut(whole, LENGTHS[length], (side.number, place))
    return degrade(short, channel, scenery, (side.number, place, CHANNELS.index(channel)))


def plan(
    sides: dict[str, Sides], lengths: Collection[str] = LENGTHS
) -> list[tuple[str, str, str, str, list[Side]]]:
    """What is to be embedded: (set, side, length, channel, sides)."""
    jobs = []
    for dataset, both in sides.items():
        for length in lengths:
            jobs.append((dataset, "enrol", length, "clean", both.enrol))
            jobs += [(dataset, "test", length, channel, both.test) for channel in CHANNELS]
    return jobs


def clip_count(sides: dict[str, Sides], lengths: Collection[str] = LENGTHS) -> int:
    """How many clips `fill_banks` will make."""
    return sum(len(group) for *_, group in plan(sides, lengths))


def fill_banks(
    listeners: Sequence[Listener],
    sides: dict[str, Sides],
    scenery: Scenery,
    advance: Callable[[], None],
    *,
    lengths: Collection[str] = LENGTHS,
) -> list[Bank]:
    """Make every clip once and let every listener hear it; `advance` is called after each clip."""
    banks = [Bank(listener.name) for listener in listeners]
    names = sorted(
        {(side.dataset, side.speaker) for both in sides.values() for side in (*both.enrol, *both.test)}
    )
    numbers = {name: number for number, name in enumerate(names)}
    for dataset, which, length, channel, group in plan(sides, lengths):
        heard: list[list[HeardClip]] = [[] for _ in listeners]
        for side in group:
            clip = clip_of(side, length, channel, scenery)
            for place, listener in enumerate(listeners):
                heard[place].append(listener.hear(clip))
            advance()
        who = np.array([numbers[side.dataset, side.speaker] for side in group], np.int64)
        for bank, each in zip(banks, heard, strict=True):
            bank.speakers[dataset, which] = who
            bank.rows[dataset, which, length, channel] = row_of(each)
    return banks


def trials_of(
    bank: Bank,
    condition: Condition,
    datasets: Sequence[str] | None = None,
    *,
    scored: Scored = by_cosine,
) -> Trials:
    """All pairs within each set under a condition, scored and pooled over the sets."""
    parts = []
    for number, dataset in enumerate(bank.sets):
        if datasets is not None and dataset not in datasets:
            continue
        enrol = bank.rows[dataset, "enrol", condition.enrol_length, "clean"]
        test = bank.rows[dataset, "test", condition.test_length, condition.channel]
        shape = (enrol.seconds.size, test.seconds.size)

        def column(values: NDArray, shape: tuple[int, int] = shape) -> NDArray:  # type: ignore[type-arg]
            return np.broadcast_to(values[:, None], shape).ravel()

        def line(values: NDArray, shape: tuple[int, int] = shape) -> NDArray:  # type: ignore[type-arg]
            return np.broadcast_to(values[None], shape).ravel()

        parts.append(
            Trials(
                scored(enrol, test).ravel(),
                column(bank.speakers[dataset, "enrol"]),
                line(bank.speakers[dataset, "test"]),
                np.full(shape[0] * shape[1], number),
                column(enrol.seconds),
                line(test.seconds),
            )
        )
    return join_trials(parts)
