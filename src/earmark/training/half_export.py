"""Networks of probabilities to ONNX: batch norms folded in, weights in half precision, parity proven.

Only the file is in half precision: each weight is cast when the model is loaded, and the sums are in single.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from earmark.training.export import OPSET, Compared, Some, fold_units, parity

ROUNDING = 0.02  # largest difference that half precision may make
LARGE = 1_024  # numbers; a smaller weight stays in single precision


def folded_and_rounded(network: Some) -> Some:
    """A copy of the network without batch norms, its large weights rounded to half precision."""
    copied = fold_units(network)
    with torch.no_grad():
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


def export_half(
    network: Some,
    model: Path,
    shapes: Sequence[tuple[int, int]],
    compared: Compared,
    *,
    output: str,
    steps: str,
    tolerance: float,
) -> tuple[float, float]:
    """Write `model`; returns how far it is from PyTorch with rounded and with whole weights.

    `output` names what the network gives, (batch, `steps`, classes); `compared` makes probabilities of it, at
    several `shapes` (batch, frames). Raises ValueError, and leaves no file, when ONNX Runtime and PyTorch
    disagree: by more than `tolerance` with rounded weights.
    """
    rounded = folded_and_rounded(network)
    part = model.with_suffix(".part.onnx")
    torch.onnx.export(
        rounded,
        (torch.randn(2, 200, 80),),
        str(part),
        input_names=["features"],
        output_names=[output],
        dynamic_axes={"features": {0: "batch", 1: "frames"}, output: {0: "batch", 1: steps}},
        opset_version=OPSET,
        dynamo=False,
    )
    halve(part)
    same, whole = (parity(one, part, shapes, compared) for one in (rounded, network))
    if same > tolerance or whole > ROUNDING:
        part.unlink()
        raise ValueError(f"ONNX Runtime and PyTorch differ by {same:.2g}, from whole weights by {whole:.2g}")
    part.replace(model)
    return same, whole
