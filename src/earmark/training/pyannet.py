"""pyannote's segmentation network (MIT), as the package `whisperx` carries it, to measure ours beside.

After pyannote.audio's PyanNet (Bredin and Laurent, Interspeech 2021) and the sinc filters of
asteroid-filterbanks: 5 s windows to the activity of three local speakers at 59 frames a second.
"""

import pickle
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from earmark.voice.diarization.segmenter import FRAME_SAMPLES
from earmark.voice.features import SAMPLE_RATE, Floats

LOWEST = 50.0  # Hz, of a filter's edge and of its width
HOP, CENTRE = 270, 495  # samples between output frames, and to the middle of the first


class _Sinc(nn.Module):
    """80 band-pass filters from their edges."""

    def __init__(self) -> None:
        super().__init__()
        self.low_hz_ = nn.Parameter(torch.zeros(40, 1))
        self.band_hz_ = nn.Parameter(torch.zeros(40, 1))
        self.register_buffer("window_", torch.zeros(125))
        self.register_buffer("n_", torch.zeros(1, 125))

    def filters(self) -> Tensor:
        """(80, 1, 251): cosine filters, then sine filters."""
        low = LOWEST + self.low_hz_.abs()
        high = (low + LOWEST + self.band_hz_.abs()).clamp(LOWEST, SAMPLE_RATE / 2)
        band = high - low
        below, above, half = low @ self.n_, high @ self.n_, self.n_ / 2
        even = (above.sin() - below.sin()) / half * self.window_
        odd = (below.cos() - above.cos()) / half * self.window_
        cosine = torch.cat([even, 2 * band, even.flip(1)], dim=1)
        sine = torch.cat([odd, torch.zeros_like(band), -odd.flip(1)], dim=1)
        return (torch.cat([cosine, sine]) / torch.cat([2 * band, 2 * band]))[:, None]


class _Bank(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.filterbank = _Sinc()

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.conv1d(x, self.filterbank.filters(), stride=10).abs()


class _SincNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wav_norm1d = nn.InstanceNorm1d(1, affine=True)
        self.conv1d = nn.ModuleList([_Bank(), nn.Conv1d(80, 60, 5), nn.Conv1d(60, 60, 5)])
        self.norm1d = nn.ModuleList(nn.InstanceNorm1d(width, affine=True) for width in (80, 60, 60))

    def forward(self, x: Tensor) -> Tensor:
        x = self.wav_norm1d(x)
        for convolution, norm in zip(self.conv1d, self.norm1d, strict=True):
            x = nn.functional.leaky_relu(norm(nn.functional.max_pool1d(convolution(x), 3)))
        return x


class PyanNet(nn.Module):
    """(batch, 1, samples) -> probabilities (batch, frames, 3)."""

    def __init__(self) -> None:
        super().__init__()
        self.sincnet = _SincNet()
        self.lstm = nn.LSTM(60, 128, num_layers=4, bidirectional=True, batch_first=True)
        self.linear = nn.ModuleList([nn.Linear(256, 128), nn.Linear(128, 128)])
        self.classifier = nn.Linear(128, 3)

    def forward(self, samples: Tensor) -> Tensor:
        """One row of three probabilities for every 270 samples."""
        x, _ = self.lstm(self.sincnet(samples).transpose(1, 2))
        for layer in self.linear:
            x = nn.functional.leaky_relu(layer(x))
        return torch.sigmoid(self.classifier(x))


class _Anything:
    """Stands for the classes of packages that are not installed; it only takes what it is given."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def __setstate__(self, state: object) -> None: ...

    def __call__(self, *_: object) -> None: ...


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] in ("torch", "collections", "_codecs", "numpy"):
            return super().find_class(module, name)
        return type(name, (_Anything,), {})


def load_pyannet(path: Path) -> PyanNet:
    """The network of `whisperx/assets/pytorch_model.bin` inside the whisperx wheel."""
    reader: Any = types.ModuleType("reader")
    reader.Unpickler, reader.load, reader.loads = _Unpickler, pickle.load, pickle.loads
    weights: Mapping[str, Tensor] = torch.load(
        path, map_location="cpu", weights_only=False, pickle_module=reader
    )["state_dict"]
    network = PyanNet()
    network.load_state_dict(dict(weights))
    return network.eval()


def activity(network: PyanNet, window: Floats) -> Floats:
    """Like `Segmenter.activity`: (samples,) to (20 ms frames, 3)."""
    with torch.no_grad():
        rows = network(torch.from_numpy(window)[None, None])[0].numpy()
    centres = (np.arange(-(-window.size // FRAME_SAMPLES)) + 0.5) * FRAME_SAMPLES
    nearest = np.clip(np.rint((centres - CENTRE) / HOP).astype(int), 0, len(rows) - 1)
    return np.asarray(rows[nearest], np.float32)
