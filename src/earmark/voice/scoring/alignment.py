"""How two voices were recorded to how much higher strangers score because of it.

Scores of little, noisy or narrow-band speech spread otherwise than those of much and clear speech. Less this
many, the same share of strangers reaches a score whatever the recordings are: one threshold serves all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]
TERMS = ("seconds", "shorter", "noise", "noisier", "narrow", "mismatch")
WIDE_HZ, NARROW_HZ = 5_500.0, 4_500.0  # telephone speech reads 3,400 to 4,550 Hz
LOUDEST_DB = 40.0  # from which on more is no better


@dataclass(frozen=True)
class Alignment:
    """The usual value of each of `TERMS`, and what one more of it adds to the score of strangers."""

    usual: tuple[float, ...]
    weights: tuple[float, ...]
    seconds: tuple[float, float]  # least and most that the fit has seen of a side

    def shift(self, terms: Doubles) -> Doubles:
        """Terms (..., 6) to what to take off the score (...,); what was not measured counts as usual."""
        apart = terms - np.array(self.usual)
        found: Doubles = np.where(np.isfinite(apart), apart, 0.0) @ np.array(self.weights)
        return found

    def of(self, left: "Recorded", right: "Recorded") -> Doubles:
        """What to take off the scores of these pairs; shapes broadcast."""
        return self.shift(terms_of(left, right, self.seconds))


@dataclass(frozen=True, eq=False)
class Recorded:
    """How voices were recorded; NaN where it was not measured. Arrays of one shape."""

    seconds: Doubles
    snr_db: Doubles
    bandwidth_hz: Doubles


def terms_of(left: Recorded, right: Recorded, seconds: tuple[float, float]) -> Doubles:
    """`TERMS` of pairs, (..., 6): equal when the sides are exchanged."""
    one, other = (np.log(np.clip(side.seconds, *seconds)) for side in (left, right))
    noise, noise_too = (1.0 - _held(side.snr_db, LOUDEST_DB) / LOUDEST_DB for side in (left, right))
    narrow, narrow_too = (_narrow(side.bandwidth_hz) for side in (left, right))
    return np.stack(
        np.broadcast_arrays(
            one + other,
            np.minimum(one, other),
            noise + noise_too,
            np.maximum(noise, noise_too),
            narrow + narrow_too,
            np.abs(narrow - narrow_too),
        ),
        axis=-1,
    )


def _held(values: ArrayLike, most: float) -> Doubles:
    return np.clip(np.asarray(values, np.float64), 0.0, most)


def _narrow(bandwidth_hz: ArrayLike) -> Doubles:
    """0 for wide-band speech, 1 for telephone speech."""
    band = np.asarray(bandwidth_hz, np.float64)
    share = np.clip((WIDE_HZ - band) / (WIDE_HZ - NARROW_HZ), 0.0, 1.0)
    return np.where(band > 0.0, share, np.nan)
