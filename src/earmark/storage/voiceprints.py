"""Rows to voiceprints and clips: what recognition, export and re-embedding read. The tenant comes first."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from earmark.errors import InvalidRequest, ModelMismatch, ProfileNotFound, SealBroken
from earmark.storage.learned import learned_columns, to_learned_embedding
from earmark.storage.profiles import NOT_FOUND, forget_fit
from earmark.storage.rows import (
    Row,
    open_audio,
    open_vector,
    read_profiles,
    seal_vector,
    select_profiles,
    to_enrolment,
)
from earmark.storage.schema import enrolment_audio, enrolments, learned, profile_keys, profiles
from earmark.storage.store import Store
from earmark.storage.tenant_keys import read_tenant_key
from earmark.storage.values import EnrolmentRecord, ProfileKind, ProfileRecord, ProfileState
from earmark.storage.vault import DataKey, TenantKey
from earmark.voice.features import Floats
from earmark.voice.gallery import Gallery
from earmark.voice.voiceprint import Embedding, Voiceprint

AT_ONCE = 500  # GUIDs in one statement: databases bound its parameters
SEARCHED = (profiles.c.state == ProfileState.ENROLLED.value) & (
    profiles.c.kind != ProfileKind.TEXT_DEPENDENT.value
)


def load_voiceprint(tenant: str, store: Store, profile_id: UUID, *, moved: bool = True) -> Voiceprint:
    """Return a profile's voiceprint; ProfileNotFound, SealBroken.

    What was learned of the voice is its last embedding, unless it shall not be `moved` by that.
    """
    found = dict(each_voiceprint(tenant, store, [profile_id], moved=moved))
    if profile_id not in found:
        raise ProfileNotFound(NOT_FOUND)
    return found[profile_id]


def load_gallery(
    tenant: str, store: Store, among: Collection[UUID] | None = None, *, model: str, dimension: int
) -> Gallery:
    """Return all the tenant's profiles, or those `among` that exist, as a gallery keyed by GUID.

    Raises ModelMismatch when a profile was made by another model than `model`, SealBroken.
    """
    keys: list[str] = []
    vectors: list[Floats] = []
    voices: list[tuple[float, float, float]] = []
    for profile_id, voiceprint in each_voiceprint(tenant, store, among):
        if voiceprint.model != model or voiceprint.vector.shape != (dimension,):
            raise ModelMismatch(
                f"A profile of the model {voiceprint.model} cannot be compared by {model}: embed its kept "
                "recordings anew, delete it and enrol again, or leave it out."
            )
        keys.append(str(profile_id))
        vectors.append(voiceprint.vector)
        voices.append((voiceprint.speech_seconds, *voiceprint.recorded))
    matrix = np.array(vectors, np.float32).reshape(len(vectors), dimension)
    seconds, snr, bandwidth = np.array(voices, np.float64).reshape(len(voices), 3).T
    return Gallery(keys, matrix, seconds, model, snr, bandwidth)


def each_voiceprint(
    tenant: str, store: Store, among: Collection[UUID] | None = None, *, moved: bool = True
) -> Iterator[tuple[UUID, Voiceprint]]:
    """Yield GUID and voiceprint of all that can be searched, or of those `among` that exist; SealBroken.

    All are the tenant's profiles that are enrolled and text-independent: a passphrase's voiceprint says
    little about other words. `moved` as in `load_voiceprint`. The store is read until the last was taken.
    """
    with store.reading() as connection:
        if moved:  # most stores have learned nothing, and their large galleries need not ask for each
            moved = bool(connection.scalar(sa.select(sa.exists().where(learned.c.tenant == tenant))))
        query = _select_embeddings(tenant, moved=moved).order_by(
            enrolments.c.profile_id, enrolments.c.position
        )
        if among is None:
            query = query.where(SEARCHED)
        key = read_tenant_key(connection, store.vault, tenant)
        for part in _parts(query, among):
            rows = connection.execute(part, execution_options={"yield_per": 1_000})
            for profile_id, group in groupby(rows, key=attrgetter("profile_id")):
                yield profile_id, _to_voiceprint(key, profile_id, list(group))


def count_models(tenant: str, store: Store) -> dict[str, int]:
    """Return how many of the tenant's profiles that can be searched each model made."""
    query = (
        sa.select(profiles.c.model, sa.func.count())
        .where(profiles.c.tenant == tenant, SEARCHED)
        .group_by(profiles.c.model)
    )
    with store.reading() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def list_profile_ids(tenant: str, store: Store) -> list[UUID]:
    """Return the GUIDs of all the tenant's profiles, in order."""
    query = sa.select(profiles.c.id).where(profiles.c.tenant == tenant).order_by(profiles.c.id)
    with store.reading() as connection:
        return list(connection.scalars(query))


def load_record(tenant: str, store: Store, profile_id: UUID) -> ProfileRecord:
    """Return a profile with its embeddings and its audio; ProfileNotFound, SealBroken."""
    with store.reading() as connection:
        return read_record(connection, store, tenant, profile_id)


