"""What is measured: clips of speech (or a stand-in), the model, and the baseline where it is installed."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earmark.evaluation.corpus import Split, read_clips, rows_of
from earmark.evaluation.speech import speech_folder
from earmark.voice.embedding import Embedder
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.models.catalog import ModelEntry, default_home, find_model, load_catalog
from earmark.voice.vad import find_speech, keep_speech, with_margin

CLIPS = 12
SECONDS = 3.0


@dataclass(frozen=True)
class Subject:
    """One system: from clips to vectors, on so many threads, without and with its own preprocessing."""

    name: str
    embed: Callable[[list[Floats]], object]
    with_preprocessing: Callable[[list[Floats]], object]


def missing(*modules: str) -> str | None:
    """The first of the modules that is not installed."""
    return next((name for name in modules if importlib.util.find_spec(name) is None), None)


def entry(model: str | None) -> ModelEntry:
    """The model under measurement."""
    return find_model(load_catalog(default_home()), model)


def clips(root: Path | None) -> list[Floats]:
    """Clips of `SECONDS`: held-out speech, or noise with the rhythm of syllables when there is none."""
    wanted = int(SECONDS * SAMPLE_RATE)
    if root is None:
        draw = np.random.default_rng(3)
        rhythm = np.sin(2 * np.pi * 2 * np.arange(wanted) / SAMPLE_RATE) ** 2
        return [(0.1 * rhythm * draw.standard_normal(wanted)).astype(np.float32) for _ in range(CLIPS)]
    rows = [row for row in rows_of(root, "speechocean762", Split.CALIBRATION) if row.samples >= wanted]
    return [clip[:wanted] for _, clip in read_clips(root, rows[:CLIPS])]


def ours(found: ModelEntry, threads: int) -> Subject:
    """The product's embedder; with preprocessing, speech is found first as the engine does."""
    embedder = Embedder(found, threads=threads)

    def with_vad(group: list[Floats]) -> object:
        return embedder.vectors(
            [keep_speech(clip, with_margin(find_speech(clip), clip.size)) for clip in group]
        )

    return Subject(found.id, embedder.vectors, with_vad)


def baseline(threads: int) -> Subject:
    """`resemblyzer` as its own documentation uses it."""
    import torch
    from resemblyzer import VoiceEncoder, preprocess_wav

    torch.set_num_threads(threads)
    encoder = VoiceEncoder("cpu", verbose=False)

    def embed(group: list[Floats]) -> object:
        return [encoder.embed_utterance(clip) for clip in group]

    def with_trimming(group: list[Floats]) -> object:
        return [encoder.embed_utterance(preprocess_wav(clip)) for clip in group]

    return Subject("resemblyzer", embed, with_trimming)


def speech_root() -> Path | None:
    """The speech folder, if any."""
    return speech_folder()
