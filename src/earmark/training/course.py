"""A plan and the cost of a step to weights: what every training does, resumable from its checkpoint.

The weights that are exported are a running average. Beside `name.pt` lies `name.log`, with a line for every
twenty steps: step, time, smoothed figures.
"""

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset
from tqdm import tqdm

SMOOTH = 0.97  # share of itself that a figure in the log keeps in a step
LOG_EVERY = 20  # steps
Some = TypeVar("Some")
Figures = dict[str, Tensor]


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn."""

    steps: int
    rate: float  # of learning, at its peak
    warm_up: int  # steps
    decay: float  # share of all steps over which the learning rate falls to nothing
    clip: float  # length to which longer gradients are cut
    average: float  # share of itself that the running average keeps in a step
    save_every: int = 100  # steps
    seed: int = 1

    def factor(self, step: int) -> float:
        """Learning rate at a step, as a share of its peak: warm up, hold, fall."""
        left = (self.steps - step) / max(1.0, self.decay * self.steps)
        return max(0.0, min(1.0, (step + 1) / self.warm_up, left))


class Course:
    """A training under way: `learner` is what learns, `network` the part of it that is kept."""

    def __init__(
        self, path: Path, plan: Plan, learner: nn.Module, network: nn.Module, optimiser: torch.optim.Optimizer
    ) -> None:
        self.path, self.plan = path, plan
        self.learner, self.network, self.optimiser = learner, network, optimiser
        self.average = copy.deepcopy(network)
        self.first = 0
        if path.exists():
            device = next(learner.parameters()).device
            state = torch.load(path, map_location=device, weights_only=True)
            learner.load_state_dict(state["learner"])
            self.average.load_state_dict(state["average"])
            optimiser.load_state_dict(state["optimiser"])
            self.first = state["step"]

    def run(self, cost: Callable[[int], tuple[Tensor, Figures]]) -> Path:
        """Go on to the plan's last step; returns the checkpoint's path.

        `cost` says what a step costs, and which figures to show and to log.
        """
        learning = [weights for group in self.optimiser.param_groups for weights in group["params"]]
        smooth: dict[str, float] = {}
        steps = tqdm(range(self.first, self.plan.steps), "train", initial=self.first, total=self.plan.steps)
        with self.path.with_suffix(".log").open("a", buffering=1) as log:
            for step in steps:
                for group in self.optimiser.param_groups:
                    group["lr"] = self.plan.rate * self.plan.factor(step)
                loss, figures = cost(step)
                self.optimiser.zero_grad(set_to_none=True)
                loss.backward()
                nn.utils.clip_grad_norm_(learning, self.plan.clip)
                self.optimiser.step()
                self._follow(step)
                for name, figure in figures.items():
                    value = figure.item()
                    smooth[name] = SMOOTH * smooth.get(name, value) + (1 - SMOOTH) * value
                if (step + 1) % LOG_EVERY == 0:
                    told = " ".join(f"{name} {value:.4f}" for name, value in smooth.items())
                    log.write(f"{step + 1} {time.time():.0f} {told}\n")
                    steps.set_postfix_str(told)
                if (step + 1) % self.plan.save_every == 0 or step + 1 == self.plan.steps:
                    self._save(step + 1)
        return self.path

    def _follow(self, step: int) -> None:
        """Move the average towards the network: it keeps less of itself in the first steps."""
        keep = min(self.plan.average, (1 + step) / (10 + step))
        pairs = zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True)
        with torch.no_grad():
            for slow, fast in pairs:
                if slow.dtype.is_floating_point:
                    slow.lerp_(fast, 1 - keep)
                else:
                    slow.copy_(fast)

    def _save(self, step: int) -> None:
        """Write all that the training goes on from after `step` steps, whole or not at all."""
        state = {
            "step": step,
            "learner": self.learner.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        part = self.path.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.path)


class _Stream(IterableDataset[Some]):
    """What the process of that number makes."""

    def __init__(self, make: Callable[[int], Iterator[Some]]) -> None:
        self.make = make

    def __iter__(self) -> Iterator[Some]:
        torch.set_num_threads(1)
        worker = torch.utils.data.get_worker_info()
        return self.make(worker.id if worker else 0)


def made_ahead(make: Callable[[int], Iterator[Some]], processes: int = 1) -> Iterator[Some]:
    """Batches that other processes make while this one learns; `make` is given the process's number."""
    loader = DataLoader(
        _Stream(make),
        batch_size=None,
        num_workers=processes,
        prefetch_factor=3,
        collate_fn=lambda batch: batch,
    )
    return iter(loader)
