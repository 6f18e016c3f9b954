"""Profiles of another service to profiles of the same GUIDs: taken in whole, or refused with all reasons."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from earmark.errors import AudioError, EnrolmentLimit, FileMissing, InvalidRequest, LabelTaken
from earmark.service.actor import Actor, Permission, needs
from earmark.service.arrivals import Arrival, Refusal
from earmark.service.enrol import enrol, rehearse
from earmark.service.policy import ANY_WORDS, PASSPHRASE, EnrolmentPolicy
from earmark.service.profiles import each_profile
from earmark.service.recordings import load_recording
from earmark.storage.store import Store
from earmark.storage.values import ProfileKind, ProfileState
from earmark.voice.engine import SOME_SPEECH, Engine
from earmark.voice.quality import Quality, refuse

# A recording that any of Azure's generations took is taken: version 1.0 had longer ones and no bound to their
# sum, 2021-09-05 took noisier passphrases.
POLICIES: dict[ProfileKind, EnrolmentPolicy] = {
    ProfileKind.IDENTIFICATION: replace(ANY_WORDS, clip_seconds=(1.0, 300.0), most_seconds=float("inf")),
    ProfileKind.VERIFICATION: ANY_WORDS,
    ProfileKind.TEXT_DEPENDENT: replace(
        PASSPHRASE, each=replace(PASSPHRASE.each, snr_db=2.0), clip_seconds=(1.0, 15.0)
    ),
}


@dataclass(frozen=True)
class Moved:
    """What came, or would come, of an arrival; refused when there are refusals."""

    arrival: Arrival
    refusals: tuple[Refusal, ...] = ()
    qualities: tuple[Quality, ...] = ()  # of each recording, when not refused
    doubts: tuple[str, ...] = ()


@needs(Permission.MANAGE)
def find_settled(
    actor: Actor, store: Store, arrivals: Sequence[Arrival]
) -> tuple[list[Arrival], list[Arrival], list[Refusal]]:
    """Part arrivals into those still to be taken in, those that are here already, and refusals.

    Here already is a profile of this GUID and kind that is enrolled: an interrupted run is taken up again.
    """
    wanted = {arrival.id for arrival in arrivals}
    here = {profile.id: profile for profile in each_profile(actor, store) if profile.id in wanted}
    new, already, refusals = [], [], []
    for arrival in arrivals:
        found = here.get(arrival.id)
        if found is None:
            new.append(arrival)
        elif found.kind is arrival.kind and found.state is ProfileState.ENROLLED:
            already.append(arrival)
        else:
            what = "of another kind" if found.kind is not arrival.kind else "and not enrolled yet"
            error = InvalidRequest(
                f"A profile of this GUID is here already, {what}: delete it, then import again, "
                "or leave it out of the table."
            )
            refusals.append(Refusal(arrival.rows[0], str(arrival.id), error))
    return new, already, refusals


@needs(Permission.ENROL)
def move_in(
    actor: Actor,
    store: Store,
    engine: Engine,
    arrival: Arrival,
    *,
    any_length: bool = False,
    force: bool = False,
    dry_run: bool = False,
) -> Moved:
    """Make the profile of an arrival, enrolled, under its GUID: whole, or not at all.

    `any_length` asks for no least amount of speech, `dry_run` does all but the storing. What is wrong with
    the recordings comes back as refusals, every recording's; raises what has nothing to do with this one.
    """
    policy = POLICIES[arrival.kind]
    if any_length:
        policy = replace(policy, enough_seconds=min(policy.enough_seconds, SOME_SPEECH.speech_seconds))
    recordings = arrival.recordings
    try:
        if dry_run:
            tried = rehearse(
                actor,
                store,
                engine,
                arrival.label,
                recordings,
                locale=arrival.locale,
                kind=arrival.kind,
                phrase=arrival.phrase,
                policy=policy,
                force=force,
            )
            return Moved(arrival, (), tried.qualities, tried.doubts)
        done = enrol(
            actor,
            store,
            engine,
            arrival.label,
            recordings,
            locale=arrival.locale,
            kind=arrival.kind,
            phrase=arrival.phrase,
            profile_id=arrival.id,
            policy=policy,
            force=force,
        )
    except (AudioError, FileMissing, InvalidRequest, LabelTaken, EnrolmentLimit) as error:
        each = _what_is_wrong(engine, arrival, policy)
        return Moved(arrival, each or (Refusal(arrival.rows[0], str(arrival.id), error),))
    return Moved(arrival, (), tuple(one.quality for one in done.enrolments), done.doubts)


def _what_is_wrong(engine: Engine, arrival: Arrival, policy: EnrolmentPolicy) -> tuple[Refusal, ...]:
    """Return what is wrong with each recording by itself, so that one look at the report mends them all."""
    refusals = []
    for path, row in zip(arrival.recordings, arrival.rows, strict=True):
        try:
            clip = load_recording(engine, path, seconds=policy.clip_seconds)
            refuse(engine.inspect(clip), policy.each)
        except (AudioError, FileMissing) as error:
            refusals.append(Refusal(row, str(arrival.id), error, str(path)))
    return tuple(refusals)
