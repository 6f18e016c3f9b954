"""Segmentation checkpoint to ONNX: batch norms folded in, weights in half precision, parity proven.

Only the file is in half precision: each weight is cast when the model is loaded, and the sums are in single.
"""

import copy
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from earmark.training.export import OPSET, fold
from earmark.training.network import Unit
from earmark.training.segmentation import SegmentationNetwork

TOLERANCE = 1e-4  # largest difference between the probabilities of one set of weights
ROUNDING = 0.02  # largest difference that half precision may make
LARGE = 1_024  # numbers; a smaller weight stays in single precision


def load_network(checkpoint: Path) -> SegmentationNetwork:
    """The averaged network of a checkpoint, ready for inference."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    network = SegmentationNetwork()
    network.load_state_dict(state["average"])
    return network.eval()


def folded_and_rounded(network: SegmentationNetwork) -> SegmentationNetwork:
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


def halve(path: Path) -> None:
    """Keep the large weights of a model file in half precision, each with a cast to single before its use."""
    model = onnx.load(path)
    graph = model.graph
    for weights in list(graph.initializer):
        values = numpy_helper.to_array(weights)
        if values.dtype != np.float32 or values.size < LARGE:
            continue
        half = f"{weights.name}.half"
        graph.initializer.remove(weights)
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), half))
        graph.node.insert(0, helper.make_node("Cast", [half], [weights.name], to=TensorProto.FLOAT))
    onnx.checker.check_model(model)
    onnx.save(model, path)


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
    network = load_network(checkpoint)
    rounded = folded_and_rounded(network)
    part = model.with_suffix(".part.onnx")
    torch.onnx.export(
        rounded,
        (torch.randn(2, 200, 80),),
        str(part),
        input_names=["features"],
        output_names=["classes"],
        dynamic_axes={"features": {0: "batch", 1: "frames"}, "classes": {0: "batch", 1: "frames"}},
        opset_version=OPSET,
        dynamo=False,
    )
    halve(part)
    same, whole = parity(rounded, part), parity(network, part)
    if same > TOLERANCE or whole > ROUNDING:
        part.unlink()
        raise ValueError(f"ONNX Runtime and PyTorch differ by {same:.2g}, from whole weights by {whole:.2g}")
    part.replace(model)
    return same, whole
