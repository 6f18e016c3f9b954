"""What is stored of people: make, list, show, change, empty, delete, export, import, and embed anew."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

from earmark.errors import AudioNotKept, FileMissing, InvalidRequest, SealBroken
from earmark.service.actor import Actor, Permission, needs
from earmark.service.phrases import check_passphrase
from earmark.storage import profiles, transfer
from earmark.storage.clips import decode_clip
from earmark.storage.store import Store
from earmark.storage.transfer import Imported
from earmark.storage.values import Profile, ProfileKind, ProfileRecord
from earmark.storage.voiceprints import list_profile_ids, load_record, replace_embeddings
from earmark.voice.engine import Engine
from earmark.voice.voiceprint import Embedding

MAX_LISTED = 1_000
ATTEMPTS = 3  # to embed a profile anew that others add to at the same time


class Unchanged:
    """Says that a value stays as it is, where None means that there shall be none."""


UNCHANGED: Final = Unchanged()


@needs(Permission.ENROL)
def create_profile(
    actor: Actor,
    store: Store,
    *,
    label: str | None = None,
    kind: ProfileKind = ProfileKind.TEXT_INDEPENDENT,
    locale: str | None = None,
    phrase: str | None = None,
    profile_id: UUID | None = None,
    most: int | None = None,
) -> Profile:
    """Make a profile without enrolments, to be enrolled recording by recording.

    Raises LabelTaken, ProfileLimit (there are `most` of this kind), InvalidRequest (also when the GUID is in
    use, and for a passphrase of a profile of any words), PhraseUnsupported for its passphrase.
    """
    phrase = check_passphrase(actor.tenant, store, phrase, kind=kind, locale=locale)
    return profiles.create_profile(
        actor.tenant,
        store,
        label=label,
        kind=kind,
        locale=locale,
        phrase=phrase,
        profile_id=profile_id,
        most=most,
    )


@needs(Permission.MANAGE)
def list_profiles(
    actor: Actor,
    store: Store,
    *,
    kind: ProfileKind | None = None,
    limit: int = MAX_LISTED,
    after: UUID | None = None,
) -> list[Profile]:
    """Return up to `limit` profiles in the order of their GUIDs; for the next, say `after` which."""
    if not 1 <= limit <= MAX_LISTED:
        raise InvalidRequest(f"Asked for {limit} profiles at once: ask for 1 to {MAX_LISTED:,}.")
    return profiles.list_profiles(actor.tenant, store, kind=kind, limit=limit, after=after)


@needs(Permission.MANAGE)
def each_profile(actor: Actor, store: Store, *, kind: ProfileKind | None = None) -> Iterator[Profile]:
    """Yield all profiles, of all kinds or one, in the order of their GUIDs."""
    after = None
    while page := profiles.list_profiles(actor.tenant, store, kind=kind, limit=MAX_LISTED, after=after):
        yield from page
        after = page[-1].id


@needs(Permission.MANAGE, Permission.ENROL)
def show_profile(actor: Actor, store: Store, key: str | UUID, *, kind: ProfileKind | None = None) -> Profile:
    """Return the profile with this GUID or label; ProfileNotFound, also for one of another kind."""
    return profiles.find_profile(actor.tenant, store, key, kind=kind)


@needs(Permission.MANAGE)
def change_profile(
    actor: Actor,
    store: Store,
    key: str | UUID,
    *,
    label: str | Unchanged | None = UNCHANGED,
    locale: str | Unchanged | None = UNCHANGED,
    expected: int | None = None,
) -> Profile:
    """Give a profile another label or locale, or none. Raises ProfileNotFound, ProfileChanged, LabelTaken."""
    profile = profiles.find_profile(actor.tenant, store, key)
    return profiles.change_profile(
        actor.tenant,
        store,
        profile.id,
        label=profile.label if isinstance(label, Unchanged) else label,
        locale=profile.locale if isinstance(locale, Unchanged) else locale,
        expected=profile.revision if expected is None else expected,
    )


@needs(Permission.MANAGE)
def reset_profile(
    actor: Actor,
    store: Store,
    key: str | UUID,
    *,
    kind: ProfileKind | None = None,
    expected: int | None = None,
) -> Profile:
    """Erase a profile's enrolments for good; its GUID, kind, label and locale stay.

    Raises ProfileNotFound, ProfileChanged (it is not at the revision `expected`).
    """
    profile = profiles.find_profile(actor.tenant, store, key, kind=kind)
    return profiles.reset_profile(actor.tenant, store, profile.id, expected=expected)


@needs(Permission.MANAGE)
def delete_profile(
    actor: Actor,
    store: Store,
    key: str | UUID,
    *,
    kind: ProfileKind | None = None,
    expected: int | None = None,
) -> bool:
    """Remove the profile with this GUID or label, its recordings and its key.

    Returns False when it is gone, but sealed remains without a key stay in the database's log for now,
    since another process has been reading for long. Raises ProfileNotFound, ProfileChanged.
    """
    profile = profiles.find_profile(actor.tenant, store, key, kind=kind)
    return profiles.delete_profile(actor.tenant, store, profile.id, expected=expected)


@needs(Permission.MANAGE)
def export_profiles(
    actor: Actor,
    store: Store,
    file: Path | BinaryIO,
    *,
    keys: Sequence[str | UUID] | None = None,
    passphrase: str,
) -> int:
    """Write profiles, all or those of `keys`, under a passphrase, for a machine with another master key.

    A path becomes a new file of mode 0600. Returns how many there are. Raises ProfileNotFound, and
    InvalidRequest for a passphrase that is too short or a file that exists.
    """
    if keys is None:
        wanted = list_profile_ids(actor.tenant, store)
    else:
        found = [profiles.find_profile(actor.tenant, store, key).id for key in keys]
        wanted = list(dict.fromkeys(found))
    if isinstance(file, Path):
        return transfer.export_to_file(actor.tenant, store, file, profile_ids=wanted, passphrase=passphrase)
    return transfer.export_profiles(actor.tenant, store, file, profile_ids=wanted, passphrase=passphrase)


@needs(Permission.MANAGE)
def import_profiles(actor: Actor, store: Store, file: Path | BinaryIO, *, passphrase: str) -> Imported:
    """Store the profiles of an export under their GUIDs: all of them, or none.

    Those that are here already, the same in every part, are skipped. Raises ProfileFileInvalid (no export,
    damaged, another passphrase), LabelTaken, FileMissing, and InvalidRequest when the store has another
    version of a profile.
    """
    if not isinstance(file, Path):
        return transfer.import_profiles(actor.tenant, store, file, passphrase=passphrase)
    try:
        with file.open("rb") as opened:
            return transfer.import_profiles(actor.tenant, store, opened, passphrase=passphrase)
    except OSError as error:
        raise FileMissing(f"The file {file} cannot be read ({error.strerror}): check the path.") from None


def is_outdated(profile: Profile, engine: Engine) -> bool:
    """Whether another model than the engine's made the profile; one without enrolments is of none."""
    return profile.model not in (None, engine.entry.id)


