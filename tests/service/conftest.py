"""A home with a store, an actor, and an engine on a tiny real model that tells the sample speakers apart.

The model is the average log spectrum of a clip less the average of all speakers, so that these tests are
about the use cases and not about the weights that ship. `test_recognise.py` tries those as well.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from earmark.service.actor import Actor, local_actor
from earmark.storage.store import Store, open_store
from earmark.storage.tenants import create_tenant
from earmark.voice.audio import load_clip
from earmark.voice.engine import Engine
from earmark.voice.features import Floats, fbank
from earmark.voice.models.catalog import ModelEntry, home_catalog, write_entry
from earmark.voice.samples import sample_speakers
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.vad import find_speech, keep_speech

CALIBRATION = Calibration(
    offset=(-151.2, 0.0, 0.0, 0.0),  # 0 where the spectra's own cosine is 0.78
    slope=(160.0, 0.0, 0.0, 0.0),
    enrol_seconds=(1.0, 60.0),
    test_seconds=(1.0, 60.0),
    thresholds=((0.1, -2.0), (0.001, 3.0), (0.0001, 6.0)),
    trials="none: set by hand for the tests",
)


def spectrum_model(path: Path, centre: Floats) -> None:
    """Write an ONNX file: mean over the frames, less `centre`, to unit length; then a constant.

    The constant turns a cosine c into (c + 3) / 4, so that windows of one speaker are as alike as they are
    with a trained model, and no sample is taken for several voices.
    """
    nodes = [
        helper.make_node("ReduceMean", ["features"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("Sub", ["mean", "centre"], ["centred"]),
        helper.make_node("ReduceL2", ["centred"], ["length"], axes=[1], keepdims=1),
        helper.make_node("Div", ["centred", "length"], ["unit"]),
        helper.make_node("Concat", ["unit", "constant"], ["embedding"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "spectrum",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", "frames", 80])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", 81])],
        [
            numpy_helper.from_array(centre.astype(np.float32), "centre"),
            numpy_helper.from_array(np.full((1, 1), 3**0.5, np.float32), "constant"),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def catalogue(home: Path, name: str, centre: Floats, *, calibration: Calibration | None) -> None:
    folder = home / "models"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.onnx"
    spectrum_model(file, centre)
    entry = ModelEntry(
        name=name,
        version="1",
        family="earmark",
        file=file,
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        licence="Apache-2.0",
        sample_rate=16_000,
        features="fbank80",
        mean_normalised=False,
        scale=32_768.0,
        dimension=81,
        calibration=calibration,
    )
    write_entry(home_catalog(home), entry)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the models `spectrum`, `other` (another centre) and `uncalibrated`."""
    home = tmp_path_factory.mktemp("models")
    speech = []
    for paths in sample_speakers().values():
        clip = load_clip(paths[0])
        speech.append(fbank(keep_speech(clip, find_speech(clip)), scale=32_768.0).mean(axis=0))
    centre = np.mean(speech, axis=0)
    catalogue(home, "spectrum", centre, calibration=CALIBRATION)
    catalogue(home, "other", centre + 0.1, calibration=CALIBRATION)
    catalogue(home, "uncalibrated", centre, calibration=None)
    return home


@pytest.fixture(scope="session")
def engine(models: Path) -> Engine:
    return Engine(model="spectrum", home=models)


@pytest.fixture(scope="session")
def other_engine(models: Path) -> Engine:
    return Engine(model="other", home=models)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def store(home: Path, database_url: str | None) -> Iterator[Store]:
    with open_store(home, database_url=database_url, environ={}) as opened:
        yield opened


@pytest.fixture
def actor() -> Actor:
    return local_actor()


@pytest.fixture
def stranger(actor: Actor, store: Store) -> Actor:
    """Someone of another tenant, who may do everything there."""
    create_tenant(store, "elsewhere")
    return replace(actor, tenant="elsewhere")


@pytest.fixture(scope="session")
def clips() -> dict[str, list[Path]]:
    return sample_speakers()
