"""Batches to weights: distillation and margin softmax together, resumable at any checkpoint.

The loss has three parts: the cosine to the whitened teacher; the match of all pairwise similarities in
the batch (Park et al., Relational Knowledge Distillation, CVPR 2019); and additive angular margin
softmax over labelled speakers (Deng et al., ArcFace, CVPR 2019), a changed speed counting as another
speaker. The exported weights are a running average.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset
from tqdm import tqdm

from earmark.training.batches import Pool, batches
from earmark.training.checkpoints import follow, save
from earmark.training.network import DIMENSION, Network
from earmark.training.precision import half

MARGIN = 0.2
SCALE = 30.0
SIMILARITY_WEIGHT = 4.0
MARGIN_WEIGHT = 0.1
WARM_UP = 150  # steps
DECAY = 0.35  # share of all steps over which the learning rate falls to nothing
AVERAGE = 0.998
SAVE_EVERY = 100  # steps


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn."""

    steps: int
    rate: float = 1.5e-3
    seed: int = 1

    def factor(self, step: int) -> float:
        """Learning rate at a step, as a share of its peak: warm up, hold, fall."""
        left = (self.steps - step) / max(1.0, DECAY * self.steps)
        return max(0.0, min(1.0, (step + 1) / WARM_UP, left))


class _Stream(IterableDataset[tuple[Tensor, Tensor, Tensor]]):
    """Batches made ahead in another process."""

    def __init__(self, work: Path, seed: int) -> None:
        self.work, self.seed = work, seed

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        torch.set_num_threads(1)
        worker = torch.utils.data.get_worker_info()
        for batch in batches(self.work, self.seed * 1_000 + (worker.id if worker else 0)):
            yield tuple(torch.from_numpy(part) for part in (batch.features, batch.targets, batch.labels))


class Learner(nn.Module):
    """The network and the class centres that are thrown away after training."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.network = Network()
        self.centres = nn.Parameter(torch.randn(classes, DIMENSION) * 0.05)

    def losses(self, features: Tensor, targets: Tensor, labels: Tensor, margin: float) -> tuple[Tensor, ...]:
        """(cosine, similarity, margin softmax) losses of one batch."""
        vectors = nn.functional.normalize(self.network(features).float())
        cosine = (1 - (vectors * targets).sum(dim=1)).mean()
        other = ~torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
        similarity = (vectors @ vectors.T - targets @ targets.T)[other].square().mean()
        known = labels >= 0
        logits = (vectors[known] @ nn.functional.normalize(self.centres).T).clamp(-0.9999, 0.9999)
        wanted = labels[known][:, None]
        angle = torch.arccos(logits.gather(1, wanted))
        logits = logits.scatter(1, wanted, torch.cos((angle + margin).clamp(max=math.pi)))
        return cosine, similarity, nn.functional.cross_entropy(SCALE * logits, wanted[:, 0])


def _optimiser(learner: Learner, plan: Plan) -> torch.optim.Optimizer:
    matrices = [p for n, p in learner.named_parameters() if p.ndim == 2 and n != "centres"]
    rest = [p for n, p in learner.named_parameters() if p.ndim != 2 or n == "centres"]
    groups = [{"params": matrices, "weight_decay": 0.02}, {"params": rest, "weight_decay": 1e-4}]
    return torch.optim.AdamW(groups, lr=plan.rate, fused=True)


def train(work: Path, plan: Plan, *, workers: int = 1) -> Path:
    """Train to `plan.steps`, from `checkpoint.pt` when there is one; returns the checkpoint's path."""
    torch.manual_seed(plan.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    pool = Pool(work)
    learner = Learner(pool.classes).to(device)
    average = Network().to(device)
    average.load_state_dict(learner.network.state_dict())
    optimiser = _optimiser(learner, plan)
    path, first = work / "checkpoint.pt", 0
    if path.exists():
        state = torch.load(path, map_location=device, weights_only=True)
        learner.load_state_dict(state["learner"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
    stream = DataLoader(
        _Stream(work, plan.seed + first), batch_size=None, num_workers=workers, prefetch_factor=3
    )
    log = (work / "train.log").open("a", buffering=1)
    smooth: dict[str, float] = {}
    progress = tqdm(total=plan.steps, initial=first, desc="train", smoothing=0.05)
    for step, batch in zip(range(first, plan.steps), stream, strict=False):
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * plan.factor(step)
        with half(device):
            parts = learner.losses(
                *(part.to(device) for part in batch),
                MARGIN * min(1.0, step / 1_000),
            )
        loss = parts[0] + SIMILARITY_WEIGHT * parts[1] + MARGIN_WEIGHT * parts[2]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(learner.parameters(), 5.0)
        optimiser.step()
        follow(average, learner.network, step, most=AVERAGE)
        for name, part in zip(("cosine", "similarity", "margin"), parts, strict=True):
            smooth[name] = 0.97 * smooth.get(name, part.item()) + 0.03 * part.item()
        progress.update()
        if step % 20 == 19:
            figures = " ".join(f"{name} {value:.4f}" for name, value in smooth.items())
            log.write(f"{step + 1} {time.time():.0f} {figures}\n")
            progress.set_postfix_str(figures)
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == plan.steps:
            save(path, step + 1, learner, average, optimiser)
    return path
