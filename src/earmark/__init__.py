"""Earmark: who is speaking, and is it really them.

    from earmark import Engine

    engine = Engine()
    alice = engine.enrol(["monday.wav", "tuesday.wav"])
    decision = engine.verify(alice, "friday.wav")
    decision.accepted, decision.probability, decision.reasons

Everything here works offline and without storage. Names are loaded when they are first used, so that
`import earmark` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from earmark import errors
from earmark.errors import EarmarkError

if TYPE_CHECKING:
    from earmark.client import AsyncClient, Client
    from earmark.voice.audio import Limits, RawFormat, load_clip
    from earmark.voice.engine import Engine
    from earmark.voice.gallery import Gallery
    from earmark.voice.quality import ENROL, RECOGNISE, Quality, QualityRules
    from earmark.voice.scoring.decision import (
        DEFAULT_FMR,
        Answer,
        Candidate,
        Decision,
        Identification,
        OperatingPoint,
    )
    from earmark.voice.scoring.operating import Aim, Costs
    from earmark.voice.voiceprint import Embedding, Voiceprint, make_voiceprint

_HOMES = {
    "earmark.client": ("AsyncClient", "Client"),
    "earmark.voice.audio": ("Limits", "RawFormat", "load_clip"),
    "earmark.voice.engine": ("Engine",),
    "earmark.voice.gallery": ("Gallery",),
    "earmark.voice.quality": ("ENROL", "RECOGNISE", "Quality", "QualityRules"),
    "earmark.voice.scoring.decision": (
        "DEFAULT_FMR",
        "Answer",
        "Candidate",
        "Decision",
        "Identification",
        "OperatingPoint",
    ),
    "earmark.voice.scoring.operating": ("Aim", "Costs"),
    "earmark.voice.voiceprint": ("Embedding", "Voiceprint", "make_voiceprint"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "DEFAULT_FMR",
    "ENROL",
    "RECOGNISE",
    "Aim",
    "Answer",
    "AsyncClient",
    "Candidate",
    "Client",
    "Costs",
    "Decision",
    "EarmarkError",
    "Embedding",
    "Engine",
    "Gallery",
    "Identification",
    "Limits",
    "OperatingPoint",
    "Quality",
    "QualityRules",
    "RawFormat",
    "Voiceprint",
    "errors",
    "load_clip",
    "make_voiceprint",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'earmark' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
