"""Recordings to a profile: `enrol` makes one, `add_recordings` adds to one; each is whole or absent."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from uuid import UUID

from earmark.errors import (
    EarmarkError,
    InvalidRequest,
    LabelTaken,
    ModelMismatch,
    ProfileChanged,
    ProfileNotFound,
    SpeechTooShort,
)
from earmark.service.actor import Actor, Permission, needs
from earmark.service.consistency import compare, describe_doubt, refuse_another
from earmark.service.guidance import Guidance, guide
from earmark.service.phrases import check_passphrase
from earmark.service.policy import EnrolmentPolicy, Missing, check_room, missing, policy_of
from earmark.service.recordings import load_recording
from earmark.service.words import EnrolmentWords
from earmark.storage.labels import normalise_label
from earmark.storage.profiles import MAX_ENROLMENTS, add_enrolments, create_profile, find_profile
from earmark.storage.store import Store
from earmark.storage.values import Enrolment, Profile, ProfileKind, ProfileState
from earmark.storage.voiceprints import load_voiceprint
from earmark.voice.audio import AudioSource, RawFormat
from earmark.voice.engine import Engine
from earmark.voice.features import Floats
from earmark.voice.quality import Quality
from earmark.voice.voiceprint import Embedding

# To add to a profile that others add to at the same time: each attempt that fails is a recording of theirs,
# and a profile holds no more.
ATTEMPTS = MAX_ENROLMENTS


@dataclass(frozen=True)
class Enrolled:
    """What an enrolment made."""

    profile: Profile
    enrolments: tuple[Enrolment, ...]  # the new ones
    consistency: tuple[float, ...] | None  # LLR of each against all others; None when there are no others
    doubts: tuple[str, ...]  # in words: recordings that sound unlike the rest
    missing: Missing  # until the profile counts as enrolled
    guidance: Guidance  # what would make it surer

    @property
    def added(self) -> int:
        """How many recordings were added."""
        return len(self.enrolments)


@dataclass(frozen=True)
class Rehearsed:
    """What an enrolment would make."""

    qualities: tuple[Quality, ...]  # of each recording
    consistency: tuple[float, ...] | None  # as in `Enrolled`
    doubts: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Listened:
    clips: list[Floats]
    embeddings: list[Embedding]
    names: list[str]  # how messages call the recordings

    @property
    def speech_seconds(self) -> float:
        return sum(embedding.quality.speech_seconds for embedding in self.embeddings)

    @property
    def total_seconds(self) -> float:
        return sum(embedding.quality.total_seconds for embedding in self.embeddings)


@needs(Permission.ENROL)
def enrol(
    actor: Actor,
    store: Store,
    engine: Engine,
    label: str | None,
    audios: Sequence[AudioSource],
    *,
    locale: str | None = None,
    kind: ProfileKind = ProfileKind.TEXT_INDEPENDENT,
    phrase: str | None = None,
    profile_id: UUID | None = None,
    policy: EnrolmentPolicy | None = None,
    raw: RawFormat | None = None,
    sample_rate: int | None = None,
    force: bool = False,
) -> Enrolled:
    """Make a profile of one person's recordings, enrolled at once, under a label or its GUID alone.

    Raises LabelTaken, AudioError and FileMissing (the message says which recording), SpeechTooShort when
    there is too little speech in all of them, InvalidRequest when one is clearly of another person (unless
    `force`), when there are too few, or when the GUID is in use, PhraseNotHeard when one does not say the
    `phrase` of a text-dependent profile (or any listed one), PhraseUnsupported. Nothing is stored then.
    """
    policy = policy or policy_of(kind)
    label, heard = _prepare(actor, store, engine, label, audios, policy, raw=raw, sample_rate=sample_rate)
    phrase = check_passphrase(actor.tenant, store, phrase, kind=kind, locale=locale)
    phrase = _words(actor, store, heard).hear(kind, locale, phrase, first=True)
    consistency, doubts = _judge(engine, [], heard, force=force)
    profile = create_profile(
        actor.tenant,
        store,
        clips=heard.clips,
        embeddings=heard.embeddings,
        label=label,
        kind=kind,
        locale=locale,
        phrase=phrase,
        profile_id=profile_id,
    )
    lacks = missing(profile, policy)
    guidance = guide(profile, heard.embeddings)
    return Enrolled(profile, profile.enrolments, consistency, doubts, lacks, guidance)


@needs(Permission.ENROL)
def rehearse(
    actor: Actor,
    store: Store,
    engine: Engine,
    label: str | None,
    audios: Sequence[AudioSource],
    *,
    locale: str | None = None,
    kind: ProfileKind = ProfileKind.TEXT_INDEPENDENT,
    phrase: str | None = None,
    policy: EnrolmentPolicy | None = None,
    raw: RawFormat | None = None,
    sample_rate: int | None = None,
    force: bool = False,
) -> Rehearsed:
    """Do all of `enrol` but the storing: raises what it raises, and says how good the recordings are."""
    policy = policy or policy_of(kind)
    _, heard = _prepare(actor, store, engine, label, audios, policy, raw=raw, sample_rate=sample_rate)
    phrase = check_passphrase(actor.tenant, store, phrase, kind=kind, locale=locale)
    _words(actor, store, heard).hear(kind, locale, phrase, first=True)
    consistency, doubts = _judge(engine, [], heard, force=force)
    return Rehearsed(tuple(one.quality for one in heard.embeddings), consistency, doubts)


@needs(Permission.ENROL)
def add_recordings(
    actor: Actor,
    store: Store,
    engine: Engine,
    key: str | UUID,
    audios: Sequence[AudioSource],
    *,
    kind: ProfileKind | None = None,
    policy: EnrolmentPolicy | None = None,
    enough: bool = False,
    expected: int | None = None,
    enrolment_ids: Sequence[UUID] | None = None,
    raw: RawFormat | None = None,
    sample_rate: int | None = None,
    force: bool = False,
) -> Enrolled:
    """Add recordings to the profile with this GUID or label, which is enrolled once nothing is missing.

    `enough` says that nothing is missing, whatever the policy asks. Raises ProfileNotFound (also for another
    kind), ProfileChanged (it is not at the revision `expected`), EnrolmentLimit, ModelMismatch when another
    model made the profile, and what `enrol` raises. Nothing is stored then.
    """
    policy = policy or policy_of(find_profile(actor.tenant, store, key, kind=kind).kind)
    if (before := _added_before(actor, store, key, kind, enrolment_ids, policy)) is not None:
        return before
    profile = _find(actor, store, key, kind, expected)
    check_model(profile, engine)
    heard = _listen(engine, audios, policy, raw=raw, sample_rate=sample_rate)
    words = _words(actor, store, heard)
    for attempt in range(ATTEMPTS):
        # Others may have added to it, or emptied it, while we listened: judged by what is there now.
        if (before := _added_before(actor, store, key, kind, enrolment_ids, policy)) is not None:
            return before  # the same request, sent twice, was faster
        profile = _find(actor, store, key, kind, expected)
        check_model(profile, engine)
        _check_fits(profile, heard, policy)
        phrase = words.hear(profile.kind, profile.locale, profile.phrase, first=not profile.enrolments)
        known = _known(actor, store, profile)
        consistency, doubts = _judge(engine, known, heard, force=force)
        lacks = _without(missing(profile, policy), heard)
        done = enough or lacks.nothing or profile.state is ProfileState.ENROLLED
        try:
            added = add_enrolments(
                actor.tenant,
                store,
                profile.id,
                clips=heard.clips,
                embeddings=heard.embeddings,
                state=ProfileState.ENROLLED if done else ProfileState.ENROLLING,
                phrase=phrase,
                enrolment_ids=enrolment_ids,
                expected=profile.revision,
            )
        except ProfileChanged:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        guidance = guide(added, (*known, *heard.embeddings))
        return Enrolled(added, added.enrolments[-len(heard.clips) :], consistency, doubts, lacks, guidance)
    raise AssertionError("unreachable")


def _added_before(
    actor: Actor,
    store: Store,
    key: str | UUID,
    kind: ProfileKind | None,
    enrolment_ids: Sequence[UUID] | None,
    policy: EnrolmentPolicy,
) -> Enrolled | None:
    """Return what came of a request that is sent again after its answer was lost; None when it is new."""
    if enrolment_ids is None:
        return None
    profile = find_profile(actor.tenant, store, key, kind=kind)
    added = tuple(one for one in profile.enrolments if one.id in enrolment_ids)
    if not added:
        return None
    return Enrolled(profile, added, None, (), missing(profile, policy), guide(profile))


def check_model(profile: Profile, engine: Engine) -> None:
    """Raise ModelMismatch when another model made the profile; one without enrolments is of none."""
    if profile.model not in (None, engine.entry.id):
        raise ModelMismatch(
            f"This profile was made by the model {profile.model}, and {engine.entry.id} is in use: "
            f"re-embed the profile's kept recordings, delete it and enrol again, or use {profile.model}."
        )


def _prepare(
    actor: Actor,
    store: Store,
    engine: Engine,
    label: str | None,
    audios: Sequence[AudioSource],
    policy: EnrolmentPolicy,
    *,
    raw: RawFormat | None,
    sample_rate: int | None,
) -> tuple[str | None, _Listened]:
    """Return the label in its one form and what was heard of a new profile's recordings, which suffice."""
    if label is not None:
        label = normalise_label(label)
        _check_free(actor, store, label)  # before minutes of listening; storing checks again
    heard = _listen(engine, audios, policy, raw=raw, sample_rate=sample_rate)
    check_room(len(heard.clips), heard.total_seconds, policy)
    _check_enough(heard, policy)
    return label, heard


