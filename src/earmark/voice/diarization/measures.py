"""Pooled embeddings to the scores that they are compared by: cosines, and ratios less what strangers reach.

How high two people score differs from voice to voice and from room to room. Less what their nearest
strangers score with either, one limit serves more recordings (Cllr of 0.40 instead of 0.45 within meetings).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.voice.scoring.backends import Fused
from earmark.voice.scoring.normalisation import Strangers, column, nearest_strangers, standard_scores

# Strangers that a voice is normalised by. For seconds of speech in a meeting the 50 that recordings are
# compared by are too few: Cllr is 0.43 with these, 0.42 with 200.
NEAREST = 200

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Beside:
    """What a back end's ratio is made of: the product of two rows and both `own`, and strangers' ratios."""

    rows: Doubles  # (n, K)
    own: Doubles  # (n,)
    strangers: Strangers  # (n,)


@dataclass(frozen=True, eq=False)
class Sides:
    """One side of comparisons, prepared."""

    vectors: Doubles  # (n, D) of unit length
    beside: Beside | None  # None: compared by cosines alone

    def take(self, place: int) -> "Sides":
        """One of them."""
        here = slice(place, place + 1)
        if self.beside is None:
            return Sides(self.vectors[here], None)
        strangers = Strangers(self.beside.strangers.mean[here], self.beside.strangers.spread[here])
        return Sides(self.vectors[here], Beside(self.beside.rows[here], self.beside.own[here], strangers))

    def put(self, place: int, other: "Sides") -> None:
        """Write one side over the one at a place."""
        self.vectors[place] = other.vectors[0]
        if self.beside is not None and other.beside is not None:
            self.beside.rows[place], self.beside.own[place] = other.beside.rows[0], other.beside.own[0]
            self.beside.strangers.mean[place] = other.beside.strangers.mean[0]
            self.beside.strangers.spread[place] = other.beside.strangers.spread[0]


Measure = Callable[[Doubles], Sides]  # unit vectors (n, D) to sides


def by_cosine(vectors: Doubles) -> Sides:
    """For cosines alone."""
    return Sides(vectors.copy(), None)


def by_strangers(backend: Fused) -> Measure:
    """For cosines, and for the ratios of a back end's PLDA, normalised by its cohort."""
    cohort, theirs = backend.plda.products(backend.cohort)

    def measure(vectors: Doubles) -> Sides:
        rows, own = backend.plda.products(vectors.astype(np.float32))
        found = rows @ cohort.T
        found += own[:, None] + theirs
        return Sides(vectors.copy(), Beside(rows, own, nearest_strangers(found, NEAREST)))

    return measure


def scores(left: Sides, right: Sides) -> Doubles:
    """Cosines of all pairs of (n,) and (m,), and the normalised ratios if there are any, (1 or 2, n, m)."""
    cosine = left.vectors @ right.vectors.T
    one, other = left.beside, right.beside
    if one is None or other is None:
        return cosine[None]
    found = one.rows @ other.rows.T
    found += one.own[:, None] + other.own
    return np.stack([cosine, standard_scores(found, column(one.strangers), other.strangers)])


def pair_scores(left: Sides, right: Sides) -> Doubles:
    """The same of each of (n,) with the same of another (n,), (1 or 2, n)."""
    cosine: Doubles = np.einsum("nd,nd->n", left.vectors, right.vectors)
    one, other = left.beside, right.beside
    if one is None or other is None:
        return cosine[None]
    found = np.einsum("nk,nk->n", one.rows, other.rows) + one.own + other.own
    return np.stack([cosine, standard_scores(found, one.strangers, other.strangers)])