def read_record(connection: sa.Connection, store: Store, tenant: str, profile_id: UUID) -> ProfileRecord:
    """Do `load_record` inside a transaction that the caller holds."""
    row = connection.execute(select_profiles(tenant).where(profiles.c.id == profile_id)).one_or_none()
    if row is None:
        raise ProfileNotFound(NOT_FOUND)
    key = read_tenant_key(connection, store.vault, tenant).unwrap(row.wrapped, profile_id)
    same = (enrolment_audio.c.tenant == enrolments.c.tenant) & (
        enrolment_audio.c.enrolment_id == enrolments.c.id
    )
    kept = connection.execute(
        sa.select(enrolments, enrolment_audio.c.audio_sealed)
        .outerjoin(enrolment_audio, same)
        .where(enrolments.c.tenant == tenant, enrolments.c.profile_id == profile_id)
        .order_by(enrolments.c.position)
    )
    records = tuple(
        EnrolmentRecord(
            to_enrolment(one),
            open_vector(one, key),
            _open_kept_audio(one, key),
        )
        for one in kept
    )
    return ProfileRecord(read_profiles(connection, store.vault, [row])[0], records)


def replace_embeddings(
    tenant: str, store: Store, profile_id: UUID, embeddings: Mapping[UUID, Embedding]
) -> None:
    """Give a profile the embeddings of another model, one for each of its enrolments: all, or none.

    Raises ProfileNotFound, InvalidRequest (its enrolments changed meanwhile, or several models).
    """
    now = datetime.now(UTC)
    models = {embedding.model for embedding in embeddings.values()}
    of_profile = (enrolments.c.tenant == tenant) & (enrolments.c.profile_id == profile_id)
    with store.writing() as connection:
        row = connection.execute(select_profiles(tenant).where(profiles.c.id == profile_id)).one_or_none()
        if row is None:
            raise ProfileNotFound(NOT_FOUND)
        stored = set(connection.scalars(sa.select(enrolments.c.id).where(of_profile)))
        if stored != set(embeddings) or len(models) != 1:
            raise InvalidRequest("This profile was changed while it was embedded anew: try again.")
        key = read_tenant_key(connection, store.vault, tenant).unwrap(row.wrapped, profile_id)
        for enrolment_id, embedding in embeddings.items():
            sealed = seal_vector(embedding.vector, tenant, profile_id, enrolment_id, key)
            one = of_profile & (enrolments.c.id == enrolment_id)
            connection.execute(sa.update(enrolments).where(one).values(embedding_sealed=sealed))
        same = (profiles.c.tenant == tenant) & (profiles.c.id == profile_id)
        forget_fit(connection, tenant, profile_id, learned_too=True)  # the other model's
        moved = {"model": models.pop(), "updated": now, "revision": profiles.c.revision + 1}
        connection.execute(sa.update(profiles).where(same).values(**moved))


def _open_kept_audio(row: Row, key: DataKey) -> bytes | None:
    if not row.audio_kept:
        return None
    if row.audio_sealed is None:
        raise SealBroken("The audio of an enrolment is missing from the store: restore a backup.")
    return open_audio(row.audio_sealed, row.tenant, row.profile_id, row.id, key)


def _to_voiceprint(tenant_key: TenantKey, profile_id: UUID, rows: list[Row]) -> Voiceprint:
    key = tenant_key.unwrap(rows[0].wrapped, profile_id)
    enrolled = [Embedding(open_vector(row, key), to_enrolment(row).quality, row.model) for row in rows]
    taught = to_learned_embedding(rows[0], key)
    return Voiceprint((*enrolled, taught) if taught else tuple(enrolled))


def _select_embeddings(tenant: str, *, moved: bool) -> sa.Select[Any]:
    profile = (profiles.c.tenant == enrolments.c.tenant) & (profiles.c.id == enrolments.c.profile_id)
    key = (profile_keys.c.tenant == enrolments.c.tenant) & (
        profile_keys.c.profile_id == enrolments.c.profile_id
    )
    query = (
        sa.select(enrolments, profiles.c.model, profile_keys.c.wrapped)
        .join(profiles, profile)
        .join(profile_keys, key)
        .where(enrolments.c.tenant == tenant)
    )
    if not moved:
        return query
    of_profile = (learned.c.tenant == enrolments.c.tenant) & (learned.c.profile_id == enrolments.c.profile_id)
    return query.add_columns(*learned_columns()).outerjoin(learned, of_profile)


def _parts(query: sa.Select[Any], among: Collection[UUID] | None) -> list[sa.Select[Any]]:
    if among is None:
        return [query]
    wanted = list(among)
    return [
        query.where(enrolments.c.profile_id.in_(wanted[start : start + AT_ONCE]))
        for start in range(0, len(wanted), AT_ONCE)
    ]
