"""Checkpoint to ONNX: batch norms folded in, parity with PyTorch proven before the file is kept."""

import copy
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from earmark.training.network import Network, Unit

OPSET = 17
Some = TypeVar("Some", bound=nn.Module)
Compared = Callable[[Tensor], Tensor]  # what a network says -> what has to agree
TOLERANCE = 1e-4  # largest difference between unit vectors
SHAPES = ((2, 70), (2, 101), (2, 298), (2, 600))  # batches and frames to compare at


def averaged(checkpoint: Path, network: Some) -> Some:
    """The network with the averaged weights of a checkpoint, ready for inference."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    network.load_state_dict(state["average"])
    return network.eval()


def _affine(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """Scale and shift (channels,) that a batch norm amounts to at inference."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale


def fold(product: nn.Linear, norm: nn.BatchNorm1d) -> nn.Linear:
    """One product that does what `product` and then `norm` do at inference."""
    scale, shift = _affine(norm)
    folded = nn.Linear(product.in_features, product.out_features)
    folded.weight.data = product.weight * scale[:, None]
    folded.bias.data = shift
    return folded


def fold_units(network: Some) -> Some:
    """A copy of the network whose units have no batch norms."""
    folded = copy.deepcopy(network).eval()
    with torch.no_grad():
        for unit in folded.modules():
            if isinstance(unit, Unit):
                unit.product = fold(unit.product, unit.norm)
                unit.norm = nn.Identity()
    return folded


def fold_norms(network: Network) -> Network:
    """A copy of the network without batch norms."""
    folded = fold_units(network)
    with torch.no_grad():
        scale, shift = _affine(folded.head[0])
        product = folded.head[1]
        product.bias.data += product.weight @ shift
        product.weight.data *= scale
        folded.head = nn.Sequential(product)
    return folded


def parity(network: nn.Module, model: Path, shapes: Iterable[tuple[int, int]], compared: Compared) -> float:
    """Largest difference between what PyTorch and ONNX Runtime say, over several (batch, frames)."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    draw = np.random.default_rng(3)
    worst = 0.0
    for shape in shapes:
        features = (draw.standard_normal((*shape, 80)) * 3).astype(np.float32)
        with torch.no_grad():
            wanted = compared(network(torch.from_numpy(features)))
        got = compared(torch.from_numpy(session.run(None, {"features": features})[0]))
        worst = max(worst, (got - wanted).abs().max().item())
    return worst


def export(checkpoint: Path, model: Path) -> float:
    """Write `model` from `checkpoint`; returns the parity figure.

    Raises ValueError, and leaves no file, when ONNX Runtime and PyTorch disagree.
    """
    network = averaged(checkpoint, Network())
    part = model.with_suffix(".part.onnx")
    torch.onnx.export(
        fold_norms(network),
        (torch.randn(2, 200, 80),),
        str(part),
        input_names=["features"],
        output_names=["embedding"],
        dynamic_axes={"features": {0: "batch", 1: "frames"}, "embedding": {0: "batch"}},
        opset_version=OPSET,
        dynamo=False,
    )
    worst = parity(network, part, SHAPES, nn.functional.normalize)
    if worst > TOLERANCE:
        part.unlink()
        raise ValueError(f"ONNX Runtime and PyTorch differ by {worst:.2g}, more than {TOLERANCE:g}")
    part.replace(model)
    return worst
