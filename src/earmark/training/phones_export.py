"""Phone checkpoint to ONNX: batch norms folded in, weights in half precision, parity proven."""

import copy
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

from earmark.training.export import OPSET, fold
from earmark.training.network import Unit
from earmark.training.phones import PhoneNetwork
from earmark.training.segmentation_export import LARGE, halve

TOLERANCE = 1e-3  # largest difference between the probabilities of one set of weights
ROUNDING = 0.02  # largest difference that half precision may make


def load_network(checkpoint: Path) -> PhoneNetwork:
    """The averaged network of a checkpoint, ready for inference."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    network = PhoneNetwork()
    network.load_state_dict(state["average"])
    return network.eval()


def folded_and_rounded(network: PhoneNetwork) -> PhoneNetwork:
    """A copy of the network without batch norms, its large weights rounded to half precision."""
    copied = copy.deepcopy(network).eval()
    with torch.no_grad():
        for unit in copied.modules():
            if isinstance(unit, Unit):
                unit.product = fold(unit.product, unit.norm)
                unit.norm = nn.Identity()
        for weights in copied.parameters():
            if weights.numel() >= LARGE:
                weights.copy_(weights.half().float())
    return copied


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
    network = load_network(checkpoint)
    rounded = folded_and_rounded(network)
    part = model.with_suffix(".part.onnx")
    torch.onnx.export(
        rounded,
        (torch.randn(2, 200, 80),),
        str(part),
        input_names=["features"],
        output_names=["phones"],
        dynamic_axes={"features": {0: "batch", 1: "frames"}, "phones": {0: "batch", 1: "steps"}},
        opset_version=OPSET,
        dynamo=False,
    )
    halve(part)
    same, whole = parity(rounded, part), parity(network, part)
    if same > TOLERANCE or whole > ROUNDING:
        part.unlink()
        raise ValueError(f"ONNX Runtime and PyTorch differ by {same:.2g}, from whole weights by {whole:.2g}")
    part.replace(model)
    return same
