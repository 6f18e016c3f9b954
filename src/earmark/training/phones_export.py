"""Phone checkpoint to ONNX, as `half_export` does it."""

from pathlib import Path

import numpy as np
import onnxruntime
import torch

from earmark.training.export import averaged
from earmark.training.half_export import export_half
from earmark.training.phones import PhoneNetwork

TOLERANCE = 1e-3  # largest difference between the probabilities of one set of weights


def parity(network: PhoneNetwork, model: Path) -> float:
    """Largest difference between the probabilities of PyTorch and ONNX Runtime over several lengths."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    draw = np.random.default_rng(3)
    worst = 0.0
    for frames in (20, 101, 400, 1_501):
        features = (draw.standard_normal((1, frames, 80)) * 3).astype(np.float32)
        with torch.no_grad():
            wanted = network(torch.from_numpy(features)).exp().numpy()
        worst = max(worst, float(np.abs(np.exp(session.run(None, {"features": features})[0]) - wanted).max()))
    return worst


def export(checkpoint: Path, model: Path) -> float:
    """Write `model` from `checkpoint`; returns how far it is from PyTorch with rounded weights.

    Raises ValueError, and leaves no file, when ONNX Runtime and PyTorch disagree.
    """
    network = averaged(checkpoint, PhoneNetwork())
    return export_half(network, model, parity, output="phones", steps="steps", tolerance=TOLERANCE)[0]
