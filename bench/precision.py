"""The same network in OpenVINO (fp32, bf16) and in static int8, each with its speed and its EER."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.subjects import missing
from bench.timing import alternate
from earmark.evaluation.conditions import cut
from earmark.evaluation.corpus import Split, read_clips, rows_of
from earmark.evaluation.metrics import eer
from earmark.evaluation.trials import make_sides
from earmark.voice.features import SAMPLE_RATE, Floats, fbank
from earmark.voice.models.catalog import ModelEntry, load_weights
from earmark.voice.models.families.earmark import normalise
from earmark.voice.models.session import ModelSession

LENGTH = 3.0  # seconds of every clip here, so that all runs take one shape
LISTS = ("speechocean762", "librispeech_100", "speech_commands")
CALIBRATION_CLIPS = 64

Run = Callable[[Floats], Floats]


@dataclass(frozen=True, eq=False)
class TrialList:
    """Features of enrolment and test sides, (sides, frames, 80), and whether each pair is genuine."""

    enrol: Floats
    test: Floats
    same: "np.ndarray[Any, np.dtype[np.bool_]]"


def lines(found: ModelEntry, root: Path | None, rounds: int) -> Iterator[str]:
    """The section, line by line."""
    if found.family != "earmark":
        yield f"skipped: written for the family earmark, this model is of {found.family}"
        return
    with tempfile.TemporaryDirectory() as folder:
        runs: dict[str, Run] = {"onnxruntime fp32": ModelSession(load_weights(found)).run}
        for name, make in variants(found, root, Path(folder)).items():
            made = make()
            if isinstance(made, str):
                yield f"{name} was skipped: {made}"
            else:
                runs[name] = made
        sample = np.zeros((1, 298, 80), np.float32) if root is None else trial_list(root).test[:1]
        functions = [partial(run, sample) for run in runs.values()]
        times = alternate([partial(_repeat, function) for function in functions], rounds=rounds)
        rates = {} if root is None else eers(runs, trial_list(root))
        for (name, _), each in zip(runs.items(), times, strict=True):
            speed = REPEATS * LENGTH / np.median(each)
            quicker = np.median(times[0] / each)
            error = f"EER {100 * rates[name]:.2f} %" if rates else "EER not measured: no speech folder"
            yield f"{name}: {speed:.0f} x real time on one thread ({quicker:.2f} x the first), {error}"


REPEATS = 8


def _repeat(function: Callable[[], object]) -> None:
    for _ in range(REPEATS):
        function()


def variants(found: ModelEntry, root: Path | None, folder: Path) -> dict[str, Callable[[], Run | str]]:
    """Ways to run the network: each gives a function, or says why it cannot."""
    return {
        "OpenVINO fp32": partial(openvino_run, found, folder, "f32"),
        "OpenVINO bf16": partial(openvino_run, found, folder, "bf16"),
        "onnxruntime static int8": partial(int8_run, found, folder, root),
    }


def openvino_run(found: ModelEntry, folder: Path, precision: str) -> Run | str:
    """The network compiled by OpenVINO for one thread."""
    if missing("openvino"):
        return "openvino is not installed (extra `openvino`)"
    import openvino

    core = openvino.Core()
    if precision == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        return "this processor has no bfloat16"
    path = folder / "model.onnx"
    path.write_bytes(load_weights(found))
    settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
    compiled = core.compile_model(core.read_model(path), "CPU", settings)
    request = compiled.create_infer_request()
    return lambda batch: np.array(request.infer({0: batch})[compiled.output(0)])


def int8_run(found: ModelEntry, folder: Path, root: Path | None) -> Run | str:
    """The network quantised to 8 bits from the ranges seen on calibration clips."""
    if missing("onnx"):
        return "onnx is not installed (extra `train`)"
    if root is None:
        return "there is no speech folder to take calibration clips from"
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    source, prepared, target = folder / "float.onnx", folder / "prepared.onnx", folder / "int8.onnx"
    source.write_bytes(load_weights(found))
    session = ModelSession(source.read_bytes())

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self, batches: Floats) -> None:
            self.batches = iter(batches)

        def get_next(self) -> dict[str, Floats] | None:
            batch = next(self.batches, None)
            return None if batch is None else {session.signature.input: batch[None]}

    rows = [row for row in rows_of(root, "speechocean762", Split.CALIBRATION) if row.seconds >= LENGTH]
    chosen = rows[:: max(1, len(rows) // CALIBRATION_CLIPS)][:CALIBRATION_CLIPS]
    batches = np.stack([features(clip, number) for number, (_, clip) in enumerate(read_clips(root, chosen))])
    quant_pre_process(source, prepared, skip_symbolic_shape=True)
    quantize_static(
        prepared,
        target,
        Reader(batches),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["Conv", "MatMul", "Gemm"],
    )
    return ModelSession(target.read_bytes()).run


def features(clip: Floats, number: int) -> Floats:
    """Exactly `LENGTH` seconds of a clip to normalised filter banks; a shorter clip is repeated."""
    wanted = int(LENGTH * SAMPLE_RATE)
    bank = fbank(cut(np.resize(clip, max(wanted, clip.size)), LENGTH, (number,)))
    return normalise(bank)


def trial_list(root: Path) -> TrialList:
    """A small fixed list of TEST trials from three sets; pairs across sets count as impostors."""
    sides = {name: make_sides(root, name, Split.TEST, enrol=40, test=40) for name in LISTS}
    enrol = [side for both in sides.values() for side in both.enrol]
    test = [side for both in sides.values() for side in both.test]
    same = np.array(
        [[a.speaker == b.speaker if a.dataset == b.dataset else False for b in test] for a in enrol]
    )
    return TrialList(
        np.stack([features(side.clip, side.number) for side in enrol]),
        np.stack([features(side.clip, side.number) for side in test]),
        same,
    )


def eers(runs: dict[str, Run], trials: TrialList) -> dict[str, float]:
    """EER of every way to run the network, over all pairs of the list."""
    found = {}
    for name, run in runs.items():
        enrol, test = (_vectors(run, side) for side in (trials.enrol, trials.test))
        scores = enrol @ test.T
        found[name] = eer(scores[trials.same], scores[~trials.same])
    return found


def _vectors(run: Run, sides: Floats) -> Floats:
    vectors = np.concatenate([run(one[None]) for one in sides])
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
