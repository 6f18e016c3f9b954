"""Clip to filter banks: Kaldi's log-mel features in plain NumPy, proven equal in tests.

Source: Kaldi `feature-fbank.cc` and `mel-computations.cc` (Povey window, power spectrum,
pre-emphasis 0.97, DC removal, `snip_edges`), without dither so that results repeat.
"""

from functools import cache
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
FRAME = 400  # 25 ms
HOP = 160  # 10 ms
FFT = 512
PRE_EMPHASIS = 0.97
CHUNK = 64  # frames at a time: all work space then stays in the L2 cache
GROUP = 16  # mel bands multiplied at a time
FLOOR = np.float32(np.finfo(np.float32).eps)

Floats = NDArray[np.float32]
Taper = Literal["povey", "hamming"]  # Kaldi's default, and what WeSpeaker trains with


@cache
def _mel_matrix(bands: int, low: float = 20.0, high: float = 8_000.0) -> Floats:
    """Triangular mel weights, shape (FFT // 2 + 1, bands); Kaldi ignores the Nyquist bin."""

    def mel(hertz: NDArray[np.float64] | float) -> NDArray[np.float64]:
        return np.asarray(1127.0 * np.log1p(np.asarray(hertz, np.float64) / 700.0))

    edges = np.linspace(mel(low), mel(high), bands + 2)
    bins = mel(np.arange(FFT // 2, dtype=np.float64) * (SAMPLE_RATE / FFT))[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    weights = np.zeros((FFT // 2 + 1, bands), np.float32)
    weights[:-1] = np.maximum(0.0, np.minimum(rising, falling))
    return weights


@cache
def _mel_groups(bands: int) -> tuple[tuple[slice, slice, Floats], ...]:
    """The mel matrix cut into (bands, bins, weights) blocks, without the zeros far from each band.

    A block of `CHUNK` frames times one group is also too small for a BLAS to wake its threads, which
    cost more than they bring here: with them fbank is 5 to 20 times slower on a busy machine.
    """
    matrix = _mel_matrix(bands)
    groups = []
    for first in range(0, bands, GROUP):
        block = matrix[:, first : first + GROUP]
        used = np.flatnonzero(block.any(axis=1))
        bins = slice(int(used[0]), int(used[-1]) + 1)
        groups.append((slice(first, first + block.shape[1]), bins, np.ascontiguousarray(block[bins])))
    return tuple(groups)


@cache
def _window(taper: Taper, scale: float) -> Floats:
    """Povey or Hamming window times `scale`, with pre-emphasis left out, shape (FRAME,)."""
    turn = np.cos(2 * np.pi * np.arange(FRAME) / (FRAME - 1))
    shape = 0.54 - 0.46 * turn if taper == "hamming" else (0.5 - 0.5 * turn) ** 0.85
    return (shape * scale).astype(np.float32)


def frame_count(samples: int) -> int:
    """Number of whole 25 ms frames at a 10 ms hop in `samples` samples at 16 kHz."""
    return max(0, 1 + (samples - FRAME) // HOP)


def fbank(clip: Floats, *, bands: int = 80, taper: Taper = "povey", scale: float = 32_768.0) -> Floats:
    """Log-mel energies of a clip: (samples,) in [-1, 1] at 16 kHz -> (frames, bands) float32.

    Samples are multiplied by `scale` first: 32768, as Kaldi and most models trained on it expect.
    Raises ValueError when the clip is shorter than one frame.
    """
    frames = frame_count(clip.size)
    if frames == 0:
        raise ValueError(f"{clip.size} samples make no frame of {FRAME}")
    window, groups = _window(taper, scale), _mel_groups(bands)
    out = np.empty((frames, bands), np.float32)
    # Work space is made once: fresh arrays of this size cost more in page faults than the sums in them.
    rows = min(CHUNK, frames)
    padded = np.zeros((rows, FFT), np.float32)
    spectrum = np.empty((rows, FFT // 2 + 1), np.complex64)
    power = np.empty((rows, FFT // 2 + 1), np.float32)
    for start in range(0, frames, CHUNK):
        stop = min(start + CHUNK, frames)
        rows = stop - start
        emphasised, first, offset = _emphasise(clip[start * HOP : (stop - 1) * HOP + FRAME])
        block = padded[:rows, :FRAME]
        np.subtract(sliding_window_view(emphasised, FRAME)[::HOP], offset, out=block)
        block[:, 0] = first
        block *= window
        # Older stubs know only double.
        np.fft.rfft(padded[:rows], axis=1, out=spectrum[:rows])  # type: ignore[arg-type, unused-ignore]
        squares = spectrum[:rows].view(np.float32)  # real and imaginary parts side by side
        np.multiply(squares, squares, out=squares)
        np.add(squares[:, 0::2], squares[:, 1::2], out=power[:rows])
        for group, bins, weights in groups:
            np.matmul(power[:rows, bins], weights, out=out[start:stop, group])
    np.maximum(out, FLOOR, out=out)
    return np.log(out, out=out)


def _emphasise(clip: Floats) -> tuple[Floats, Floats, Floats]:
    """Whole frames to their pre-emphasis (samples,), first samples (frames,) and offsets (frames, 1).

    Kaldi removes a frame's mean m, then takes 0.97 of the sample before: x[i] - m - 0.97 (x[i-1] - m)
    is x[i] - 0.97 x[i-1], the same in every frame, less the frame's offset 0.03 m. Only its first
    sample, which stands for its own predecessor, differs. The mean is summed from the frame's five parts.
    In float64, or the rounding of a large sample would drown a band that is nearly silent.
    """
    rest = 1.0 - PRE_EMPHASIS
    exact = clip.astype(np.float64)
    emphasised = np.zeros(clip.size, np.float32)  # its first sample is never used
    emphasised[1:] = exact[1:] - PRE_EMPHASIS * exact[:-1]
    part = FRAME // 5  # the greatest length that both frame and hop are multiples of
    sums = exact.reshape(-1, part).sum(axis=1)
    means = sliding_window_view(sums, 5)[:: HOP // part].sum(axis=1) / FRAME
    first = rest * (exact[: clip.size - FRAME + 1 : HOP] - means)
    return emphasised, first.astype(np.float32), (rest * means[:, None]).astype(np.float32)
