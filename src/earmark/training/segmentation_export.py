"""Segmentation checkpoint to ONNX, as `half_export` does it."""

from pathlib import Path

import numpy as np
import onnxruntime
import torch

from earmark.training.export import averaged
from earmark.training.half_export import export_half
from earmark.training.segmentation import SegmentationNetwork

TOLERANCE = 1e-4  # largest difference between the probabilities of one set of weights


def parity(network: SegmentationNetwork, model: Path) -> float:
    """Largest difference between the probabilities of PyTorch and ONNX Runtime over several lengths."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    draw = np.random.default_rng(3)
    worst = 0.0
    for windows, frames in ((1, 8), (1, 400), (2, 1000), (5, 248)):
        features = (draw.standard_normal((windows, frames, 80)) * 3).astype(np.float32)
        with torch.no_grad():
            wanted = network(torch.from_numpy(features)).numpy()
        worst = max(worst, float(np.abs(session.run(None, {"features": features})[0] - wanted).max()))
    return worst


def export(checkpoint: Path, model: Path) -> tuple[float, float]:
    """Write `model`; returns how far it is from PyTorch with rounded and with whole weights.

    Raises ValueError, and leaves no file, when ONNX Runtime and PyTorch disagree.
    """
    network = averaged(checkpoint, SegmentationNetwork())
    return export_half(network, model, parity, output="classes", steps="frames", tolerance=TOLERANCE)
