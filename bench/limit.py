"""Share of the processor's matrix-product speed that the network reaches, both measured in this run."""

from collections.abc import Iterator

import numpy as np

from bench.subjects import SECONDS, missing
from bench.timing import medians
from earmark.voice.embedding import Embedder
from earmark.voice.features import FRAME, HOP, SAMPLE_RATE, Floats, fbank
from earmark.voice.models.catalog import ModelEntry, load_weights
from earmark.voice.models.session import ModelSession

SIZE = 1_536  # rows and columns of the measured product


def lines(found: ModelEntry, rounds: int) -> Iterator[str]:
    """The section, line by line."""
    if absent := missing("onnx"):
        yield f"skipped: {absent} is not installed (extra `train`)"
        return
    draw = np.random.default_rng(4)
    window = (0.1 * draw.standard_normal(int(SECONDS * SAMPLE_RATE))).astype(np.float32)
    features = fbank(window)[None]
    session, embedder = ModelSession(load_weights(found)), Embedder(found)
    left, right = (draw.standard_normal((SIZE, SIZE)).astype(np.float32) for _ in range(2))
    product, network, bank, whole = medians(
        [
            lambda: left @ right,
            lambda: session.run(features),
            lambda: fbank(window),
            lambda: embedder.vectors([window]),
        ],
        rounds=rounds,
    )
    limit = 2 * SIZE**3 / product
    macs = multiplications(found, features)
    reached = 2 * macs / network
    yield f"{macs / 1e9:.3f} GMAC for {SECONDS:g} s of audio; fp32, one thread, median of {rounds}"
    yield f"matrix product of {SIZE}: {limit / 1e9:.0f} GFLOP/s; network {reached / 1e9:.0f} GFLOP/s: "
    shares = 100 * reached / limit, 100 * 2 * macs / whole / limit
    yield f"  {shares[0]:.0f} % of the limit in the network, {shares[1]:.0f} % with filter banks and windows"
    yield (
        f"  one window: network {1e3 * network:.2f} ms, filter banks {1e3 * bank:.2f} ms, "
        f"whole {1e3 * whole:.2f} ms ({1 + (window.size - FRAME) // HOP} frames)"
    )


def multiplications(found: ModelEntry, features: Floats) -> int:
    """Multiply-accumulates of the graph's convolutions and matrix products for one input.

    Shapes are read from a run that gives out what goes into and comes out of those nodes, because shape
    inference stops at lengths that the graph computes for itself.
    """
    import onnx
    import onnxruntime
    from onnx import helper

    model = onnx.load_from_string(load_weights(found))
    nodes = [node for node in model.graph.node if node.op_type in ("Conv", "MatMul", "Gemm")]
    shapes = {weight.name: tuple(weight.dims) for weight in model.graph.initializer}
    shapes[model.graph.input[0].name] = features.shape
    inner = {name for node in nodes for name in (*node.input[:2], node.output[0])} - set(shapes)
    del model.graph.output[:]
    model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in sorted(inner))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found_values = session.run(sorted(inner), {model.graph.input[0].name: features})
    shapes |= {name: value.shape for name, value in zip(sorted(inner), found_values, strict=True)}
    total = 0
    for node in nodes:
        if node.op_type == "Conv":
            each = int(np.prod(shapes[node.input[1]][1:]))
        else:
            transposed = any(item.name == "transA" and item.i for item in node.attribute)
            each = shapes[node.input[0]][0 if transposed else -1]
        total += int(np.prod(shapes[node.output[0]])) * each
    return total
