"""What is asked of a job and its recording to what comes of it: turns with names, or a voiceprint."""

from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from earmark.errors import AudioSilent, AudioTooLong, VoiceprintForeign
from earmark.service.actor import Actor, Permission
from earmark.service.diarise import TOLD, Diarised, Fit, NamedSpeaker, Who, diarise
from earmark.service.orders import LITTLE_ENDIAN, Known, Order, Outcome, SpeakerOutcome, Voice
from earmark.storage.store import Store
from earmark.storage.values import JobKind
from earmark.voice.audio import load_clip
from earmark.voice.decode.limits import Limits
from earmark.voice.diarization.source import LONG, open_stretches
from earmark.voice.engine import Engine
from earmark.voice.features import SAMPLE_RATE
from earmark.voice.gallery import Gallery
from earmark.voice.quality import RECOGNISE

VOICEPRINT_SECONDS = 30.0  # of the recording that a voiceprint is made of
PADDING = 0.5  # seconds that compressed formats may add
# As lenient as recognition is, since whoever sends it cannot ask for another recording; but of one person.
VOICEPRINT = replace(RECOGNISE, several_voices=True)


def hear_order(
    tenant: str,
    store: Store,
    engine: Engine,
    order: Order,
    file: BinaryIO,
    *,
    told: Callable[[float], None],
) -> Outcome:
    """Do what was asked; `told` gets how much is done, 0 to 1.

    Raises AudioError for the recording, QualityRefused for a voiceprint's, AudioSilent where speech is
    needed and there is none, VoiceprintForeign, ProfileNotFound, ProfileNotEnrolled, ModelMismatch.
    """
    if order.kind is JobKind.VOICEPRINT:
        return _voiceprint(engine, file)
    permissions = {Permission.RECOGNISE} | ({Permission.ENROL} if order.remember else set())
    seconds = _stated_seconds(file)
    heard = diarise(
        Actor(tenant, frozenset(permissions)),
        store,
        engine,
        file,
        who=_who(engine, order),
        threshold=order.threshold,
        exclusive=order.exclusive_names,
        speakers=order.speakers,
        least=order.least,
        most=order.most,
        remember=order.remember,
        told=lambda done: told(done / seconds if seconds else 0.0),
    )
    if order.needs_speech and not heard.diarization.turns:
        raise AudioSilent(
            f"Nobody speaks in these {heard.diarization.seconds:.1f} s: send a recording with speech.",
            measure="speech_seconds",
            value=0.0,
            limit=0.1,
        )
    return _outcome(heard, brought=bool(order.known))


def _who(engine: Engine, order: Order) -> Gallery | list[str] | Who:
    if order.known:
        return _gallery(engine, order.known)
    if order.who is None:
        return Who.NOBODY
    return Who.ALL if order.who == "all" else list(order.who)


def _gallery(engine: Engine, known: tuple[Known, ...]) -> Gallery:
    size = engine.entry.dimension * LITTLE_ENDIAN.itemsize
    if any(one.voice.model != engine.entry.id or len(one.voice.vector) != size for one in known):
        raise VoiceprintForeign(
            f"A voiceprint was not made by the model that runs here ({engine.entry.id}): make it again."
        )
    return Gallery(
        [one.label for one in known],
        np.stack([one.voice.numbers for one in known]),
        np.array([one.voice.seconds for one in known], np.float64),
        engine.entry.id,
    )


def _outcome(heard: Diarised, *, brought: bool) -> Outcome:
    found = heard.diarization
    names = [speaker.name for speaker in found.speakers]
    return Outcome(
        seconds=round(found.seconds, 3),
        turns=found.turns,
        exclusive=found.exclusive,
        certainty=found.certainty.tobytes(),
        resolution=found.resolution,
        turn_fit=tuple(
            {name: round(100 * float(fit)) for name, fit in zip(names, row, strict=True)}
            for row in found.fits
        ),
        speakers=tuple(
            SpeakerOutcome(
                speaker=named.speaker,
                match=None if named.match is None else named.match.key,
                label=None if named.match is None else named.match.label,
                fits=_fits(heard, row, named, brought=brought),
                remembered=named.remembered,
                not_remembered=named.not_remembered,
                seconds=round(speaker.seconds, 3),
            )
            for row, (named, speaker) in enumerate(zip(heard.speakers, found.speakers, strict=True))
        ),
        warning=found.warning,
    )


def _fits(heard: Diarised, row: int, named: NamedSpeaker, *, brought: bool) -> tuple[Fit, ...]:
    """All voices that the caller brought, best first; of the store's the likeliest, and the match."""
    if brought:
        order = np.argsort(-heard.confidence[row], kind="stable")
        return tuple(
            Fit(heard.voices[place], heard.voices[place], float(heard.confidence[row, place]))
            for place in order
        )
    matched = named.match
    if matched is None or named.remembered or matched.key in {fit.key for fit in named.fits}:
        return named.fits
    return (*named.fits[: TOLD - 1], matched)


def _voiceprint(engine: Engine, file: BinaryIO) -> Outcome:
    try:
        clip = load_clip(file, limits=Limits(LONG.bytes_in, VOICEPRINT_SECONDS + PADDING))
    except AudioTooLong:
        raise AudioTooLong(
            f"The recording lasts {_seconds(file):.1f} s, and a voiceprint is made of at most "
            f"{VOICEPRINT_SECONDS:g} s of one person: cut it."
        ) from None
    made = engine.enrol([clip], rules=VOICEPRINT)
    voice = Voice(made.vector.astype(LITTLE_ENDIAN).tobytes(), made.speech_seconds, made.model)
    return Outcome(seconds=round(clip.size / SAMPLE_RATE, 3), voiceprint=voice)


def _seconds(file: BinaryIO) -> float:
    """How long a recording really is, which headers need not tell."""
    with open_stretches(file, seconds=60, overlap=0) as stretches:
        return max((part.start + part.clip.size for part in stretches), default=0) / SAMPLE_RATE


def _stated_seconds(file: BinaryIO) -> float | None:
    """How long a recording says that it is; None where it does not say."""
    import soundfile

    try:
        return float(soundfile.info(file).duration)
    except (OSError, RuntimeError, ValueError):
        return None
    finally:
        file.seek(0)
