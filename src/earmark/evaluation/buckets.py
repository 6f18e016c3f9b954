"""Trials to error rates by how much speech there was, and by how much noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from earmark.evaluation.averages import error_rates, speaker_counts
from earmark.evaluation.intervals import Estimate, Trials, measure
from earmark.evaluation.metrics import Doubles, eer_of

SECONDS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, float("inf"))
SNR_DB = (float("-inf"), 5.0, 10.0, 15.0, 20.0, 30.0, float("inf"))
FEW_TRIALS, FEW_SPEAKERS = 30, 5  # of genuine trials; with fewer a bucket is counted, not measured


@dataclass(frozen=True, eq=False)
class Bucket:
    """The trials between two limits; rates are None where there are too few."""

    low: float
    high: float
    genuine: int
    impostor: int
    speakers: int  # with genuine trials
    eer: Estimate | None
    fmr: Estimate | None
    fnmr: Estimate | None


def by_measure(trials: Trials, values: Doubles, edges: Sequence[float], *, threshold: float) -> list[Bucket]:
    """Buckets [low, high) of `values` (n,) that hold any trial, with their errors at `threshold`."""
    found = []
    for low, high in pairwise(edges):
        inside = (values >= low) & (values < high)
        if not inside.any():
            continue
        part = Trials(**{name: array[inside] for name, array in vars(trials).items()})
        genuine = int(np.count_nonzero(part.genuine))
        speakers = speaker_counts(part)[0]
        eer = fmr = fnmr = None
        if genuine >= FEW_TRIALS and speakers >= FEW_SPEAKERS and genuine < part.scores.size:
            eer = measure(part, {"EER": eer_of})["EER"]
            fmr, fnmr = error_rates(part, threshold)
        found.append(Bucket(low, high, genuine, part.scores.size - genuine, speakers, eer, fmr, fnmr))
    return found
