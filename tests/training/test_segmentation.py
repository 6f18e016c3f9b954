"""Labels, orders and losses of segmentation training, worked by hand; needs the extra `train`."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("resemblyzer", reason="the extra `train` is not installed")

from earmark.training.segmentation import Learner, SegmentationNetwork  # noqa: E402
from earmark.training.segmentation_data import PERMUTATIONS, label, swaps  # noqa: E402
from earmark.training.segmentation_export import export  # noqa: E402
from earmark.voice.diarization.segmenter import CLASSES  # noqa: E402
from earmark.voice.diarization.turns import Turn  # noqa: E402


def test_labels_name_the_most_talkative_first_and_keep_two_at_once() -> None:
    turns = (
        Turn(0.0, 0.1, "4"),
        Turn(0.0, 0.3, "2"),
        Turn(0.06, 0.4, "0"),
        Turn(0.38, 0.4, "1"),  # the fourth: left out
    )
    labels, kept = label(turns, 0.0, 20)
    assert kept == [0, 2, 4]
    assert CLASSES[labels[0]] == (1, 2)
    assert CLASSES[labels[4]] == (0, 1)  # three speak
    assert CLASSES[labels[5]] == (0, 1)
    assert CLASSES[labels[19]] == (0,)
    assert label(turns, 5.0, 3)[0].tolist() == [0, 0, 0]


def test_swaps_are_permutations_of_the_classes() -> None:
    table = swaps()
    assert table.shape == (6, 7)
    assert table[PERMUTATIONS.index((0, 1, 2))].tolist() == list(range(7))
    assert table[PERMUTATIONS.index((1, 0, 2))].tolist() == [0, 2, 1, 3, 4, 6, 5]
    for row in table:
        assert sorted(row.tolist()) == list(range(7))


def test_the_order_of_the_speakers_costs_nothing() -> None:
    torch.manual_seed(0)
    learner = Learner().eval()
    draw = np.random.default_rng(0)
    seen = torch.from_numpy(draw.standard_normal((2, 40, 512)).astype(np.float32))
    labels = torch.from_numpy(np.repeat(draw.integers(0, 7, (2, 20)), 4, axis=1))
    targets = torch.from_numpy(draw.standard_normal((2, 3, 256)).astype(np.float32))
    with torch.no_grad():
        wanted = learner.losses(seen, labels, targets)
        for order, row in zip(PERMUTATIONS, swaps(), strict=True):
            moved = torch.zeros_like(targets)
            for old, new in enumerate(order):
                moved[:, new] = targets[:, old]
            got = learner.losses(seen, torch.from_numpy(row)[labels], moved)
            torch.testing.assert_close(got[0], wanted[0])
            torch.testing.assert_close(got[1], wanted[1])


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")  # of the exporter
def test_an_exported_network_equals_the_trained_one(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = SegmentationNetwork()
    with torch.no_grad():
        network.train()(torch.randn(4, 400, 80) * 3)  # gives the norm something to fold
    torch.save({"average": network.state_dict()}, tmp_path / "segmentation.pt")
    same, whole = export(tmp_path / "segmentation.pt", tmp_path / "out.onnx")
    assert same < 1e-4
    assert whole < 0.02
    assert (tmp_path / "out.onnx").stat().st_size < 6_000_000
