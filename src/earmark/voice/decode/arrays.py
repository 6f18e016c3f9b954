"""Arrays of samples, of any float or integer type, to blocks of float32."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.errors import AudioEmpty, AudioTooLong, AudioUnsupported
from earmark.voice.decode.limits import BLOCK_SAMPLES, MAX_CHANNELS, Floats, Limits, Sound, check_shape
from earmark.voice.decode.whole import too_long

TYPES = {"float16", "float32", "float64", "int8", "int16", "int32", "uint8"}


def from_array(array: NDArray[Any], sample_rate: float, limits: Limits) -> Sound:
    """Samples of shape (samples,) or (samples, channels) as a Sound.

    Raises AudioUnsupported for another shape, type or rate, AudioEmpty, AudioTooLong.
    """
    if array.dtype.name not in TYPES:
        raise AudioUnsupported(f"an array of {array.dtype.name}: use one of {', '.join(sorted(TYPES))}")
    if array.ndim not in (1, 2):
        raise AudioUnsupported(f"an array of shape {array.shape}: use (samples,) or (samples, channels)")
    if array.ndim == 2 and array.shape[1] > MAX_CHANNELS >= array.shape[0]:
        raise AudioUnsupported(f"an array of shape {array.shape}: transpose it to (samples, channels)")
    if not array.size:
        raise AudioEmpty("an array without samples: record again")
    columns = array.reshape(len(array), -1)
    check_shape(sample_rate, columns.shape[1])
    if len(columns) > limits.seconds * sample_rate:
        raise AudioTooLong(too_long(limits))
    return Sound(sample_rate, columns.shape[1], _blocks(columns))


def _blocks(columns: NDArray[Any]) -> Iterator[Floats]:
    step = BLOCK_SAMPLES // columns.shape[1]
    for start in range(0, len(columns), step):
        yield as_float(columns[start : start + step])


def as_float(block: NDArray[Any]) -> Floats:
    """Samples of any float or integer type to float32, full scale to [-1, 1)."""
    if block.dtype.kind == "f":
        with np.errstate(over="ignore"):  # an infinite sample is refused later, with a clear error
            return block.astype(np.float32)
    scale = 2.0 ** (8 * block.dtype.itemsize - 1)
    middle = scale if block.dtype.kind == "u" else 0.0
    return ((block.astype(np.float64) - middle) / scale).astype(np.float32)
