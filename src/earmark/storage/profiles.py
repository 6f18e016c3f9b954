"""Profiles to rows and back: make, add to, find, list and delete. Each call takes the tenant first."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import sqlalchemy as sa

from earmark.errors import InvalidRequest, ModelMismatch, ProfileNotFound, SealBroken
from earmark.storage.clips import encode_clip
from earmark.storage.labels import normalise_label, parse_guid
from earmark.storage.rows import insert_enrolments, insert_profile, read_profiles, select_profiles
from earmark.storage.schema import enrolments, profile_keys, profiles
from earmark.storage.store import Store
from earmark.storage.values import (
    Enrolment,
    EnrolmentRecord,
    Profile,
    ProfileKind,
    ProfileRecord,
    ProfileState,
)
from earmark.voice.features import Floats
from earmark.voice.voiceprint import Embedding

MAX_ENROLMENTS = 100  # of one profile
NOT_FOUND = "No profile has this label or identifier: `earmark profiles list` shows those that there are."


def create_profile(
    tenant: str,
    store: Store,
    *,
    clips: Sequence[Floats],
    embeddings: Sequence[Embedding],
    label: str | None = None,
    kind: ProfileKind = ProfileKind.TEXT_INDEPENDENT,
    locale: str | None = None,
) -> Profile:
    """Store a new profile with its enrolments: whole, or not at all.

    `clips[i]`, (samples,) at 16 kHz, is what `embeddings[i]` was made of. Raises LabelTaken,
    ModelMismatch (several models made the embeddings), InvalidRequest.
    """
    if not embeddings:
        raise InvalidRequest("A profile needs at least one recording: add one.")
    if locale is not None and not 1 <= len(locale) <= 35:  # BCP 47
        raise InvalidRequest("A locale has 1 to 35 characters, as in en-GB.")
    _check_added(embeddings, model=embeddings[0].model, before=0)
    now = datetime.now(UTC)
    records = _make_records(clips, embeddings, now)
    profile = Profile(
        id=uuid4(),
        label=None if label is None else normalise_label(label),
        kind=kind,
        locale=locale,
        state=ProfileState.ENROLLED,
        model=embeddings[0].model,
        created=now,
        updated=now,
        enrolments=tuple(record.enrolment for record in records),
    )
    with store.writing() as connection:
        insert_profile(connection, store.vault, tenant, ProfileRecord(profile, records))
    return profile


def add_enrolments(
    tenant: str, store: Store, profile_id: UUID, *, clips: Sequence[Floats], embeddings: Sequence[Embedding]
) -> Profile:
    """Add enrolments to a profile: all of them, or none.

    Raises ProfileNotFound, ModelMismatch (the profile was made by another model), InvalidRequest (too many).
    """
    now = datetime.now(UTC)
    records = _make_records(clips, embeddings, now)
    query = select_profiles(tenant).where(profiles.c.id == profile_id)
    with store.writing() as connection:
        row = connection.execute(query).one_or_none()
        if row is None:
            raise ProfileNotFound(NOT_FOUND)
        of_profile = (enrolments.c.tenant == tenant) & (enrolments.c.profile_id == profile_id)
        last = connection.scalar(sa.select(sa.func.max(enrolments.c.position)).where(of_profile))
        first = 0 if last is None else last + 1
        _check_added(embeddings, model=row.model, before=first)
        key = store.vault.unwrap(row.wrapped, tenant, profile_id)
        insert_enrolments(connection, tenant, profile_id, key, records, first=first)
        same = (profiles.c.tenant == tenant) & (profiles.c.id == profile_id)
        connection.execute(sa.update(profiles).where(same).values(updated=now))
        return read_profiles(connection, store.vault, [connection.execute(query).one()])[0]


def find_profile(tenant: str, store: Store, key: str | UUID) -> Profile:
    """Return the profile with this GUID or label; ProfileNotFound for any other, another tenant's too."""
    profile_id = key if isinstance(key, UUID) else parse_guid(key)
    query, label = select_profiles(tenant), None
    if profile_id is not None:
        query = query.where(profiles.c.id == profile_id)
    else:
        try:
            label = normalise_label(str(key))
        except InvalidRequest:
            raise ProfileNotFound(NOT_FOUND) from None  # what cannot be a label is nobody's
        query = query.where(profiles.c.label_hash == store.vault.label_hash(tenant, label))
    with store.reading() as connection:
        found = read_profiles(connection, store.vault, connection.execute(query).all())
    if not found:
        raise ProfileNotFound(NOT_FOUND)
    if label is not None and found[0].label != label:
        raise SealBroken("A stored label was moved to another profile: restore a backup.")
    return found[0]


def list_profiles(
    tenant: str, store: Store, *, limit: int = 1_000, after: UUID | None = None
) -> list[Profile]:
    """Return up to `limit` profiles in the order of their GUIDs, beginning behind `after`."""
    query = select_profiles(tenant).order_by(profiles.c.id).limit(limit)
    if after is not None:
        query = query.where(profiles.c.id > after)
    with store.reading() as connection:
        return read_profiles(connection, store.vault, connection.execute(query).all())


def delete_profile(tenant: str, store: Store, profile_id: UUID) -> bool:
    """Remove the profile with its key, embeddings and audio; ProfileNotFound when there is none.

    Returns False when it is gone, but another process has been reading for so long that its sealed remains
    stay in the database's log until the next delete, or until the last process closes the store.
    """
    with store.writing() as connection:
        of_profile = (profile_keys.c.tenant == tenant) & (profile_keys.c.profile_id == profile_id)
        connection.execute(sa.delete(profile_keys).where(of_profile))
        same = (profiles.c.tenant == tenant) & (profiles.c.id == profile_id)
        if connection.execute(sa.delete(profiles).where(same)).rowcount == 0:
            raise ProfileNotFound(NOT_FOUND)
    return store.forget_deleted()


def _make_records(
    clips: Sequence[Floats], embeddings: Sequence[Embedding], now: datetime
) -> tuple[EnrolmentRecord, ...]:
    return tuple(
        EnrolmentRecord(Enrolment(uuid4(), now, embedding.quality), embedding.vector, encode_clip(clip))
        for clip, embedding in zip(clips, embeddings, strict=True)
    )


def _check_added(embeddings: Sequence[Embedding], *, model: str, before: int) -> None:
    if any(embedding.model != model for embedding in embeddings):
        raise ModelMismatch(
            f"This profile belongs to the model {model}, and a recording was embedded by another: "
            "re-embed the profile's kept recordings with the new model, or delete it and enrol again."
        )
    if before + len(embeddings) > MAX_ENROLMENTS:
        raise InvalidRequest(f"A profile holds at most {MAX_ENROLMENTS} recordings: add fewer.")
