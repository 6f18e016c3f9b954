"""A recording to what it is good enough for; nothing is stored or compared."""

from dataclasses import dataclass

from earmark.errors import QualityRefused
from earmark.service.actor import Actor, Permission, needs
from earmark.voice.audio import AudioSource, RawFormat
from earmark.voice.engine import Engine
from earmark.voice.quality import ENROL, RECOGNISE, Quality, refusal


@dataclass(frozen=True)
class Inspected:
    """What was measured, and what speaks against using the recording, if anything."""

    quality: Quality
    enrolment: QualityRefused | None  # by itself; several recordings may have enough speech together
    recognition: QualityRefused | None


@needs(Permission.RECOGNISE, Permission.ENROL)
def inspect_recording(
    actor: Actor,  # noqa: ARG001 - whoever may listen at all
    engine: Engine,
    audio: AudioSource,
    *,
    raw: RawFormat | None = None,
) -> Inspected:
    """Say how good a recording is. Raises AudioError for one that cannot be decoded."""
    quality = engine.inspect(audio, raw=raw)
    return Inspected(quality, refusal(quality, ENROL), refusal(quality, RECOGNISE))
