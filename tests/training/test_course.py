"""What every training does: its rate, its average, and going on where it stopped; needs the extra `train`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from earmark.training.course import Course, Plan, made_ahead  # noqa: E402

PLAN = Plan(steps=60, rate=0.1, warm_up=5, decay=0.4, clip=1.0, average=0.9, save_every=25)
GOAL = 3.0


def train(path: Path, *, stop: int = 10_000) -> list[int]:
    """Towards an answer of GOAL to the step's number; returns the steps that were made."""
    torch.manual_seed(1)
    network, made = torch.nn.Linear(1, 1), list[int]()
    course = Course(path, PLAN, network, network, torch.optim.AdamW(network.parameters()))

    def cost(step: int) -> tuple[Any, dict[str, Any]]:
        if step == stop:
            raise KeyboardInterrupt
        made.append(step)
        miss = (network(torch.tensor([[step % 7 / 7]])) - GOAL).square().mean()
        return miss, {"miss": miss}

    assert course.run(cost) == path
    return made


def test_the_learning_rate_warms_up_and_falls_to_nothing() -> None:
    plan = replace(PLAN, steps=1_000)
    assert plan.factor(0) == pytest.approx(0.2)
    assert plan.factor(300) == 1
    assert 0 < plan.factor(999) < 0.01


def test_a_training_that_is_interrupted_ends_as_one_that_is_not(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole.pt", tmp_path / "parts.pt"
    assert train(whole) == list(range(60))
    with pytest.raises(KeyboardInterrupt):
        train(parts, stop=37)
    assert train(parts) == list(range(25, 60))  # from the last checkpoint
    assert train(parts) == []
    one, other = (torch.load(path, weights_only=True) for path in (whole, parts))
    assert one["step"] == other["step"] == 60
    for part in ("learner", "average"):
        for name, weights in one[part].items():
            assert torch.equal(weights, other[part][name])
    assert not torch.equal(one["learner"]["bias"], one["average"]["bias"])
    assert {path.name for path in tmp_path.iterdir()} == {"whole.pt", "whole.log", "parts.pt", "parts.log"}


def test_the_log_tells_falling_figures(tmp_path: Path) -> None:
    train(tmp_path / "it.pt")
    lines = [line.split() for line in (tmp_path / "it.log").read_text().splitlines()]
    assert [(line[0], line[2]) for line in lines] == [("20", "miss"), ("40", "miss"), ("60", "miss")]
    first, _, last = (float(line[3]) for line in lines)
    assert last < 0.5 * first


def test_batches_are_made_ahead_in_order_by_processes_with_numbers() -> None:
    ahead = made_ahead(lambda number: iter([("a", number), ("b", number)]), 2)
    assert list(ahead) == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]
