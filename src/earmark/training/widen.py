"""A shipped phone network to the start of a wider one that says the same (Net2Net, Chen et al., ICLR 2016).

Some channels are had twice, and what reads them shares its weights between the two; a little noise makes
them part. Training then goes on from what is known instead of from nothing.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from earmark.training.export import fold_units
from earmark.training.network import Unit
from earmark.training.phones import PhoneNetwork
from earmark.training.phones_data import Batch

NOISE = 0.05  # of the weights of a channel that is had twice, as a share of their own size
LENGTH = 2.0  # of a channel's weights: batch norm makes it free, and the step of the optimiser is made for it


def widened(model: Path, batches: Iterable[Batch], seed: int) -> PhoneNetwork:
    """The network of `model` in today's width; `batches` show it what its channels usually hold.

    Raises ValueError when the model is wider than that.
    """
    torch.manual_seed(seed)
    network = PhoneNetwork()
    folded = fold_units(network)
    weights, biases = _read(model)
    narrow, wide = len(biases[0]), network.head.in_features
    if wide < narrow:
        raise ValueError(f"{model} is {narrow} channels wide, and networks are trained with {wide}")
    twin = torch.arange(wide) % narrow
    shares = 1 / torch.bincount(twin, minlength=narrow)[twin]
    products = [*_products(folded), folded.head]
    with torch.no_grad():
        for place, (product, weight, bias) in enumerate(zip(products, weights, biases, strict=True)):
            if product is not folded.head:
                weight, bias = weight[twin], bias[twin]
            if place:
                taps = weight.reshape(len(weight), -1, narrow)
                weight = (taps[:, :, twin] * shares).reshape(len(weight), -1)
            noise = torch.randn_like(weight) * weight.std(dim=1, keepdim=True) * NOISE
            noise[: min(narrow, len(noise))] = 0
            product.weight.copy_(weight + noise)
            product.bias.copy_(bias)
        _unfold(network, folded, batches)
    return network


def _products(network: PhoneNetwork) -> Iterator[nn.Linear]:
    return (unit.product for unit in network.modules() if isinstance(unit, Unit))


def _read(model: Path) -> tuple[list[Tensor], list[Tensor]]:
    """Weights (outputs, inputs) and biases (outputs,) of every product of an exported network, in order."""
    graph = onnx.load(model).graph
    kept = {
        one.name: torch.from_numpy(np.array(numpy_helper.to_array(one))).float() for one in graph.initializer
    }
    weights = [kept[f"{node.input[1]}.half"].T for node in graph.node if node.op_type == "MatMul"]
    return weights, [values for name, values in kept.items() if name.endswith(".bias")]


def _unfold(network: PhoneNetwork, folded: PhoneNetwork, batches: Iterable[Batch]) -> None:
    """Give `network` batch norms that do what the biases of `folded` do."""
    seen: dict[nn.Module, list[Tensor]] = {}

    def watch(product: nn.Module, _: tuple[Tensor, ...], out: Tensor) -> None:
        flat = (out - product.bias).flatten(0, 1)
        seen.setdefault(product, []).append(torch.stack([flat.mean(0), flat.square().mean(0)]))

    hooks = [product.register_forward_hook(watch) for product in _products(folded)]
    for batch in batches:
        folded(torch.from_numpy(batch.features))
    for hook in hooks:
        hook.remove()
    whole = [unit for unit in network.modules() if isinstance(unit, Unit)]
    for unit, product in zip(whole, _products(folded), strict=True):
        mean, square = torch.stack(seen[product]).mean(0)
        spread = (square - mean.square()).clamp(min=1e-8).sqrt()
        scale = LENGTH / product.weight.norm(dim=1)
        unit.product.weight.copy_(product.weight * scale[:, None])
        unit.norm.running_mean.copy_(mean * scale)
        unit.norm.running_var.copy_((spread * scale).square())
        unit.norm.weight.copy_(torch.sqrt((spread * scale).square() + unit.norm.eps) / scale)
        unit.norm.bias.copy_(product.bias + mean)
    network.head.load_state_dict(folded.head.state_dict())
