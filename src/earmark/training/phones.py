"""Filter banks to phones: a TDNN trained by connectionist temporal classification, resumable.

CTC (Graves et al., ICML 2006) gives the likelihood of a whole sequence of phones, so what training lowers is
what the phrase checker compares: this sentence against anything else. Every clip is seen in two ways,
and each answer is drawn towards the other (CR-CTC, Yao et al., ICLR 2025): what one hides, the other tells.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from earmark.training.course import Course, Figures, Plan, made_ahead
from earmark.training.network import Unit
from earmark.training.phones_data import Batch, batches
from earmark.training.precision import half
from earmark.voice.phrase.pronunciations import PHONES

WIDTH = 320
STEP = 3  # 10 ms frames to an answer
DILATIONS = (1, 2, 3, 3, 2, 3, 1)  # of 30 ms; half a second on either side
DROPPED = 0.1  # share of a layer's channels while training, of each clip
AGREEMENT = 0.4  # weight of it in the loss
PLAN = Plan(steps=9_200, rate=2e-3, warm_up=100, decay=0.5, clip=2.0, average=0.995, save_every=50)


class Layer(nn.Module):
    """Dilated convolution, one product and a residual path."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.context = Unit(width, width, kernel=3, dilation=dilation)
        self.mix = Unit(width, width, active=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) -> (B, T, width)."""
        change = self.mix(self.context(x))
        return torch.relu(x + (thinned(change) if self.training else change))


def thinned(x: Tensor) -> Tensor:
    """Some channels of each clip (B, T, channels) silent, the others louder: dropout with few draws."""
    return nn.functional.dropout1d(x.transpose(1, 2), DROPPED).transpose(1, 2)


class PhoneNetwork(nn.Module):
    """(batch, frames, 80) normalised filter banks -> log probabilities (batch, frames / 3, 1 + phones)."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            Unit(80, width, kernel=7, stride=STEP), *(Layer(width, dilation) for dilation in DILATIONS)
        )
        self.head = nn.Linear(width, 1 + len(PHONES))

    def forward(self, features: Tensor) -> Tensor:
        """(B, T, 80) -> (B, ceil(T / 3), 40)."""
        return torch.log_softmax(self.head(self.stem(features * 0.25)).float(), dim=-1)


def loss_of(network: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    """Negative log-likelihood of the phones, and how far the views are apart, in nats for each phone."""
    features = torch.from_numpy(batch.features)
    with half(features.device):
        chances = network(features)
    steps = torch.from_numpy(-(-batch.frames // STEP))
    phones, counts = torch.from_numpy(batch.phones), torch.from_numpy(batch.counts)
    by_step = chances.transpose(0, 1)
    cost = nn.functional.ctc_loss(by_step, phones, steps, counts, reduction="sum", zero_infinity=True)
    one, other = chances.chunk(2)
    apart = _divergence(one, other) + _divergence(other, one)  # (B, steps)
    inside = torch.arange(apart.shape[1]) < steps[: len(apart), None]
    total = counts.sum()
    return cost / total, (apart * inside).sum() / total


def _divergence(taught: Tensor, teacher: Tensor) -> Tensor:
    """Kullback-Leibler divergence of log probabilities (..., classes) from a fixed teacher's."""
    fixed = teacher.detach()
    return (fixed.exp() * (fixed - taught)).sum(dim=-1)


def train(root: Path, work: Path, plan: Plan, network: PhoneNetwork) -> Path:
    """Train `network` to `plan.steps`, or `phones.pt` when there is one; returns the checkpoint's path."""
    torch.manual_seed(plan.seed)
    torch.set_flush_denormal(True)
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=0.01, fused=True)
    course = Course(work / "phones.pt", plan, network, network, optimiser)
    ahead = made_ahead(lambda _: batches(root, work, (plan.seed, course.first)))

    def cost(_: int) -> tuple[Tensor, Figures]:
        nats, apart = loss_of(network, next(ahead))
        return nats + AGREEMENT * apart, {"nats": nats, "apart": apart}

    return course.run(cost)
