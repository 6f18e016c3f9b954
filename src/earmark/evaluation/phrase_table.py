"""Trials of the phrase checker to its table of errors, with intervals over speakers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.evaluation.phrase_fit import weighted_quantile
from earmark.evaluation.phrase_trials import Trial
from earmark.evaluation.phrases import NEAR, Claim
from earmark.voice.phrase.scoring import Calibrations, Doubles, score

REPLICATES = 400
NEAR_MISS = "near miss"
COLUMNS: dict[str, tuple[Claim, ...]] = {
    "right, refused": (Claim.RIGHT,),
    Claim.OTHER.value: (Claim.OTHER,),
    NEAR_MISS: NEAR,
    "changed": (Claim.CHANGED,),
    "changed, alike": (Claim.ALIKE,),
    "dropped": (Claim.DROPPED,),
    "added": (Claim.ADDED,),
    "cut off": (Claim.TRUNCATED,),
    "within speech, refused": (Claim.EMBEDDED,),
}
REFUSALS = ("right, refused", "within speech, refused")


@dataclass(frozen=True)
class Rate:
    """A share of trials, its 95 % interval over speakers, and how many trials there are."""

    value: float
    low: float
    high: float
    trials: int

    def __str__(self) -> str:
        """As in the table."""
        if not self.trials:
            return "-"
        return f"{100 * self.value:.1f} ({100 * self.low:.1f}-{100 * self.high:.1f})"


@dataclass(frozen=True, eq=False)
class Scored:
    """Trials, and by how much their likelihood ratios exceed the threshold of their kind of phrase."""

    trials: Sequence[Trial]
    llrs: Doubles

    @classmethod
    def of(cls, trials: Sequence[Trial], calibrations: Calibrations) -> "Scored":
        """Score trials."""
        points = {True: calibrations.digits.accept, False: calibrations.sentences.accept}
        return cls(
            trials,
            np.asarray(
                [score(trial.weighed, calibrations)[1] - points[trial.weighed.digits] for trial in trials]
            ),
        )

    def where(self, wanted: Callable[[Trial], bool]) -> NDArray[np.bool_]:
        """Which trials are wanted."""
        return np.asarray([wanted(trial) for trial in self.trials], bool)


def rate(scored: Scored, chosen: NDArray[np.bool_], threshold: float, *, refused: bool) -> Rate:
    """Share of the chosen trials that are accepted, or refused; drawn again by speaker for the interval."""
    hits = (scored.llrs[chosen] >= threshold) != refused
    if not hits.size:
        return Rate(float("nan"), float("nan"), float("nan"), 0)
    speakers = np.asarray([trial.speaker for trial, one in zip(scored.trials, chosen, strict=True) if one])
    _, number = np.unique(speakers, return_inverse=True)
    found = np.bincount(number, hits)
    counts = np.bincount(number)
    draw = np.random.default_rng(3).multinomial(
        len(counts), np.full(len(counts), 1 / len(counts)), REPLICATES
    )
    low, high = np.percentile((draw @ found) / np.maximum(draw @ counts, 1), [2.5, 97.5])
    if not 0 < hits.mean() < 1:  # no replicate can show what no trial did: the rule of three
        edge = 3 / hits.size
        low, high = (0.0, min(1.0, edge)) if not hits.mean() else (max(0.0, 1 - edge), 1.0)
    return Rate(float(hits.mean()), float(low), float(high), int(hits.size))


def rows(
    scored: Scored, groups: Mapping[str, Callable[[Trial], bool]], threshold: float
) -> dict[str, dict[str, Rate]]:
    """Every column's rate for every group."""
    found: dict[str, dict[str, Rate]] = {}
    for name, member in groups.items():
        among = scored.where(member)
        found[name] = {
            column: rate(
                scored,
                among & scored.where(lambda trial, kinds=kinds: trial.kind in kinds),  # type: ignore[misc]
                threshold,
                refused=column in REFUSALS,
            )
            for column, kinds in COLUMNS.items()
        }
    return found


def own_point(scored: Scored, member: Callable[[Trial], bool], refused: float) -> float:
    """The threshold at which a group refuses so many of its own right phrases."""
    right = scored.llrs[scored.where(lambda trial: member(trial) and trial.kind is Claim.RIGHT)]
    return weighted_quantile(right, np.ones(right.size), refused)


def groups_of(trials: Iterable[Trial]) -> dict[str, Callable[[Trial], bool]]:
    """All real sentences, then everybody over every channel."""
    seen = dict.fromkeys((trial.who, trial.channel) for trial in trials)
    found: dict[str, Callable[[Trial], bool]] = {}
    for person in dict.fromkeys(who for who, _ in seen):
        found[f"**{person}**"] = _member(person)
        for channel in [channel for who, channel in seen if who == person]:
            found[f"{person}, {channel}"] = _member(person, channel)
    return found


def _member(who: str, channel: str | None = None) -> Callable[[Trial], bool]:
    return lambda trial: trial.who == who and channel in (None, trial.channel)


def to_markdown(table: Mapping[str, Mapping[str, Rate]]) -> str:
    """The table, rates in per cent."""
    lines = ["| | claims | " + " | ".join(COLUMNS) + " |", "|---|--:|" + "--:|" * len(COLUMNS)]
    for name, columns in table.items():
        count = columns["right, refused"].trials
        lines.append(f"| {name} | {count} | " + " | ".join(str(columns[one]) for one in COLUMNS) + " |")
    return "\n".join(lines)


def to_json(table: Mapping[str, Mapping[str, Rate]]) -> dict[str, dict[str, list[float]]]:
    """The same numbers: value, low, high, trials."""
    return {
        name: {
            column: [found.value, found.low, found.high, found.trials]
            for column, found in columns.items()
            if found.trials
        }
        for name, columns in table.items()
    }
