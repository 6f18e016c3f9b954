"""An order to a job, and a job to how far it is and what came of it; who works on it stands elsewhere."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID, uuid4

from earmark.errors import InvalidRequest, JobNotFound
from earmark.service.actor import Actor, Permission, needs
from earmark.service.orders import Order, Outcome, check_order
from earmark.service.outgoing import Policy, check_address
from earmark.storage import jobs as rows
from earmark.storage.blobs import MediaStore
from earmark.storage.media import check_key, find_media, media_of_job, remove_unused
from earmark.storage.store import Store
from earmark.storage.values import Job, JobState

MEDIA = "media://"
MOST_LISTED = 100
NO_JOB = rows.NO_JOB
OPEN, SECURE = Policy(), Policy(plain_http=False)


@dataclass(frozen=True)
class JobRules:
    """What an operator allows of jobs."""

    policy: Policy = OPEN  # of addresses that recordings come from
    webhook_policy: Policy = SECURE
    most: int = 200  # unfinished, of one tenant
    most_all: int = 2_000  # unfinished, of all tenants


class Jobs(Protocol):
    """The queue that jobs wait in: `durable.DurableJobs`, or a stand-in that works at once."""

    @property
    def rules(self) -> JobRules:
        """What its operator allows."""

    @property
    def media(self) -> MediaStore:
        """Where recordings are kept."""

    def enqueue(self, tenant: str, job_id: UUID, *, turn: int, within: object = None) -> None:
        """Have a job worked on; `within` a transaction of the store, once that has ended well."""

    def tell(self, tenant: str, job_id: UUID) -> None:
        """Have a job's end told to whoever waits for it, in this process or behind a webhook."""

    async def wait(self, job_id: UUID, seconds: float) -> None:
        """Wait until a job ends in this process, and no longer than `seconds`."""


@dataclass(frozen=True)
class JobPage:
    """Some jobs of many."""

    items: tuple[Job, ...]  # newest first
    next: UUID | None  # `after` of the next page; None for the last
    total: int  # jobs in all, on whichever page


@needs(Permission.RECOGNISE)
def submit_job(
    actor: Actor,
    store: Store,
    jobs: Jobs,
    order: Order,
    *,
    door: str,
    media_id: UUID | None = None,
    job_id: UUID | None = None,
    now: datetime | None = None,
) -> Job:
    """Accept a job. Once this returns it will be finished, whatever happens to this process.

    `media_id` is a recording that was kept for this job, instead of the order's source. With a `job_id` that
    there is already, that job is returned. To remember strangers takes the permission to enrol.

    Raises InvalidRequest for the order, AddressRefused for where its recording is or its end is to be told,
    MediaNotFound, PermissionDenied, QueueFull.
    """
    check_order(order)
    if order.remember:
        _may_remember(actor)
    if media_id is not None:
        pass
    elif order.source.startswith(MEDIA):
        media_id, _ = find_media(actor.tenant, store, check_key(order.source.removeprefix(MEDIA)))
    else:
        check_address(order.source, jobs.rules.policy)
    if order.webhook is not None:
        check_address(order.webhook.url, jobs.rules.webhook_policy)
    at = now or datetime.now(UTC)
    if job_id is not None:
        with suppress(JobNotFound):
            return rows.find_job(actor.tenant, store, job_id)
    job = Job(job_id or uuid4(), order.kind, door, JobState.CREATED, 0.0, at, at, None)
    rows.insert_job(
        actor.tenant,
        store,
        job,
        order.to_bytes(),
        media_id=media_id,
        to_tell=order.webhook is not None,
        most=jobs.rules.most,
        most_all=jobs.rules.most_all,
        enqueue=lambda within, turn: jobs.enqueue(actor.tenant, job.id, turn=turn, within=within),
    )
    return job


@needs(Permission.RECOGNISE)
def find_job(actor: Actor, store: Store, job_id: UUID) -> Job:
    """Return a job; JobNotFound."""
    return rows.find_job(actor.tenant, store, job_id)


@needs(Permission.RECOGNISE)
def read_order(actor: Actor, store: Store, job_id: UUID) -> Order | None:
    """Return what was asked of a job; None once that has expired. Raises JobNotFound, SealBroken."""
    kept = rows.read_order(actor.tenant, store, job_id)
    return None if kept is None else Order.from_bytes(kept)


@needs(Permission.RECOGNISE)
def read_outcome(actor: Actor, store: Store, job_id: UUID) -> Outcome | None:
    """Return what came of a job, also of one that failed; None before its end and once it has expired.

    Raises JobNotFound, SealBroken.
    """
    kept = rows.read_outcome(actor.tenant, store, job_id)
    return None if kept is None else Outcome.from_bytes(kept)


@needs(Permission.RECOGNISE)
def list_jobs(
    actor: Actor,
    store: Store,
    *,
    states: Collection[JobState] | None = None,
    door: str | None = None,
    limit: int = 10,
    after: UUID | None = None,
    skip: int = 0,
) -> JobPage:
    """Return jobs, newest first; only those older than `after`, or without the first `skip`.

    Raises InvalidRequest for numbers that make no sense, JobNotFound when `after` is gone.
    """
    if not 1 <= limit <= MOST_LISTED or skip < 0:
        raise InvalidRequest(f"Ask for 1 to {MOST_LISTED} jobs, and skip none or more.")
    found, total = rows.list_jobs(
        actor.tenant, store, states=states, door=door, limit=limit + 1, after=after, skip=skip
    )
    items = tuple(found[:limit])
    return JobPage(items, items[-1].id if len(found) > limit else None, total)


@needs(Permission.RECOGNISE)
def cancel_job(actor: Actor, store: Store, jobs: Jobs, job_id: UUID, *, now: datetime | None = None) -> Job:
    """End a job that has not ended, running or not; one that has ended stays as it is. Raises JobNotFound."""
    rows.find_job(actor.tenant, store, job_id)
    outcome = Outcome(error="The job was canceled.", code="canceled")
    finish(actor.tenant, store, jobs, job_id, JobState.CANCELED, outcome, now=now)
    return rows.find_job(actor.tenant, store, job_id)


@needs(Permission.RECOGNISE)
def delete_job(actor: Actor, store: Store, jobs: Jobs, job_id: UUID) -> None:
    """Remove a job with all that belongs to it; one that is running stops. Raises JobNotFound."""
    media_id = media_of_job(actor.tenant, store, job_id)
    rows.delete_job(actor.tenant, store, job_id)
    if media_id is not None:
        remove_unused(actor.tenant, store, jobs.media, media_id)
    store.forget_deleted()
    jobs.tell(actor.tenant, job_id)


def finish(
    tenant: str,
    store: Store,
    jobs: Jobs,
    job_id: UUID,
    state: JobState,
    outcome: Outcome | None,
    *,
    now: datetime | None = None,
) -> bool:
    """End a job, remove the recording that was fetched for it, and have its end told.

    Whoever comes first decides how a job ends. Returns whether it was this call; whatever is cut short here
    is done by the next sweep.
    """
    kept = None if outcome is None else outcome.to_bytes()
    first = rows.end_job(tenant, store, job_id, state, kept, now=now or datetime.now(UTC))
    media_id = media_of_job(tenant, store, job_id)
    if media_id is not None:
        remove_unused(tenant, store, jobs.media, media_id)
    jobs.tell(tenant, job_id)
    return first


@needs(Permission.ENROL)
def _may_remember(actor: Actor) -> None:
    """Refuse at once, not when the job has listened for an hour."""
