"""Model file to vectors: an ONNX Runtime session whose memory does not grow with the lengths it has seen."""

import os
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from earmark.errors import ModelInvalid
from earmark.voice.features import Floats

# ONNX Runtime (seen in 1.31 on Linux) keeps a device id and a queue of events in the user's cache and reports
# to mobile.events.data.microsoft.com. Only this variable, set before the import, stops all of it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

# Names by which exports call the embedding when a graph has further outputs (logits, frame features).
EMBEDDING_NAMES = ("embedding", "embeddings", "embs", "emb", "embed", "xvector")
# Key of an `external_data` entry in the file: weights that lie in another file.
_EXTERNAL = re.compile(rb"\x6a.{1,3}\x0a\x08location\x12", re.DOTALL)


@dataclass(frozen=True)
class Signature:
    """What a graph takes and gives; `None` in a shape is a length that may vary."""

    input: str
    input_shape: tuple[int | None, ...]
    output: str
    output_shape: tuple[int | None, ...]
    metadata: dict[str, str]  # key-value pairs of the file, as sherpa-onnx writes them


class ModelSession:
    """One loaded graph; `run` may be called by many threads at once.

    The arena and the memory pattern of ONNX Runtime keep the largest block of every input length that
    they have met, so both are off: memory then follows the current call. One thread in the session and
    several callers were measured faster than several threads in the session, and give equal bits.
    """

    def __init__(self, data: bytes) -> None:
        if _EXTERNAL.search(data):
            raise ModelInvalid(
                "This ONNX file keeps its weights in another file: save it as one file "
                "(onnx.save with save_as_external_data=False)."
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        options.log_severity_level = 4
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime has a class per status and no common root
            raise ModelInvalid(
                f"This is not a model that ONNX Runtime {onnxruntime.__version__} can run "
                f"({type(error).__name__}): export it to ONNX again, opset 11 to 21, float32."
            ) from error
        self.signature = _signature(self._session)

    def run(self, batch: Floats) -> Floats:
        """Model input with a batch axis to the model's raw output, (batch, D) float32, not normalised.

        Raises ModelInvalid when the graph refuses the input.
        """
        try:
            outputs = self._session.run([self.signature.output], {self.signature.input: batch})
        except Exception as error:
            raise ModelInvalid(
                f"The model refuses an input of shape {batch.shape} ({type(error).__name__}): "
                "its family or its export does not fit; it needs a free length axis."
            ) from error
        return np.asarray(outputs[0], np.float32)


def _signature(session: Any) -> Signature:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1:
        raise ModelInvalid(
            f"A speaker model takes one input, this one takes {len(inputs)}: export the encoder alone."
        )
    if inputs[0].type != "tensor(float)":
        raise ModelInvalid(f"The model's input is {inputs[0].type}, not tensor(float): export it in float32.")
    named = [output for output in outputs if output.name.lower() in EMBEDDING_NAMES]
    if len(outputs) > 1 and len(named) != 1:
        names = ", ".join(output.name for output in outputs)
        raise ModelInvalid(
            f"Cannot tell which output is the embedding ({names}): keep one, or call it 'embedding'."
        )
    output = named[0] if len(outputs) > 1 else outputs[0]
    if output.type != "tensor(float)":
        raise ModelInvalid(f"The model's output is {output.type}, not tensor(float): export it in float32.")
    return Signature(
        inputs[0].name,
        _shape(inputs[0].shape),
        output.name,
        _shape(output.shape),
        dict(session.get_modelmeta().custom_metadata_map),
    )


def _shape(shape: list[int | str | None]) -> tuple[int | None, ...]:
    return tuple(axis if isinstance(axis, int) and axis > 0 else None for axis in shape)
