"""What one family of models must say: how its input is made from a window of speech."""

from collections.abc import Callable
from dataclasses import dataclass

from earmark.errors import ModelInvalid
from earmark.voice.features import FRAME, HOP, Floats
from earmark.voice.models.session import Signature


@dataclass(frozen=True)
class FrontEnd:
    """What stands between samples and a graph; kept in the catalogue with every model."""

    features: str
    mean_normalised: bool
    scale: float
    fixed_samples: int | None = None  # length of every window, for a graph exported without a free length


@dataclass(frozen=True)
class Family:
    """One way of exporting speaker models."""

    name: str
    summary: str  # one sentence for people
    describe: Callable[[Signature], FrontEnd]  # raises ModelInvalid when the graph is of another family
    prepare: Callable[
        [Floats, FrontEnd, Signature], Floats
    ]  # window (samples,) -> input with a batch axis of 1


def fbank_axes(signature: Signature, family: str) -> int | None:
    """Samples behind a (batch, frames, 80) input; None when the frames axis is free.

    Raises ModelInvalid for any other shape.
    """
    shape = signature.input_shape
    if len(shape) != 3 or shape[2] not in (80, None) or shape[0] not in (1, None):
        raise ModelInvalid(
            f"Family {family!r} takes input (batch, frames, 80), this model takes {shown(shape)}: "
            "choose the family that the model was trained with."
        )
    return None if shape[1] is None else (shape[1] - 1) * HOP + FRAME


def refuse_other_framework(signature: Signature, *, own: str, family: str) -> None:
    """Raise ModelInvalid when the file says that it comes from another toolkit than this family's.

    sherpa-onnx writes `framework`, `sample_rate` and `normalize_samples` into the models it publishes.
    """
    framework = signature.metadata.get("framework", own)
    if framework != own:
        hint = {"3d-speaker": "--family 3dspeaker", "wespeaker": "--family wespeaker"}.get(framework)
        raise ModelInvalid(
            f"The file says that it is a {framework} model, not {family}: "
            + (f"add it with {hint}." if hint else "its front end is not among Earmark's families yet.")
        )
    rate = signature.metadata.get("sample_rate", "16000")
    if rate != "16000":
        raise ModelInvalid(f"The model was trained at {rate} Hz: Earmark runs models for 16000 Hz.")


def shown(shape: tuple[int | None, ...]) -> str:
    """A shape in words: "(any, any, 80)"."""
    return "(" + ", ".join("any" if axis is None else str(axis) for axis in shape) + ")"
