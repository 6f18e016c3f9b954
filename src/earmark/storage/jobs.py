"""Jobs to rows and back: accepted, begun, ended once, forgotten; orders and outcomes are sealed."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from earmark.errors import JobNotFound, QueueFull
from earmark.storage.schema import jobs
from earmark.storage.store import Store
from earmark.storage.tenant_keys import read_tenant_key
from earmark.storage.values import Job, JobKind, JobState
from earmark.storage.vault import RecordKind

UNFINISHED = (JobState.CREATED.value, JobState.RUNNING.value)
RETRY_AFTER = 30.0  # seconds
NO_JOB = "There is no job of this identifier, or no longer: it may have been deleted, or be too old."


@dataclass(frozen=True)
class JobRow:
    """A job as those see it who look after the jobs of all tenants."""

    tenant: str
    id: UUID
    turn: int
    attempts: int
    updated: datetime


def insert_job(
    tenant: str,
    store: Store,
    job: Job,
    order: bytes,
    *,
    media_id: UUID | None,
    to_tell: bool,
    most: int,
    most_all: int,
    enqueue: Callable[[sa.Connection, int], None],
) -> int:
    """Store an accepted job; returns its turn in the queue.

    `enqueue` puts it there within the same transaction: an accepted job is in the queue, and no other.

    Turns are start-time fair queueing (Goyal, Vin and Cheng, 1996): a tenant's jobs take turns one after
    the other, beginning with the turn that the queue has come to, so that a newcomer's first job goes before
    the second of whoever sent a hundred. Raises QueueFull, TenantNotFound.
    """
    unfinished = jobs.c.state.in_(UNFINISHED)
    own = unfinished & (jobs.c.tenant == tenant)
    waiting = jobs.c.state == JobState.CREATED.value
    with store.writing() as connection:
        key = read_tenant_key(connection, store.vault, tenant)
        mine, last = connection.execute(sa.select(sa.func.count(), sa.func.max(jobs.c.turn)).where(own)).one()
        if mine >= most:
            raise QueueFull(
                f"{mine:,} jobs are unfinished, as many as may be: wait until some have ended.",
                retry_after=RETRY_AFTER,
            )
        if (connection.scalar(sa.select(sa.func.count()).where(unfinished)) or 0) >= most_all:
            raise QueueFull("As many jobs are waiting here as may: ask again later.", retry_after=RETRY_AFTER)
        first = connection.scalar(sa.select(sa.func.min(jobs.c.turn)).where(waiting))
        come_to = 0 if first is None else first - 1
        turn: int = max(come_to, last or 0) + 1
        connection.execute(
            sa.insert(jobs).values(
                tenant=tenant,
                id=job.id,
                kind=job.kind.value,
                door=job.door,
                state=job.state.value,
                progress=job.progress,
                created=job.created,
                updated=job.updated,
                turn=turn,
                attempts=0,
                to_tell=to_tell,
                media_id=media_id,
                order_sealed=key.seal(order, RecordKind.ORDER, job.id),
            )
        )
        enqueue(connection, turn)
    return turn


def find_job(tenant: str, store: Store, job_id: UUID) -> Job:
    """Return a job; JobNotFound."""
    with store.reading() as connection:
        row = connection.execute(sa.select(*_SHOWN).where(_same(tenant, job_id))).one_or_none()
    if row is None:
        raise JobNotFound(NO_JOB)
    return _to_job(row)


def read_order(tenant: str, store: Store, job_id: UUID) -> bytes | None:
    """Return what was asked; None once it has expired. Raises JobNotFound, SealBroken."""
    return _open(tenant, store, job_id, jobs.c.order_sealed, RecordKind.ORDER)


def read_outcome(tenant: str, store: Store, job_id: UUID) -> bytes | None:
    """Return what came of a job; None before it has ended and once it has expired. Raises as `read_order`."""
    return _open(tenant, store, job_id, jobs.c.outcome_sealed, RecordKind.OUTCOME)


def list_jobs(
    tenant: str,
    store: Store,
    *,
    states: Collection[JobState] | None,
    door: str | None,
    limit: int,
    after: UUID | None,
    skip: int,
) -> tuple[list[Job], int]:
    """Return jobs, newest first and only those older than `after`, and how many there are in all."""
    which = jobs.c.tenant == tenant
    if states is not None:
        which &= jobs.c.state.in_([state.value for state in states])
    if door is not None:
        which &= jobs.c.door == door
    query = sa.select(*_SHOWN).where(which)
    if after is not None:
        at = find_job(tenant, store, after).created
        query = query.where((jobs.c.created < at) | ((jobs.c.created == at) & (jobs.c.id < after)))
    query = query.order_by(jobs.c.created.desc(), jobs.c.id.desc()).limit(limit).offset(skip)
    with store.reading() as connection:
        total = connection.scalar(sa.select(sa.func.count()).select_from(jobs).where(which)) or 0
        return [_to_job(row) for row in connection.execute(query)], total


def begin_job(tenant: str, store: Store, job_id: UUID, *, now: datetime) -> int | None:
    """Mark a job as running, also one that was running when its process died.

    Returns how often it has been begun, with this time; None when it has ended, or is gone.
    """
    begun = {"state": JobState.RUNNING.value, "begun": sa.func.coalesce(jobs.c.begun, now), "updated": now}
    with store.writing() as connection:
        change = sa.update(jobs).where(_unfinished(tenant, job_id))
        if not connection.execute(change.values(attempts=jobs.c.attempts + 1, **begun)).rowcount:
            return None
        return connection.scalar(sa.select(jobs.c.attempts).where(_same(tenant, job_id)))


def put_off_job(tenant: str, store: Store, job_id: UUID, *, now: datetime) -> bool:
    """Mark a running job as waiting again: its process stops in good order, which counts as no attempt."""
    values = {"state": JobState.CREATED.value, "progress": 0.0, "updated": now}
    with store.writing() as connection:
        change = sa.update(jobs).where(_unfinished(tenant, job_id))
        return connection.execute(change.values(attempts=jobs.c.attempts - 1, **values)).rowcount > 0


def report_progress(tenant: str, store: Store, job_id: UUID, progress: float, *, now: datetime) -> bool:
    """Store how far a job is, 0 to 1; False when it has ended meanwhile, or is gone."""
    with store.writing() as connection:
        change = sa.update(jobs).where(_unfinished(tenant, job_id))
        return connection.execute(change.values(progress=progress, updated=now)).rowcount > 0


def end_job(
    tenant: str, store: Store, job_id: UUID, state: JobState, outcome: bytes | None, *, now: datetime
) -> bool:
    """Store the end of a job. Whoever is first decides; returns whether it was this call."""
    with store.writing() as connection:
        sealed = None
        if outcome is not None:
            key = read_tenant_key(connection, store.vault, tenant)
            sealed = key.seal(outcome, RecordKind.OUTCOME, job_id)
        change = sa.update(jobs).where(_unfinished(tenant, job_id))
        values: dict[str, Any] = {
            "state": state.value,
            "outcome_sealed": sealed,
            "updated": now,
            "ended": now,
        }
        if state is JobState.SUCCEEDED:
            values["progress"] = 1.0
        return connection.execute(change.values(**values)).rowcount > 0


def is_to_tell(tenant: str, store: Store, job_id: UUID) -> bool:
    """Say whether the job's end is still to be told to a webhook."""
    with store.reading() as connection:
        return bool(connection.scalar(sa.select(jobs.c.to_tell).where(_same(tenant, job_id))))


