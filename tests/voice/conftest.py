"""Tiny ONNX graphs with the inputs and outputs of the families that people export."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from earmark.voice.features import Floats

if TYPE_CHECKING:
    from earmark.voice.models.catalog import ModelEntry
    from earmark.voice.scoring.calibration import Calibration

Graph = Callable[..., Path]


def mean_graph(
    path: Path,
    *,
    input: str = "features",
    output: str = "embedding",
    shape: Sequence[int | str | None] = ("batch", "frames", 80),
    axis: int = 1,
    spread: bool = True,
    bands: tuple[int, int] | None = None,
    metadata: dict[str, str] | None = None,
    more_outputs: Sequence[str] = (),
) -> Path:
    """Write a model that returns [mean, mean of squares] (or the mean alone) of its input over `axis`.

    With an axis of size 1 before the mean's (a channel), the result is flattened to (batch, D). `bands` keeps
    [first, last) of the third axis only.
    """
    opset = helper.make_opsetid("", 17)
    heard, kept = input, []
    nodes = []
    if bands is not None:
        kept = [numpy_helper.from_array(np.arange(*bands), "kept")]
        nodes.append(helper.make_node("Gather", [input, "kept"], ["heard"], axis=2))
        heard = "heard"
    nodes.append(helper.make_node("ReduceMean", [heard], ["mean"], axes=[axis], keepdims=0))
    found = "mean"
    if spread:
        nodes.append(helper.make_node("Mul", [heard, heard], ["squares"]))
        nodes.append(helper.make_node("ReduceMean", ["squares"], ["power"], axes=[axis], keepdims=0))
        nodes.append(helper.make_node("Concat", ["mean", "power"], ["both"], axis=-1))
        found = "both"
    nodes.append(helper.make_node("Flatten", [found], [output], axis=1))
    nodes += [helper.make_node("Identity", [output], [extra]) for extra in more_outputs]
    graph = helper.make_graph(
        nodes,
        "mean",
        [helper.make_tensor_value_info(input, TensorProto.FLOAT, list(shape))],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", None])
            for name in (output, *more_outputs)
        ],
        kept,
    )
    return save(graph, path, metadata, [opset])


def save(graph: Any, path: Path, metadata: dict[str, str] | None = None, opsets: Any = None) -> Path:
    model = helper.make_model(graph, opset_imports=opsets or [helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, metadata or {})
    onnx.save(model, path)
    return path


def constant_graph(path: Path, *, values: Sequence[float]) -> Path:
    """Write a model that ignores what it hears: always the same vector."""
    kept = numpy_helper.from_array(np.array([values], np.float32), "kept")
    nothing = numpy_helper.from_array(np.zeros(1, np.float32), "nothing")
    nodes = [
        helper.make_node("ReduceMean", ["features"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("Mul", ["mean", "nothing"], ["zero"]),
        helper.make_node("Add", ["kept", "zero"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "constant",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", "frames", 80])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", None])],
        [kept, nothing],
    )
    return save(graph, path)


def model_entry(path: Path, **changes: Any) -> "ModelEntry":
    """A catalogue entry for a graph of the family `earmark`, with what the test wants changed."""
    from earmark.voice.models.catalog import ModelEntry
    from earmark.voice.models.file import digest

    fields: dict[str, Any] = {
        "name": "tiny",
        "version": "1.0",
        "family": "earmark",
        "file": path,
        "sha256": digest(path.read_bytes()),
        "licence": "CC0-1.0",
        "sample_rate": 16_000,
        "features": "fbank80",
        "mean_normalised": False,
        "scale": 32_768.0,
        "dimension": 160,
    }
    return ModelEntry(**{**fields, **changes})


def simple_calibration(offset: float = -40.0, slope: float = 50.0) -> "Calibration":
    """LLR = offset + slope * score for any length; 1 in 100 at 2, 1 in 10,000 at 6."""
    from earmark.voice.scoring.calibration import Calibration

    return Calibration(
        offset=(offset, 0.0, 0.0, 0.0),
        slope=(slope, 0.0, 0.0, 0.0),
        enrol_seconds=(1.0, 60.0),
        test_seconds=(1.0, 60.0),
        thresholds=((0.01, 2.0), (0.001, 4.0), (0.0001, 6.0)),
        trials="made up for a test",
    )


def noise_voices(speakers: int = 5, clips: int = 3) -> dict[str, list[Floats]]:
    """Stand-ins for voices, 3 s each: noise that changes every 50 ms between a speaker's two spectra."""
    draw = np.random.default_rng(5)
    voices: dict[str, list[Floats]] = {}
    for speaker in range(speakers):
        spectra = np.exp(np.stack([np.interp(np.arange(401), np.arange(0, 401, 40), row) for row in
                                   draw.normal(0, 1.2, (2, 11))]))  # fmt: skip
        made = []
        for _ in range(clips):
            noise = np.fft.rfft(draw.standard_normal((60, 800)), axis=1)
            pieces = np.fft.irfft(noise * np.tile(spectra, (30, 1)), axis=1).reshape(-1)
            made.append((0.1 * pieces / np.abs(pieces).max()).astype(np.float32))
        voices[f"speaker-{speaker}"] = made
    return voices


@pytest.fixture
def voices() -> dict[str, list[Floats]]:
    return noise_voices()


class Builders:
    """The builders above, for test files that cannot import each other."""

    mean = staticmethod(mean_graph)
    constant = staticmethod(constant_graph)
    save = staticmethod(save)
    entry = staticmethod(model_entry)
    calibration = staticmethod(simple_calibration)


@pytest.fixture(scope="session")
def builders() -> type[Builders]:
    return Builders