def _check_free(actor: Actor, store: Store, label: str) -> None:
    try:
        find_profile(actor.tenant, store, label)
    except ProfileNotFound:
        return
    raise LabelTaken("A profile has this label already: add to it, delete it first, or choose another label.")


def _find(
    actor: Actor, store: Store, key: str | UUID, kind: ProfileKind | None, expected: int | None
) -> Profile:
    profile = find_profile(actor.tenant, store, key, kind=kind)
    if expected is not None and profile.revision != expected:
        raise ProfileChanged("This profile was changed meanwhile: read it again, then decide.")
    return profile


def _check_fits(profile: Profile, heard: _Listened, policy: EnrolmentPolicy) -> None:
    clips, seconds = len(profile.enrolments) + len(heard.clips), profile.total_seconds + heard.total_seconds
    check_room(clips, seconds, policy)


def _without(lacks: Missing, heard: _Listened) -> Missing:
    return Missing(
        speech_seconds=max(0.0, lacks.speech_seconds - heard.speech_seconds),
        recordings=max(0, lacks.recordings - len(heard.clips)),
    )


def _known(actor: Actor, store: Store, profile: Profile) -> Sequence[Embedding]:
    try:
        if not profile.enrolments:
            return ()
        return load_voiceprint(actor.tenant, store, profile.id, moved=False).embeddings
    except ProfileNotFound:  # emptied or deleted a moment ago: storing will tell which
        return ()


