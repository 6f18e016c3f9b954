"""A sherpa-onnx model that writes down the same words whatever it hears: to drive the real package with."""

from pathlib import Path

import numpy as np

MOST = 4_000  # frames that it gives: more than any clip of a test has


def write_recogniser(folder: Path, said: str) -> None:
    """Write a CTC model of NeMo's kind, and its tokens."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    words = [f"▁{word}" for word in said.split()]
    tokens = [*dict.fromkeys(words), "<blk>"]
    logits = np.full((1, MOST, len(tokens)), -20.0, np.float32)
    logits[0, :, -1] = 0.0
    for place, word in enumerate(words):
        logits[0, 2 * place, -1], logits[0, 2 * place, tokens.index(word)] = -20.0, 0.0
    graph = helper.make_graph(
        [
            helper.make_node("ReduceSum", ["audio_signal"], ["sum"], keepdims=0),
            helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
            helper.make_node("Add", ["said", "nothing"], ["logprobs"]),
        ],
        "same",
        [
            helper.make_tensor_value_info("audio_signal", TensorProto.FLOAT, ["N", 80, "T"]),
            helper.make_tensor_value_info("length", TensorProto.INT64, ["N"]),
        ],
        [helper.make_tensor_value_info("logprobs", TensorProto.FLOAT, list(logits.shape))],
        [
            numpy_helper.from_array(logits, "said"),
            numpy_helper.from_array(np.zeros((), np.float32), "zero"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    about = {
        "vocab_size": str(len(tokens)),
        "normalize_type": "per_feature",
        "subsampling_factor": "8",
        "model_type": "EncDecCTCModelBPE",
    }
    helper.set_model_props(model, about)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    text = "".join(f"{token} {number}\n" for number, token in enumerate(tokens))
    (folder / "tokens.txt").write_text(text, encoding="utf-8")
