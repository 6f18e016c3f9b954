"""What recognitions teach about a profile, to rows and back: a voice that moves, and how well it fits.

No recording is kept, and of a voice only the running mean. The enrolments stay as they were, so that what
was learned can be forgotten at any time.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from earmark.errors import ModelMismatch, SealBroken
from earmark.storage.profiles import find_row
from earmark.storage.rows import LITTLE_ENDIAN, Row
from earmark.storage.schema import drifts, learned, profiles
from earmark.storage.store import Store
from earmark.storage.tenant_keys import read_tenant_key
from earmark.storage.values import Drift, Learned
from earmark.storage.vault import DataKey, Place, RecordKind
from earmark.voice.features import Floats
from earmark.voice.quality import Quality
from earmark.voice.voiceprint import Embedding

MEASURES = ("speech_seconds", "total_seconds", "snr_db", "clipped", "bandwidth_hz", "level_dbfs")
LEAST_WEIGHT = 0.1  # of the newest recording: the voice of long ago fades
EARLY = 20  # recordings that the first mean of a drift is of
RECENT = 0.1  # weight of the newest one in the mean that fades


def find_learned(tenant: str, store: Store, profile_id: UUID) -> Learned | None:
    """Return what was learned about a profile; None when nothing was. ProfileNotFound, SealBroken."""
    with store.reading() as connection:
        return _read(connection, store, tenant, profile_id)


def learn(
    tenant: str, store: Store, profile_id: UUID, embedding: Embedding, *, now: datetime | None = None
) -> Learned:
    """Move the voice of a profile towards one recording's. ProfileNotFound, ModelMismatch, SealBroken."""
    when = now or datetime.now(UTC)
    with store.writing() as connection:
        row = find_row(connection, tenant, profile_id)
        if row.model != embedding.model:
            raise ModelMismatch("The profile was embedded anew meanwhile: nothing was learned.")
        key = read_tenant_key(connection, store.vault, tenant).unwrap(row.wrapped, profile_id)
        known = _read(connection, store, tenant, profile_id)
        moved = blend(known, embedding, when)
        same = _of_profile(learned, tenant, profile_id)
        connection.execute(sa.delete(learned).where(same))
        connection.execute(
            sa.insert(learned).values(
                tenant=tenant,
                profile_id=profile_id,
                recordings=moved.recordings,
                begun=moved.begun,
                updated=moved.updated,
                **{name: float(getattr(moved.embedding.quality, name)) for name in MEASURES},
                vector_sealed=_seal(moved.embedding.vector, tenant, profile_id, key),
            )
        )
        changed = {"revision": profiles.c.revision + 1, "updated": when}
        itself = (profiles.c.tenant == tenant) & (profiles.c.id == profile_id)
        connection.execute(sa.update(profiles).where(itself).values(**changed))
    return moved


def forget_learned(tenant: str, store: Store, profile_id: UUID) -> bool:
    """Go back to the voice that was enrolled, for good; False when nothing was learned. ProfileNotFound."""
    with store.writing() as connection:
        find_row(connection, tenant, profile_id)
        same = _of_profile(learned, tenant, profile_id)
        forgotten = connection.execute(sa.delete(learned).where(same)).rowcount > 0
        if forgotten:
            changed = {"revision": profiles.c.revision + 1, "updated": datetime.now(UTC)}
            itself = (profiles.c.tenant == tenant) & (profiles.c.id == profile_id)
            connection.execute(sa.update(profiles).where(itself).values(**changed))
    store.forget_deleted()
    return forgotten


def find_drift(tenant: str, store: Store, profile_id: UUID, *, basis: str) -> Drift | None:
    """Return how well accepted recordings fit a profile; None when none was noted under this `basis`."""
    with store.reading() as connection:
        return _read_drift(connection, tenant, profile_id, basis)


