"""ReDimNet exports: raw samples where the export holds the model's own mel front end, else that mel.

Source: Yakovlev et al., "Reshape Dimensions Network for Speaker Recognition" (2024), class `MelBanks`:
samples to zero mean and unit variance, pre-emphasis 0.97 with a reflected first sample, torchaudio's
`MelSpectrogram` (512-point FFT, periodic Hamming window of 400, hop 160, HTK mel of 20 to 7600 Hz,
power), log(x + 1e-6), mean over time subtracted. The mel input is (B, bands, T) or (B, 1, bands, T).
"""

import math
from functools import cache

import numpy as np

from earmark.errors import ModelInvalid
from earmark.voice.features import FFT, FRAME, HOP, SAMPLE_RATE, Floats
from earmark.voice.models.families import waveform
from earmark.voice.models.families.family import Family, FrontEnd, refuse_other_framework, shown
from earmark.voice.models.session import Signature


def describe(signature: Signature) -> FrontEnd:
    """Front end of a ReDimNet export: samples, or its own mel bands when the graph starts behind them."""
    refuse_other_framework(signature, own="redimnet", family="ReDimNet")
    if waveform.takes_samples(signature):
        return waveform.describe(signature)
    shape = signature.input_shape
    if len(shape) not in (3, 4) or shape[-2] is None or (len(shape) == 4 and shape[1] not in (1, None)):
        raise ModelInvalid(
            f"A ReDimNet export takes (batch, samples) or (batch, bands, frames), this one {shown(shape)}: "
            "choose the family that the model was trained with."
        )
    samples = None if shape[-1] is None else (shape[-1] - 1) * HOP
    return FrontEnd("redimnet-mel", mean_normalised=True, scale=1.0, fixed_samples=samples)


def prepare(window: Floats, front_end: FrontEnd, signature: Signature) -> Floats:
    """(samples,) to (1, samples), (1, bands, frames) or (1, 1, bands, frames)."""
    if front_end.features == "waveform":
        return waveform.prepare(window, front_end, signature)
    bands = signature.input_shape[-2]
    assert bands is not None  # noqa: S101  # `describe` let no other graph through
    batch = mel(window, bands)[None]
    return batch[:, None] if len(signature.input_shape) == 4 else batch


def mel(window: Floats, bands: int) -> Floats:
    """ReDimNet's log-mel bands of a window: (samples,) -> (bands, 1 + samples // 160) float32."""
    even = (window - window.mean()) / (window.std() + 1e-6)
    emphasised = even - 0.97 * np.concatenate([even[1:2], even[:-1]])
    padded = np.pad(emphasised, FFT // 2, mode="reflect")
    turns = np.arange(FRAME) / FRAME
    taper = np.zeros(FFT, np.float32)
    taper[(FFT - FRAME) // 2 : (FFT + FRAME) // 2] = 0.54 - 0.46 * np.cos(2 * np.pi * turns)
    view = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP]
    power = np.abs(np.fft.rfft(view * taper, axis=1)) ** 2
    logs = np.log(power @ _mel_matrix(bands) + 1e-6)
    return np.ascontiguousarray((logs - logs.mean(axis=0)).T, np.float32)


@cache
def _mel_matrix(bands: int) -> Floats:
    """HTK triangles from 20 to 7600 Hz, shape (FFT // 2 + 1, bands); linear in hertz, as torchaudio's."""
    edges = np.linspace(_htk(20.0), _htk(7_600.0), bands + 2)
    hertz = 700.0 * (10.0 ** (edges / 2595.0) - 1.0)
    bins = np.linspace(0, SAMPLE_RATE / 2, FFT // 2 + 1)[:, None]
    rising = (bins - hertz[:-2]) / (hertz[1:-1] - hertz[:-2])
    falling = (hertz[2:] - bins) / (hertz[2:] - hertz[1:-1])
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)), np.float32)


def _htk(hertz: float) -> float:
    return 2595.0 * math.log10(1.0 + hertz / 700.0)


FAMILY = Family("redimnet", "ReDimNet exports, with or without their mel front end", describe, prepare)
