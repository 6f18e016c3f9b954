"""/v1/diarize, /v1/identify, /v1/voiceprint and the jobs that they make (contract, sections 3 and 7)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from earmark.api.access import Caller
from earmark.api.body import read_body
from earmark.api.door import Door, InDoor
from earmark.api.holding import held_job
from earmark.api.pyannoteai import convert, wire
from earmark.api.pyannoteai.documents import json_body
from earmark.errors import JobNotFound
from earmark.service import jobs
from earmark.service.actor import Actor
from earmark.storage.labels import parse_guid
from earmark.storage.values import Job, JobKind, JobState

JSON_BYTES = 2 << 20  # 50 voiceprints of 20,000 characters, and more
PAGE = 10
HOLD_SECONDS = 15.0  # SDKs ask again only every 10 s; other clients give up after 30 (contract, section 2)
STATES = {
    "created": (JobState.CREATED,),
    "pending": (),  # nothing is between created and running here
    "running": (JobState.RUNNING,),
    "succeeded": (JobState.SUCCEEDED, JobState.EXPIRED),
    "failed": (JobState.FAILED,),
    "canceled": (JobState.CANCELED,),
}

Size = Annotated[int, Query(ge=1, le=100)]
Wanted = Annotated[wire.Status | None, Query(description="Only jobs of this status.")]


def add_to(router: APIRouter) -> None:
    """Register the routes; that of /v1/identify is apart, since the native API has one at its address."""
    router.add_api_route(
        "/v1/test",
        test,
        methods=["GET"],
        response_model=wire.TestAnswer,
        operation_id="pyannoteai_test",
        summary="Does the key work?",
    )
    for path, kind, model, summary in (
        ("/v1/diarize", JobKind.DIARIZE, wire.DiarizeAsked, "Who speaks when?"),
        ("/v1/voiceprint", JobKind.VOICEPRINT, wire.VoiceprintAsked, "Make a voiceprint of one person"),
    ):
        router.add_api_route(
            path,
            _submitter(kind),
            methods=["POST"],
            response_model=wire.JobCreated,
            operation_id=f"pyannoteai_{kind.value}",
            summary=summary,
            openapi_extra=json_body(model),
        )
    router.add_api_route(
        "/v1/jobs/{job_id}",
        show_job,
        methods=["GET"],
        response_model=wire.Job,
        operation_id="pyannoteai_job",
        summary="How far is a job, and what came of it?",
    )
    router.add_api_route(
        "/v2/jobs",
        list_jobs,
        methods=["GET"],
        response_model=wire.JobPage,
        operation_id="pyannoteai_jobs",
        summary="List jobs",
    )
    router.add_api_route(
        "/v1/jobs",
        list_jobs_by_place,
        methods=["GET"],
        response_model=wire.JobTotal,
        operation_id="pyannoteai_jobs_v1",
        summary="List jobs, as earlier clients do",
    )


def add_identify_to(router: APIRouter) -> None:
    """Register /v1/identify."""
    router.add_api_route(
        "/v1/identify",
        _submitter(JobKind.IDENTIFY),
        methods=["POST"],
        response_model=wire.JobCreated,
        operation_id="pyannoteai_identify",
        summary="Who speaks when, and who of these people is it?",
        openapi_extra=json_body(wire.IdentifyAsked),
    )


async def test(_actor: Caller) -> Response:
    """Tell that the key works."""
    return JSONResponse({"status": "OK", "message": "The key works."})


async def show_job(request: Request, job_id: str, door: InDoor, actor: Caller) -> Response:
    """Show a job. The answer waits up to 15 s for the job's end, less if `Prefer: wait=SECONDS` says so."""
    guid = parse_guid(job_id)
    if guid is None:
        raise JobNotFound(jobs.NO_JOB)
    job = await held_job(request, door, actor, guid, most=HOLD_SECONDS)
    return JSONResponse(await asyncio.to_thread(_tell, door, actor, job))


async def list_jobs(
    door: InDoor, actor: Caller, limit: Size = PAGE, cursor: UUID | None = None, status: Wanted = None
) -> Response:
    """List jobs, newest first, page by page."""
    found = await _list(door, actor, status, limit=limit, after=cursor)
    following = None if found.next is None else str(found.next)
    return JSONResponse({"items": [convert.to_listed(job) for job in found.items], "nextCursor": following})


async def list_jobs_by_place(
    door: InDoor,
    actor: Caller,
    take: Size = PAGE,
    skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[Size | None, Query(description="The same as take.")] = None,
    offset: Annotated[int | None, Query(ge=0, le=1_000_000, description="The same as skip.")] = None,
    status: Wanted = None,
) -> Response:
    """List jobs, newest first, so many from a place on."""
    found = await _list(door, actor, status, limit=limit or take, skip=skip if offset is None else offset)
    return JSONResponse({"items": [convert.to_listed(job) for job in found.items], "total": found.total})


def _submitter(kind: JobKind) -> Callable[[Request, InDoor, Caller], Awaitable[Response]]:
    async def submit(request: Request, door: InDoor, actor: Caller) -> Response:
        """Accept a job; it goes on when the client leaves, and across restarts."""
        body = await read_body(request, most=JSON_BYTES)
        return JSONResponse(await asyncio.to_thread(_submit, door, actor, kind, body))

    return submit


def _submit(door: Door, actor: Actor, kind: JobKind, body: bytes) -> convert.Json:
    entry = door.engine.entry
    order = convert.parse_order(body, kind, model=entry.id, dimension=entry.dimension)
    convert.check_addresses(order, fetching=door.jobs.rules.policy, calling=door.jobs.rules.webhook_policy)
    job = jobs.submit_job(actor, door.store, door.jobs, order, door=convert.DOOR)
    return convert.to_created(job, order)


def _tell(door: Door, actor: Actor, job: Job) -> convert.Json:
    if job.door != convert.DOOR:
        raise JobNotFound(jobs.NO_JOB)
    order = jobs.read_order(actor, door.store, job.id)
    return convert.to_job(job, order, jobs.read_outcome(actor, door.store, job.id))


async def _list(
    door: Door,
    actor: Actor,
    status: str | None,
    *,
    limit: int,
    after: UUID | None = None,
    skip: int = 0,
) -> jobs.JobPage:
    states = None if status is None else STATES[status]
    try:
        return await asyncio.to_thread(
            jobs.list_jobs,
            actor,
            door.store,
            states=states,
            door=convert.DOOR,
            limit=limit,
            after=after,
            skip=skip,
        )
    except JobNotFound:
        message = "There is no such job, or no longer: begin with the first page"
        wrong = {"type": "value_error", "loc": ("query", "cursor"), "msg": message}
        raise RequestValidationError([wrong]) from None
