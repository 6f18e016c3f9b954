"""Clips to one view of them: vocal tract, line, noise and gaps, drawn afresh each time."""

from collections.abc import Sequence

import numpy as np

from earmark.training import batches
from earmark.voice.features import Floats
from earmark.voice.models.families.earmark import normalise

WARPED = 0.7  # share of clips
TRACT = (0.88, 1.14)  # by how much bands move
BAND_GAPS, WIDEST_BAND_GAP = 2, 16  # of a clip; bands
TIME_GAPS, WIDEST_TIME_GAP = 0.02, 12  # for each frame; frames


def view(noise: batches.Noise, draw: np.random.Generator, clips: Sequence[Floats], longest: int) -> Floats:
    """Log-mel clips (frames, 80) to what is shown (B, longest, 80): mean-normalised, zeros at the end."""
    moved = [warp(clip, draw.uniform(*TRACT)) if draw.random() < WARPED else clip for clip in clips]
    features = np.stack([np.pad(clip, ((0, longest - len(clip)), (0, 0)), "edge") for clip in moved])
    features = batches.disturb(noise, draw, features)
    out = np.zeros_like(features)
    for row, clip in enumerate(clips):
        out[row, : len(clip)] = gaps(draw, normalise(features[row, : len(clip)]))
    return out


def warp(features: Floats, factor: float) -> Floats:
    """Bands (frames, 80) moved along their axis, as by another vocal tract (Jaitly and Hinton 2013)."""
    places = np.clip(np.arange(80) * factor, 0, 79)
    low = np.minimum(places.astype(int), 78)
    share = (places - low).astype(np.float32)
    moved: Floats = features[:, low] * (1 - share) + features[:, low + 1] * share
    return moved


def gaps(draw: np.random.Generator, features: Floats) -> Floats:
    """SpecAugment (Park et al. 2019) as CR-CTC has it: some bands zeroed, and many short spans of time."""
    for _ in range(BAND_GAPS):
        width = int(draw.integers(0, WIDEST_BAND_GAP))
        start = int(draw.integers(80 - width))
        features[:, start : start + width] = 0
    for _ in range(max(1, int(len(features) * TIME_GAPS))):
        width = int(draw.integers(0, WIDEST_TIME_GAP))
        start = int(draw.integers(max(1, len(features) - width)))
        features[start : start + width] = 0
    return features