def mark_told(tenant: str, store: Store, job_id: UUID) -> None:
    """Remember that the job's end was told, or that nobody could be told."""
    with store.writing() as connection:
        connection.execute(sa.update(jobs).where(_same(tenant, job_id)).values(to_tell=False))


def delete_job(tenant: str, store: Store, job_id: UUID) -> None:
    """Remove a job; JobNotFound."""
    with store.writing() as connection:
        if not connection.execute(sa.delete(jobs).where(_same(tenant, job_id))).rowcount:
            raise JobNotFound(NO_JOB)


def list_unfinished(store: Store) -> list[JobRow]:
    """Return the jobs of all tenants that have not ended."""
    return _rows(store, jobs.c.state.in_(UNFINISHED))


def list_untold(store: Store) -> list[JobRow]:
    """Return the jobs of all tenants that have ended, and of whose end a webhook is still to be told."""
    return _rows(store, jobs.c.to_tell & jobs.c.ended.is_not(None))


def list_overdue(store: Store, begun_before: datetime) -> list[JobRow]:
    """Return the jobs of all tenants that have been running for too long."""
    return _rows(store, (jobs.c.state == JobState.RUNNING.value) & (jobs.c.begun < begun_before))


def expire_outputs(store: Store, ended_before: datetime) -> int:
    """Remove what was asked and what came of jobs that ended so long ago; returns of how many."""
    kept = jobs.c.order_sealed.is_not(None) | jobs.c.outcome_sealed.is_not(None)
    state = sa.case((jobs.c.state == JobState.SUCCEEDED.value, JobState.EXPIRED.value), else_=jobs.c.state)
    values = {"order_sealed": None, "outcome_sealed": None, "to_tell": False, "state": state}
    with store.writing() as connection:
        return connection.execute(
            sa.update(jobs).where(jobs.c.ended <= ended_before, kept).values(**values)
        ).rowcount


def delete_ended(store: Store, ended_before: datetime) -> int:
    """Remove the jobs of all tenants that ended so long ago; returns how many."""
    with store.writing() as connection:
        return connection.execute(sa.delete(jobs).where(jobs.c.ended <= ended_before)).rowcount


_SHOWN = (
    jobs.c.id,
    jobs.c.kind,
    jobs.c.door,
    jobs.c.state,
    jobs.c.progress,
    jobs.c.created,
    jobs.c.updated,
    jobs.c.ended,
)


def _same(tenant: str, job_id: UUID) -> sa.ColumnElement[bool]:
    return (jobs.c.tenant == tenant) & (jobs.c.id == job_id)


def _unfinished(tenant: str, job_id: UUID) -> sa.ColumnElement[bool]:
    return _same(tenant, job_id) & jobs.c.state.in_(UNFINISHED)


def _open(
    tenant: str, store: Store, job_id: UUID, column: sa.ColumnElement[bytes | None], kind: RecordKind
) -> bytes | None:
    with store.reading() as connection:
        row = connection.execute(sa.select(column.label("sealed")).where(_same(tenant, job_id))).one_or_none()
        if row is None:
            raise JobNotFound(NO_JOB)
        if row.sealed is None:
            return None
        return read_tenant_key(connection, store.vault, tenant).open(row.sealed, kind, job_id)


def _rows(store: Store, which: sa.ColumnElement[bool]) -> list[JobRow]:
    query = sa.select(jobs.c.tenant, jobs.c.id, jobs.c.turn, jobs.c.attempts, jobs.c.updated).where(which)
    with store.reading() as connection:
        return [JobRow(*row) for row in connection.execute(query.order_by(jobs.c.turn, jobs.c.created))]


def _to_job(row: Any) -> Job:
    return Job(
        id=row.id,
        kind=JobKind(row.kind),
        door=row.door,
        state=JobState(row.state),
        progress=row.progress,
        created=row.created,
        updated=row.updated,
        ended=row.ended,
    )
