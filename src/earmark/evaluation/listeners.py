"""Clip to embedding, by the product's own path and by the baseline `resemblyzer` (extra `train`)."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from earmark.errors import QualityRefused
from earmark.voice.features import SAMPLE_RATE, Floats


@dataclass(frozen=True, eq=False)
class Heard:
    """What a system makes of one clip."""

    vector: Floats  # (D,) unit length
    seconds: float  # net speech, as the system counts it
    fallback: bool  # no speech was found, and the whole clip was embedded rather than leave the trial out
    snr_db: float = math.nan
    bandwidth_hz: float = math.nan


@dataclass(frozen=True)
class Listener:
    """A system under test."""

    name: str
    hear: Callable[[Floats], Heard]


def product(model: str | None = None) -> Listener:
    """The default (or named) model as users run it: `Engine.embed`, voice activity detection included."""
    from earmark.voice.engine import Engine

    engine = Engine(model=model)

    def hear(clip: Floats) -> Heard:
        try:
            embedding = engine.embed(clip)
        except QualityRefused:
            # Refusing hard trials would flatter the figures, so they are scored on the whole clip.
            vector = engine.embedder.vectors([clip])[0]
            return Heard(vector, clip.size / SAMPLE_RATE, fallback=True)
        quality = embedding.quality
        found = quality.speech_seconds
        # The engine itself takes a short clip whole when it finds no speech in it.
        seconds = found or clip.size / SAMPLE_RATE
        return Heard(embedding.vector, seconds, not found, quality.snr_db, quality.bandwidth_hz)

    return Listener(engine.entry.id, hear)


def baseline() -> Listener:
    """`resemblyzer` with its own preprocessing (level, trimming of pauses) and its own windows."""
    import torch
    from resemblyzer import VoiceEncoder, preprocess_wav

    torch.set_num_threads(1)
    encoder = VoiceEncoder("cpu", verbose=False)

    def hear(clip: Floats) -> Heard:
        speech = preprocess_wav(clip)
        empty = speech.size < SAMPLE_RATE // 10
        heard = clip if empty else speech
        vector = np.asarray(encoder.embed_utterance(heard), np.float32)
        return Heard(vector, heard.size / SAMPLE_RATE, fallback=empty)

    return Listener("resemblyzer 0.1.4", hear)


def kept_by(listener: Listener, folder: Path, weights: str) -> tuple[Listener, Callable[[], None]]:
    """`remembered` in a folder, by the SHA-256 of the model's weights and the release that hears."""
    name = f"{listener.name.partition('@')[0]}-{weights[:12]}-{version('earmark')}.npz"
    return remembered(listener, folder / name)


def remembered(listener: Listener, path: Path) -> tuple[Listener, Callable[[], None]]:
    """The listener with a memory by clip content in the file `path`, and the function that saves it."""
    memory: dict[bytes, Heard] = {}
    if path.exists():
        with np.load(path) as kept:
            for key, vector, seconds, fallback, noise in zip(
                *(kept[name] for name in ("keys", "vectors", "seconds", "fallbacks")),
                kept["noise"] if "noise" in kept else np.full((len(kept["keys"]), 2), np.nan),
                strict=True,
            ):
                memory[key.tobytes()] = Heard(vector, float(seconds), bool(fallback), *map(float, noise))
    kept_count = len(memory)

    def hear(clip: Floats) -> Heard:
        key = hashlib.blake2b(np.ascontiguousarray(clip).tobytes(), digest_size=16).digest()
        if key not in memory:
            memory[key] = listener.hear(clip)
        return memory[key]

    def save() -> None:
        nonlocal kept_count
        if len(memory) == kept_count:
            return
        kept_count = len(memory)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            path,
            keys=np.stack([np.frombuffer(key, np.uint8) for key in memory]),
            vectors=np.stack([heard.vector for heard in memory.values()]),
            seconds=np.array([heard.seconds for heard in memory.values()]),
            fallbacks=np.array([heard.fallback for heard in memory.values()]),
            noise=np.array([(heard.snr_db, heard.bandwidth_hz) for heard in memory.values()]),
        )

    return Listener(listener.name, hear), save
