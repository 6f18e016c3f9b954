"""Simulated windows to a segmentation network: permutation-free powerset training, resumable.

The loss is the cross-entropy of the best of the six orders of the local speakers, plus the cosine of an inner
layer to the speaker encoder's embedding of whoever speaks alone, which teaches telling voices apart early.
"""

import multiprocessing
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from earmark.training.course import Course, Figures, Plan
from earmark.training.network import Network, Unit
from earmark.training.segmentation_data import Batch, Ring, swaps, write_shards
from earmark.voice.diarization.segmenter import CLASSES, FRAMES_A_STEP
from earmark.voice.features import Floats

BLOCKS, TRUNK = 2, 512  # of the speaker encoder, and how wide they are
WIDTH = 128  # of one direction
EMBEDDING = 256
SPEAKER_WEIGHT = 1.0
PLAN = Plan(steps=2_800, rate=1.5e-3, warm_up=60, decay=0.4, clip=2.0, average=0.997)
SHORT, LONG = (32, 248), (16, 500)  # windows of a batch, and frames of 20 ms of each: first many, then few
SHORT_SHARE = 0.35  # share of all steps on short windows
CHOSEN, AT_LAST = 0.6, 0.2  # share of windows that are chosen because speakers change in them
LAST = 0.85  # share of all steps after which windows are drawn nearly as they come
REFRESH = 24  # steps between shards


