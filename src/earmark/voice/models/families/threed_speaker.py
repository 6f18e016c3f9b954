"""3D-Speaker exports (ERes2Net, ERes2NetV2, CAM++): Kaldi filter banks of samples in [-1, 1].

Source: `speakerlab/process/processor.py` (torchaudio's Kaldi fbank, mean subtracted) and
`export_speaker_embedding_onnx.py` (input `feature` (B, T, 80), output `embedding`); sherpa-onnx calls
the input `x` and writes `normalize_samples` and `feature_normalize_type` into the file, which count
when they are there.
"""

from earmark.errors import ModelInvalid
from earmark.voice.features import Floats, fbank
from earmark.voice.models.families.family import Family, FrontEnd, fbank_axes, refuse_other_framework
from earmark.voice.models.session import Signature


def describe(signature: Signature) -> FrontEnd:
    """Front end of a 3D-Speaker export, by its metadata where it has any."""
    refuse_other_framework(signature, own="3d-speaker", family="3D-Speaker")
    samples = fbank_axes(signature, "3dspeaker")
    normalised = signature.metadata.get("feature_normalize_type", "global-mean")
    if normalised not in ("global-mean", ""):
        raise ModelInvalid(
            f"The file asks for feature normalisation {normalised!r}: 3D-Speaker models use 'global-mean'."
        )
    in_unit_range = signature.metadata.get("normalize_samples", "1") == "1"
    return FrontEnd(
        "fbank80",
        mean_normalised=normalised == "global-mean",
        scale=1.0 if in_unit_range else 32_768.0,
        fixed_samples=samples,
    )


def prepare(window: Floats, front_end: FrontEnd, signature: Signature) -> Floats:  # noqa: ARG001
    """(samples,) to (1, frames, 80)."""
    features = fbank(window, scale=front_end.scale)
    if front_end.mean_normalised:
        features -= features.mean(axis=0)
    return features[None]


FAMILY = Family("3dspeaker", "3D-Speaker exports: ERes2Net, ERes2NetV2, CAM++", describe, prepare)
