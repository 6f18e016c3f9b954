"""What is stored of people: list, show, delete, export, import, and embed anew with another model."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from earmark.errors import FileMissing, InvalidRequest
from earmark.service.actor import Actor, Permission, needs
from earmark.storage import profiles, transfer
from earmark.storage.clips import decode_clip
from earmark.storage.store import Store
from earmark.storage.transfer import Imported
from earmark.storage.values import Profile
from earmark.storage.voiceprints import list_profile_ids, load_record, replace_embeddings
from earmark.voice.engine import Engine

MAX_LISTED = 1_000


@needs(Permission.MANAGE)
def list_profiles(
    actor: Actor, store: Store, *, limit: int = MAX_LISTED, after: UUID | None = None
) -> list[Profile]:
    """Return up to `limit` profiles in the order of their GUIDs; for the next, say `after` which."""
    if not 1 <= limit <= MAX_LISTED:
        raise InvalidRequest(f"Asked for {limit} profiles at once: ask for 1 to {MAX_LISTED:,}.")
    return profiles.list_profiles(actor.tenant, store, limit=limit, after=after)


@needs(Permission.MANAGE)
def show_profile(actor: Actor, store: Store, key: str | UUID) -> Profile:
    """Return the profile with this GUID or label; ProfileNotFound."""
    return profiles.find_profile(actor.tenant, store, key)


@needs(Permission.MANAGE)
def delete_profile(actor: Actor, store: Store, key: str | UUID) -> bool:
    """Remove the profile with this GUID or label, its recordings and its key; ProfileNotFound.

    Returns False when it is gone, but sealed remains without a key stay in the database's log for now,
    since another process has been reading for long.
    """
    profile = profiles.find_profile(actor.tenant, store, key)
    return profiles.delete_profile(actor.tenant, store, profile.id)


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


@needs(Permission.MANAGE)
def reembed_profile(actor: Actor, store: Store, engine: Engine, key: str | UUID) -> Profile:
    """Embed a profile's kept recordings with the engine's model: all of them, or the profile stays as it was.

    Raises ProfileNotFound, SealBroken.
    """
    profile = profiles.find_profile(actor.tenant, store, key)
    record = load_record(actor.tenant, store, profile.id)
    embeddings = {one.enrolment.id: engine.embed(decode_clip(one.audio)) for one in record.records}
    replace_embeddings(actor.tenant, store, profile.id, embeddings)
    return profiles.find_profile(actor.tenant, store, profile.id)
