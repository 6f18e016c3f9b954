"""A request for a job to an answer that waits for the job's end, so that nobody asks again and again."""

import asyncio
import re
import time
from uuid import UUID

from starlette.requests import Request

from earmark.api.door import Door
from earmark.service import jobs
from earmark.service.actor import Actor
from earmark.storage.values import Job

ASK_SECONDS = 0.25  # a job that another process works on is looked at so often at first, then less and less
ASK_LONGEST = 1.0
PREFER = re.compile(r"\bwait=(\d{1,6})\b")


async def held_job(request: Request, door: Door, actor: Actor, job_id: UUID, *, most: float) -> Job:
    """Return a job as soon as it has ended, and at the latest after `most` seconds, as it is then.

    Sooner also when the service stops. A client that will not wait so long says `Prefer: wait=SECONDS` (RFC
    7240). Raises JobNotFound, also when the job is deleted meanwhile.
    """
    asked = PREFER.search(request.headers.get("prefer", ""))
    until = time.monotonic() + (min(most, float(asked[1])) if asked else most)
    pause = ASK_SECONDS
    while True:
        job = await asyncio.to_thread(jobs.find_job, actor, door.store, job_id)
        left = until - time.monotonic()
        if job.state.ended or left <= 0 or door.stopping.is_set():
            return job
        if await request.is_disconnected():
            return job
        await door.jobs.wait(job_id, min(pause, left))
        pause = min(ASK_LONGEST, pause * 1.25)
