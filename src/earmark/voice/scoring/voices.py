"""Voiceprints or embeddings to what back ends score: vectors, and how they were recorded."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.voice.features import Floats
from earmark.voice.voiceprint import Embedding, Voiceprint

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Voices:
    """One side of comparisons. NaN stands for what was not measured: it then counts as usual."""

    vectors: Floats  # (N, D) float32, unit length
    seconds: Doubles  # (N,) net speech
    snr_db: Doubles  # (N,)
    bandwidth_hz: Doubles  # (N,)

    def __len__(self) -> int:
        return len(self.vectors)

    def take(self, rows: NDArray[np.intp]) -> "Voices":
        """Some of them, in the order asked for."""
        return Voices(self.vectors[rows], self.seconds[rows], self.snr_db[rows], self.bandwidth_hz[rows])


def voices_of(people: Sequence[Voiceprint | Embedding]) -> Voices:
    """Voiceprints or embeddings, a row each."""
    prints = [one if isinstance(one, Voiceprint) else Voiceprint((one,)) for one in people]
    seconds, snr, bandwidth = np.array([(one.speech_seconds, *one.recorded) for one in prints]).T
    return Voices(
        np.stack([one.vector for one in people]).astype(np.float32, copy=False), seconds, snr, bandwidth
    )
