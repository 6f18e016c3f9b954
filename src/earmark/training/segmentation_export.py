"""Segmentation checkpoint to ONNX, as `half_export` does it."""

from pathlib import Path

from earmark.training.export import averaged
from earmark.training.half_export import export_half
from earmark.training.segmentation import SegmentationNetwork

TOLERANCE = 1e-4  # largest difference between the probabilities of one set of weights
SHAPES = ((1, 8), (1, 400), (2, 1_000), (5, 248))


def export(checkpoint: Path, model: Path) -> tuple[float, float]:
    """Write `model`; returns how far it is from PyTorch with rounded and with whole weights.

    Raises ValueError, and leaves no file, when ONNX Runtime and PyTorch disagree.
    """
    network = averaged(checkpoint, SegmentationNetwork())
    return export_half(
        network, model, SHAPES, lambda said: said, output="classes", steps="frames", tolerance=TOLERANCE
    )
