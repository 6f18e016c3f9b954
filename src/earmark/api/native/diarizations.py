"""/v1/diarizations: recordings of several people, listened to by jobs, shown, listed, cancelled, deleted."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import ValidationError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request
from starlette.responses import Response

from earmark.api.access import Caller
from earmark.api.cursor import parse_cursor, write_cursor
from earmark.api.door import InDoor
from earmark.api.holding import held_job
from earmark.api.native import diarization_convert as convert
from earmark.api.native import wire
from earmark.api.native.documents import IDEMPOTENCY_KEY, diarization_body
from earmark.api.native.once import Answer, once
from earmark.api.native.requests import problem_of, read_json
from earmark.errors import AudioNotRecognised, InvalidArgument, InvalidRequest, JobNotFound
from earmark.service import jobs
from earmark.service.orders import Order, Outcome
from earmark.service.uploads import keep_for_job, remove_unsubmitted
from earmark.storage.values import Job, JobState
from earmark.voice.diarization.rttm import to_rttm
from earmark.voice.diarization.srt import to_srt
from earmark.voice.diarization.timeline import to_svg
from earmark.voice.diarization.turns import Turn

PATH = "/v1/diarizations"
DOOR = "native"
PAGE = 20
MOST_WAIT = 20.0
JSON, FORMS = b"application/json", (b"multipart/form-data", b"application/x-www-form-urlencoded")
Wait = Annotated[
    float, Query(ge=0, le=MOST_WAIT, description="Seconds that the answer may wait for the job's end.")
]
FORMATS = {
    "rttm": "text/plain; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "svg": "image/svg+xml",
}


def add_to(router: APIRouter) -> None:
    """Register the routes."""
    router.add_api_route(
        "/diarizations",
        create_diarization,
        methods=["POST"],
        status_code=202,
        response_model=wire.Diarization,
        summary="Who speaks when in a recording, and who are they? A job finds out",
        openapi_extra=diarization_body(IDEMPOTENCY_KEY),
    )
    router.add_api_route(
        "/diarizations", list_diarizations, methods=["GET"], summary="List diarizations, newest first"
    )
    router.add_api_route(
        "/diarizations/{diarization_id}",
        show_diarization,
        methods=["GET"],
        summary="How far is it, and what came of it?",
    )
    router.add_api_route(
        "/diarizations/{diarization_id}/turns",
        show_turns,
        methods=["GET"],
        response_class=Response,
        responses={200: {"content": {kind: {"schema": {"type": "string"}} for kind in FORMATS.values()}}},
        summary="Its turns for other programs: RTTM, SRT, or a picture",
    )
    router.add_api_route(
        "/diarizations/{diarization_id}/cancel",
        cancel_diarization,
        methods=["POST"],
        summary="End it, running or not; one that has ended stays as it is",
    )
    router.add_api_route(
        "/diarizations/{diarization_id}",
        delete_diarization,
        methods=["DELETE"],
        status_code=204,
        response_class=Response,
        summary="Delete it for good with all that belongs to it; one that is running stops",
    )


async def create_diarization(request: Request, door: InDoor, actor: Caller) -> Response:
    """Accept a job. It goes on when the client leaves, and across restarts.

    JSON names the recording's address; any other body is the recording itself, and what is asked of it stands
    in the query. It is kept, sealed, until the job has ended.
    """
    kind, _ = parse_options_header(request.headers.get("content-type"))
    if kind == JSON:
        asked = await read_json(request, wire.NewDiarization)
        order = convert.to_order(asked)
        return await once(
            request, door, actor, [asked.model_dump_json().encode()], _submitter(door, actor, order, None)
        )
    if kind in FORMS:
        raise AudioNotRecognised("The body is no recording: send it as audio/wav, say, and not as a form.")
    order = convert.to_order(_read_options(request))
    keep = partial(keep_for_job, actor, door.store, door.jobs, rules=door.media_rules)
    kept = await door.uploads.take(request, keep)
    try:
        return await once(request, door, actor, [kept.digest], _submitter(door, actor, order, kept.media_id))
    finally:
        # Answered as before, or refused: then nobody needs it.
        await asyncio.to_thread(remove_unsubmitted, actor, door.store, door.jobs, kept.media_id)


async def list_diarizations(
    door: InDoor,
    actor: Caller,
    limit: Annotated[int, Query(ge=1, le=jobs.MOST_LISTED)] = PAGE,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
    state: wire.JobState | None = None,
) -> wire.DiarizationPage:
    """List diarizations without what came of them."""
    list_page = partial(jobs.list_jobs, actor, door.store, door=DOOR, limit=limit)
    try:
        page = await asyncio.to_thread(
            list_page, states=None if state is None else [JobState(state)], after=parse_cursor(cursor)
        )
    except JobNotFound:
        raise InvalidArgument("The cursor's diarization is gone: begin with the first page.") from None
    following = None if page.next is None else write_cursor(page.next)
    return wire.DiarizationPage(items=[convert.to_listed(one) for one in page.items], next_cursor=following)


async def show_diarization(
    request: Request, diarization_id: UUID, door: InDoor, actor: Caller, wait: Wait = 0.0
) -> wire.Diarization:
    """Show a diarization, at once or as soon as it has ended."""
    job = await held_job(request, door, actor, diarization_id, most=wait)
    return await asyncio.to_thread(_tell, door, actor, job)


async def show_turns(
    diarization_id: UUID,
    door: InDoor,
    actor: Caller,
    format: Annotated[Literal["rttm", "srt", "svg"], Query()] = "rttm",
    exclusive: Annotated[bool, Query(description="Never two at once.")] = False,
) -> Response:
    """Write the turns, under the names of those who are known, as others read them."""
    outcome = await asyncio.to_thread(_find_turns, door, actor, diarization_id)
    names = convert.names_of(outcome)
    turns = [
        Turn(turn.start, turn.end, names[turn.speaker], turn.confidence)
        for turn in (outcome.exclusive if exclusive else outcome.turns)
    ]
    title = str(diarization_id)
    write: dict[str, Callable[[], str]] = {
        "rttm": lambda: to_rttm(turns, recording=title),
        "srt": lambda: to_srt(turns),
        "svg": lambda: to_svg(turns, seconds=outcome.seconds, title=title),
    }
    return Response(write[format](), media_type=FORMATS[format])


async def cancel_diarization(diarization_id: UUID, door: InDoor, actor: Caller) -> wire.Diarization:
    """End a diarization that has not ended."""
    await asyncio.to_thread(jobs.cancel_job, actor, door.store, door.jobs, diarization_id)
    job = await asyncio.to_thread(jobs.find_job, actor, door.store, diarization_id)
    return await asyncio.to_thread(_tell, door, actor, job)


async def delete_diarization(diarization_id: UUID, door: InDoor, actor: Caller) -> Response:
    """Delete a diarization. There is no way back."""
    await asyncio.to_thread(jobs.delete_job, actor, door.store, door.jobs, diarization_id)
    return Response(status_code=204)


def _submitter(
    door: InDoor, actor: Caller, order: Order, media_id: UUID | None
) -> Callable[[UUID | None], Awaitable[Answer]]:
    """Return what submits an order once: the job's identifier follows from the request's key, if any."""

    async def work(answer_id: UUID | None) -> Answer:
        job = await asyncio.to_thread(
            jobs.submit_job,
            actor,
            door.store,
            door.jobs,
            order,
            door=DOOR,
            media_id=media_id,
            job_id=answer_id,
        )
        return Answer(202, convert.to_diarization(job, None), {"Location": f"{PATH}/{job.id}"})

    return work


def _tell(door: InDoor, actor: Caller, job: Job) -> wire.Diarization:
    ended_with = job.state in (JobState.SUCCEEDED, JobState.FAILED)
    outcome = jobs.read_outcome(actor, door.store, job.id) if ended_with else None
    return convert.to_diarization(job, outcome)


def _find_turns(door: InDoor, actor: Caller, job_id: UUID) -> Outcome:
    job = jobs.find_job(actor, door.store, job_id)
    outcome = jobs.read_outcome(actor, door.store, job_id) if job.state is JobState.SUCCEEDED else None
    if outcome is None:
        raise InvalidRequest(f"There are no turns: the diarization is {job.state.value}.")
    return outcome


def _read_options(request: Request) -> wire.DiarizationOptions:
    """Return what the query asks; InvalidRequest."""
    known = wire.DiarizationOptions.model_fields
    asked: dict[str, Any] = {name: text for name, text in request.query_params.items() if name in known}
    if "who" in asked:
        asked["who"] = request.query_params.getlist("who")
    try:
        return wire.DiarizationOptions.model_validate(asked)
    except ValidationError as error:
        raise problem_of(error) from None
