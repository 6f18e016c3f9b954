"""A training's networks to the running average of their weights, and to a file that it resumes from."""

from pathlib import Path

import torch
from torch import nn


def follow(average: nn.Module, network: nn.Module, step: int, *, most: float) -> None:
    """Move the average towards the network: it keeps `most` of itself, less in the first steps."""
    keep = min(most, (1 + step) / (10 + step))
    with torch.no_grad():
        for slow, fast in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if slow.dtype.is_floating_point:
                slow.lerp_(fast, 1 - keep)
            else:
                slow.copy_(fast)


def save(
    path: Path, step: int, learner: nn.Module, average: nn.Module, optimiser: torch.optim.Optimizer
) -> None:
    """Write all that the training goes on from after `step` steps, whole or not at all."""
    state = {
        "step": step,
        "learner": learner.state_dict(),
        "average": average.state_dict(),
        "optimiser": optimiser.state_dict(),
    }
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)
