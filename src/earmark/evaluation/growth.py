"""Recordings that search galleries of people to FPIR and FNIR as a gallery grows, at the promised rate.

As long as some people stay outside galleries are drawn from them, and of every size from a `Crowd` after
them. Only people of one set meet in a gallery: those of others are told apart more easily.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from earmark.evaluation.crowd import Crowd
from earmark.evaluation.intervals import Estimate
from earmark.evaluation.metrics import Doubles
from earmark.voice.scoring.backends import Heard
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.decider import Decider
from earmark.voice.scoring.operating import REACHING, Aim, follow_strangers, set_point
from earmark.voice.scoring.voices import Voices

FPIR = 0.01
SIZES = (10, 100, 1_000, 10_000, 100_000)
OUTSIDE = 8  # people who search and are not in a drawn gallery, at least
DRAWS = 100
GALLERIES = 20  # simulated ones of a size, where there are people enough
BLOCK = 1_000  # simulated people at a time
KEPT = REACHING + 1  # likeliest people of a search: what a decision takes
Limits = Callable[[Doubles], Doubles]  # likeliest (KEPT, probes) to the threshold of each search (probes,)


@dataclass(frozen=True, eq=False)
class Searches:
    """Recordings of people, and a gallery with one enrolment of each of them and of others.

    `owners` (probes,) is the row of the person who speaks, `crowd` whom simulated people are drawn after.
    """

    dataset: str
    gallery: Voices  # (people,)
    probes: Voices
    owners: NDArray[np.intp]
    crowd: Voices


@dataclass(frozen=True, eq=False)
class Search:
    """Identification in galleries of one size at the threshold that `identify` uses for it."""

    size: int
    simulated: bool
    threshold: float  # the median of all searches
    fpir: Estimate  # share of strangers' searches that name somebody
    fnir: Estimate  # share of enrolled people's searches that do not name them


def search_all(searches: Searches, decider: Decider, *, fpir: float = FPIR, seed: int = 1) -> list[Search]:
    """A row for each size of `SIZES`: drawn where `OUTSIDE` people stay outside, and simulated.

    The intervals are the middle 95 % of `DRAWS` draws, of the people who search and of drawn galleries.
    """
    probes, owners = decider.hear(searches.probes), searches.owners
    table = decider.llrs(decider.hear(searches.gallery), probes)
    own = table[owners, np.arange(owners.size)]
    limits = {size: partial(limits_of, decider.calibration, size, fpir) for size in SIZES}
    found = [
        drawn_search(table, owners, size, limits[size], seed=seed)
        for size in SIZES
        if np.unique(owners).size * (1 - size / len(table)) >= OUTSIDE
    ]
    tops = simulated_tops(Crowd(searches.crowd), probes, decider, seed=seed)
    return found + [
        simulated_search(tops[size], own, owners, size, limits[size], seed=seed) for size in SIZES
    ]


def simulated_tops(crowd: Crowd, probes: Heard, decider: Decider, *, seed: int) -> dict[int, Doubles]:
    """LLRs of the likeliest of up to `GALLERIES` galleries of every size, each (galleries, KEPT, probes)."""
    blocks = SIZES[-1] // BLOCK
    kept: dict[int, list[Doubles]] = {size: [] for size in SIZES}
    for number in range(blocks):
        llrs = decider.llrs(crowd.draw(BLOCK, seed + number), probes)
        for size in SIZES:
            if size <= BLOCK:
                left = max(0, GALLERIES - len(kept[size]))
                kept[size] += [likeliest(part) for part in np.split(llrs, BLOCK // size)[:left]]
            elif number % (size // BLOCK) == 0:
                if len(kept[size]) < GALLERIES:
                    kept[size].append(likeliest(llrs))
            elif len(kept[size]) * (size // BLOCK) > number:
                kept[size][-1] = likeliest(np.concatenate([kept[size][-1], llrs]))
    return {size: np.stack(each) for size, each in kept.items()}


def likeliest(llrs: Doubles) -> Doubles:
    """LLRs (people, probes) to the highest `KEPT` of each probe, in any order."""
    return llrs if len(llrs) <= KEPT else np.partition(llrs, len(llrs) - KEPT, axis=0)[-KEPT:]


def limits_of(calibration: Calibration, size: int, fpir: float, tops: Doubles) -> Doubles:
    """The threshold that `identify` takes for each search, (probes,), by its likeliest people."""
    point = set_point(calibration, Aim(fpir=fpir), compared=size)
    return np.array([follow_strangers(point, calibration, each).threshold for each in tops.T])


def drawn_search(
    table: Doubles, owners: NDArray[np.intp], size: int, limits: Limits, *, seed: int = 1
) -> Search:
    """LLRs (people, probes) to rates of galleries drawn from the people."""
    draw = np.random.default_rng(seed)
    passed, missed, taken = [], [], []
    own = table[owners, np.arange(owners.size)]
    for weights in _people_drawn(owners, draw):
        inside = np.zeros(len(table), bool)
        inside[draw.choice(len(table), size, replace=False)] = True
        tops, mated = likeliest(table[inside]), inside[owners]
        limit, best = limits(tops), tops.max(axis=0)
        passed.append(_share(best >= limit, weights * ~mated))
        missed.append(_share((own < limit) | (own < best), weights * mated))
        taken.append(np.median(limit))
    return Search(size, False, float(np.mean(taken)), _middle(passed), _middle(missed))


def simulated_search(
    tops: Doubles, own: Doubles, owners: NDArray[np.intp], size: int, limits: Limits, *, seed: int = 1
) -> Search:
    """LLRs of the likeliest (galleries, KEPT, probes), and each probe's with its owner, to rates.

    For the people who are enrolled, each takes the place of one who is simulated.
    """
    passed, missed, taken = [], [], []
    for each in tops:
        limit, mated = limits(each), likeliest(np.concatenate([each, own[None]]))
        passed.append(each.max(axis=0) >= limit)
        missed.append((own < limits(mated)) | (own < mated.max(axis=0)))
        taken.append(np.median(limit))
    false, lost = np.mean(passed, axis=0), np.mean(missed, axis=0)
    draws = list(_people_drawn(owners, np.random.default_rng(seed)))
    rates = ([_share(happened, weights) for weights in draws] for happened in (false, lost))
    return Search(size, True, float(np.mean(taken)), *map(_middle, rates))


def _people_drawn(owners: NDArray[np.intp], draw: np.random.Generator) -> Iterator[Doubles]:
    """How often each probe counts when its speakers are drawn with replacement, `DRAWS` times."""
    names, place = np.unique(owners, return_inverse=True)
    for _ in range(DRAWS):
        yield np.bincount(draw.integers(0, names.size, names.size), minlength=names.size)[place].astype(float)


def _share(happened: Doubles | NDArray[np.bool_], weights: Doubles) -> float:
    total = float(weights.sum())
    return float(happened @ weights) / total if total else float("nan")


def _middle(rates: Sequence[float]) -> Estimate:
    draws = np.asarray(rates)
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return Estimate(float(np.nanmean(draws)), float(low), float(high), draws)


def to_markdown(found: Sequence[tuple[Searches, Sequence[Search]]]) -> str:
    """The tables, one for each set."""
    lines = [
        "### Searching a gallery",
        "",
        f"At the threshold that `identify` takes for an FPIR of {100 * FPIR:g} % in a gallery of that size. "
        "It follows the recording's strangers; the column has the middle one. Drawn: galleries of people "
        "whom cohort and PLDA have not met. Simulated: of voices drawn after the people of the set.",
    ]
    for searches, rows in found:
        people = np.unique(searches.owners).size
        lines += [
            "",
            f"{searches.dataset}: {searches.owners.size:,} recordings of {people} test speakers (net speech "
            f"{_seconds(searches.probes)}) search galleries drawn from {len(searches.gallery):,} people (net "
            f"speech {_seconds(searches.gallery)}).",
            "",
            "| gallery | | LLR needed | FPIR % | FNIR % |",
            "|--:|---|--:|--:|--:|",
        ]
        for one in rows:
            rates = " | ".join(
                f"{100 * rate.value:.2f} ({100 * rate.low:.2f}-{100 * rate.high:.2f})"
                for rate in (one.fpir, one.fnir)
            )
            how = "simulated" if one.simulated else "drawn"
            lines.append(f"| {one.size:,} | {how} | {one.threshold:.1f} | {rates} |")
    return "\n".join(lines) + "\n"


def _seconds(voices: Voices) -> str:
    low, middle, high = np.percentile(voices.seconds, [5, 50, 95])
    return f"{middle:.1f} s, mostly {low:.1f} to {high:.1f}"
