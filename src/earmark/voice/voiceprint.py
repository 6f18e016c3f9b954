"""Embeddings of one person's clips to a voiceprint, and a voiceprint to the one vector it is scored by."""

import math
from dataclasses import dataclass

import numpy as np

from earmark.errors import InvalidRequest, ModelMismatch
from earmark.voice.features import Floats
from earmark.voice.quality import Quality


@dataclass(frozen=True, eq=False)
class Embedding:
    """One clip as a model hears it."""

    vector: Floats  # (D,) float32, unit length
    quality: Quality
    model: str  # name and version, as in "earmark-1@1.0"


@dataclass(frozen=True, eq=False)
class Voiceprint:
    """What is kept of a person: one embedding for each enrolment clip, all made by one model."""

    embeddings: tuple[Embedding, ...]

    @property
    def model(self) -> str:
        """Name and version of the model that made it."""
        return self.embeddings[0].model

    @property
    def speech_seconds(self) -> float:
        """Net seconds of speech over all enrolment clips."""
        return sum(embedding.quality.speech_seconds for embedding in self.embeddings)

    @property
    def recorded(self) -> tuple[float, float]:
        """(SNR in dB, bandwidth in Hz): the clips' means by length of speech; NaN where none was measured.

        A bandwidth of 0 Hz is a clip in which none was found.
        """
        clips = [embedding.quality for embedding in self.embeddings]
        lengths = [max(clip.speech_seconds, 0.1) for clip in clips]
        return (
            _mean([clip.snr_db for clip in clips], lengths),
            _mean([clip.bandwidth_hz or math.nan for clip in clips], lengths),
        )

    @property
    def vector(self) -> Floats:
        """Unit-length average of the clips' unit vectors, shape (D,) float32."""
        total = np.sum([embedding.vector for embedding in self.embeddings], axis=0)
        return np.asarray(total / max(float(np.linalg.norm(total)), 1e-12), np.float32)


def _mean(values: list[float], weights: list[float]) -> float:
    known = [(value, weight) for value, weight in zip(values, weights, strict=True) if math.isfinite(value)]
    total = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / total if total else math.nan


def make_voiceprint(embeddings: list[Embedding]) -> Voiceprint:
    """Join embeddings into a voiceprint.

    Raises InvalidRequest when there is none, ModelMismatch when several models made them.
    """
    if not embeddings:
        raise InvalidRequest("A voiceprint needs at least one recording: add one.")
    models = sorted({embedding.model for embedding in embeddings})
    if len(models) > 1:
        raise ModelMismatch(
            f"These recordings were embedded by different models ({', '.join(models)}): "
            "embed them all with one model."
        )
    return Voiceprint(tuple(embeddings))
