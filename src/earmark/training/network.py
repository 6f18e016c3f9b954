"""Filter banks to an embedding: a TDNN that is narrow in time and wide in channels, made for processors.

Two strided layers cut the frame rate to 25 Hz before the wide ones, so that nearly all work is matrix
products and little is element-wise; every convolution is written as one product of joined, shifted
frames. After ECAPA-TDNN (Desplanques et al., Interspeech 2020): squeeze-excitation blocks, aggregation
of all blocks, attentive statistics with global context.
"""

import torch
from torch import Tensor, nn

DIMENSION = 256


class Unit(nn.Module):
    """Convolution over time, batch norm and, unless told otherwise, ReLU."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        kernel: int = 1,
        stride: int = 1,
        dilation: int = 1,
        active: bool = True,
    ) -> None:
        super().__init__()
        self.kernel, self.stride, self.dilation, self.active = kernel, stride, dilation, active
        self.product = nn.Linear(inputs * kernel, outputs, bias=False)
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, inputs) -> (B, T / stride, outputs)."""
        if self.kernel > 1:
            pad = self.dilation * (self.kernel - 1) // 2
            frames = x.shape[1]
            x = nn.functional.pad(x, (0, 0, pad, pad))
            starts = [tap * self.dilation for tap in range(self.kernel)]
            x = torch.cat([x[:, start : start + frames : self.stride] for start in starts], dim=2)
        y = self.product(x)
        y = self.norm(y.flatten(0, 1)).reshape(y.shape)
        return torch.relu(y) if self.active else y


class Block(nn.Module):
    """Bottleneck, dilated convolution, widening, squeeze-excitation and a residual path."""

    def __init__(self, width: int, inner: int, dilation: int) -> None:
        super().__init__()
        self.narrow = Unit(width, inner)
        self.context = Unit(inner, inner, kernel=3, dilation=dilation)
        self.widen = Unit(inner, width, active=False)
        self.squeeze = nn.Linear(width, 96)
        self.excite = nn.Linear(96, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) -> (B, T, width)."""
        y = self.widen(self.context(self.narrow(x)))
        gate = torch.sigmoid(self.excite(torch.relu(self.squeeze(y.mean(dim=1)))))
        return torch.relu(x + y * gate[:, None])


class AttentiveStatistics(nn.Module):
    """Weighted mean and standard deviation over time; the weights see the window's overall statistics."""

    def __init__(self, channels: int, hidden: int = 96) -> None:
        super().__init__()
        self.frame = nn.Linear(channels, hidden)
        self.context = nn.Linear(2 * channels, hidden)
        self.weight = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, channels) -> (B, 2 * channels)."""
        mean = x.mean(dim=1)
        spread = ((x * x).mean(dim=1) - mean * mean).clamp(min=1e-4).sqrt()
        context = self.context(torch.cat([mean, spread], dim=1))
        weights = torch.softmax(self.weight(torch.tanh(self.frame(x) + context[:, None])), dim=1)
        mean = (x * weights).sum(dim=1)
        spread = ((x * x * weights).sum(dim=1) - mean * mean).clamp(min=1e-4).sqrt()
        return torch.cat([mean, spread], dim=1)


class Network(nn.Module):
    """(batch, frames, 80) mean-normalised filter banks -> (batch, 256), not yet of unit length."""

    def __init__(self, width: int = 512, inner: int = 256, joined: int = 640) -> None:
        super().__init__()
        self.stem = nn.Sequential(Unit(80, 256, kernel=5, stride=2), Unit(256, width, kernel=3, stride=2))
        self.blocks = nn.ModuleList(Block(width, inner, dilation) for dilation in (1, 2, 3))
        self.join = Unit(width * len(self.blocks), joined)
        self.pool = AttentiveStatistics(joined)
        self.head = nn.Sequential(nn.BatchNorm1d(2 * joined), nn.Linear(2 * joined, DIMENSION))

    def forward(self, features: Tensor) -> Tensor:
        """(B, T, 80) -> (B, 256)."""
        x = self.stem(features * 0.25)
        outputs = []
        for block in self.blocks:
            x = block(x)
            outputs.append(x)
        embedding: Tensor = self.head(self.pool(self.join(torch.cat(outputs, dim=2))))
        return embedding
