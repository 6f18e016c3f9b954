"""People of the very place that decides, as strangers beside the cohort that ships.

Whoever is compared is a stranger to neither side of the comparison: their own voiceprint, and any other that
is evidently theirs, is left out of the cohort of both.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from earmark.voice.scoring.backends import Backend, Fused, Heard
from earmark.voice.scoring.decider import Decider
from earmark.voice.scoring.voices import Voices

Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]
FEWEST = 30  # of whom it can be said what strangers of this place are like
MOST = 500
# The LLR from which on a voiceprint is rather the same person's than one of `MOST` others'. Somebody who is
# enrolled twice and stays in the cohort is rarely recognised: one stranger of their own voice is too many.
SAME = math.log(MOST)
WEIGHED = 64  # people of a search who are compared beside this cohort, the likeliest by the one that ships


@dataclass(frozen=True, eq=False)
class OwnPeople:
    """Voiceprints of a place's people, one each."""

    keys: Sequence[str]
    voices: Voices
    _grown: list["_Grown"] = field(default_factory=list, init=False, repr=False)  # of the last back end

    def __len__(self) -> int:
        return len(self.voices)

    def serve(self, decider: Decider) -> bool:
        """Whether they are enough, and it decides by a cohort at all."""
        return len(self) >= FEWEST and isinstance(decider.backend, Fused)

    def llrs(self, decider: Decider, keys: Sequence[str], enrolled: Heard, tested: Voices) -> Doubles:
        """Likelihood ratios of each of (N,) enrolled voices with one that is tested, (N,).

        `keys` name the enrolled, `enrolled` is what the decider itself heard of them. Where these people do
        not `serve`, its ratios are as they are.
        """
        if not self.serve(decider):
            return decider.llrs(enrolled, tested)[:, 0]
        return self.beside(decider, keys, enrolled.voices).llrs(tested)

    def beside(self, decider: Decider, keys: Sequence[str], enrolled: Voices) -> "Beside":
        """What is needed of the enrolled (N,) to compare them beside these people, who must `serve`."""
        grown = self._grow(decider.backend)
        backend, count = grown.backend, len(grown.backend.cohort)
        here, themselves = Decider(backend, decider.calibration), self._themselves(keys)
        but_one = _among(count, themselves | self._nearest(enrolled, themselves))
        alike = here.llrs(backend.hear(enrolled, without=but_one), grown.heard) >= SAME
        without = _among(count, themselves | alike)
        return Beside(here, backend, backend.hear(enrolled, without=without), without)

    def _themselves(self, keys: Sequence[str]) -> Flags:
        places = {key: place for place, key in enumerate(self.keys)}
        found: Flags = np.arange(len(self)) == np.array([places.get(key, -1) for key in keys])[:, None]
        return found

    def _nearest(self, voices: Voices, themselves: Flags) -> Flags:
        """Whoever of these people each voice is most like: if it is enrolled twice, its double."""
        cosines = np.where(themselves, -np.inf, voices.vectors @ self.voices.vectors.T)
        found: Flags = np.arange(len(self)) == cosines.argmax(axis=1)[:, None]
        return found

    def _grow(self, shipped: Backend) -> "_Grown":
        assert isinstance(shipped, Fused)  # noqa: S101  # those that `serve` see to it
        kept = next((one for one in self._grown if one.shipped is shipped), None)
        if kept is None:
            backend, themselves = shipped.grown(self.voices.vectors), np.eye(len(self), dtype=bool)
            but_one = _among(len(backend.cohort), themselves | self._nearest(self.voices, themselves))
            kept = _Grown(shipped, backend, backend.hear(self.voices, without=but_one))
            self._grown[:] = [kept]
        return kept


@dataclass(frozen=True, eq=False)
class Beside:
    """Enrolled voices, ready to be compared beside a place's people."""

    decider: Decider
    backend: Fused  # the decider's
    enrolled: Heard  # (N,)
    without: Flags  # (N, C) who of the cohort is no stranger to each

    def llrs(self, tested: Voices) -> Doubles:
        """Likelihood ratios of each with one voice, (N,)."""
        return self.decider.pair_llrs(self.enrolled, self.backend.hear_beside(tested, self.without))


@dataclass(frozen=True, eq=False)
class _Grown:
    shipped: Fused
    backend: Fused  # with these people in its cohort
    heard: Heard  # these people, each beside all others but the one most like it


def _among(count: int, own: Flags) -> Flags:
    """What is said of own people, (N, own), of a whole cohort of `count`, in which they come last."""
    found = np.zeros((len(own), count), bool)
    found[:, -own.shape[1] :] = own
    return found
