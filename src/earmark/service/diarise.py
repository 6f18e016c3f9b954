"""A recording and stored profiles to named turns: who speaks when, and who they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from uuid import UUID

import numpy as np

from earmark.errors import AudioError, InvalidRequest, ProfileNotFound
from earmark.service.actor import Actor, Permission, needs
from earmark.service.enrol import enrol
from earmark.service.recognise import Candidates, gather_candidates
from earmark.storage.profiles import find_profile
from earmark.storage.store import Store
from earmark.voice.audio import AudioSource, RawFormat
from earmark.voice.decode.limits import Limits
from earmark.voice.decode.opening import is_in_place
from earmark.voice.diarization.clustering import Doubles
from earmark.voice.diarization.naming import THRESHOLD, confidences, name_speakers
from earmark.voice.diarization.pipeline import Diarization
from earmark.voice.diarization.source import LONG, open_stretches
from earmark.voice.diarization.turns import Turn, solo_stretches
from earmark.voice.engine import Engine
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.gallery import Gallery

TOLD = 5  # candidates that are told of each speaker
REMEMBER_SECONDS = 30.0  # of a stranger's speech behind a new profile
REMEMBER_STRETCH = 1.0  # seconds of speech alone that are worth cutting out


class Who(Enum):
    """Whom to look for, when it is nobody in particular."""

    NOBODY = "nobody"
    ALL = "all"  # everybody enrolled


@dataclass(frozen=True)
class Fit:
    """One known voice, as a possible name of a speaker."""

    key: str  # the profile's GUID, or the key that the caller's gallery has
    label: str | None
    confidence: float  # 0 to 100, 50 at even odds


@dataclass(frozen=True)
class NamedSpeaker:
    """One of the people in a recording."""

    speaker: str  # "SPEAKER_00", as in the turns of the diarization
    match: Fit | None  # who it is; None for a stranger
    fits: tuple[Fit, ...]  # the likeliest voices, best first
    remembered: bool  # a profile was made of this speaker just now
    not_remembered: str | None  # why none could be made, where it was asked for

    @property
    def name(self) -> str:
        """What people are shown: the label, the GUID of a profile without one, or SPEAKER_NN."""
        return self.speaker if self.match is None else self.match.label or self.match.key


@dataclass(frozen=True, eq=False)
class Diarised:
    """Who speaks when in a recording, by name where the name is known."""

    diarization: Diarization
    speakers: tuple[NamedSpeaker, ...]
    confidence: Doubles  # (speakers, voices) 0 to 100, all that were compared
    voices: tuple[str, ...]  # their keys

    def turns(self, *, exclusive: bool = False) -> list[Turn]:
        """The turns under the speakers' names; with `exclusive` those that never overlap."""
        names = {speaker.speaker: speaker.name for speaker in self.speakers}
        turns = self.diarization.exclusive if exclusive else self.diarization.turns
        return [replace(turn, speaker=names[turn.speaker]) for turn in turns]


@needs(Permission.RECOGNISE)
def diarise(
    actor: Actor,
    store: Store,
    engine: Engine,
    audio: AudioSource,
    *,
    who: Sequence[str | UUID] | Candidates | Gallery | Who = Who.NOBODY,
    threshold: float = THRESHOLD,
    exclusive: bool = True,
    speakers: int | None = None,
    least: int | None = None,
    most: int | None = None,
    remember: bool = False,
    raw: RawFormat | None = None,
    sample_rate: int | None = None,
    limits: Limits = LONG,
    told: Callable[[float], None] | None = None,
) -> Diarised:
    """Say who speaks when, and which of the profiles `who` they are.

    `who` are profiles by GUID or label, what `gather_candidates` gathered, voices that the caller brings (a
    gallery, whose keys serve as labels), or everybody enrolled. A speaker is named when the confidence, 0 to
    100, reaches `threshold`; with `exclusive` nobody is two speakers. `remember` enrols each stranger with
    enough good speech as a new profile without a label (it takes the permission to enrol), so that later
    recordings know them. Raises InvalidRequest, ProfileNotFound for one of `who` that does not exist,
    ProfileNotEnrolled, ModelMismatch, and what `load_clip` raises. A recording without speech has no turns.
    """
    if not 0.0 <= threshold <= 100.0:
        raise InvalidRequest(f"A threshold of {threshold:g} makes no sense: choose one from 0 to 100.")
    if remember:
        _check_may_remember(actor)
        audio = _kept(audio, limits)
    voices, stored = _voices(actor, store, engine, who, remember=remember)
    diarization = engine.diarize(
        audio,
        speakers=speakers,
        least=least,
        most=most,
        raw=raw,
        sample_rate=sample_rate,
        limits=limits,
        told=told,
    )
    table = confidences(diarization.speakers, voices, engine.calibration)
    matches = name_speakers(table, threshold=threshold, exclusive=exclusive)
    labels = _labels(actor, store, voices, table, matches, stored=stored)
    named = tuple(
        _name(speaker.name, row, matches[place], voices, labels)
        for place, (speaker, row) in enumerate(zip(diarization.speakers, table, strict=True))
    )
    if remember:
        named = _remember(actor, store, engine, audio, diarization, named, raw, sample_rate, limits)
    return Diarised(diarization, named, table, tuple(voices.keys))


