"""Models that take raw samples, (batch, samples) or (batch, 1, samples), in [-1, 1]."""

from earmark.errors import ModelInvalid
from earmark.voice.features import Floats
from earmark.voice.models.families.family import Family, FrontEnd, shown
from earmark.voice.models.session import Signature


def takes_samples(signature: Signature) -> bool:
    """Whether the input is (batch, samples) or (batch, 1, samples)."""
    shape = signature.input_shape
    return len(shape) == 2 or (len(shape) == 3 and shape[1] == 1)


def describe(signature: Signature) -> FrontEnd:
    """Front end of a raw-waveform model."""
    shape = signature.input_shape
    if not takes_samples(signature) or shape[0] not in (1, None):
        raise ModelInvalid(
            f"Family 'waveform' takes input (batch, samples), this model takes {shown(shape)}: "
            "choose the family that the model was trained with."
        )
    return FrontEnd("waveform", mean_normalised=False, scale=1.0, fixed_samples=shape[-1])


def prepare(window: Floats, front_end: FrontEnd, signature: Signature) -> Floats:
    """(samples,) to (1, samples), or (1, 1, samples) where the graph has a channel axis."""
    batch = (window * front_end.scale).astype("float32", copy=False)[None]
    return batch[:, None] if len(signature.input_shape) == 3 else batch


FAMILY = Family("waveform", "models that take raw 16 kHz samples", describe, prepare)
