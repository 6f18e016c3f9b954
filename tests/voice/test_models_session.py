import threading
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from earmark.errors import ModelInvalid, ModelNotFound
from earmark.voice.models import file
from earmark.voice.models.file import read_model
from earmark.voice.models.session import ModelSession


def resident_kib() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def conv_graph(path: Path, save: Any) -> Path:
    """A graph with large work space for long inputs, so that a growing arena would show."""
    draw = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array((0.1 * draw.standard_normal(shape)).astype(np.float32), name)
        for name, shape in (("w1", (256, 80, 3)), ("w2", (256, 256, 3)))
    ]
    nodes = [
        helper.make_node("Transpose", ["features"], ["turned"], perm=[0, 2, 1]),
        helper.make_node("Conv", ["turned", "w1"], ["a"], pads=[1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "w2"], ["c"], pads=[1, 1]),
        helper.make_node("ReduceMean", ["c"], ["embedding"], axes=[2], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "conv",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", "frames", 80])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", 256])],
        weights,
    )
    return Path(save(graph, path))


def test_signature(builders: Any, tmp_path: Path) -> None:
    path = builders.mean(tmp_path / "m.onnx", metadata={"framework": "3d-speaker"})
    signature = ModelSession(read_model(path)).signature
    assert signature.input == "features"
    assert signature.input_shape == (None, None, 80)
    assert signature.metadata == {"framework": "3d-speaker"}


def test_picks_the_embedding_of_several_outputs(builders: Any, tmp_path: Path) -> None:
    path = builders.mean(tmp_path / "m.onnx", output="logits", more_outputs=["embs"])
    assert ModelSession(read_model(path)).signature.output == "embs"


def test_refuses_several_unnamed_outputs(builders: Any, tmp_path: Path) -> None:
    path = builders.mean(tmp_path / "m.onnx", output="a", more_outputs=["b"])
    with pytest.raises(ModelInvalid, match="a, b"):
        ModelSession(read_model(path))


def test_refuses_several_inputs(builders: Any, tmp_path: Path) -> None:
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", 3]) for name in ("x", "lengths")]
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "lengths"], ["embedding"])],
        "two",
        inputs,
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["b", 3])],
    )
    with pytest.raises(ModelInvalid, match="takes 2"):
        ModelSession(read_model(builders.save(graph, tmp_path / "m.onnx")))


@pytest.mark.parametrize("kind", [TensorProto.FLOAT16, TensorProto.INT64])
def test_refuses_other_types(kind: int, builders: Any, tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["embedding"])],
        "typed",
        [helper.make_tensor_value_info("x", kind, ["b", 3])],
        [helper.make_tensor_value_info("embedding", kind, ["b", 3])],
    )
    with pytest.raises(ModelInvalid, match="float32"):
        ModelSession(read_model(builders.save(graph, tmp_path / "m.onnx")))


@pytest.mark.parametrize(
    "data", [b"", b"RIFF....WAVEfmt ", b"\x00" * 4_000, b"\x08\x08\x3a\xff\xff\xff\xff\x0f"]
)
def test_refuses_what_is_not_onnx(data: bytes) -> None:
    with pytest.raises(ModelInvalid, match=r"not a model|takes 0"):
        ModelSession(data)


def test_refuses_an_unknown_operator(builders: Any, tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("Telepathy", ["x"], ["embedding"], domain="org.example")],
        "odd",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["b", 3])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["b", 3])],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("org.example", 1)]
    with pytest.raises(ModelInvalid, match="ONNX Runtime"):
        ModelSession(read_model(builders.save(graph, tmp_path / "m.onnx", None, opsets)))


def test_refuses_weights_in_another_file(builders: Any, tmp_path: Path) -> None:
    path = conv_graph(tmp_path / "whole.onnx", builders.save)
    model = onnx.load(path)
    onnx.save(
        model, tmp_path / "split.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0
    )
    with pytest.raises(ModelInvalid, match="another file"):
        ModelSession(read_model(tmp_path / "split.onnx"))
    ModelSession(read_model(path))


def test_missing_and_oversized_files(builders: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelNotFound):
        read_model(tmp_path / "none.onnx")
    path = builders.mean(tmp_path / "m.onnx")
    monkeypatch.setattr(file, "MAX_BYTES", 100)
    with pytest.raises(ModelInvalid, match="limit"):
        read_model(path)


def test_refused_input_is_a_clear_error(builders: Any, tmp_path: Path) -> None:
    loaded = ModelSession(read_model(builders.mean(tmp_path / "m.onnx")))
    with pytest.raises(ModelInvalid, match=r"\(1, 5, 40\)"):
        loaded.run(np.zeros((1, 5, 40), np.float32))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc to read memory")
def test_memory_follows_the_current_length(builders: Any, tmp_path: Path) -> None:
    """An arena would keep the blocks of the longest input, and a memory pattern those of every length."""
    loaded = ModelSession(read_model(conv_graph(tmp_path / "m.onnx", builders.save)))
    lengths = np.random.default_rng(3).permutation(np.arange(40, 240))
    features = np.zeros((1, 30_000, 80), np.float32)
    for length in lengths[:20]:
        loaded.run(features[:, :length])
    before = resident_kib()
    loaded.run(features)
    for length in lengths:
        loaded.run(features[:, :length])
    assert resident_kib() - before < 32 * 1024


def test_one_session_serves_many_threads(builders: Any, tmp_path: Path) -> None:
    loaded = ModelSession(read_model(conv_graph(tmp_path / "m.onnx", builders.save)))
    draw = np.random.default_rng(1)
    inputs = [draw.standard_normal((1, 40 + 7 * place, 80)).astype(np.float32) for place in range(12)]
    alone = [loaded.run(batch) for batch in inputs]
    together: dict[int, Any] = {}

    def work(place: int) -> None:
        together[place] = loaded.run(inputs[place])

    threads = [threading.Thread(target=work, args=(place,)) for place in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(together[place], alone[place]) for place in range(12))