@needs(Permission.ENROL)
def _check_may_remember(actor: Actor) -> None:
    """Refuse before minutes of listening, not after."""


def _name(
    speaker: str, row: Doubles, match: int | None, voices: Gallery, labels: dict[str, str]
) -> NamedSpeaker:
    def fit(place: int) -> Fit:
        key = voices.keys[place]
        return Fit(key, labels.get(key), float(row[place]))

    best = tuple(fit(int(place)) for place in np.argsort(-row, kind="stable")[:TOLD])
    return NamedSpeaker(speaker, None if match is None else fit(match), best, False, None)


def _voices(
    actor: Actor,
    store: Store,
    engine: Engine,
    who: Sequence[str | UUID] | Candidates | Gallery | Who,
    *,
    remember: bool,
) -> tuple[Gallery, bool]:
    """The voices to look for, and whether they are profiles of the store."""
    nobody = Gallery([], np.zeros((0, engine.entry.dimension), np.float32), np.zeros(0), engine.entry.id)
    if isinstance(who, Gallery):
        return who, False
    if isinstance(who, Candidates):
        if who.tenant != actor.tenant:
            raise ProfileNotFound("These candidates belong to another tenant: gather them as this actor.")
        return who.gallery, True
    if who is Who.NOBODY and not remember:
        return nobody, False
    if isinstance(who, Who):
        # Whom to remember must not be known already, so everybody is looked for.
        try:
            return gather_candidates(actor, store, engine).gallery, True
        except ProfileNotFound:  # nobody is enrolled yet: all are strangers
            return nobody, True
    return gather_candidates(actor, store, engine, among=who).gallery, True


def _labels(
    actor: Actor,
    store: Store,
    voices: Gallery,
    table: Doubles,
    matches: Sequence[int | None],
    *,
    stored: bool,
) -> dict[str, str]:
    """Labels of the voices that are told, by key; keys of a gallery that the caller brings are labels."""
    if not stored:
        return {key: key for key in voices.keys}
    places = {int(place) for row in table for place in np.argsort(-row, kind="stable")[:TOLD]}
    labels = {}
    for key in {voices.keys[place] for place in places | {one for one in matches if one is not None}}:
        try:
            label = find_profile(actor.tenant, store, UUID(key)).label
        except ProfileNotFound:  # deleted a moment ago
            continue
        if label is not None:
            labels[key] = label
    return labels


def _kept(audio: AudioSource, limits: Limits) -> AudioSource:
    """A recording that can be read twice: a stream's bytes, up to one more than the limit allows."""
    if hasattr(audio, "read") and not is_in_place(audio):
        return bytes(audio.read(limits.bytes_in + 1))
    return audio


def _remember(
    actor: Actor,
    store: Store,
    engine: Engine,
    audio: AudioSource,
    diarization: Diarization,
    named: tuple[NamedSpeaker, ...],
    raw: RawFormat | None,
    sample_rate: int | None,
    limits: Limits,
) -> tuple[NamedSpeaker, ...]:
    """Make a profile of each stranger, of what they say alone, under the rules of every enrolment."""
    strangers = [one.speaker for one in named if one.match is None]
    if not strangers:
        return named
    clips = cut_out(audio, diarization, strangers, raw, sample_rate, limits)
    done = []
    for one in named:
        if one.match is not None:
            done.append(one)
            continue
        try:
            made = enrol(actor, store, engine, None, [clips[one.speaker]])
        except AudioError as error:  # too little speech, too noisy, or not one voice
            done.append(replace(one, not_remembered=str(error)))
            continue
        done.append(replace(one, match=Fit(str(made.profile.id), None, 100.0), remembered=True))
    return tuple(done)


def cut_out(
    audio: AudioSource,
    diarization: Diarization,
    speakers: Sequence[str],
    raw: RawFormat | None,
    sample_rate: int | None,
    limits: Limits,
) -> dict[str, Floats]:
    """The longest stretches that each speaker has alone, joined, up to `REMEMBER_SECONDS`."""
    wanted: list[tuple[int, int, str]] = []
    for speaker in speakers:
        stretches = solo_stretches(diarization.turns, speaker)
        left = REMEMBER_SECONDS
        for start, end in sorted(stretches, key=lambda stretch: stretch[0] - stretch[1]):
            if left > 0.0 and (end - start >= REMEMBER_STRETCH or left == REMEMBER_SECONDS):
                wanted.append(
                    (round(start * SAMPLE_RATE), round(min(end, start + left) * SAMPLE_RATE), speaker)
                )
                left -= end - start
    pieces: dict[str, list[Floats]] = {speaker: [np.zeros(0, np.float32)] for speaker in speakers}
    with open_stretches(
        audio, seconds=60, overlap=0, raw=raw, sample_rate=sample_rate, limits=limits
    ) as parts:
        for part in parts:
            for start, end, speaker in sorted(wanted):
                low, high = max(start, part.start), min(end, part.start + part.clip.size)
                if low < high:
                    pieces[speaker].append(part.clip[low - part.start : high - part.start].copy())
    return {speaker: np.concatenate(found) for speaker, found in pieces.items()}
