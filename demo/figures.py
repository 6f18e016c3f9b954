"""Scores and counts to the two figures that sum them up: equal error rate, and how high a rate may be."""

import math

import numpy as np


def equal_error_rate(genuine: list[float], impostor: list[float]) -> float:
    """Rate at which as many genuine clips fall below a threshold as impostors stand above it; 0 to 1."""
    thresholds = np.concatenate((genuine, impostor, [np.inf]))
    misses = np.searchsorted(np.sort(genuine), thresholds) / len(genuine)
    matches = 1 - np.searchsorted(np.sort(impostor), thresholds) / len(impostor)
    nearest = int(np.argmin(np.abs(misses - matches)))
    return float(misses[nearest] + matches[nearest]) / 2


def highest_likely(errors: int, trials: int) -> float:
    """Upper end of Wilson's 95 % interval of an error rate (Wilson, 1927), 0 to 1."""
    z = 1.959964
    share = errors / trials
    spread = z * math.sqrt(share * (1 - share) / trials + (z / (2 * trials)) ** 2)
    return min(1.0, (share + z * z / (2 * trials) + spread) / (1 + z * z / trials))
