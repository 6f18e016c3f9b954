"""Heard clips and scored trials to everything that a report tells of them."""

from collections import Counter
from dataclasses import dataclass
from functools import partial

import numpy as np

from earmark.evaluation.audit.attributes import attributes_of
from earmark.evaluation.audit.calibrating import Fitted, fit_on_half
from earmark.evaluation.audit.clips import Clip
from earmark.evaluation.audit.hearing import Failure, Heard
from earmark.evaluation.audit.pairs import MOST_PAIRS, Pairs, Places
from earmark.evaluation.audit.scoring import Scored, side_voices
from earmark.evaluation.averages import llr_costs, speaker_counts
from earmark.evaluation.buckets import SECONDS, SNR_DB, Bucket, by_measure
from earmark.evaluation.fairness import Comparison, compare_groups
from earmark.evaluation.fairness_words import Verdict, judge
from earmark.evaluation.intervals import Estimate, measure
from earmark.evaluation.metrics import (
    USUAL,
    Costs,
    Rates,
    eer_of,
    fnmr_at_fmr_of,
    hull_of,
    make_grid,
    min_cllr_of,
    min_dcf_of,
    rates,
)
from earmark.evaluation.open_set import OpenSet, open_set
from earmark.evaluation.operating import RATES, Point, Setting, operating_points, threshold_at
from earmark.voice.scoring.backends import Cosine
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.decider import Decider

MOST_PEOPLE = 2_000  # in drawn galleries: bounds the table of scores
PROBES = 2  # recordings of a person that search the galleries
ALIKE = 10  # pairs told to be worth listening to
FOR_GROUPS = 300  # false matches over all groups that their common threshold must rest on


@dataclass(frozen=True)
class Asked:
    """What the user set."""

    costs: Costs = USUAL
    fmr: float = 0.001
    fpir: float = 0.01
    enrol: int = 1
    most: int = MOST_PAIRS
    seed: int = 1
    calibrate: bool = False
    strict: bool = False


@dataclass(frozen=True, eq=False)
class Audit:
    """All that was found; what could not be measured is None or empty."""

    asked: Asked
    clips: tuple[Clip, ...]  # that could be used
    failures: tuple[Failure, ...]
    refused: Counter[str]  # usable clips that `verify` would refuse, by code
    speakers: int
    single: tuple[str, ...]  # speakers with one usable clip only: never in a same-speaker trial
    owners: int  # speakers with same-speaker trials
    lost: int  # listed trials without a usable clip
    pairs: Pairs
    scored: Scored
    rates: Rates
    overall: dict[str, Estimate]
    points: list[Point]
    chosen: Setting | None  # at which buckets are measured
    durations: list[Bucket]
    noises: list[Bucket]
    open_sets: list[OpenSet]
    groups_fmr: float | None  # false-match rate of the threshold at which groups are compared
    groups: list[tuple[Comparison, Verdict, int]]  # the last: groups left out
    fitted: Fitted | None
    alike: list[tuple[float, int, int]]  # (score, clip, clip) of different speakers


def run_audit(
    heard: Heard | None,
    clips: tuple[Clip, ...],
    speakers: Places,
    pairs: Pairs,
    scored: Scored,
    decider: Decider | None,
    asked: Asked,
    *,
    lost: int = 0,
) -> Audit:
    """Measure everything. `heard` is None when scores were handed over; `clips` are those of the pairs."""
    trials = scored.trials
    calibration = None if decider is None else decider.calibration
    points = operating_points(trials, calibration, asked=asked.fmr)
    chosen = _chosen(points, asked.fmr)
    per_speaker = np.bincount(speakers)
    by_name = {int(number): clip.speaker for number, clip in zip(speakers, clips, strict=True)}
    groups_fmr, groups = _groups(clips, pairs, scored, asked.fmr)
    return Audit(
        asked=asked,
        clips=clips,
        failures=heard.failures if heard else (),
        refused=Counter(code for code in heard.refused if code) if heard else Counter(),
        speakers=int(np.count_nonzero(per_speaker)),
        single=tuple(sorted(by_name[int(number)] for number in np.flatnonzero(per_speaker == 1))),
        owners=speaker_counts(trials)[0],
        lost=lost,
        pairs=pairs,
        scored=scored,
        rates=rates(make_grid(trials.scores[trials.genuine], trials.scores[~trials.genuine])),
        overall=_overall(scored, asked),
        points=points,
        chosen=chosen,
        durations=_buckets(scored, scored.seconds if heard else None, SECONDS, chosen),
        noises=_buckets(scored, scored.snr_db, SNR_DB, chosen),
        open_sets=_open_sets(heard, speakers, pairs, decider, asked),
        groups_fmr=groups_fmr,
        groups=groups,
        fitted=_fitted(scored, calibration, asked),
        alike=_alike(scored, pairs),
    )