def note_fit(tenant: str, store: Store, profile_id: UUID, llr: float, *, basis: str) -> Drift:
    """Note how well an accepted recording fits; LLRs of another `basis` (calibration) begin anew."""
    now = datetime.now(UTC)
    with store.writing() as connection:
        find_row(connection, tenant, profile_id)
        before = _read_drift(connection, tenant, profile_id, basis) or Drift(0, 0.0, 0.0, 0.0, now)
        count = before.recordings + 1
        early, variance, recent = before.early_llr, before.early_variance, before.recent_llr
        if count <= EARLY:  # Welford's update
            early += (llr - early) / count
            variance += ((llr - before.early_llr) * (llr - early) - variance) / count
        recent += (llr - recent) * max(RECENT, 1.0 / count)
        after = Drift(count, early, variance, recent, now)
        same = _of_profile(drifts, tenant, profile_id)
        connection.execute(sa.delete(drifts).where(same))
        connection.execute(
            sa.insert(drifts).values(
                tenant=tenant,
                profile_id=profile_id,
                basis=basis,
                recordings=count,
                early_llr=early,
                early_variance=variance,
                recent_llr=recent,
                updated=now,
            )
        )
    return after


def blend(known: Learned | None, new: Embedding, when: datetime) -> Learned:
    """Return what is known after one more recording."""
    if known is None:
        return Learned(1, when, when, new)
    weight = max(LEAST_WEIGHT, 1.0 / (known.recordings + 1))
    old = known.embedding
    vector = (1.0 - weight) * old.vector + weight * new.vector
    vector /= max(float(np.linalg.norm(vector)), 1e-12)
    means = {
        name: (1.0 - weight) * getattr(old.quality, name) + weight * float(getattr(new.quality, name))
        for name in MEASURES
    }
    embedding = Embedding(vector.astype(np.float32), Quality(**means, several_voices=False), new.model)
    return Learned(known.recordings + 1, known.begun, when, embedding)


def _read(connection: sa.Connection, store: Store, tenant: str, profile_id: UUID) -> Learned | None:
    profile = find_row(connection, tenant, profile_id)
    row = connection.execute(sa.select(learned).where(_of_profile(learned, tenant, profile_id))).one_or_none()
    if row is None:
        return None
    key = read_tenant_key(connection, store.vault, tenant).unwrap(profile.wrapped, profile_id)
    vector = _open(row.vector_sealed, tenant, profile_id, key)
    return Learned(row.recordings, row.begun, row.updated, Embedding(vector, _quality(row), profile.model))


def _read_drift(connection: sa.Connection, tenant: str, profile_id: UUID, basis: str) -> Drift | None:
    query = sa.select(drifts).where(_of_profile(drifts, tenant, profile_id), drifts.c.basis == basis)
    row: Row | None = connection.execute(query).one_or_none()
    if row is None:
        return None
    return Drift(row.recordings, row.early_llr, row.early_variance, row.recent_llr, row.updated)


def _of_profile(table: sa.Table, tenant: str, profile_id: UUID) -> sa.ColumnElement[bool]:
    return (table.c.tenant == tenant) & (table.c.profile_id == profile_id)


def _place(tenant: str, profile_id: UUID) -> Place:
    return Place(tenant, profile_id, RecordKind.LEARNED, profile_id)


def _seal(vector: Floats, tenant: str, profile_id: UUID, key: DataKey) -> bytes:
    return key.seal(np.ascontiguousarray(vector, LITTLE_ENDIAN).tobytes(), _place(tenant, profile_id))


def learned_columns() -> list[sa.Label[Any]]:
    """Return the columns that `to_learned_embedding` reads, labelled so that they stand beside others."""
    return [learned.c[name].label(f"learned_{name}") for name in (*MEASURES, "vector_sealed")]


def to_learned_embedding(row: Row, key: DataKey) -> Embedding | None:
    """Return the learned voice of a row; None when it has none, or no `learned_columns`."""
    if getattr(row, "learned_vector_sealed", None) is None:
        return None
    vector = _open(row.learned_vector_sealed, row.tenant, row.profile_id, key)
    return Embedding(vector, _quality(row, "learned_"), row.model)


def _quality(row: Row, prefix: str = "") -> Quality:
    return Quality(**{name: getattr(row, prefix + name) for name in MEASURES}, several_voices=False)


def _open(sealed: bytes, tenant: str, profile_id: UUID, key: DataKey) -> Floats:
    plain = key.open(sealed, _place(tenant, profile_id))
    if not plain or len(plain) % LITTLE_ENDIAN.itemsize:
        raise SealBroken("A learned voice has an impossible length: restore a backup.")
    return np.frombuffer(plain, LITTLE_ENDIAN).astype(np.float32)
