"""Teacher embeddings to training targets: centred, within-class whitened, drawn towards the speaker's centre.

The teacher's vectors are non-negative, so their mean is taken off first. Dividing by the within-speaker
covariance (WCCN, Hatch et al. 2006), half shrunk to the identity, made the teacher itself better on
calibration speakers; the student learns that better teacher. Averaging in the speaker's centre
removes part of what the teacher hears of words and channel.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earmark.evaluation.corpus import Utterance

SHRINKAGE = 1.0
CENTRE_SHARE = 0.5

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Whitening:
    """x -> (x - mean) @ matrix."""

    mean: Doubles
    matrix: Doubles


def class_names(rows: list[Utterance]) -> list[str]:
    """One name per clip; the speaker of an unlabelled clip is the clip itself."""
    return [f"{row.dataset}/{row.speaker}" for row in rows]


def fit_whitening(vectors: Doubles, names: list[str]) -> Whitening:
    """Within-class covariance normalisation of teacher vectors (clips, D) by their speakers."""
    within = np.zeros((vectors.shape[1], vectors.shape[1]))
    count = 0
    labels = np.asarray(names)
    order = np.argsort(labels, kind="stable")
    for members in np.split(order, np.flatnonzero(labels[order][1:] != labels[order][:-1]) + 1):
        distinct = np.unique(vectors[members], axis=0)
        if len(distinct) > 1:
            within += (distinct - distinct.mean(axis=0)).T @ (distinct - distinct.mean(axis=0))
            count += len(distinct) - 1
    within /= max(count, 1)
    within += SHRINKAGE * np.trace(within) / len(within) * np.eye(len(within))
    values, axes = np.linalg.eigh(within)
    return Whitening(vectors.mean(axis=0), (axes / np.sqrt(values)) @ axes.T)


def keep_whitening(path: Path, vectors: Doubles, names: list[str]) -> Whitening:
    """The whitening in `path`, fitted and kept there first: targets must not turn when training resumes."""
    if not path.exists():
        fitted = fit_whitening(vectors, names)
        np.savez(path.with_suffix(".part.npz"), mean=fitted.mean, matrix=fitted.matrix)
        path.with_suffix(".part.npz").replace(path)
    with np.load(path) as kept:
        return Whitening(kept["mean"], kept["matrix"])


def unit(vectors: Doubles) -> Doubles:
    """Rows scaled to unit length."""
    result: Doubles = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return result


def load_targets(work: Path, rows: list[Utterance], speeds: list[float]) -> dict[float, NDArray[np.float32]]:
    """Unit targets (clips, D) for each speed whose teacher file exists."""
    names = class_names(rows)
    raw = {speed: np.load(work / f"teacher-{speed}.npy").astype(np.float64) for speed in speeds}
    whitening = keep_whitening(work / "whitening.npz", raw[1.0], names)
    _, index = np.unique(names, return_inverse=True)
    targets = {}
    for speed, vectors in raw.items():
        white = unit((vectors - whitening.mean) @ whitening.matrix)
        sums = np.zeros((index.max() + 1, white.shape[1]))
        np.add.at(sums, index, white)
        centres = unit(sums)[index]
        targets[speed] = unit((1 - CENTRE_SHARE) * white + CENTRE_SHARE * centres).astype(np.float32)
    return targets
