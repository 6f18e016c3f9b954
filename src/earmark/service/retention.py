"""The time to what is no longer kept: outputs, jobs, recordings; and to what was left lying."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from earmark.service.challenges import KEPT as CHALLENGE_KEPT
from earmark.service.jobs import Jobs, finish
from earmark.service.orders import Outcome
from earmark.storage import challenges
from earmark.storage import jobs as rows
from earmark.storage import media as recordings
from earmark.storage.answers import delete_expired
from earmark.storage.blobs import MediaStore
from earmark.storage.store import Store
from earmark.storage.tenants import list_tenants
from earmark.storage.values import JobState

LEFT_LYING = timedelta(hours=6)  # after which an upload that was not completed is one no more
SETTLED = timedelta(minutes=1)  # in which what has just been begun is left alone
GRACE = timedelta(hours=1)  # beyond a job's time, until it is ended from outside


@dataclass(frozen=True)
class Retention:
    """How long things are kept; uploads have their own time, see `MediaRules`."""

    output: timedelta = timedelta(hours=24)  # what was asked and what came of it, after a job's end
    job: timedelta = timedelta(hours=168)  # the rest of it
    running: timedelta = timedelta(hours=24)  # a job may run so long


class Queue(Jobs, Protocol):
    """What is looked after besides the rows."""

    def waiting(self) -> set[str]:
        """Return the jobs that are in the queue or worked on, by identifier."""

    def forget_done(self, *, before: datetime) -> int:
        """Forget what was done in the queue; returns how much."""


@dataclass(frozen=True)
class Swept:
    """How much was removed, or mended."""

    outputs: int
    jobs: int
    recordings: int
    left_lying: int  # folders of pieces without a row
    queued_again: int
    stopped: int
    answers: int
    challenges: int
    done: int  # entries of the queue


def sweep(store: Store, media: MediaStore, queue: Queue, *, now: datetime, retention: Retention) -> Swept:
    """Remove what has been kept long enough at `now`, and mend what a crash left. Raises StoreError."""
    stopped = _stop_overdue(store, queue, now=now, retention=retention)
    again = _queue_again(store, queue, now=now)
    outputs = rows.expire_outputs(store, now - retention.output)
    jobs = rows.delete_ended(store, now - retention.job)
    removable = recordings.list_removable(store, now=now, left_before=now - LEFT_LYING)
    for tenant, media_id in removable:
        recordings.remove_media(tenant, store, media, media_id)
    swept = Swept(
        outputs=outputs,
        jobs=jobs,
        recordings=len(removable),
        left_lying=_remove_left_lying(store, media),
        queued_again=again,
        stopped=stopped,
        answers=delete_expired(store, now=now),
        challenges=challenges.delete_expired(store, before=now - CHALLENGE_KEPT),
        done=queue.forget_done(before=now - SETTLED),
    )
    if swept.outputs + swept.jobs + swept.recordings + swept.answers + swept.challenges + swept.done:
        store.forget_deleted()
    return swept


def _stop_overdue(store: Store, queue: Queue, *, now: datetime, retention: Retention) -> int:
    """End jobs that nobody ended in time, whatever became of their process."""
    late = rows.list_overdue(store, now - retention.running - GRACE)
    outcome = Outcome(
        error="The job took longer than a job may take: cut the recording.", code="job_timed_out"
    )
    for job in late:
        finish(job.tenant, store, queue, job.id, JobState.FAILED, outcome, now=now)
    return len(late)


def _queue_again(store: Store, queue: Queue, *, now: datetime) -> int:
    """Put what has not ended and is not in the queue back into it, and tell of ends that were not told."""
    unfinished = [job for job in rows.list_unfinished(store) if job.updated <= now - SETTLED]
    waiting = queue.waiting() if unfinished else set()
    lost = [job for job in unfinished if str(job.id) not in waiting]
    for job in lost:
        queue.enqueue(job.tenant, job.id, turn=job.turn)
    for job in rows.list_untold(store):
        queue.tell(job.tenant, job.id)
    return len(lost)


def _remove_left_lying(store: Store, media: MediaStore) -> int:
    """Remove pieces that belong to no recording, and to no tenant."""
    # Folders first: a recording has its row before its folder.
    found = [(tenant, name) for tenant in media.folders() for name in media.folders(tenant)]
    known = recordings.known_media(store)
    lying = [one for one in found if one not in known]
    for tenant, name in lying:
        media.remove(f"{tenant}/{name}")
    tenants = {tenant.id for tenant in list_tenants(store)}
    for tenant in set(media.folders()) - tenants:
        media.remove(tenant)
    return len(lying)
