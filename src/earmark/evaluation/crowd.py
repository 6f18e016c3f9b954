"""Voices of people to voices of as many others as are asked for, whom nobody is.

A vector is taken for a person's mean and what differs from recording to recording, both Gaussian (the model
behind PLDA), so that vectors of different people have one mean and one covariance: new ones are drawn from
those of the people at hand. Unlike recordings of volunteers, nobody in it comes twice.
"""

from dataclasses import dataclass

import numpy as np

from earmark.voice.scoring.voices import Voices


@dataclass(frozen=True, eq=False)
class Crowd:
    """The people that it is drawn after, one recording of each."""

    people: Voices

    def draw(self, count: int, seed: int) -> Voices:
        """So many voices, recorded as those of people drawn at random are."""
        draw = np.random.default_rng(seed)
        known = self.people.vectors.astype(np.float64)
        centre = known.mean(axis=0)
        mixed = draw.standard_normal((count, len(known))) @ (known - centre) / np.sqrt(len(known) - 1)
        vectors = centre + mixed
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        like = self.people.take(draw.integers(0, len(known), count))
        return Voices(vectors.astype(np.float32), like.seconds, like.snr_db, like.bandwidth_hz)
