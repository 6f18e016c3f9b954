"""Profiles to rows and back: make, add to, find, list, change, empty and delete. The tenant comes first."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from earmark.errors import (
    InvalidRequest,
    LabelTaken,
    ModelMismatch,
    ProfileChanged,
    ProfileLimit,
    ProfileNotFound,
    SealBroken,
)
from earmark.storage.clips import encode_clip
from earmark.storage.labels import normalise_label, parse_guid
from earmark.storage.rows import (
    Row,
    insert_enrolments,
    insert_profile,
    read_profiles,
    seal_label,
    select_profiles,
)
from earmark.storage.schema import drifts, enrolments, learned, profile_keys, profiles
from earmark.storage.store import Store
from earmark.storage.tenant_keys import read_tenant_key
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
MAX_PHRASE = 200
NOT_FOUND = "No profile has this label or identifier: list the profiles to see those that there are."


def create_profile(
    tenant: str,
    store: Store,
    *,
    clips: Sequence[Floats] = (),
    embeddings: Sequence[Embedding] = (),
    label: str | None = None,
    kind: ProfileKind = ProfileKind.TEXT_INDEPENDENT,
    locale: str | None = None,
    phrase: str | None = None,
    profile_id: UUID | None = None,
    enrolment_ids: Sequence[UUID] | None = None,
    state: ProfileState | None = None,
    most: int | None = None,
) -> Profile:
    """Store a new profile with its enrolments, or without any yet: whole, or not at all.

    `clips[i]`, (samples,) at 16 kHz, is what `embeddings[i]` was made of. Without a `state` it is enrolled
    when it has enrolments. Raises LabelTaken, ProfileLimit (the tenant has `most` of this kind),
    ModelMismatch (several models made the embeddings), InvalidRequest (also for a GUID that is in use).
    """
    check_locale(locale)
    if phrase is not None and not (1 <= len(phrase) <= MAX_PHRASE and phrase.isprintable()):
        raise InvalidRequest(f"A passphrase has 1 to {MAX_PHRASE} printable characters: choose another.")
    model = embeddings[0].model if embeddings else None
    _check_added(embeddings, model=model, before=0)
    now = datetime.now(UTC)
    records = _make_records(clips, embeddings, now, enrolment_ids)
    if state is None:
        state = ProfileState.ENROLLED if embeddings else ProfileState.ENROLLING
    profile = Profile(
        id=profile_id or uuid4(),
        label=None if label is None else normalise_label(label),
        kind=kind,
        locale=locale,
        state=state,
        model=model,
        created=now,
        updated=now,
        enrolments=tuple(record.enrolment for record in records),
        phrase=phrase,
    )
    with store.writing() as connection:
        if most is not None:
            alike = (profiles.c.tenant == tenant) & (profiles.c.kind == kind.value)
            count = connection.scalar(sa.select(sa.func.count()).select_from(profiles).where(alike))
            if (count or 0) >= most:
                raise ProfileLimit(f"There are {most:,} profiles of this kind: delete some first.")
        insert_profile(connection, store.vault, tenant, ProfileRecord(profile, records))
        # Read again: whether audio was kept is the tenant's choice.
        return _read_again(connection, store, tenant, profile.id)


def add_enrolments(
    tenant: str,
    store: Store,
    profile_id: UUID,
    *,
    clips: Sequence[Floats],
    embeddings: Sequence[Embedding],
    state: ProfileState = ProfileState.ENROLLED,
    phrase: str | None = None,
    enrolment_ids: Sequence[UUID] | None = None,
    expected: int | None = None,
) -> Profile:
    """Add enrolments to a profile: all of them, or none.

    Raises ProfileNotFound, ProfileChanged (it is not at the revision `expected`), ModelMismatch (the profile
    was made by another model), InvalidRequest (too many).
    """
    now = datetime.now(UTC)
    records = _make_records(clips, embeddings, now, enrolment_ids)
    with store.writing() as connection:
        row = find_row(connection, tenant, profile_id, expected)
        of_profile = (enrolments.c.tenant == tenant) & (enrolments.c.profile_id == profile_id)
        last = connection.scalar(sa.select(sa.func.max(enrolments.c.position)).where(of_profile))
        first = 0 if last is None else last + 1
        model = row.model or embeddings[0].model
        _check_added(embeddings, model=model, before=first)
        key = read_tenant_key(connection, store.vault, tenant).unwrap(row.wrapped, profile_id)
        insert_enrolments(connection, tenant, profile_id, key, records, first=first)
        new = {"model": model, "state": state.value, "phrase": row.phrase if phrase is None else phrase}
        forget_fit(connection, tenant, profile_id)  # what fits the new recordings is seen anew
        _change(connection, tenant, profile_id, now, **new)
        return _read_again(connection, store, tenant, profile_id)


def find_profile(tenant: str, store: Store, key: str | UUID, *, kind: ProfileKind | None = None) -> Profile:
    """Return the profile with this GUID or label.

    ProfileNotFound for any other: another tenant's too, and one of another kind when a kind is asked for.
    """
    profile_id = key if isinstance(key, UUID) else parse_guid(key)
    query, label = select_profiles(tenant), None
    if kind is not None:
        query = query.where(profiles.c.kind == kind.value)
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
    tenant: str,
    store: Store,
    *,
    kind: ProfileKind | None = None,
    limit: int = 1_000,
    after: UUID | None = None,
) -> list[Profile]:
    """Return up to `limit` profiles, of all kinds or one, in the order of their GUIDs, beyond `after`."""
    query = select_profiles(tenant).order_by(profiles.c.id).limit(limit)
    if kind is not None:
        query = query.where(profiles.c.kind == kind.value)
    if after is not None:
        query = query.where(profiles.c.id > after)
    with store.reading() as connection:
        return read_profiles(connection, store.vault, connection.execute(query).all())


def change_profile(
    tenant: str,
    store: Store,
    profile_id: UUID,
    *,
    label: str | None,
    locale: str | None,
    expected: int | None = None,
) -> Profile:
    """Give a profile this label and this locale. Raises ProfileNotFound, ProfileChanged, LabelTaken."""
    check_locale(locale)
    label = None if label is None else normalise_label(label)
    with store.writing() as connection:
        row = find_row(connection, tenant, profile_id, expected)
        key = read_tenant_key(connection, store.vault, tenant).unwrap(row.wrapped, profile_id)
        new: dict[str, Any] = {"locale": locale, "label_hash": None, "label_sealed": None}
        if label is not None:
            new["label_hash"] = store.vault.label_hash(tenant, label)
            new["label_sealed"] = seal_label(label, tenant, profile_id, key)
        try:
            _change(connection, tenant, profile_id, datetime.now(UTC), **new)
        except IntegrityError:
            raise LabelTaken("Another profile has this label: choose another.") from None
        return _read_again(connection, store, tenant, profile_id)


def reset_profile(tenant: str, store: Store, profile_id: UUID, *, expected: int | None = None) -> Profile:
    """Erase a profile's enrolments; its GUID, kind, label and locale stay. ProfileNotFound, ProfileChanged.

    It gets a new data key, so that no copy of the erased rows can be opened again.
    """
    with store.writing() as connection:
        row = find_row(connection, tenant, profile_id, expected)
        label = read_profiles(connection, store.vault, [row])[0].label
        of_profile = (enrolments.c.tenant == tenant) & (enrolments.c.profile_id == profile_id)
        connection.execute(sa.delete(enrolments).where(of_profile))
        forget_fit(connection, tenant, profile_id, learned_too=True)
        key, wrapped = read_tenant_key(connection, store.vault, tenant).make_data_key(profile_id)
        its_key = (profile_keys.c.tenant == tenant) & (profile_keys.c.profile_id == profile_id)
        connection.execute(sa.update(profile_keys).where(its_key).values(wrapped=wrapped))
        sealed = None if label is None else seal_label(label, tenant, profile_id, key)
        new = {"model": "", "state": ProfileState.ENROLLING.value, "phrase": None, "label_sealed": sealed}
        _change(connection, tenant, profile_id, datetime.now(UTC), **new)
        profile = _read_again(connection, store, tenant, profile_id)
    store.forget_deleted()
    return profile


def delete_profile(tenant: str, store: Store, profile_id: UUID, *, expected: int | None = None) -> bool:
    """Remove the profile with its key, embeddings and audio; ProfileNotFound, ProfileChanged.

    Returns False when it is gone, but another process has been reading for so long that its sealed remains
    stay in the database's log until the next delete, or until the last process closes the store.
    """
    with store.writing() as connection:
        find_row(connection, tenant, profile_id, expected)
        of_profile = (profile_keys.c.tenant == tenant) & (profile_keys.c.profile_id == profile_id)
        connection.execute(sa.delete(profile_keys).where(of_profile))
        same = (profiles.c.tenant == tenant) & (profiles.c.id == profile_id)
        connection.execute(sa.delete(profiles).where(same))
    return store.forget_deleted()


def forget_fit(
    connection: sa.Connection, tenant: str, profile_id: UUID, *, learned_too: bool = False
) -> None:
    """Remove how well recordings fitted a profile whose recordings change, and what was learned from them."""
    for table in (drifts, learned) if learned_too else (drifts,):
        same = (table.c.tenant == tenant) & (table.c.profile_id == profile_id)
        connection.execute(sa.delete(table).where(same))


def check_locale(locale: str | None) -> None:
    """Raise InvalidRequest for what cannot be a locale."""
    # 35: BCP 47. Printable: PostgreSQL takes no NUL, and nothing takes half a surrogate pair.
    if locale is not None and not (1 <= len(locale) <= 35 and locale.isprintable()):
        raise InvalidRequest("A locale has 1 to 35 characters, as in en-GB.")


def find_row(connection: sa.Connection, tenant: str, profile_id: UUID, expected: int | None = None) -> Row:
    """Return the row of a profile with its wrapped key; ProfileNotFound, ProfileChanged."""
    query = select_profiles(tenant).where(profiles.c.id == profile_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise ProfileNotFound(NOT_FOUND)
    if expected is not None and row.revision != expected:
        raise ProfileChanged("This profile was changed meanwhile: read it again, then decide.")
    return row


def _change(connection: sa.Connection, tenant: str, profile_id: UUID, now: datetime, **new: Any) -> None:
    same = (profiles.c.tenant == tenant) & (profiles.c.id == profile_id)
    new |= {"updated": now, "revision": profiles.c.revision + 1}
    connection.execute(sa.update(profiles).where(same).values(**new))


def _read_again(connection: sa.Connection, store: Store, tenant: str, profile_id: UUID) -> Profile:
    return read_profiles(connection, store.vault, [find_row(connection, tenant, profile_id)])[0]


def _make_records(
    clips: Sequence[Floats],
    embeddings: Sequence[Embedding],
    now: datetime,
    enrolment_ids: Sequence[UUID] | None,
) -> tuple[EnrolmentRecord, ...]:
    ids = enrolment_ids or [uuid4() for _ in embeddings]
    return tuple(
        EnrolmentRecord(Enrolment(one, now, embedding.quality), embedding.vector, encode_clip(clip))
        for one, clip, embedding in zip(ids, clips, embeddings, strict=True)
    )


def _check_added(embeddings: Sequence[Embedding], *, model: str | None, before: int) -> None:
    if any(embedding.model != model for embedding in embeddings):
        raise ModelMismatch(
            f"This profile belongs to the model {model}, and a recording was embedded by another: "
            "re-embed the profile's kept recordings with the new model, or delete it and enrol again."
        )
    if before + len(embeddings) > MAX_ENROLMENTS:
        raise InvalidRequest(f"A profile holds at most {MAX_ENROLMENTS} recordings: add fewer.")
