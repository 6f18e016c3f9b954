"""Two sides of comparisons to scores: by cosine alone, or to likelihood ratios by strangers and recordings.

What a score means where it is used is said by a `Calibration` of it; both together are a `Decider`.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from earmark.voice.features import Floats
from earmark.voice.scoring.alignment import Alignment, Recorded
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.normalisation import (
    Strangers,
    column,
    nearest_strangers,
    standard_scores,
)
from earmark.voice.scoring.plda import Plda, Projected
from earmark.voice.scoring.voices import Voices

Doubles = NDArray[np.float64]
Both = tuple[Strangers, Strangers]  # by cosine and by PLDA
NOBODY = Strangers(np.full(0, np.nan), np.full(0, np.nan))  # a back end that normalises nothing
AT_ONCE = 1_024  # voices compared with the cohort at a time: bounds the memory
# More of the nearest for each person of the place. By it calibration speakers pass about as often with 30 to
# 160 people of their place as with none, and less often with 500.
OF_THE_PLACE = 0.1


@dataclass(frozen=True, eq=False)
class Heard:
    """Voices with what a back end needs of each side alone: computed once for those who are enrolled."""

    voices: Voices
    cosine: Strangers = NOBODY
    plda: Strangers = NOBODY

    def __len__(self) -> int:
        return len(self.voices)

    def take(self, rows: NDArray[np.intp]) -> "Heard":
        """Some of them, in the order asked for."""
        if self.cosine is NOBODY:
            return Heard(self.voices.take(rows))
        return Heard(self.voices.take(rows), self.cosine.take(rows), self.plda.take(rows))


class Backend(Protocol):
    """A way to score."""

    @property
    def name(self) -> str:
        """What a calibration of its scores names them by."""

    def hear(self, voices: Voices) -> Heard:
        """What is needed of each side alone."""

    def scores(self, left: Heard, right: Heard) -> Doubles:
        """Scores of all pairs of (N,) and (M,), (N, M)."""

    def pair_scores(self, left: Heard, right: Heard) -> Doubles:
        """Scores of each of (n,) with the same of another (n,), (n,)."""


@dataclass(frozen=True)
class Cosine:
    """The cosine of the two vectors: what a model without a cohort is scored by."""

    name: str = "cosine"

    def hear(self, voices: Voices) -> Heard:
        """Nothing is needed but the vectors."""
        return Heard(voices)

    def scores(self, left: Heard, right: Heard) -> Doubles:
        """Cosines, (N, M)."""
        return np.asarray(left.voices.vectors @ right.voices.vectors.T, np.float64)

    def pair_scores(self, left: Heard, right: Heard) -> Doubles:
        """Cosines, (n,)."""
        return _each(left.voices.vectors, right.voices.vectors)


@dataclass(frozen=True, eq=False)
class Fused:
    """Cosine and PLDA, each normalised by the same cohort, in a weighted sum, aligned by how both sides were
    recorded, and calibrated: its scores are natural-log likelihood ratios."""

    cohort: Floats  # (C, D) unit vectors of people that are nobody's profile
    plda: Plda
    nearest: int  # strangers that a voice is normalised by
    weights: tuple[float, float]  # of cosine and PLDA
    alignment: Alignment
    meaning: Calibration  # of the aligned sums
    name: str = "llr"

    @cached_property
    def _cohort(self) -> Floats:
        return np.ascontiguousarray(self.cohort.T, np.float32)

    @cached_property
    def _projected(self) -> Projected:
        return self.plda.project(self.cohort)

    def grown(self, vectors: Floats) -> "Fused":
        """With more strangers, (n, D), behind the others: people of the very place that it decides for.

        These are nearer than most, and as many as before would be ever nearer as the place grows.
        """
        more = round(OF_THE_PLACE * len(vectors))
        cohort = np.concatenate([self.cohort, vectors.astype(np.float32)])
        return replace(self, cohort=cohort, nearest=self.nearest + more)

    def hear(self, voices: Voices, *, without: NDArray[np.bool_] | None = None) -> Heard:
        """How like the cohort each voice is, by cosine and by PLDA.

        `without`, (N, C), has those of the cohort who are no strangers to a voice.
        """
        cosine, plda = [], []
        for start in range(0, len(voices), AT_ONCE):
            part = voices.vectors[start : start + AT_ONCE]
            but = None if without is None else without[start : start + AT_ONCE]
            cosine.append(nearest_strangers(part @ self._cohort, self.nearest, without=but))
            found = self.plda.projected_scores(self.plda.project(part), self._projected)
            plda.append(nearest_strangers(found, self.nearest, without=but))
        return Heard(voices, _join(cosine), _join(plda))

    def hear_beside(self, voice: Voices, without: NDArray[np.bool_]) -> Heard:
        """One voice as it is heard beside each of N others, to whom `without`, (N, C), are no strangers."""
        cosine = nearest_strangers(voice.vectors @ self._cohort, self.nearest, without=without)
        found = self.plda.projected_scores(self.plda.project(voice.vectors), self._projected)
        plda = nearest_strangers(found, self.nearest, without=without)
        return Heard(voice.take(np.zeros(len(without), np.intp)), cosine, plda)

    def scores(self, left: Heard, right: Heard) -> Doubles:
        """Likelihood ratios of all pairs, (N, M)."""
        cosine = np.asarray(left.voices.vectors @ right.voices.vectors.T, np.float64)
        plda = self.plda.scores(left.voices.vectors, right.voices.vectors)
        one = column(left.cosine), column(left.plda)
        rows = left.voices
        recorded = Recorded(rows.seconds[:, None], rows.snr_db[:, None], rows.bandwidth_hz[:, None])
        return self._llr(cosine, plda, one, (right.cosine, right.plda), recorded, _recorded(right.voices))

    def pair_scores(self, left: Heard, right: Heard) -> Doubles:
        """Likelihood ratios of the pairs, (n,)."""
        cosine = _each(left.voices.vectors, right.voices.vectors)
        plda = self.plda.pair_scores(left.voices.vectors, right.voices.vectors)
        one, other = (left.cosine, left.plda), (right.cosine, right.plda)
        return self._llr(cosine, plda, one, other, _recorded(left.voices), _recorded(right.voices))

    def _llr(
        self,
        cosine: Doubles,
        plda: Doubles,
        one: Both,
        other: Both,
        recorded: Recorded,
        recorded_too: Recorded,
    ) -> Doubles:
        found = self.weights[0] * standard_scores(cosine, one[0], other[0])
        found += self.weights[1] * standard_scores(plda, one[1], other[1])
        aligned = found - self.alignment.of(recorded, recorded_too)
        return self.meaning.llr(aligned, recorded.seconds, recorded_too.seconds)


def _each(left: Floats, right: Floats) -> Doubles:
    return np.asarray(np.einsum("nd,nd->n", left, right, dtype=np.float64), np.float64)


def _recorded(voices: Voices) -> Recorded:
    return Recorded(voices.seconds, voices.snr_db, voices.bandwidth_hz)


def _join(parts: list[Strangers]) -> Strangers:
    if not parts:
        return Strangers(np.zeros(0), np.ones(0))
    return Strangers(
        np.concatenate([part.mean for part in parts]), np.concatenate([part.spread for part in parts])
    )