class Attention(nn.Module):
    """Every step looks at every other: the voices of a window are compared."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.ask = nn.Linear(width, 3 * width)
        self.join = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) -> (B, T, width)."""
        batch, steps, width = x.shape
        parts = self.ask(self.norm(x)).reshape(batch, steps, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        weights = torch.softmax(query @ key.transpose(-1, -2) * (width // self.heads) ** -0.5, dim=-1)
        seen = (weights @ value).transpose(1, 2).reshape(batch, steps, width)
        return x + self.join(seen)


class Trunk(nn.Module):
    """The first layers of the speaker encoder, as they are: they know voices already."""

    def __init__(self) -> None:
        super().__init__()
        encoder = Network()
        self.stem, self.blocks = encoder.stem, encoder.blocks[:BLOCKS]
        self.requires_grad_(False)

    def forward(self, features: Tensor) -> Tensor:
        """(B, T, 80) -> (B, T / 4, 512)."""
        x = self.stem(features * 0.25)
        for block in self.blocks:
            x = block(x)
        return x

    def load(self, checkpoint: Path) -> None:
        """Take the weights from a checkpoint of `training.train`."""
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)["average"]
        own = self.state_dict()
        self.load_state_dict({name: state[name] for name in own})


class SegmentationNetwork(nn.Module):
    """(batch, frames, 80) normalised filter banks, 8 rows a step -> logits (batch, frames / 2, 7)."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk()
        self.narrow = Unit(TRUNK, WIDTH, kernel=3, stride=2)
        self.first = nn.LSTM(WIDTH, WIDTH, bidirectional=True, batch_first=True)
        self.attention = Attention(2 * WIDTH)
        self.second = nn.LSTM(2 * WIDTH, WIDTH, bidirectional=True, batch_first=True)
        self.head = nn.Sequential(
            nn.Linear(2 * WIDTH, 128), nn.ReLU(), nn.Linear(128, FRAMES_A_STEP * len(CLASSES))
        )

    def hear(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """What the trunk sees, to logits (B, 4 * steps, 7) and the inner layer (B, steps, 256) of voices."""
        voices, _ = self.first(self.narrow(seen))
        compared, _ = self.second(self.attention(voices))
        logits = self.head(compared)
        return logits.reshape(logits.shape[0], -1, len(CLASSES)), voices

    def forward(self, features: Tensor) -> Tensor:
        """(B, T, 80) -> probabilities of the classes (B, T / 2, 7)."""
        return torch.softmax(self.hear(self.trunk(features))[0], dim=-1)

    def train(self, mode: bool = True) -> "SegmentationNetwork":
        """Everything but the trunk learns."""
        super().train(mode)
        self.trunk.eval()
        return self


class Learner(nn.Module):
    """The network and the projection to the speaker encoder's space, thrown away after training."""

    def __init__(self) -> None:
        super().__init__()
        self.network = SegmentationNetwork()
        self.speaker = nn.Linear(2 * WIDTH, EMBEDDING)
        self.register_buffer("swaps", torch.from_numpy(swaps()), persistent=False)

    def losses(self, seen: Tensor, labels: Tensor, targets: Tensor) -> tuple[Tensor, ...]:
        """(cross-entropy of the best order, cosine distance to the speaker, share of frames wrong)."""
        logits, voices = self.network.hear(seen)
        chances = logits.float().log_softmax(dim=-1)
        orders = self.swaps[:, labels]  # (6, B, T)
        costs = -chances.expand(len(orders), *chances.shape).gather(-1, orders[..., None])[..., 0]
        cost, best = costs.mean(dim=-1).min(dim=0)
        wanted = orders[best, torch.arange(len(labels))]
        wrong = (logits.argmax(dim=-1) != wanted).float().mean()
        frames = labels.reshape(len(labels), -1, FRAMES_A_STEP)
        first = frames[..., 0]
        alone = (frames == first[..., None]).all(dim=-1) & (first >= 1) & (first <= targets.shape[1])
        who = (first - 1).clamp(0, targets.shape[1] - 1)
        goal = targets.gather(1, who[..., None].expand(-1, -1, EMBEDDING))[alone]
        told = nn.functional.normalize(self.speaker(voices)[alone].float(), dim=-1)
        goal = nn.functional.normalize(goal, dim=-1)
        distance = (1 - (told * goal).sum(dim=-1)).mean() if len(goal) else cost.sum() * 0
        return cost.mean(), distance, wrong


def _tensors(batch: Batch) -> tuple[Tensor, ...]:
    return tuple(torch.from_numpy(part) for part in (batch.seen, batch.labels, batch.targets))


def look(trunk: Trunk, features: Floats) -> NDArray[np.float16]:
    """What the trunk sees in normalised windows (N, T, 80): (N, T / 4, 512), in half precision."""
    with torch.no_grad():
        parts = [trunk(torch.from_numpy(part)).half().numpy() for part in np.array_split(features, 12)]
    return np.concatenate(parts)


def start_writers(root: Path, work: Path, seed: int, writers: int, trunk: Trunk) -> Ring:
    """Processes that fill the ring of shards; returns it once some are there."""
    context = multiprocessing.get_context("spawn")
    for number in range(writers):
        context.Process(
            target=write_shards, args=(root, work, seed * 100 + number, number, writers), daemon=True
        ).start()
    ring, draw = Ring(work, lambda features: look(trunk, features)), np.random.default_rng(seed)
    while not ring.refresh(draw):
        time.sleep(1)
    return ring


def train(root: Path, work: Path, plan: Plan, *, writers: int = 1) -> Path:
    """Train to `plan.steps`, from `segmentation.pt` when there is one; returns the checkpoint's path."""
    torch.manual_seed(plan.seed)
    torch.set_flush_denormal(True)  # without it the backward pass of the LSTMs becomes seven times slower
    learner = Learner()
    learner.network.trunk.load(work / "checkpoint.pt")
    learning = [weights for weights in learner.parameters() if weights.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=plan.rate, weight_decay=0.01, fused=True)
    course = Course(work / "segmentation.pt", plan, learner, learner.network, optimiser)
    ring = start_writers(root, work, plan.seed + course.first, writers, learner.network.trunk)
    draw = np.random.default_rng((plan.seed, course.first))

    def cost(step: int) -> tuple[Tensor, Figures]:
        if step % REFRESH == 0:
            ring.refresh(draw)
        windows, frames = SHORT if step < SHORT_SHARE * plan.steps else LONG
        chosen = CHOSEN if step < LAST * plan.steps else AT_LAST
        entropy, speaker, wrong = learner.losses(*_tensors(ring.batch(draw, windows, frames, chosen)))
        figures = {"entropy": entropy, "speaker": speaker, "wrong": wrong}
        return entropy + SPEAKER_WEIGHT * speaker, figures

    return course.run(cost)
