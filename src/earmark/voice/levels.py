"""Clip and speech segments to plain signal measures: level, signal-to-noise ratio, bandwidth, clipping."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.vad import Segment

FRAME = 512  # 32 ms
HOP = 256
MOST_FRAMES = 4_096  # spectra kept of speech and of what lies between: 66 s, evenly drawn from longer clips
LOWEST = 3  # first bin that counts, 94 Hz: below it lie DC and hum, which no speaker model hears
GUARD = 1_600  # samples after and before speech that are neither: breath, reverberation
SILENT = 1e-11  # mean square of nothing but rounding, -110 dBFS: padding, not a room

FEWEST_FRAMES = 12  # 0.2 s between speech, below which noise is estimated within it
QUANTILE = 0.1  # of each frequency over time: speech leaves every frequency free at times
GATE_DB = 10.0  # the pauses may be this much quieter than the estimate within speech says, and no more
MISSED_DB = 15.0  # or this much louder: a clip that starts in mid-word has its first word among the pauses
MOST_SNR_DB = 60.0

LOUD = 0.95  # quantile over time at which a frequency is judged: consonants are rare
OVER_NOISE = 10**0.8  # the loud quantile of pure noise lies 4.8 dB over its mean
UNDER_PEAK = 1e-6  # what lies 60 dB under the strongest frequency is a resampler's mirror image
SMOOTH = 5  # bins, 156 Hz
RUN = 3  # neighbouring frequencies that must agree

TOP_BINS = 200  # of the histogram from zero to the highest sample
BUMP = 2  # a flat top holds this many times what any level just below it holds


@dataclass(frozen=True)
class Spectra:
    """Power of each frame and frequency from `LOWEST` to Nyquist, (frames, bins): sums are mean squares."""

    speech: Floats
    between: Floats


def find_spectra(clip: Floats, segments: list[Segment]) -> Spectra:
    """Spectra of the speech of a clip (samples,) and of what lies between, a guard kept apart."""
    edges = [
        -GUARD,
        *(edge for segment in segments for edge in (segment.start, segment.end)),
        clip.size + GUARD,
    ]
    gaps = [Segment(end + GUARD, start - GUARD) for end, start in zip(edges[::2], edges[1::2], strict=True)]
    return Spectra(_spectra(clip, segments), _spectra(clip, gaps))


def level_dbfs(clip: Floats) -> float:
    """RMS level without DC, in dB relative to a full-scale square wave; -120 at the lowest."""
    deviation = float(np.std(clip, dtype=np.float64)) if clip.size else 0.0
    return 20.0 * float(np.log10(max(deviation, 1e-6)))


def snr_db(spectra: Spectra) -> float:
    """Speech over noise in dB, at most 60: from the pauses, or where they are too short from the speech.

    Without pauses the noise at each frequency is taken from the quietest tenth of its frames, which for
    Gaussian noise has a known share of the mean (quantile-based noise estimation: Stahl, Fischer and
    Bippus, ICASSP 2000). A noise gate empties the pauses but not the speech, so the estimate within
    speech also bounds the one from the pauses.
    """
    if not spectra.speech.size:
        return 0.0
    total = float(spectra.speech.sum(axis=1).mean())
    within = _ratio_db(total, float(_noise_within(spectra.speech).sum()))
    between = spectra.between.sum(axis=1)
    between = between[between > SILENT]
    if between.size < max(FEWEST_FRAMES, spectra.between.shape[0] // 2):
        return within
    pauses = _ratio_db(total, float(between.mean()))
    return float(np.clip(pauses, within - MISSED_DB, within + GATE_DB))


def bandwidth_hz(spectra: Spectra) -> float:
    """Highest frequency that carries speech over the noise, in Hz; 0 without speech."""
    if not spectra.speech.size:
        return 0.0
    heard = spectra.between.sum(axis=1) > SILENT
    if np.count_nonzero(heard) >= FEWEST_FRAMES:
        noise: NDArray[np.floating] = spectra.between[heard].mean(axis=0)
    else:
        noise = _noise_within(spectra.speech)
    loud = _smooth(np.quantile(spectra.speech, LOUD, axis=0))
    floor = np.maximum(_smooth(noise) * OVER_NOISE, loud.max() * UNDER_PEAK)
    runs = np.lib.stride_tricks.sliding_window_view(loud > floor, RUN).all(axis=1)
    highest = np.flatnonzero(runs)[-1:] + RUN - 1 + LOWEST
    return float(highest[0] * SAMPLE_RATE / FRAME) if highest.size else 0.0


def clipped(speech: Floats) -> float:
    """Fraction of speech samples (samples,) on flat tops, wherever these lie: 0 to 1.

    A recording that was cut off and then turned down, resampled or coded has its tops below full scale
    and no longer quite flat, so they are looked for as a bump in the histogram of the loudest levels,
    which otherwise falls steadily. Above and below zero apart, since DC offset parts them.
    """
    if not speech.size:
        return 0.0
    return (_flat_top(speech) + _flat_top(-speech)) / speech.size


def _flat_top(samples: Floats) -> int:
    """Number of samples on a flat top above zero."""
    peak = float(samples.max())
    if peak < 1e-3:
        return 0
    loud = samples[samples > 0.3 * peak]  # all that is looked at
    counts = np.histogram(loud, TOP_BINS, (0.0, peak * (1 + 1e-6)))[0]
    for top in range(TOP_BINS - 1, TOP_BINS // 2, -1):
        # The fullest of twenty, not their mean: mu-law leaves gaps between the levels it can name.
        if counts[top] > BUMP * max(1, int(counts[top - 25 : top - 5].max())):
            return int(counts[top - 2 :].sum())
    return 0


def _spectra(clip: Floats, stretches: list[Segment]) -> Floats:
    starts = [np.arange(stretch.start, stretch.end - FRAME + 1, HOP) for stretch in stretches]
    every = np.concatenate([np.zeros(0, np.int64), *starts])
    if every.size > MOST_FRAMES:
        every = every[np.linspace(0, every.size - 1, MOST_FRAMES).astype(np.int64)]
    window = np.hanning(FRAME).astype(np.float32)
    frames = (
        np.lib.stride_tricks.sliding_window_view(clip, FRAME)[every] if every.size else np.zeros((0, FRAME))
    )
    spectrum = np.fft.rfft(frames * window, axis=1)[:, LOWEST:]
    scale = 2.0 / (FRAME * float(np.sum(window**2)))
    power: Floats = ((spectrum.real**2 + spectrum.imag**2) * scale).astype(np.float32)
    return power


def _noise_within(speech: Floats) -> NDArray[np.float64]:
    """Mean noise power per frequency, (bins,), from the quietest frames of each."""
    return np.asarray(np.quantile(speech, QUANTILE, axis=0) / -np.log1p(-QUANTILE))


def _ratio_db(total: float, noise: float) -> float:
    signal = max(total - noise, 0.1 * total)  # so loud a noise is -10 dB or worse, nobody can tell
    return float(np.clip(10.0 * np.log10((signal + 1e-30) / (noise + 1e-30)), -10.0, MOST_SNR_DB))


def _smooth(powers: NDArray[np.floating]) -> NDArray[np.float64]:
    padded = np.pad(powers, SMOOTH // 2, mode="edge")
    return np.convolve(padded, np.full(SMOOTH, 1.0 / SMOOTH), mode="valid")
