"""One profile's rows to values and back, inside a transaction that the caller holds."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from earmark.errors import InvalidRequest, LabelTaken, ProfileTaken, SealBroken
from earmark.storage.schema import enrolment_audio, enrolments, profile_keys, profiles, tenants
from earmark.storage.tenant_keys import read_tenant_key
from earmark.storage.values import (
    Enrolment,
    EnrolmentRecord,
    Profile,
    ProfileKind,
    ProfileRecord,
    ProfileState,
)
from earmark.storage.vault import DataKey, Place, RecordKind, TenantKey, Vault
from earmark.voice.features import Floats
from earmark.voice.quality import Quality

Row = sa.Row[Any]
LITTLE_ENDIAN = np.dtype("<f4")


def select_profiles(tenant: str) -> sa.Select[Any]:
    """Return the query for the tenant's profiles, each with its wrapped key."""
    same = (profile_keys.c.tenant == profiles.c.tenant) & (profile_keys.c.profile_id == profiles.c.id)
    return (
        sa.select(profiles, profile_keys.c.wrapped)
        .join(profile_keys, same)
        .where(profiles.c.tenant == tenant)
    )


def read_profiles(connection: sa.Connection, vault: Vault, rows: Sequence[Row]) -> list[Profile]:
    """Return the profiles of rows of `select_profiles`, all of one tenant, in their order."""
    if not rows:
        return []
    numbers = [column for column in enrolments.c if column.name != "embedding_sealed"]
    found = connection.execute(
        sa.select(*numbers)
        .where(enrolments.c.tenant == rows[0].tenant, enrolments.c.profile_id.in_([row.id for row in rows]))
        .order_by(enrolments.c.profile_id, enrolments.c.position)
    )
    of_profile: dict[UUID, list[Enrolment]] = defaultdict(list)
    for row in found:
        of_profile[row.profile_id].append(to_enrolment(row))
    key = read_tenant_key(connection, vault, rows[0].tenant)
    return [_to_profile(row, key, tuple(of_profile[row.id])) for row in rows]


def to_enrolment(row: Row) -> Enrolment:
    """Return the enrolment of a row."""
    quality = Quality(
        speech_seconds=row.speech_seconds,
        total_seconds=row.total_seconds,
        snr_db=row.snr_db,
        clipped=row.clipped,
        bandwidth_hz=row.bandwidth_hz,
        level_dbfs=row.level_dbfs,
        several_voices=row.several_voices,
    )
    return Enrolment(row.id, row.created, quality, row.audio_kept)


def open_vector(row: Row, key: DataKey) -> Floats:
    """Return the embedding of a row, (D,) float32."""
    place = Place(row.tenant, row.profile_id, RecordKind.EMBEDDING, row.id)
    plain = key.open(row.embedding_sealed, place)
    if not plain or len(plain) % LITTLE_ENDIAN.itemsize:
        raise SealBroken("A stored embedding has an impossible length: restore a backup.")
    return np.frombuffer(plain, LITTLE_ENDIAN).astype(np.float32)


def seal_vector(vector: Floats, tenant: str, profile_id: UUID, enrolment_id: UUID, key: DataKey) -> bytes:
    """Return the embedding, (D,) float32, as sealed little-endian bytes."""
    plain = np.ascontiguousarray(vector, LITTLE_ENDIAN).tobytes()
    return key.seal(plain, Place(tenant, profile_id, RecordKind.EMBEDDING, enrolment_id))


def open_audio(sealed: bytes, tenant: str, profile_id: UUID, enrolment_id: UUID, key: DataKey) -> bytes:
    """Return an enrolment's FLAC."""
    return key.open(sealed, Place(tenant, profile_id, RecordKind.AUDIO, enrolment_id))


