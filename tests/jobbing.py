"""A queue of jobs in this process, for tests: opened on a store, and waited for."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from earmark.service.actor import Actor
from earmark.service.job_queue import JobQueue, Work
from earmark.service.jobs import JobRules, find_job
from earmark.service.looking_after import SWEEP, Timetable
from earmark.service.outgoing import Outgoing, Policy
from earmark.service.webhooks import Message
from earmark.storage.blobs import open_media
from earmark.storage.executors import claim
from earmark.storage.store import Store
from earmark.storage.values import Job
from earmark.telemetry.faults import describe_fault
from earmark.voice.engine import Engine

ANYWHERE = JobRules(policy=Policy(Outgoing.ANY), webhook_policy=Policy(Outgoing.ANY))
QUICK = Work(rules=ANYWHERE, timetable=Timetable(beat=0.3, silent=2.0, sweep=3_600.0), waits=(0.0, 0.1))
PATIENCE = 120.0  # seconds: proves only that nothing hangs


@contextmanager
def open_queue(store: Store, engine: Engine, how: Work = QUICK, **changes: Any) -> Iterator[JobQueue]:
    """A queue that is worked on here, with `changes` to how."""

    def write(job: Job, *_: object) -> Message:
        return Message({"Content-Type": "text/plain"}, str(job.id).encode())

    now = datetime.now(UTC)
    claim(store, SWEEP, since=now, now=now)  # a test sweeps when it wants to
    queue = JobQueue(
        store,
        engine,
        open_media(None, store.home),
        replace(how, **changes),
        writers={"native": write, "pyannoteai": write},
        describe=describe_fault,
    )
    try:
        yield queue
    finally:
        queue.close()


def ended(actor: Actor, store: Store, job_id: UUID) -> Job:
    """The job once it has ended."""
    end = time.monotonic() + PATIENCE
    while not (job := find_job(actor, store, job_id)).state.ended:
        assert time.monotonic() < end, f"the job is still {job.state} after {PATIENCE:.0f} s"
        time.sleep(0.02)
    return job