@needs(Permission.MANAGE)
def reembed_profile(actor: Actor, store: Store, engine: Engine, key: str | UUID) -> Profile:
    """Embed a profile's kept recordings with the engine's model: all of them, or the profile stays as it was.

    One that is not outdated stays as it is, so a run over many can be taken up again. Raises ProfileNotFound,
    AudioNotKept, SealBroken, and InvalidRequest when others keep adding to it meanwhile.
    """
    profile_id = profiles.find_profile(actor.tenant, store, key).id
    for attempt in range(ATTEMPTS):
        record = load_record(actor.tenant, store, profile_id)
        if not is_outdated(record.profile, engine):
            return record.profile
        embeddings = _embed_anew(engine, record)
        try:
            replace_embeddings(actor.tenant, store, profile_id, embeddings)
        except InvalidRequest:
            if attempt == ATTEMPTS - 1:
                raise
            continue  # recordings were added while we listened
        return profiles.find_profile(actor.tenant, store, profile_id)
    raise AssertionError("unreachable")


def _embed_anew(engine: Engine, record: ProfileRecord) -> dict[UUID, Embedding]:
    embeddings = {}
    for one in record.records:
        if one.audio is None:
            raise AudioNotKept(
                "This profile's recordings are not all kept, so it cannot be embedded anew: "
                "ask the person to enrol again."
            )
        try:
            clip = decode_clip(one.audio)
        except ValueError:
            raise SealBroken("A kept recording is damaged: restore a backup.") from None
        embeddings[one.enrolment.id] = engine.embed(clip)
    return embeddings
