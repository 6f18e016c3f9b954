"""Vectors to log-likelihood ratios by a Gaussian model of how people differ, and how one person's clips do.

The two-covariance model (Brümmer and de Villiers 2010), in coordinates in which clips of one person vary by 1
and people by `between`, after length normalisation (Garcia-Romero and Espy-Wilson 2011): x = y + e, with y of
variance `between` and e of variance 1. Its ratios are badly calibrated, as lengths are not Gaussian: a
calibration has to follow.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from earmark.voice.features import Floats

Doubles = NDArray[np.float64]
Projected = tuple[Doubles, Doubles]  # coordinates (N, K), and the terms (N,) that a vector brings alone
FLOOR = 1e-3  # of `between`: a direction in which people do not differ says nothing


@dataclass(frozen=True, eq=False)
class Plda:
    """A trained model. `score` of two people is symmetric."""

    mean: Floats  # (D,)
    transform: Floats  # (D, K) to the coordinates of the model
    between: Floats  # (K,) variance of people there, above 0

    @cached_property
    def _terms(self) -> tuple[Doubles, Doubles, float, float]:
        """Of a square, of a product, the constant, and the length that vectors are scaled to."""
        total = 1.0 + self.between.astype(np.float64)
        determinant = total**2 - self.between.astype(np.float64) ** 2
        square = 0.5 * (1.0 / total - total / determinant)
        product = self.between / determinant
        constant = float(np.sum(np.log(total) - 0.5 * np.log(determinant)))
        return square, product, constant, float(np.sqrt(total.sum()))

    def project(self, vectors: Floats) -> Projected:
        """Coordinates (N, K) of vectors (N, D), scaled to one length, and their own terms of a score (N,)."""
        square, _, _, length = self._terms
        found = (vectors - self.mean) @ self.transform
        found = found.astype(np.float64)
        found *= length / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
        return found, found**2 @ square

    def products(self, vectors: Floats) -> Projected:
        """Rows (N, K) and terms (N,): a ratio is the product of two rows and both their terms."""
        _, product, constant, _ = self._terms
        found, own = self.project(vectors)
        return found * np.sqrt(product), own + 0.5 * constant

    def scores(self, left: Floats, right: Floats) -> Doubles:
        """Ratio of every pair of (N, D) and (M, D), (N, M), before calibration."""
        return self.projected_scores(self.project(left), self.project(right))

    def projected_scores(self, left: Projected, right: Projected) -> Doubles:
        """Ratio of every pair of what was projected, (N, M)."""
        _, product, constant, _ = self._terms
        found: Doubles = (left[0] * product) @ right[0].T
        found += left[1][:, None] + right[1] + constant
        return found

    def pair_scores(self, left: Floats, right: Floats) -> Doubles:
        """Ratio of each row of (n, D) with the same row of another (n, D), (n,)."""
        _, product, constant, _ = self._terms
        one, own = self.project(left)
        other, its = self.project(right)
        found: Doubles = np.einsum("nk,nk->n", one * product, other) + own + its + constant
        return found


def train_plda(
    vectors: Floats,
    people: NDArray[np.int64],
    *,
    shrink: float = 0.8,
) -> Plda:
    """Fit on vectors (N, D) of `people` (N,), of whom some have several.

    `shrink` is the share of the covariance within people that is replaced by a round one of the same size:
    few clips of few sessions say little about 256 directions, and a network has seen its training speakers.
    """
    mean = vectors.mean(axis=0, dtype=np.float64)
    rows = _scaled(vectors, mean)
    within, between = _covariances(rows, people)
    size = len(within)
    within = (1.0 - shrink) * within + shrink * np.trace(within) / size * np.eye(size)
    whiten = np.linalg.cholesky(np.linalg.inv(within))
    values, directions = np.linalg.eigh(whiten.T @ between @ whiten)
    order = np.argsort(-values)
    return Plda(
        mean.astype(np.float32),
        (whiten @ directions[:, order]).astype(np.float32),
        np.maximum(values[order], FLOOR).astype(np.float32),
    )


def adapt_plda(plda: Plda, unlabelled: Floats) -> Plda:
    """The model for another domain, of which there are vectors (M, D) of unknown people.

    Their mean becomes its mean, and what they vary by in all is coloured as in the domain that it was trained
    in (CORAL; Sun, Feng and Saenko 2016). Takes a model with as many coordinates as numbers in a vector.
    """
    back = np.linalg.inv(plda.transform.astype(np.float64))
    known = (back.T * (1.0 + plda.between)) @ back
    mean = unlabelled.mean(axis=0, dtype=np.float64)
    here = np.cov(_scaled(unlabelled, mean).T)
    moved = _power(here, -0.5) @ _power(known * (np.trace(here) / np.trace(known)), 0.5)
    transform = moved @ plda.transform
    return Plda(mean.astype(np.float32), transform.astype(np.float32), plda.between)


def _scaled(vectors: Floats, mean: Doubles) -> Doubles:
    found = vectors.astype(np.float64) - mean
    scaled: Doubles = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
    return scaled


def _covariances(rows: Doubles, people: NDArray[np.int64]) -> tuple[Doubles, Doubles]:
    """Within people and between them, (D, D) each; people with one clip are left out. ValueError for fewer
    than two with several."""
    names, place, counts = np.unique(people, return_inverse=True, return_counts=True)
    means = np.zeros((names.size, rows.shape[1]))
    np.add.at(means, place, rows)
    means /= counts[:, None]
    several = counts > 1
    if np.count_nonzero(several) < 2:
        raise ValueError("a model of people needs two of them with several clips each")
    kept = several[place]
    apart = (rows - means[place])[kept]
    within = apart.T @ apart / (np.count_nonzero(kept) - np.count_nonzero(several))
    # The means of few clips vary by the clips too.
    between = np.cov(means[several].T) - within * np.mean(1.0 / counts[several])
    values, directions = np.linalg.eigh(between)
    return within, (directions * np.maximum(values, 0.0)) @ directions.T


def _power(covariance: Doubles, exponent: float) -> Doubles:
    size = len(covariance)
    values, directions = np.linalg.eigh(covariance + 1e-3 * np.trace(covariance) / size * np.eye(size))
    found: Doubles = (directions * values**exponent) @ directions.T
    return found
