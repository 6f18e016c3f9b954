"""Trials and the groups of their speakers to FMR and FNMR by group, their ratios and GARBE.

GARBE: Howard, Laird, Sirotin, Rubin, Tipton and Vemury, "Evaluating proposed fairness models for face
recognition algorithms" (2022). A group with too few people or errors is shown, but not judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earmark.evaluation.averages import Mean, averages
from earmark.evaluation.intervals import Estimate, Trials, estimate
from earmark.evaluation.metrics import Doubles

FEW_SPEAKERS = 10  # a group with fewer people is shown, but not judged
RULE_OF_30 = 30  # errors that a rate must rest on (ISO/IEC 19795-1)
MOST_RATIO = 1e6  # of replicates in which no other group erred
ALPHA = 0.5  # weight of FMR in GARBE


@dataclass(frozen=True, eq=False)
class Group:
    """One group's errors at the common threshold, and their ratio to the mean of the other judged groups."""

    name: str
    speakers: int
    genuine: int
    impostor: int
    fmr: Estimate
    fnmr: Estimate
    fmr_ratio: Estimate | None  # None: not judged, or no other group erred
    fnmr_ratio: Estimate | None
    fmr_judged: bool  # enough people and trials
    fnmr_judged: bool


@dataclass(frozen=True, eq=False)
class Comparison:
    """All groups of one attribute."""

    attribute: str
    of_speakers: bool  # every speaker is of one group; otherwise groups are of the recordings under test
    threshold: float
    groups: tuple[Group, ...]
    garbe: Estimate | None
    left_out: int  # speakers or clips whose group is unknown


def gini(rates: Doubles) -> Doubles:
    """Gini coefficient of (..., n) rates over the last axis, n / (n - 1) times, so that 1 is the most."""
    count = rates.shape[-1]
    apart = np.abs(rates[..., :, None] - rates[..., None, :]).sum(axis=(-1, -2))
    mean = rates.mean(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = count / (count - 1) * apart / (2.0 * count**2 * mean)
    return np.asarray(np.where(mean == 0.0, 0.0, found), np.float64)


def compare_groups(
    attribute: str,
    trials: Trials,
    enrol_groups: ArrayLike,
    test_groups: ArrayLike,
    *,
    of_speakers: bool,
    threshold: float,
) -> Comparison:
    """Errors of every group at one threshold; groups are (n,) words, "" where unknown.

    Of speakers: a genuine trial belongs to its speaker's group, an impostor trial to a group when both
    speakers do. Of recordings: every trial belongs to the group of the recording under test.
    """
    enrol, test = np.asarray(enrol_groups), np.asarray(test_groups)
    known = (test != "") & ((enrol == test) | (not of_speakers))
    names = sorted((str(name) for name in np.unique(test[known])), key=_order)
    passed = (trials.scores >= threshold).astype(np.float64)
    costs: dict[str, Doubles] = {}
    members: dict[str, NDArray[np.bool_]] = {}
    for name in names:
        members[name] = known & (test == name)
        costs[f"in {name}"] = members[name].astype(np.float64)
        costs[f"passed {name}"] = passed * members[name]
    found = averages(trials, costs)
    rates = {name: _rates(found[f"in {name}"], found[f"passed {name}"]) for name in names}
    overall = float(passed[~trials.genuine].mean()), float(1.0 - passed[trials.genuine].mean())
    judged = {name: _judged(trials, members[name], overall) for name in names}
    ratios = [_ratios({name: rates[name][kind] for name in names if judged[name][kind]}) for kind in (0, 1)]
    groups = tuple(
        Group(
            name,
            np.unique(trials.test[members[name]]).size,
            int(np.count_nonzero(members[name] & trials.genuine)),
            int(np.count_nonzero(members[name] & ~trials.genuine)),
            *rates[name],
            ratios[0].get(name),
            ratios[1].get(name),
            *judged[name],
        )
        for name in names
    )
    unknown = np.unique(trials.test[test == ""]).size
    return Comparison(attribute, of_speakers, threshold, groups, _garbe(groups), unknown)


def _rates(inside: Mean, passed: Mean) -> tuple[Estimate, Estimate]:
    """(FMR, FNMR) of a group, with replicates that all groups share."""
    with np.errstate(invalid="ignore", divide="ignore"):
        fmr = np.divide(passed.impostor, inside.impostor)
        fmr_draws = passed.impostor_draws / inside.impostor_draws
        fnmr = 1.0 - np.divide(passed.genuine, inside.genuine)
        fnmr_draws = 1.0 - passed.genuine_draws / inside.genuine_draws
    return estimate(float(fmr), fmr_draws), estimate(float(fnmr), fnmr_draws)


def _judged(trials: Trials, inside: NDArray[np.bool_], overall: tuple[float, float]) -> tuple[bool, bool]:
    """Whether there are people and trials enough for (FMR, FNMR): 30 errors if the group errs as all do."""
    other, own = inside & ~trials.genuine, inside & trials.genuine
    people = np.unique(np.concatenate([trials.enrol[other], trials.test[other]])).size
    owners = np.unique(trials.test[own]).size
    return (
        people >= FEW_SPEAKERS and overall[0] * int(np.count_nonzero(other)) >= RULE_OF_30,
        owners >= FEW_SPEAKERS and overall[1] * int(np.count_nonzero(own)) >= RULE_OF_30,
    )


def _ratios(rates: dict[str, Estimate]) -> dict[str, Estimate]:
    """Each rate over the mean of the others, with intervals; none where no other group erred."""
    found = {}
    for name, rate in rates.items():
        others = [other for key, other in rates.items() if key != name]
        mean = float(np.mean([other.value for other in others])) if others else 0.0
        if mean == 0.0:
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            draws = rate.draws / np.mean([other.draws for other in others], axis=0)
        found[name] = ratio_estimate(rate.value / mean, np.minimum(draws, MOST_RATIO))
    return found


def ratio_estimate(value: float, draws: Doubles, *, tail: float = 2.5) -> Estimate:
    """A ratio with the middle of its replicates: moved by a factor so that their median is the value."""
    known = draws[np.isfinite(draws)]
    if not known.size:
        return Estimate(value, 0.0, float("inf"), draws)
    low, middle, high = np.percentile(known, [tail, 50.0, 100.0 - tail])
    if middle == 0.0:
        return Estimate(value, 0.0, float(max(high, value)), draws)
    return Estimate(value, float(value * low / middle), float(value * high / middle), draws)


def _order(name: str) -> tuple[float, str]:
    """Bands by their first number, words by the alphabet."""
    first = name.removeprefix("below ").split(" ")[0]
    try:
        return float(first) - name.startswith("below "), name
    except ValueError:
        return float("inf"), name


def _garbe(groups: Sequence[Group]) -> Estimate | None:
    """None when fewer than two groups can be judged on both errors."""
    both = [group for group in groups if group.fmr_judged and group.fnmr_judged]
    if len(both) < 2:
        return None
    fmr, fnmr = (
        gini(np.array([[rate.value, *rate.draws] for rate in rates]).T)
        for rates in ([group.fmr for group in both], [group.fnmr for group in both])
    )
    mixed = ALPHA * fmr + (1.0 - ALPHA) * fnmr
    return estimate(float(mixed[0]), mixed[1:])
