"""Recordings to a profile: `enrol` makes one, `add_recordings` adds to one; each is whole or absent."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from uuid import UUID

from earmark.errors import (
    EarmarkError,
    InvalidRequest,
    LabelTaken,
    ModelMismatch,
    ProfileNotFound,
    SpeechTooShort,
)
from earmark.service.actor import Actor, Permission, needs
from earmark.service.consistency import compare, describe_doubt, refuse_another
from earmark.storage.labels import normalise_label
from earmark.storage.profiles import MAX_ENROLMENTS, add_enrolments, create_profile, find_profile
from earmark.storage.store import Store
from earmark.storage.values import Profile
from earmark.storage.voiceprints import load_voiceprint
from earmark.voice.audio import AudioSource, RawFormat, load_clip
from earmark.voice.engine import SOME_SPEECH, Engine
from earmark.voice.features import Floats
from earmark.voice.quality import ENROL
from earmark.voice.voiceprint import Embedding

# A recording keeps the rules of enrolment by itself, but the seconds of speech count over all of them.
EACH = replace(ENROL, speech_seconds=SOME_SPEECH.speech_seconds)


@dataclass(frozen=True)
class Enrolled:
    """What an enrolment made."""

    profile: Profile
    added: int  # recordings
    consistency: tuple[float, ...] | None  # LLR of each against all others; None when there are no others
    doubts: tuple[str, ...]  # in words: recordings that sound unlike the rest


@needs(Permission.ENROL)
def enrol(
    actor: Actor,
    store: Store,
    engine: Engine,
    label: str | None,
    audios: Sequence[AudioSource],
    *,
    locale: str | None = None,
    raw: RawFormat | None = None,
    sample_rate: int | None = None,
    force: bool = False,
) -> Enrolled:
    """Make a profile of one person's recordings, under a label or under its GUID alone.

    Raises LabelTaken, AudioError and FileMissing (the message says which recording), SpeechTooShort when
    there is too little speech in all of them, InvalidRequest when one is clearly of another person (unless
    `force`). Nothing is stored then.
    """
    if label is not None:
        label = normalise_label(label)
        _check_free(actor, store, label)  # before minutes of listening; storing checks again
    clips, embeddings = _listen(engine, audios, raw=raw, sample_rate=sample_rate)
    consistency, doubts = _judge(engine, [], embeddings, audios, force=force)
    profile = create_profile(
        actor.tenant, store, clips=clips, embeddings=embeddings, label=label, locale=locale
    )
    return Enrolled(profile, len(embeddings), consistency, doubts)


@needs(Permission.ENROL)
def add_recordings(
    actor: Actor,
    store: Store,
    engine: Engine,
    key: str | UUID,
    audios: Sequence[AudioSource],
    *,
    raw: RawFormat | None = None,
    sample_rate: int | None = None,
    force: bool = False,
) -> Enrolled:
    """Add recordings to the profile with this GUID or label.

    Raises ProfileNotFound, ModelMismatch when another model made the profile, and what `enrol` raises.
    """
    profile = find_profile(actor.tenant, store, key)
    check_model(profile, engine)
    known = load_voiceprint(actor.tenant, store, profile.id).embeddings
    if len(known) + len(audios) > MAX_ENROLMENTS:
        raise InvalidRequest(f"A profile holds at most {MAX_ENROLMENTS} recordings: add fewer.")
    clips, embeddings = _listen(
        engine, audios, raw=raw, sample_rate=sample_rate, before=profile.speech_seconds
    )
    consistency, doubts = _judge(engine, known, embeddings, audios, force=force)
    profile = add_enrolments(actor.tenant, store, profile.id, clips=clips, embeddings=embeddings)
    return Enrolled(profile, len(embeddings), consistency, doubts)


def check_model(profile: Profile, engine: Engine) -> None:
    """Raise ModelMismatch when another model made the profile."""
    if profile.model != engine.entry.id:
        raise ModelMismatch(
            f"This profile was made by the model {profile.model}, and {engine.entry.id} is in use: "
            f"re-embed the profile's kept recordings, delete it and enrol again, or use {profile.model}."
        )


def _check_free(actor: Actor, store: Store, label: str) -> None:
    try:
        find_profile(actor.tenant, store, label)
    except ProfileNotFound:
        return
    raise LabelTaken("A profile has this label already: add to it, delete it first, or choose another label.")


def _listen(
    engine: Engine,
    audios: Sequence[AudioSource],
    *,
    raw: RawFormat | None,
    sample_rate: int | None,
    before: float = 0.0,
) -> tuple[list[Floats], list[Embedding]]:
    """Recordings to clips and embeddings; the first that cannot be used stops it, and is named."""
    if not audios:
        raise InvalidRequest("There is no recording to enrol: give at least one.")
    if len(audios) > MAX_ENROLMENTS:
        raise InvalidRequest(f"A profile holds at most {MAX_ENROLMENTS} recordings: give fewer.")
    clips, embeddings = [], []
    for index in range(len(audios)):
        with _named(_names(audios)[index] if len(audios) > 1 else None):
            clip = load_clip(audios[index], raw=raw, sample_rate=sample_rate, limits=engine.limits)
            embeddings.append(engine.embed(clip, rules=EACH))
            clips.append(clip)
    seconds = before + sum(embedding.quality.speech_seconds for embedding in embeddings)
    if seconds < ENROL.speech_seconds:
        raise SpeechTooShort(
            f"{seconds:.1f} s of speech in all, need {ENROL.speech_seconds:.1f}: "
            "add another recording, or ask for one more sentence.",
            measure="speech_seconds",
            value=seconds,
            limit=ENROL.speech_seconds,
        )
    return clips, embeddings


def _judge(
    engine: Engine,
    known: Sequence[Embedding],
    new: Sequence[Embedding],
    audios: Sequence[AudioSource],
    *,
    force: bool,
) -> tuple[tuple[float, ...] | None, tuple[str, ...]]:
    llrs = compare(known, new, engine.entry.calibration)
    if llrs is None:
        return None, ()
    names = _names(audios)
    if not force:
        refuse_another(llrs, names, known=bool(known))
    return tuple(llrs), describe_doubt(llrs, names)


def _names(audios: Sequence[AudioSource]) -> list[str]:
    """Return how messages call the recordings: by number, and by file name where there is one."""
    return [
        f"Recording {number} of {len(audios)}"
        + (f" ({Path(audio).name})" if isinstance(audio, str | PathLike) else "")
        for number, audio in enumerate(audios, 1)
    ]


@contextmanager
def _named(name: str | None) -> Iterator[None]:
    """Put a recording's name before the message of what goes wrong with it."""
    try:
        yield
    except EarmarkError as error:
        if name is not None:
            error.args = (f"{name}: {error}",)
        raise
