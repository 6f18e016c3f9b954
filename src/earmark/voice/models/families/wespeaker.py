"""WeSpeaker exports (ResNet, ECAPA-TDNN, CAM++): Hamming-windowed filter banks, mean subtracted.

Source: `wespeaker/bin/infer_onnx.py` and `export_onnx.py` (input `feats` (B, T, 80), output `embs`):
samples times 32768, Hamming window instead of Kaldi's own, mean per band. Files republished by
sherpa-onnx do not mention the mean; the reference subtracts it always, so it is subtracted here.
"""

from earmark.voice.features import Floats, fbank
from earmark.voice.models.families.family import Family, FrontEnd, fbank_axes, refuse_other_framework
from earmark.voice.models.session import Signature


def describe(signature: Signature) -> FrontEnd:
    """Front end of a WeSpeaker export."""
    refuse_other_framework(signature, own="wespeaker", family="WeSpeaker")
    samples = fbank_axes(signature, "wespeaker")
    return FrontEnd("fbank80-hamming", mean_normalised=True, scale=32_768.0, fixed_samples=samples)


def prepare(window: Floats, front_end: FrontEnd, signature: Signature) -> Floats:  # noqa: ARG001
    """(samples,) to (1, frames, 80)."""
    features = fbank(window, taper="hamming", scale=front_end.scale)
    if front_end.mean_normalised:
        features -= features.mean(axis=0)
    return features[None]


FAMILY = Family("wespeaker", "WeSpeaker exports: ResNet, ECAPA-TDNN, CAM++", describe, prepare)
