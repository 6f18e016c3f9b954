"""Filter banks against Kaldi's own code, over speech-like signals and awkward lengths."""

import os
import subprocess
import sys
from collections.abc import Callable

import kaldi_native_fbank
import numpy as np
import pytest
from numpy.typing import NDArray

from earmark.voice.features import CHUNK, FFT, FRAME, HOP, SAMPLE_RATE, Floats, Taper, fbank, frame_count

LENGTHS = (400, 401, 559, 560, 561, 1_600, 16_000, FRAME + HOP * (CHUNK - 1), FRAME + HOP * CHUNK, 160_001)


def kaldi(clip: Floats, bands: int = 80, *, taper: str = "povey", scale: float = 32_768.0) -> Floats:
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither = 0.0
    options.frame_opts.samp_freq = SAMPLE_RATE
    options.frame_opts.window_type = taper
    options.mel_opts.num_bins = bands
    oracle = kaldi_native_fbank.OnlineFbank(options)
    oracle.accept_waveform(SAMPLE_RATE, (clip * np.float32(scale)).tolist())
    oracle.input_finished()
    return np.array([oracle.get_frame(frame) for frame in range(oracle.num_frames_ready)], np.float32)


def exact(clip: Floats, bands: int = 80) -> NDArray[np.float64]:
    """The same features step by step in float64, which neither Kaldi nor we afford."""
    frames = np.lib.stride_tricks.sliding_window_view(clip, FRAME)[::HOP].astype(np.float64) * 32_768.0
    frames -= frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / (FRAME - 1))) ** 0.85
    power = np.abs(np.fft.rfft((frames - 0.97 * before) * window, FFT)) ** 2
    low, high = (1127 * float(np.log1p(hertz / 700)) for hertz in (20, 8_000))
    edges = np.linspace(low, high, bands + 2)
    mel = 1127 * np.log1p(np.arange(FFT // 2 + 1) * SAMPLE_RATE / FFT / 700)
    weights = np.array(
        [np.interp(mel, edges[band : band + 3], [0.0, 1.0, 0.0], left=0, right=0) for band in range(bands)]
    )
    energies: NDArray[np.float64] = np.log(np.maximum(power @ weights.T, np.finfo(np.float32).eps))
    return energies


def voiced(samples: int, *, seed: int) -> Floats:
    """A gliding pulse train through three resonances with breath noise: harmonics, formants, pauses."""
    random = np.random.default_rng(seed)
    time = np.arange(samples) / SAMPLE_RATE
    phase = np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * time)) / SAMPLE_RATE
    harmonics = np.arange(1, 31)
    formants = np.array([[650.0], [1_150.0], [2_600.0]])
    gains = (1 / (1 + ((harmonics * 120 - formants) / 150) ** 2)).sum(axis=0)
    tone = gains @ np.sin(2 * np.pi * np.outer(harmonics, phase))
    syllables = np.clip(np.sin(2 * np.pi * 3.1 * time), 0, None)
    return np.asarray(0.05 * tone * syllables + 0.001 * random.standard_normal(samples), np.float32)


SIGNALS: dict[str, Callable[[int], Floats]] = {
    "voiced": lambda samples: voiced(samples, seed=1),
    "noise": lambda samples: np.random.default_rng(2).normal(0, 0.1, samples).astype(np.float32),
    "quiet": lambda samples: 1e-3 * voiced(samples, seed=3),
    "offset": lambda samples: voiced(samples, seed=4) + np.float32(0.2),
    "full scale": lambda samples: np.clip(40 * voiced(samples, seed=5), -1, 1).astype(np.float32),
}


@pytest.mark.parametrize("samples", LENGTHS)
@pytest.mark.parametrize("signal", SIGNALS)
def test_equals_kaldi(signal: str, samples: int) -> None:
    clip = SIGNALS[signal](samples)
    ours = fbank(clip)
    assert ours.dtype == np.float32
    assert ours.shape == (frame_count(samples), 80)
    reference, theirs = exact(clip), kaldi(clip)
    np.testing.assert_allclose(ours, reference, atol=1e-3, rtol=0)
    # Kaldi computes in float32 too: where a band is nearly silent its own rounding passes 1e-3.
    assert (np.abs(ours - theirs) <= 1e-3 + 1.1 * np.abs(theirs - reference)).all()
    assert np.quantile(np.abs(ours - theirs), 0.99) <= 1e-3


@pytest.mark.parametrize("bands", [23, 40, 64])
def test_equals_kaldi_for_other_band_counts(bands: int) -> None:
    clip = voiced(20_000, seed=6)
    np.testing.assert_allclose(fbank(clip, bands=bands), kaldi(clip, bands), atol=1e-3, rtol=0)


@pytest.mark.parametrize(("taper", "scale"), [("hamming", 32_768.0), ("povey", 1.0)])
def test_equals_kaldi_for_other_front_ends(taper: Taper, scale: float) -> None:
    clip = voiced(20_000, seed=11)
    theirs = kaldi(clip, taper=taper, scale=scale)
    np.testing.assert_allclose(fbank(clip, taper=taper, scale=scale), theirs, atol=1e-3, rtol=0)


def test_silence_is_the_floor() -> None:
    silence = np.zeros(4_000, np.float32)
    np.testing.assert_allclose(fbank(silence), kaldi(silence), atol=1e-4, rtol=0)


@pytest.mark.parametrize("samples", [0, 1, 399])
def test_a_clip_below_one_frame_is_refused(samples: int) -> None:
    with pytest.raises(ValueError, match=f"{samples} samples make no frame of 400"):
        fbank(np.zeros(samples, np.float32))


def test_a_frame_does_not_depend_on_its_clip() -> None:
    clip = voiced(FRAME + HOP * 200, seed=7)
    whole = fbank(clip)
    for frame in (0, 63, 64, 130, 200):
        alone = fbank(clip[frame * HOP : frame * HOP + FRAME])
        np.testing.assert_allclose(alone[0], whole[frame], atol=1e-4, rtol=0)


def test_the_clip_is_left_alone() -> None:
    clip = voiced(8_000, seed=8)
    before = clip.copy()
    clip.flags.writeable = False
    first, second = fbank(clip), fbank(clip)
    np.testing.assert_array_equal(clip, before)
    np.testing.assert_array_equal(first, second)


def _digest_with(threads: int) -> str:
    """Digest of a fixed clip's features, from a fresh process with that many BLAS threads."""
    code = (
        "import hashlib, numpy as np; from earmark.voice.features import fbank;"
        "clip = np.random.default_rng(9).normal(0, 0.1, 160_001).astype(np.float32);"
        "print(hashlib.sha256(fbank(clip).tobytes()).hexdigest())"
    )
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | dict.fromkeys(names, str(threads)),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_blas_threads_change_nothing() -> None:
    assert _digest_with(1) == _digest_with(4)


def test_the_oracle_can_disagree() -> None:
    """Guards the tolerance: a wrong scale or window must be far outside of it."""
    clip = voiced(16_000, seed=10)
    difference: NDArray[np.float32] = np.abs(fbank(clip * np.float32(1.01)) - kaldi(clip))
    assert difference.max() > 1e-2
