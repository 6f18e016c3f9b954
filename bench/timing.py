"""Functions to times: medians over alternating rounds, because machines are noisy and drift."""

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray


def alternate(functions: Sequence[Callable[[], object]], *, rounds: int) -> NDArray[np.float64]:
    """Seconds of each function in each round, (functions, rounds); one warm-up round is not counted.

    The functions take turns within a round, so that a busy spell of the machine falls on all of them.
    """
    out = np.empty((len(functions), rounds))
    for number in range(-1, rounds):
        for place, function in enumerate(functions):
            started = time.perf_counter()
            function()
            out[place, max(number, 0)] = time.perf_counter() - started
    return out


def medians(functions: Sequence[Callable[[], object]], *, rounds: int = 7) -> list[float]:
    """Median seconds of each function."""
    return [float(value) for value in np.median(alternate(functions, rounds=rounds), axis=1)]
