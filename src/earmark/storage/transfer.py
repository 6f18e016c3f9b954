"""Profiles out of the store into an export, and from an export into the store: all of them, or none."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from earmark.errors import InvalidRequest
from earmark.storage.profile_file import read_profiles, write_profiles
from earmark.storage.rows import insert_profile
from earmark.storage.schema import profiles
from earmark.storage.store import Store
from earmark.storage.values import Profile, ProfileRecord
from earmark.storage.voiceprints import load_record, read_record


@dataclass(frozen=True)
class Imported:
    """What an import did."""

    added: tuple[UUID, ...]
    skipped: tuple[UUID, ...]  # were in the store already, the same in every part


def export_profiles(
    tenant: str, store: Store, file: BinaryIO, *, profile_ids: Sequence[UUID], passphrase: str
) -> int:
    """Write profiles to `file` (see `profile_file.py`) and return their number; ProfileNotFound."""
    records = (load_record(tenant, store, profile_id) for profile_id in profile_ids)
    return write_profiles(file, records, passphrase=passphrase)


def export_to_file(
    tenant: str, store: Store, path: Path, *, profile_ids: Sequence[UUID], passphrase: str
) -> int:
    """Do `export_profiles` into a new file of mode 0600, which appears whole or not at all.

    Raises InvalidRequest when there is a file already, or none can be made.
    """
    draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    if path.exists():
        raise InvalidRequest(f"There is a file {path} already: choose another name, or remove it.")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            count = export_profiles(tenant, store, file, profile_ids=profile_ids, passphrase=passphrase)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise InvalidRequest(f"The file {path} cannot be written ({error.strerror}).") from None
    finally:
        draft.unlink(missing_ok=True)
    return count


def import_profiles(tenant: str, store: Store, file: BinaryIO, *, passphrase: str) -> Imported:
    """Store the profiles of an export under their own GUIDs and new data keys, in one transaction.

    Raises ProfileFileInvalid, LabelTaken, and InvalidRequest when the store has another profile of the same
    GUID; then nothing is stored.
    """
    added: list[UUID] = []
    skipped: list[UUID] = []
    # The first profile is read before the lock is taken: a wrong passphrase then keeps nobody waiting.
    entries = read_profiles(file, passphrase=passphrase)
    first = next(entries, None)
    with store.writing() as connection:
        for record in _chain(first, entries):
            (added if _store(connection, store, tenant, record) else skipped).append(record.profile.id)
    return Imported(tuple(added), tuple(skipped))


def _chain(first: ProfileRecord | None, rest: Iterable[ProfileRecord]) -> Iterator[ProfileRecord]:
    if first is not None:
        yield first
        yield from rest


def _store(connection: sa.Connection, store: Store, tenant: str, record: ProfileRecord) -> bool:
    """Insert a profile; False when it is there already."""
    same = (profiles.c.tenant == tenant) & (profiles.c.id == record.profile.id)
    if connection.scalar(sa.select(profiles.c.id).where(same)) is None:
        insert_profile(connection, store.vault, tenant, record)
        return True
    if _equal(read_record(connection, store, tenant, record.profile.id), record):
        return False
    raise InvalidRequest(
        f"The store has another version of the profile {record.profile.id}: delete it first, then "
        "import again."
    )


def _equal(one: ProfileRecord, other: ProfileRecord) -> bool:
    """Whether both are the same in every part; a side that keeps no audio is compared without it."""
    if _without_audio(one.profile) != _without_audio(other.profile):
        return False
    return all(
        (mine.audio is None or theirs.audio is None or mine.audio == theirs.audio)
        and np.array_equal(mine.vector, theirs.vector)
        for mine, theirs in zip(one.records, other.records, strict=True)
    )


def _without_audio(profile: Profile) -> Profile:
    kept = tuple(replace(enrolment, audio_kept=True) for enrolment in profile.enrolments)
    return replace(profile, enrolments=kept, revision=0)
