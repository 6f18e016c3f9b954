"""Likelihood ratios of people against recordings to FPIR and FNIR as a gallery grows, at the promised rate.

Up to the number of people at hand galleries are drawn; beyond, strangers are drawn from the tail of all pairs
of different people, which falls on as it does over its last hundred.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.evaluation.bank import Bank, Condition, Row, Scored, trials_of
from earmark.evaluation.conditions import CHANNELS
from earmark.evaluation.fit import every_condition
from earmark.evaluation.intervals import Estimate, estimate, join_trials
from earmark.evaluation.metrics import Doubles
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.operating import Aim, set_point
from earmark.voice.scoring.voices import Voices

FPIR = 0.01
SIZES = (10, 100, 1_000, 10_000, 100_000)
PROBES = ("full", "4 s")
DRAWS = 100
FEW_STRANGERS = 10
TAIL = 100  # of the highest strangers: what a tail is read from


@dataclass(frozen=True, eq=False)
class Search:
    """Identification in galleries of one size at the threshold that `identify` uses for it."""

    size: int
    simulated: bool
    threshold: float
    fpir: Estimate  # share of strangers' searches that name somebody
    fnir: Estimate  # share of enrolled people's searches that do not name them


def drawn_searches(
    llr: Doubles, owners: NDArray[np.intp], calibration: Calibration, *, fpir: float = FPIR, seed: int = 1
) -> list[Search]:
    """LLRs (people, probes) to a row for each size of `SIZES` that leaves enough people outside.

    `owners` (probes,) is the row of the person who speaks. The intervals are the middle 95 % of `DRAWS` draws
    of the gallery.
    """
    people, draw, found = llr.shape[0], np.random.default_rng(seed), []
    for size in SIZES:
        if people - size < FEW_STRANGERS:
            break
        limit = set_point(calibration, Aim(fpir=fpir), compared=size).threshold
        passed, missed = np.full(DRAWS, np.nan), np.full(DRAWS, np.nan)
        for number in range(DRAWS):
            inside = np.zeros(people, bool)
            inside[draw.choice(people, size, replace=False)] = True
            best, mated = llr[inside].max(axis=0), inside[owners]
            own = llr[owners, np.arange(owners.size)][mated]
            if not mated.all():
                passed[number] = np.mean(best[~mated] >= limit)
            if mated.any():
                missed[number] = np.mean((own < limit) | (own < best[mated]))
        found.append(Search(size, False, limit, _middle(passed), _middle(missed)))
    return found


def simulated_searches(
    strangers: Doubles,
    genuine: Doubles,
    calibration: Calibration,
    *,
    larger_than: int,
    fpir: float = FPIR,
    seed: int = 1,
) -> list[Search]:
    """LLRs of strangers (n,) and of enrolled people (m,) to rows of the sizes above `larger_than`.

    The intervals are those of drawing the strangers again, which forgets that few people made them all.
    """
    draw, found = np.random.default_rng(seed), []
    for size in SIZES:
        if size <= larger_than:
            continue
        limit = set_point(calibration, Aim(fpir=fpir), compared=size).threshold
        rates = np.array([reached(draw.choice(strangers, strangers.size), limit, size) for _ in range(DRAWS)])
        missed = np.array([np.mean(draw.choice(genuine, genuine.size) < limit) for _ in range(DRAWS)])
        found.append(
            Search(
                size,
                True,
                limit,
                estimate(reached(strangers, limit, size), rates),
                estimate(float(np.mean(genuine < limit)), missed),
            )
        )
    return found


def reached(strangers: Doubles, limit: float, size: int) -> float:
    """How often the best of `size` strangers reaches the limit, by their own tail where that is not seen."""
    top = np.sort(strangers)[-TAIL - 1 :]
    if limit <= top[0]:
        share = float(np.mean(strangers >= limit))
    else:
        share = TAIL / strangers.size * float(np.exp(-(limit - top[0]) / np.mean(top[1:] - top[0])))
    return float(-np.expm1(size * np.log1p(-min(share, 1.0 - 1e-12))))


def searches(tested: Bank, others: Sequence[Bank], scored: Scored, calibration: Calibration) -> list[Search]:
    """Full clean enrolments of a set's speakers, `others` as fillers, searched by test sides of 4 s or more.

    Only people of one set meet in a gallery, that with the most: those of others are told apart more easily.
    """
    people = {name: _gallery(tested, others, name) for name in tested.sets}
    largest = max(people, key=lambda name: people[name][0].seconds.size)
    row, owners = people[largest]
    keys = [(largest, "test", length, channel) for length in PROBES for channel in CHANNELS]
    table = np.concatenate([scored(row, tested.rows[key]) for key in keys], axis=1)
    who = np.array([owners[int(speaker)] for speaker in tested.speakers[largest, "test"]], np.intp)
    drawn = drawn_searches(table, np.tile(who, len(keys)), calibration)
    every = join_trials([trials_of(tested, condition, scored=scored) for condition in every_condition()])
    searched = [Condition("full", length, channel) for length in PROBES for channel in CHANNELS]
    owns = join_trials([trials_of(tested, condition, scored=scored) for condition in searched])
    strangers, genuine = every.scores[~every.genuine], owns.scores[owns.genuine]
    seen = max((search.size for search in drawn), default=0)
    return drawn + simulated_searches(strangers, genuine, calibration, larger_than=seen)


def _gallery(tested: Bank, others: Sequence[Bank], dataset: str) -> tuple[Row, dict[int, int]]:
    """One full clean enrolment of each speaker of a set, and the places of those of `tested`."""
    parts: list[Voices] = []
    places: dict[int, int] = {}
    for bank in (tested, *others):
        if (dataset, "enrol") in bank.speakers:
            speakers, first = np.unique(bank.speakers[dataset, "enrol"], return_index=True)
            parts.append(bank.rows[dataset, "enrol", "full", "clean"].voices.take(first))
            if bank is tested:
                places = {int(speaker): place for place, speaker in enumerate(speakers)}
    joined = [np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])]
    vectors, seconds, snr, bandwidth = joined
    return Row(vectors, seconds, 0, snr, bandwidth), places


def to_markdown(found: Sequence[Search]) -> str:
    """The table."""
    lines = [
        "### Searching a gallery",
        "",
        f"At the threshold that `identify` takes for an FPIR of {100 * FPIR:g} % in a gallery of that size. "
        "Drawn: people of the set with the most (fillers of the larger galleries are of the other splits, "
        "unknown to cohort and PLDA), enrolled clean and full, searched by 4 and 10 s over all channels. "
        "Simulated: strangers of all sets over all 96 pairs of conditions; enrolled people by 4 and 10 s.",
        "",
        "| gallery | | LLR needed | FPIR % | FNIR % |",
        "|--:|---|--:|--:|--:|",
    ]
    for one in found:
        rates = " | ".join(
            f"{100 * rate.value:.2f} ({100 * rate.low:.2f}-{100 * rate.high:.2f})"
            for rate in (one.fpir, one.fnir)
        )
        how = "simulated" if one.simulated else "drawn"
        lines.append(f"| {one.size:,} | {how} | {one.threshold:.1f} | {rates} |")
    return "\n".join(lines) + "\n"


def _middle(draws: Doubles) -> Estimate:
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return Estimate(float(np.nanmean(draws)), float(low), float(high), draws)
