"""A sentence to speech of nobody: espeak-ng's formant voices, from the library in `espeakng-loader`.

The synthesiser comes with the extra `train` and the development tools; nothing of it is shipped.
"""

import _ctypes
import ctypes
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from earmark.evaluation.corpus import Split
from earmark.voice.features import SAMPLE_RATE, Floats

RETRIEVAL, RATE, PITCH, RANGE, UTF8 = 1, 1, 3, 4, 1
ACCENTS = ("en-us", "en-us", "en-us", "en-us-nyc", "en", "en-gb-scotland", "en-029")
ODD = ("whisper", "robo", "demonic", "croak", "tweaky")  # variants that sound like no person
_ONE = threading.Lock()  # the library is one synthesiser for the whole process
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


@dataclass(frozen=True)
class Voice:
    """A made speaker: accent and variant by espeak-ng's names, pitch 0 to 100, words a minute."""

    accent: str
    variant: str
    pitch: int = 50
    speed: int = 160


@contextmanager
def _library() -> Iterator[tuple[ctypes.CDLL, int]]:
    """The synthesiser, loaded for one sentence: its oscillators go on from where the one before left them,
    and nobody would hear the same sentence twice."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    try:
        rate = library.espeak_Initialize(RETRIEVAL, 0, espeakng_loader.get_data_path().encode(), 0)
        if rate <= 0:
            raise RuntimeError("espeak-ng has no data: install espeakng-loader again")
        yield library, rate
    finally:
        library.espeak_Terminate()
        _ctypes.dlclose(library._handle)


def variants(split: Split) -> list[str]:
    """Names of the variants that a split may use: two thirds train, a sixth calibrates, a sixth tests."""
    import espeakng_loader

    found = sorted(path.name for path in (Path(espeakng_loader.get_data_path()) / "voices/!v").iterdir())
    found = [name for name in found if not any(odd in name.lower() for odd in ODD)]
    ranked = sorted(found, key=lambda name: hashlib.sha256(name.encode()).digest())
    sixth = len(ranked) // 6
    parts = {Split.TEST: ranked[:sixth], Split.CALIBRATION: ranked[sixth : 2 * sixth]}
    return parts.get(split, ranked[2 * sixth :])


def draw_voice(draw: np.random.Generator, names: list[str]) -> Voice:
    """A voice at random among some variants."""
    accent = ACCENTS[int(draw.integers(len(ACCENTS)))]
    name = names[int(draw.integers(len(names)))]
    return Voice(accent, name, int(draw.integers(15, 90)), int(draw.integers(110, 200)))


def speak(text: str, voice: Voice) -> Floats:
    """A clip (samples,) at 16 kHz in which the voice says the text, its peak at 0.3."""
    pieces: list[Floats] = []

    @_CALLBACK  # type: ignore[untyped-decorator, unused-ignore]
    def take(samples: "ctypes._Pointer[ctypes.c_short]", count: int, _: object) -> int:
        if samples and count:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).astype(np.float32))
        return 0

    with _ONE, _library() as (library, rate):
        library.espeak_SetSynthCallback(take)
        if library.espeak_SetVoiceByName(f"{voice.accent}+{voice.variant}".encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice.accent}+{voice.variant}")
        for name, value in ((RATE, voice.speed), (PITCH, voice.pitch), (RANGE, 50)):
            library.espeak_SetParameter(name, value, 0)
        library.espeak_ng_SetRandSeed(ctypes.c_long(1))
        data = text.encode() + b"\0"
        library.espeak_Synth(data, len(data), 0, 1, 0, UTF8, None, None)
        library.espeak_Synchronize()
    spoken = np.asarray(soxr.resample(np.concatenate(pieces), rate, SAMPLE_RATE), np.float32)
    return np.asarray(spoken * (0.3 / max(float(np.abs(spoken).max()), 1e-9)), np.float32)
