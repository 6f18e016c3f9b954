"""Batches to weights: distillation and margin softmax together, resumable at any checkpoint.

The loss has three parts: the cosine to the whitened teacher; the match of all pairwise similarities in
the batch (Park et al., Relational Knowledge Distillation, CVPR 2019); and additive angular margin
softmax over labelled speakers (Deng et al., ArcFace, CVPR 2019), a changed speed counting as another
speaker.
"""

import math
from pathlib import Path

import torch
from torch import Tensor, nn

from earmark.training.batches import Pool, batches
from earmark.training.course import Course, Figures, Plan, made_ahead
from earmark.training.network import DIMENSION, Network
from earmark.training.precision import half

MARGIN = 0.2
SCALE = 30.0
SIMILARITY_WEIGHT = 4.0
MARGIN_WEIGHT = 0.1
PLAN = Plan(steps=4_000, rate=1.5e-3, warm_up=150, decay=0.35, clip=5.0, average=0.998)


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
    learner = Learner(Pool(work).classes).to(device)
    course = Course(work / "checkpoint.pt", plan, learner, learner.network, _optimiser(learner, plan))
    seed = plan.seed + course.first
    ahead = made_ahead(lambda number: batches(work, seed * 1_000 + number), workers)

    def cost(step: int) -> tuple[Tensor, Figures]:
        batch = next(ahead)
        parts = (torch.from_numpy(part).to(device) for part in (batch.features, batch.targets, batch.labels))
        with half(device):
            cosine, similarity, margin = learner.losses(*parts, MARGIN * min(1.0, step / 1_000))
        total = cosine + SIMILARITY_WEIGHT * similarity + MARGIN_WEIGHT * margin
        return total, {"cosine": cosine, "similarity": similarity, "margin": margin}

    return course.run(cost)
