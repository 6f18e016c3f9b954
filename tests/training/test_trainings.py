"""A few steps of each training on batches that are made up, and their exports; needs the extra `train`."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("resemblyzer", reason="the extra `train` is not installed")

from earmark.training import phones, segmentation, train  # noqa: E402
from earmark.training.batches import Batch as Crops  # noqa: E402
from earmark.training.export import export  # noqa: E402
from earmark.training.phones_data import Batch as Spoken  # noqa: E402
from earmark.training.segmentation_data import Batch as Windows  # noqa: E402

PEOPLE, STEPS = 3, 7

# Of the exporter.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


def normal(*shape: int, seed: int = 1) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def crops(work: Path, seed: int) -> Iterator[Crops]:
    """Always the same four crops of three people and of somebody unknown."""
    targets = normal(4, 256)
    targets /= np.linalg.norm(targets, axis=1, keepdims=True)
    while True:
        yield Crops(normal(4, 80, 80), targets, np.asarray([0, 1, 2, -1]))


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A checkpoint of a speaker encoder after a few steps."""
    monkeypatch.setattr(train, "Pool", lambda work: SimpleNamespace(classes=PEOPLE))
    monkeypatch.setattr(train, "batches", crops)
    return train.train(tmp_path, replace(train.PLAN, steps=STEPS))


@pytest.mark.parametrize("planned", [train.PLAN, segmentation.PLAN, phones.PLAN])
def test_each_rate_warms_up_and_falls_to_nothing(planned: Any) -> None:
    plan = replace(planned, steps=1_000)
    assert plan.factor(0) < 0.05
    assert plan.factor(300) == 1
    assert 0 < plan.factor(999) < 0.01


def test_an_encoder_is_trained_and_exported(encoder: Path, tmp_path: Path) -> None:
    state = torch.load(encoder, weights_only=True)
    assert state["step"] == STEPS
    assert state["learner"]["centres"].shape[0] == PEOPLE
    assert export(encoder, tmp_path / "it.onnx") < 1e-4


def test_an_encoder_goes_on_where_it_stopped(encoder: Path, tmp_path: Path) -> None:
    train.train(tmp_path, replace(train.PLAN, steps=STEPS + 1))
    assert torch.load(encoder, weights_only=True)["step"] == STEPS + 1


def test_segmentation_is_trained_on_the_layers_of_an_encoder(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[tuple[int, int, float]]()

    class Ring:
        def refresh(self, draw: np.random.Generator) -> None:
            pass

        def batch(self, draw: np.random.Generator, windows: int, frames: int, chosen: float) -> Windows:
            asked.append((windows, frames, chosen))
            labels = np.random.default_rng(2).integers(0, 7, (2, 80))
            return Windows(normal(2, 40, 512), labels, normal(2, 3, 256))

    monkeypatch.setattr(segmentation, "start_writers", lambda *given: Ring())
    before = torch.load(encoder, weights_only=True)["average"]
    found = segmentation.train(tmp_path, tmp_path, replace(segmentation.PLAN, steps=STEPS))
    state = torch.load(found, weights_only=True)
    assert state["step"] == len(asked) == STEPS
    assert asked[0] == (*segmentation.SHORT, segmentation.CHOSEN)
    assert asked[-1] == (*segmentation.LONG, segmentation.AT_LAST)
    assert segmentation.CHOSEN > segmentation.AT_LAST
    trunk = {name: weights for name, weights in state["average"].items() if name.startswith("trunk.")}
    assert len(trunk) > 10
    for name, weights in trunk.items():
        assert torch.equal(weights, before[name.removeprefix("trunk.")]), "the encoder's layers do not learn"


def test_phones_are_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoken(root: Path, work: Path, seed: object) -> Iterator[Spoken]:
        while True:
            yield Spoken(normal(2, 60, 80), np.full(2, 60), np.asarray([3, 5, 7] * 2), np.asarray([3, 3]))

    monkeypatch.setattr(phones, "batches", spoken)
    network = phones.PhoneNetwork()
    before = {name: weights.clone() for name, weights in network.state_dict().items()}
    found = phones.train(tmp_path, tmp_path, replace(phones.PLAN, steps=STEPS), network)
    state = torch.load(found, weights_only=True)
    assert state["step"] == STEPS
    assert not torch.equal(state["average"]["head.weight"], before["head.weight"])
