"""Filter banks to phones: a TDNN trained by connectionist temporal classification, resumable.

CTC (Graves et al., ICML 2006) gives the likelihood of a whole sequence of phones, so what training lowers is
what the phrase checker compares: this sentence against anything else. Every clip is seen in two ways,
and each answer is drawn towards the other (CR-CTC, Yao et al., ICLR 2025): what one hides, the other tells.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset
from tqdm import tqdm

from earmark.training.checkpoints import follow, save
from earmark.training.network import Unit
from earmark.training.phones_data import Batch, batches
from earmark.training.precision import half
from earmark.voice.phrase.pronunciations import PHONES

WIDTH = 320
STEP = 3  # 10 ms frames to an answer
DILATIONS = (1, 2, 3, 3, 2, 3, 1)  # of 30 ms; half a second on either side
DROPPED = 0.1  # share of a layer's channels while training, of each clip
AGREEMENT = 0.4  # weight of it in the loss
WARM_UP = 100  # steps
DECAY = 0.5  # share of all steps over which the learning rate falls to nothing
AVERAGE = 0.995
SAVE_EVERY = 50  # steps


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


class _Stream(IterableDataset[Batch]):
    """Batches made ahead in another process."""

    def __init__(self, root: Path, work: Path, seed: Sequence[int]) -> None:
        self.root, self.work, self.seed = root, work, seed

    def __iter__(self) -> Iterator[Batch]:
        torch.set_num_threads(1)
        return batches(self.root, self.work, self.seed)


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


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn."""

    steps: int
    rate: float = 2e-3
    seed: int = 1

    def factor(self, step: int) -> float:
        """Learning rate at a step, as a share of its peak: warm up, hold, fall."""
        left = (self.steps - step) / max(1.0, DECAY * self.steps)
        return max(0.0, min(1.0, (step + 1) / WARM_UP, left))


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
    average = PhoneNetwork()
    average.load_state_dict(network.state_dict())
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=0.01, fused=True)
    path, first = work / "phones.pt", 0
    if path.exists():
        state = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict(state["learner"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
    stream = DataLoader(
        _Stream(root, work, (plan.seed, first)), batch_size=None, num_workers=1, prefetch_factor=3
    )
    log = (work / "phones.log").open("a", buffering=1)
    smooth = 0.0
    steps = tqdm(range(first, plan.steps), initial=first, total=plan.steps, desc="train")
    for step, batch in zip(steps, stream, strict=False):
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * plan.factor(step)
        cost, apart = loss_of(network, batch)
        optimiser.zero_grad(set_to_none=True)
        (cost + AGREEMENT * apart).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        follow(average, network, step, most=AVERAGE)
        smooth = 0.97 * smooth + 0.03 * cost.item() if smooth else cost.item()
        if step % 20 == 19:
            log.write(f"{step + 1} {time.time():.0f} nats {smooth:.4f}\n")
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == plan.steps:
            save(path, step + 1, network, average, optimiser)
    return path