def _fitted(scored: Scored, calibration: Calibration | None, asked: Asked) -> Fitted | None:
    if not asked.calibrate:
        return None
    return fit_on_half(scored, calibration, asked.costs, fmr=asked.fmr, seed=asked.seed)


def _overall(scored: Scored, asked: Asked) -> dict[str, Estimate]:
    found = measure(
        scored.trials,
        {
            "EER": eer_of,
            "EER on hull": lambda each: eer_of(hull_of(each)),
            "minDCF": partial(min_dcf_of, costs=asked.costs),
            "FNMR at FMR": partial(fnmr_at_fmr_of, fmr=asked.fmr),
            "min Cllr": min_cllr_of,
        },
    )
    return found | (llr_costs(scored.trials, asked.costs) if scored.is_llr else {})


def _chosen(points: list[Point], asked: float) -> Setting | None:
    """The model's own setting for the rate asked for, else the data's, else the nearest that there is."""
    wanted = next(point for point in points if point.asked == asked)
    if wanted.promised or wanted.found:
        return wanted.promised or wanted.found
    laxer = [point.found for point in points if point.found and point.asked > asked]
    return laxer[-1] if laxer else None


def _buckets(
    scored: Scored, values: np.ndarray | None, edges: tuple[float, ...], chosen: Setting | None
) -> list[Bucket]:
    if values is None or chosen is None:
        return []
    return by_measure(scored.trials, values, edges, threshold=chosen.threshold)


def _groups(
    clips: tuple[Clip, ...], pairs: Pairs, scored: Scored, asked: float
) -> tuple[float | None, list[tuple[Comparison, Verdict, int]]]:
    trials = scored.trials
    impostors = int(np.count_nonzero(~trials.genuine))
    laxer = sorted(fmr for fmr in {asked, *RATES} if fmr >= asked)
    rate = next((fmr for fmr in laxer if fmr * impostors >= FOR_GROUPS), None)
    limit = None if rate is None else threshold_at(trials, rate)
    if limit is None:
        return None, []
    found = []
    for attribute in attributes_of(clips):
        words = np.asarray(attribute.groups)
        sides = np.array([words[side[0]] for side in pairs.sides])
        comparison = compare_groups(
            attribute.name,
            trials,
            sides[scored.sides],
            words[scored.clips],
            of_speakers=attribute.of_speakers,
            threshold=limit,
        )
        if len(comparison.groups) > 1:
            found.append((comparison, judge(comparison), attribute.dropped))
    return rate, found


def _open_sets(
    heard: Heard | None, speakers: Places, pairs: Pairs, decider: Decider | None, asked: Asked
) -> list[OpenSet]:
    """One side of each speaker against other clips of all of them."""
    if heard is None:
        return []
    draw = np.random.default_rng(asked.seed)
    owners = np.array([speakers[side[0]] for side in pairs.sides])
    people = draw.permutation(np.unique(owners))[:MOST_PEOPLE]
    sides, probes, rows = [], [], []
    for row, person in enumerate(people):
        side = int(draw.choice(np.flatnonzero(owners == person)))
        sides.append(side)
        free = np.setdiff1d(np.flatnonzero(speakers == person), pairs.sides[side])
        mine = draw.permutation(free)[:PROBES]
        probes.append(mine)
        rows.append(np.full(mine.size, row))
    clips, owner = np.concatenate(probes).astype(np.intp), np.concatenate(rows).astype(np.intp)
    enrolled = side_voices(heard, [pairs.sides[side] for side in sides])
    tested = side_voices(heard, [(int(clip),) for clip in clips])
    promised = None
    if decider is None:
        cosine = Cosine()
        table = cosine.scores(cosine.hear(enrolled), cosine.hear(tested))
    else:
        table = decider.llrs(enrolled, tested)
        lowest, highest = decider.calibration.thresholds[-1][0], decider.calibration.thresholds[0][0]
        if lowest <= asked.fmr <= highest:
            promised = decider.operating_point(asked.fmr).threshold
    return open_set(table, owner, fpir=asked.fpir, promised=promised, seed=asked.seed)


def _alike(scored: Scored, pairs: Pairs) -> list[tuple[float, int, int]]:
    """The different-speaker pairs of single clips that are most alike, one for each pair of speakers."""
    trials = scored.trials
    found: dict[tuple[int, int], tuple[float, int, int]] = {}
    for place in np.argsort(-np.where(trials.genuine, -np.inf, trials.scores), kind="stable")[: 50 * ALIKE]:
        side = pairs.sides[scored.sides[place]]
        if trials.genuine[place] or len(side) > 1:
            continue
        who = sorted((int(trials.enrol[place]), int(trials.test[place])))
        found.setdefault((who[0], who[1]), (float(trials.scores[place]), side[0], int(scored.clips[place])))
    return list(found.values())[:ALIKE]
