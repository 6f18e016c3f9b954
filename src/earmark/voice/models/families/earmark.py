"""Earmark's own models: Kaldi's 80 log-mel bands, cut off 60 dB down, less their mean (input `features`)."""

import numpy as np

from earmark.errors import ModelInvalid
from earmark.voice.features import Floats, fbank
from earmark.voice.models.families.family import Family, FrontEnd, fbank_axes
from earmark.voice.models.session import Signature

DEPTH = np.float32(14.0)  # natural-log units, 60 dB


def normalise(features: Floats) -> Floats:
    """Log-mel features (..., frames, 80), cut off 60 dB below their peak, mean over the frames subtracted.

    The cut makes digital silence, a gate and a quiet room look alike, whatever the recording level.
    """
    deep = np.maximum(features, features.max(axis=(-2, -1), keepdims=True) - DEPTH)
    normal: Floats = deep - deep.mean(axis=-2, keepdims=True)
    return normal


def describe(signature: Signature) -> FrontEnd:
    """Front end of a model that `earmark.training` exported."""
    samples = fbank_axes(signature, "earmark")
    if signature.input != "features":
        raise ModelInvalid(
            f"Earmark's own models call their input 'features', this one '{signature.input}': "
            "choose the family that the model was trained with."
        )
    return FrontEnd("fbank80", mean_normalised=True, scale=32_768.0, fixed_samples=samples)


def prepare(window: Floats, front_end: FrontEnd, signature: Signature) -> Floats:  # noqa: ARG001
    """(samples,) to (1, frames, 80)."""
    features = fbank(window, scale=front_end.scale)
    return (normalise(features) if front_end.mean_normalised else features)[None]


FAMILY = Family("earmark", "models trained by this package's own recipe", describe, prepare)
