"""Test speakers beside people of their own place: what these bring as strangers, and whether rates are kept.

A place is a set of recordings, and its own people are its calibration speakers: none of those who are tested.
What the cohort that ships is worth in a place that it knows nothing of is seen without the training speakers
of that set.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from earmark.evaluation.averages import error_rates, llr_costs
from earmark.evaluation.backends import AS_IS, ASKED, REPLICATES
from earmark.evaluation.bank import Bank, Condition, Row, Scored, by_backend, trials_of
from earmark.evaluation.fit import every_condition
from earmark.evaluation.intervals import Estimate, Trials, join_trials, measure
from earmark.evaluation.metrics import USUAL, Doubles, min_dcf_of
from earmark.evaluation.strangers import Views, choose_cohort
from earmark.voice.features import Floats
from earmark.voice.scoring.backends import Fused
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.decider import Decider
from earmark.voice.scoring.own_people import FEWEST, Beside, OwnPeople
from earmark.voice.scoring.voices import Voices

KNOWN, UNKNOWN = "known to the shipped cohort", "unknown to it"


@dataclass(frozen=True, eq=False)
class Placed:
    """How decisions fare in places of one kind, with or without their own people."""

    place: str
    own: bool
    results: dict[str, Estimate]
    found: tuple[Estimate, ...]  # FMR, in the order of `ASKED`
    missed: tuple[Estimate, ...]  # FNMR


def people_of(bank: Bank, dataset: str) -> OwnPeople:
    """The speakers of a set, each by the mean of what is enrolled of them."""
    who = bank.speakers[dataset, "enrol"]
    row = bank.rows[dataset, "enrol", "full", "clean"].voices
    names, place = np.unique(who, return_inverse=True)
    counts = np.bincount(place)

    def mean(values: Doubles) -> Doubles:
        return np.asarray(np.bincount(place, values) / counts, np.float64)

    vectors = np.stack([mean(column) for column in row.vectors.T.astype(np.float64)], axis=1)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    recorded = (mean(row.seconds), mean(row.snr_db), mean(row.bandwidth_hz))
    return OwnPeople([f"own {name}" for name in names], Voices(vectors.astype(np.float32), *recorded))


def without_each(views: Views, names: Sequence[str], wanted: Sequence[str]) -> dict[str, Floats]:
    """Cohorts of training speakers without those of each wanted set; `names` are the sets of the views."""
    return {
        name: choose_cohort(
            Views(*(values[views.sets != names.index(name)] for values in vars(views).values()))
        )
        for name in wanted
        if name in names
    }


def places_of(tested: Bank, others: Bank) -> list[str]:
    """Sets of which enough people are in the other bank."""
    sizes = {name: np.unique(others.speakers[name, "enrol"]).size for name in others.sets}
    return [name for name in tested.sets if sizes.get(name, 0) >= FEWEST]


def in_their_place(
    fused: Fused, meaning: Calibration, tested: Bank, others: Bank, cohorts: Mapping[str, Floats]
) -> Iterator[Placed]:
    """Trials of all conditions in the sets of which enough people are in `others`, by the shipped cohort and
    beside these people; then with `cohorts`, by set, in place of the shipped one.
    """
    places = places_of(tested, others)
    people = {name: people_of(others, name) for name in places}
    limits = [meaning.operating_point(rate).threshold for rate in ASKED]
    if not places:
        return
    for kind, which in ((KNOWN, dict.fromkeys(places, fused.cohort)), (UNKNOWN, cohorts)):
        if not set(places) <= set(which):
            continue
        deciders = {name: Decider(replace(fused, cohort=which[name]), AS_IS) for name in places}
        for own in (False, True):
            scored = {
                name: by_own(people[name], decider) if own else by_backend(decider)
                for name, decider in deciders.items()
            }
            trials = _pooled(tested, every_condition(), scored)
            pairs = [error_rates(trials, limit, replicates=REPLICATES) for limit in limits]
            results = measure(trials, {"minDCF": min_dcf_of}, replicates=REPLICATES)
            results |= llr_costs(trials, USUAL, replicates=REPLICATES)
            found, missed = zip(*pairs, strict=True)
            yield Placed(kind, own, results, found, missed)


def by_own(people: OwnPeople, decider: Decider) -> Scored:
    """Likelihood ratios as verification gives them beside own people; each row of enrolled is heard once."""
    ready: dict[int, Beside] = {}

    def scored(enrol: Row, test: Row) -> Doubles:
        if id(enrol) not in ready:
            ready[id(enrol)] = people.beside(decider, [""] * len(enrol.voices), enrol.voices)
        voices = test.voices
        every = [ready[id(enrol)].llrs(voices.take(np.array([place]))) for place in range(len(voices))]
        return np.stack(every, axis=1)

    return scored


def _pooled(bank: Bank, conditions: Sequence[Condition], scored: Mapping[str, Scored]) -> Trials:
    return join_trials(
        [
            trials_of(bank, condition, [name], scored=how)
            for condition in conditions
            for name, how in scored.items()
        ]
    )


def to_markdown(rows: Sequence[Placed], places: Sequence[str]) -> str:
    """The table."""
    heads = " | ".join(f"FMR / {rate:g} | FNMR % at {rate:g}" for rate in ASKED)
    lines = [
        "### With the cohort of the place",
        "",
        f"What the rule `own_cohort` brings, over all pairs of conditions of {' and '.join(places)}: sets "
        f"with {FEWEST} calibration speakers or more, who are the place's own people. Unknown: the shipped "
        "cohort is without the training speakers of the set, whom PLDA and thresholds still know.",
        "",
        f"| the place is | strangers | minDCF(0.01) | actDCF(0.01) | {heads} |",
        "|---|---|--:|--:|" + "--:|" * (2 * len(ASKED)),
    ]
    for row in rows:
        costs = [_cell(row.results[name], 1.0, ".2f") for name in ("minDCF", "actDCF")]
        for rate, found, missed in zip(ASKED, row.found, row.missed, strict=True):
            costs += [_cell(found, 1.0 / rate, ".2f"), f"{100 * missed.value:.1f}"]
        who = "and its own people" if row.own else "the shipped cohort"
        lines.append(f"| {row.place} | {who} | " + " | ".join(costs) + " |")
    return "\n".join(lines) + "\n"


def _cell(found: Estimate, times: float, form: str) -> str:
    return f"{times * found.value:{form}} ({times * found.low:{form}}-{times * found.high:{form}})"
