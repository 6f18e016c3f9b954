"""Two sides of comparisons to likelihood ratios: a back end, and what its scores mean."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.voice.scoring.backends import Backend, Heard
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.decision import OperatingPoint
from earmark.voice.scoring.voices import Voices

Doubles = NDArray[np.float64]
BLOCK = 1_024  # rows of a block of all pairs: two of them and their scores stay below 50 MB


@dataclass(frozen=True, eq=False)
class Decider:
    """What decides for a model: every verification and identification goes through one of these."""

    backend: Backend
    calibration: Calibration  # of the back end's scores

    def hear(self, voices: Voices) -> Heard:
        """What is needed of each side alone; keep it for those who are enrolled."""
        return self.backend.hear(voices)

    def llrs(self, enrolled: Voices | Heard, tested: Voices | Heard) -> Doubles:
        """Natural-log likelihood ratios of all pairs of (N,) and (M,), (N, M)."""
        left, right = self._heard(enrolled), self._heard(tested)
        scores = self.backend.scores(left, right)
        return self.calibration.llr(scores, left.voices.seconds[:, None], right.voices.seconds)

    def pair_llrs(self, enrolled: Voices | Heard, tested: Voices | Heard) -> Doubles:
        """Natural-log likelihood ratios of each of (n,) with the same of another (n,), (n,)."""
        left, right = self._heard(enrolled), self._heard(tested)
        scores = self.backend.pair_scores(left, right)
        return self.calibration.llr(scores, left.voices.seconds, right.voices.seconds)

    def all_pairs(self, voices: Voices) -> Iterator[tuple[int, int, Doubles]]:
        """Every voice against every other, in blocks (first row, first column, LLRs): of a block on the
        diagonal all pairs, then only those to its right, so that memory does not grow with their number."""
        heard = self.hear(voices)
        places = np.arange(len(voices))
        for row in range(0, len(voices), BLOCK):
            left = heard.take(places[row : row + BLOCK])
            for start in range(row, len(voices), BLOCK):
                yield row, start, self.llrs(left, heard.take(places[start : start + BLOCK]))

    def operating_point(self, fmr: float) -> OperatingPoint:
        """The LLR threshold at a false-match rate; raises InvalidRequest as `Calibration` does."""
        return self.calibration.operating_point(fmr)

    def _heard(self, voices: Voices | Heard) -> Heard:
        return voices if isinstance(voices, Heard) else self.hear(voices)