def insert_profile(connection: sa.Connection, vault: Vault, tenant: str, record: ProfileRecord) -> None:
    """Write a profile under a new data key, with all its enrolments; LabelTaken when the label is in use."""
    profile = record.profile
    key, wrapped = read_tenant_key(connection, vault, tenant).make_data_key(profile.id)
    hashed = sealed = None
    if profile.label is not None:
        hashed = vault.label_hash(tenant, profile.label)
        sealed = seal_label(profile.label, tenant, profile.id, key)
    row = sa.insert(profiles).values(
        tenant=tenant,
        id=profile.id,
        label_hash=hashed,
        label_sealed=sealed,
        kind=profile.kind.value,
        locale=profile.locale,
        state=profile.state.value,
        model=profile.model or "",
        phrase=profile.phrase,
        revision=profile.revision,
        created=profile.created,
        updated=profile.updated,
    )
    try:
        with connection.begin_nested():  # PostgreSQL answers nothing more after an error outside of one
            connection.execute(row)
    except IntegrityError:
        taken = (profiles.c.tenant == tenant) & (profiles.c.label_hash == hashed)
        if hashed and connection.scalar(sa.select(profiles.c.id).where(taken)):
            raise LabelTaken(
                "Another profile has this label: choose another, or add to that profile."
            ) from None
        raise ProfileTaken("There is a profile of this identifier already: delete it first.") from None
    connection.execute(sa.insert(profile_keys).values(tenant=tenant, profile_id=profile.id, wrapped=wrapped))
    insert_enrolments(connection, tenant, profile.id, key, record.records, first=0)


def insert_enrolments(
    connection: sa.Connection,
    tenant: str,
    profile_id: UUID,
    key: DataKey,
    records: Iterable[EnrolmentRecord],
    *,
    first: int,
) -> None:
    """Seal and write enrolments of a profile, at positions from `first`; audio only where it is kept."""
    keep = connection.scalar(sa.select(tenants.c.keep_audio).where(tenants.c.id == tenant))
    for position, record in enumerate(records, first):
        enrolment_id, quality = record.enrolment.id, record.enrolment.quality
        try:
            connection.execute(
                sa.insert(enrolments).values(
                    tenant=tenant,
                    id=enrolment_id,
                    profile_id=profile_id,
                    position=position,
                    created=record.enrolment.created,
                    speech_seconds=float(quality.speech_seconds),
                    total_seconds=float(quality.total_seconds),
                    snr_db=float(quality.snr_db),
                    clipped=float(quality.clipped),
                    bandwidth_hz=float(quality.bandwidth_hz),
                    level_dbfs=float(quality.level_dbfs),
                    several_voices=bool(quality.several_voices),
                    embedding_sealed=seal_vector(record.vector, tenant, profile_id, enrolment_id, key),
                    audio_kept=bool(keep and record.audio is not None),
                )
            )
        except IntegrityError:
            raise InvalidRequest("An enrolment of this identifier is stored already.") from None
        if not keep or record.audio is None:
            continue
        audio = key.seal(record.audio, Place(tenant, profile_id, RecordKind.AUDIO, enrolment_id))
        connection.execute(
            sa.insert(enrolment_audio).values(tenant=tenant, enrolment_id=enrolment_id, audio_sealed=audio)
        )


def seal_label(label: str, tenant: str, profile_id: UUID, key: DataKey) -> bytes:
    """Return a label as sealed bytes."""
    return key.seal(label.encode(), _place_of_label(tenant, profile_id))


def _to_profile(row: Row, tenant_key: TenantKey, kept: tuple[Enrolment, ...]) -> Profile:
    label = None
    if row.label_sealed is not None:
        key = tenant_key.unwrap(row.wrapped, row.id)
        label = key.open(row.label_sealed, _place_of_label(row.tenant, row.id)).decode()
    return Profile(
        id=row.id,
        label=label,
        kind=ProfileKind(row.kind),
        locale=row.locale,
        state=ProfileState(row.state),
        model=row.model or None,
        created=row.created,
        updated=row.updated,
        enrolments=kept,
        phrase=row.phrase,
        revision=row.revision,
    )


def _place_of_label(tenant: str, profile_id: UUID) -> Place:
    return Place(tenant, profile_id, RecordKind.LABEL, profile_id)
