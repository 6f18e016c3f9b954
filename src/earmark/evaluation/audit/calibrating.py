"""Trials of one half of the speakers to a calibration, and what it is worth on the other half."""

from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from earmark.errors import InvalidRequest, ModelInvalid, TrialsTooFew
from earmark.evaluation.audit.scoring import Scored, part_of, with_llr
from earmark.evaluation.averages import llr_costs
from earmark.evaluation.fit import Sample, choose_shape, cross_validate, fit
from earmark.evaluation.intervals import Estimate, Trials, estimate, measure
from earmark.evaluation.metrics import Costs, Doubles, min_cllr_of, min_dcf_of
from earmark.evaluation.operating import Setting, setting
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.decision import DEFAULT_FMR

FEW_SPEAKERS = 10  # with genuine trials, in each half; with fewer nothing is fitted
MANY_SPEAKERS = 30  # from which on the seconds of speech may take part
PLAIN = "score"


@dataclass(frozen=True, eq=False)
class Worth:
    """What LLRs cost on the half that was not fitted on."""

    cllr: Estimate
    min_cllr: Estimate
    act_dcf: Estimate
    min_dcf: Estimate
    point: Setting | None  # at the false-match rate asked for; None when the calibration does not support it


@dataclass(frozen=True, eq=False)
class Fitted:
    """A calibration with the evidence for it."""

    calibration: Calibration
    shape: str  # what takes part in it
    fitted_speakers: int
    tested_speakers: int
    fitted_trials: int
    tested: Scored  # the other half's trials under the new calibration
    before: Worth | None  # under the model's own calibration; None when it has none
    after: Worth
    gain: Estimate | None  # actDCF before less after: above zero is better


def fit_on_half(
    scored: Scored, own: Calibration | None, costs: Costs, *, fmr: float = DEFAULT_FMR, seed: int = 1
) -> Fitted:
    """Fit on the trials within a random half of the speakers, and measure within the other half.

    Raises TrialsTooFew when either half has too few speakers with two recordings, or too few impostors to
    read two false-match rates from.
    """
    first, second = _halves(scored, seed)
    owners = [np.unique(half.trials.enrol[half.trials.genuine]).size for half in (first, second)]
    if min(owners) < FEW_SPEAKERS:
        raise TrialsTooFew(
            f"The halves have {owners[0]} and {owners[1]} speakers with two recordings, and a calibration "
            f"needs {FEW_SPEAKERS} in each: add speakers, or leave --calibrate out."
        )
    count = np.unique(np.concatenate([scored.trials.enrol, scored.trials.test])).size
    sample = Sample(first.raw_trials, _balanced(first.raw_trials))
    shape = _shape(sample, owners[0])
    try:
        words = f"half of {count} speakers, {first.trials.scores.size} trials"
        calibration = replace(fit(sample, shape, sample), trials=words, score=scored.kind)
    except ModelInvalid as error:
        raise TrialsTooFew(
            f"No calibration can be fitted on {first.trials.scores.size} trials of {owners[0]} speakers: "
            f"{error}"
        ) from error
    after = with_llr(second, calibration)
    before = None if own is None else _worth(second, own, costs, fmr)
    now = _worth(second, calibration, costs, fmr)
    gain = None
    if before is not None:
        change = before.act_dcf.draws - now.act_dcf.draws
        worth = before.act_dcf.value - now.act_dcf.value
        gain = estimate(worth, change, within=(-np.inf, np.inf))
    return Fitted(
        calibration,
        shape,
        np.unique(np.concatenate([first.trials.enrol, first.trials.test])).size,
        np.unique(np.concatenate([second.trials.enrol, second.trials.test])).size,
        first.trials.scores.size,
        after,
        before,
        now,
        gain,
    )


def _halves(scored: Scored, seed: int) -> tuple[Scored, Scored]:
    """Trials within either half of the speakers, dealing those with genuine trials evenly."""
    trials = scored.trials
    count = int(max(trials.enrol.max(), trials.test.max())) + 1
    owners = np.zeros(count, bool)
    owners[trials.enrol[trials.genuine]] = True
    order = np.random.default_rng(seed).permutation(count)
    order = np.concatenate([order[owners[order]], order[~owners[order]]])
    half = np.empty(count, np.intp)
    half[order] = np.arange(count) % 2
    enrol, test = half[trials.enrol], half[trials.test]
    return part_of(scored, (enrol == 0) & (test == 0)), part_of(scored, (enrol == 1) & (test == 1))


def _balanced(trials: Trials) -> Doubles:
    genuine = trials.genuine
    ones = int(np.count_nonzero(genuine))
    return np.where(genuine, 1.0 / ones, 1.0 / max(genuine.size - ones, 1))


def _shape(sample: Sample, owners: int) -> str:
    """What takes part: chosen by cross-validation over speakers where there are many."""
    return choose_shape(cross_validate(sample)) if owners >= MANY_SPEAKERS else PLAIN


def _worth(scored: Scored, calibration: Calibration, costs: Costs, fmr: float) -> Worth:
    trials = with_llr(scored, calibration).trials
    point = None
    with suppress(InvalidRequest):
        point = setting(trials, calibration.operating_point(fmr).threshold)
    found = llr_costs(trials, costs)
    least = measure(
        trials,
        {"Cllr": min_cllr_of, "DCF": lambda rates: min_dcf_of(rates, costs=costs)},
    )
    return Worth(found["Cllr"], least["Cllr"], found["actDCF"], least["DCF"], point)
