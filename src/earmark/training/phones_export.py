"""Phone checkpoint to ONNX, as `half_export` does it."""

from pathlib import Path

import torch

from earmark.training.export import averaged
from earmark.training.half_export import export_half
from earmark.training.phones import PhoneNetwork

TOLERANCE = 1e-3  # largest difference between the probabilities of one set of weights
SHAPES = ((1, 20), (1, 101), (1, 400), (1, 1_501))


def write(network: PhoneNetwork, model: Path) -> float:
    """Write `model`; returns how far it is from PyTorch with rounded weights.

    Raises ValueError, and leaves no file, when ONNX Runtime and PyTorch disagree.
    """
    same, _ = export_half(
        network, model, SHAPES, torch.exp, output="phones", steps="steps", tolerance=TOLERANCE
    )
    return same


def export(checkpoint: Path, model: Path) -> float:
    """Write `model` from a checkpoint's average, as `write` does."""
    return write(averaged(checkpoint, PhoneNetwork()), model)
