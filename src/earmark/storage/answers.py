"""Answers to sealed rows and back: what a request was answered, for whoever asks again in time."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from earmark.errors import OperationNotFound
from earmark.storage.schema import answers
from earmark.storage.store import Store
from earmark.storage.tenant_keys import read_tenant_key
from earmark.storage.values import Answer
from earmark.storage.vault import RecordKind


def keep_answer(
    tenant: str, store: Store, answer_id: UUID, body: bytes, *, fingerprint: bytes, lifetime: timedelta
) -> Answer:
    """Store an answer for `lifetime`, in place of one of the same identifier; those that expired go."""
    now = datetime.now(UTC)
    answer = Answer(answer_id, now, now + lifetime, fingerprint, body)
    same = (answers.c.tenant == tenant) & (answers.c.id == answer_id)
    with store.writing() as connection:
        key = read_tenant_key(connection, store.vault, tenant)
        connection.execute(sa.delete(answers).where(same | (answers.c.expires < now)))
        connection.execute(
            sa.insert(answers).values(
                tenant=tenant,
                id=answer_id,
                fingerprint=fingerprint,
                created=now,
                expires=answer.expires,
                body_sealed=key.seal(body, RecordKind.ANSWER, answer_id),
            )
        )
    return answer


def find_answer(tenant: str, store: Store, answer_id: UUID) -> Answer:
    """Return a kept answer; OperationNotFound when there is none, or it has expired."""
    query = sa.select(answers).where(answers.c.tenant == tenant, answers.c.id == answer_id)
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
        if row is None or row.expires < datetime.now(UTC):
            raise OperationNotFound("Nothing is kept under this identifier, or no longer: send it again.")
        key = read_tenant_key(connection, store.vault, tenant)
        body = key.open(row.body_sealed, RecordKind.ANSWER, answer_id)
    return Answer(row.id, row.created, row.expires, row.fingerprint, body)


def delete_expired(store: Store, *, now: datetime) -> int:
    """Remove the answers of all tenants that have expired; returns how many."""
    with store.writing() as connection:
        return connection.execute(sa.delete(answers).where(answers.c.expires < now)).rowcount