def _words(actor: Actor, store: Store, heard: _Listened) -> EnrolmentWords:
    return EnrolmentWords(actor.tenant, store, heard.clips, heard.names)


def _listen(
    engine: Engine,
    audios: Sequence[AudioSource],
    policy: EnrolmentPolicy,
    *,
    raw: RawFormat | None,
    sample_rate: int | None,
) -> _Listened:
    """Recordings to clips and embeddings; the first that cannot be used stops it, and is named."""
    if not audios:
        raise InvalidRequest("There is no recording to enrol: give at least one.")
    check_room(len(audios), 0.0, policy)
    names = _names(audios)
    clips, embeddings = [], []
    for audio, name in zip(audios, names, strict=True):
        with _named(name if len(audios) > 1 else None):
            clip = load_recording(
                engine, audio, seconds=policy.clip_seconds, raw=raw, sample_rate=sample_rate
            )
            embeddings.append(engine.embed(clip, rules=policy.each))
            clips.append(clip)
    return _Listened(clips, embeddings, names)


def _check_enough(heard: _Listened, policy: EnrolmentPolicy) -> None:
    if len(heard.clips) < policy.enough_clips:
        raise InvalidRequest(
            f"{policy.enough_clips} recordings are needed, {len(heard.clips)} given: add more."
        )
    if heard.speech_seconds < policy.enough_seconds:
        raise SpeechTooShort(
            f"{heard.speech_seconds:.1f} s of speech in all, need {policy.enough_seconds:.1f}: "
            "add another recording, or ask for one more sentence.",
            measure="speech_seconds",
            value=heard.speech_seconds,
            limit=policy.enough_seconds,
        )


def _judge(
    engine: Engine, known: Sequence[Embedding], heard: _Listened, *, force: bool
) -> tuple[tuple[float, ...] | None, tuple[str, ...]]:
    llrs = compare(known, heard.embeddings, engine.entry.calibration)
    if llrs is None:
        return None, ()
    if not force:
        qualities = [embedding.quality for embedding in heard.embeddings]
        refuse_another(llrs, heard.names, qualities, known=bool(known))
    return tuple(llrs), describe_doubt(llrs, heard.names)


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
