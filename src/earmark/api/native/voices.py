"""Recordings to enrolments, verifications, identifications and inspections."""

from functools import partial
from typing import Annotated
from uuid import UUID, uuid5

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from earmark.api.access import Caller
from earmark.api.door import InDoor
from earmark.api.native import convert, wire
from earmark.api.native.documents import IDEMPOTENCY_KEY, IF_MATCH, audio_body
from earmark.api.native.once import Answer, once
from earmark.api.native.requests import (
    Fmr,
    etag,
    expected_revision,
    one_recording,
    read_recordings,
)
from earmark.api.native.rules_wire import SearchUse
from earmark.errors import InvalidArgument, InvalidRequest
from earmark.service import recognise
from earmark.service.enrol import add_recordings
from earmark.service.inspect import inspect_recording
from earmark.storage.labels import parse_guid
from earmark.storage.values import ProfileKind, Use
from earmark.voice.scoring.operating import Aim

MOST_NAMED = 1_000
NAMED = {"type": "array", "items": {"type": "string", "format": "uuid"}, "maxItems": MOST_NAMED}


def add_to(router: APIRouter) -> None:
    """Register the routes."""
    router.add_api_route(
        "/profiles/{profile_id}/enrolments",
        enrol,
        methods=["POST"],
        status_code=201,
        response_model=wire.Enrolled,
        summary="Add recordings to a profile, all or none",
        openapi_extra=audio_body(IF_MATCH, IDEMPOTENCY_KEY, several=True),
    )
    router.add_api_route(
        "/profiles/{profile_id}/verify",
        verify,
        methods=["POST"],
        summary="Is it really them?",
        openapi_extra=audio_body(),
    )
    router.add_api_route(
        "/identify",
        identify,
        methods=["POST"],
        summary="Who is speaking, of all enrolled or of some?",
        openapi_extra=audio_body(profile=NAMED),
    )
    router.add_api_route(
        "/inspect",
        inspect,
        methods=["POST"],
        summary="Is the recording good enough? Nothing is stored",
        openapi_extra=audio_body(),
    )


async def enrol(
    request: Request,
    profile_id: UUID,
    door: InDoor,
    actor: Caller,
    force: Annotated[bool, Query(description="Take recordings that sound like another person's.")] = False,
) -> Response:
    """Add one recording, or several as a form's parts named `audio`; the answer says what is still missing.

    The profile is enrolled once it holds 4 s of speech. Recordings are kept, sealed, unless the tenant
    keeps none.
    """
    expected = expected_revision(request)
    recordings = await read_recordings(request, door)

    async def work(answer_id: UUID | None) -> Answer:
        ids = None
        if answer_id is not None:
            ids = [uuid5(answer_id, str(number)) for number in range(len(recordings.audios))]
        add = partial(
            add_recordings,
            actor,
            door.store,
            door.engine,
            profile_id,
            recordings.audios,
            expected=expected,
            enrolment_ids=ids,
            raw=recordings.raw,
            force=force,
        )
        done = await door.pool.run(add)
        return Answer(201, convert.to_enrolled(done), etag(done.profile))

    return await once(request, door, actor, recordings.content(), work)


async def verify(
    request: Request,
    profile_id: UUID,
    door: InDoor,
    actor: Caller,
    challenge: Annotated[
        UUID | None, Query(description="What the recording answers, from `POST /v1/challenges`.")
    ] = None,
    fmr: Fmr = None,
) -> wire.Verification:
    """Compare a recording with one profile. The recording is not stored.

    It has to say the passphrase of a text-dependent profile, or the words of a challenge, which can be
    answered once. After five such attempts that failed in a row the profile is locked, for longer each time.
    """
    recordings = await read_recordings(request, door)
    verified = await door.pool.run(
        recognise.verify,
        actor,
        door.store,
        door.engine,
        profile_id,
        one_recording(recordings),
        aim=None if fmr is None else Aim(fmr=fmr),
        usual=Aim(fmr=door.settings.fmr),
        challenge=challenge,
        raw=recordings.raw,
    )
    return convert.to_verification(verified)


async def identify(
    request: Request,
    door: InDoor,
    actor: Caller,
    profile: Annotated[
        list[str] | None,
        Query(max_length=MOST_NAMED, description="Whom to compare with, again and again; all if not given."),
    ] = None,
    kind: Annotated[wire.Kind | None, Query(description="Only profiles of this kind may be named.")] = None,
    top: Annotated[int, Query(ge=1, le=recognise.MAX_TOP, description="How many candidates.")] = 5,
    use: Annotated[
        SearchUse, Query(description="By which of the tenant's rules it is decided.")
    ] = "identify",
    fpir: Annotated[
        float | None,
        Query(gt=0, lt=0.5, description="Share of strangers taken for somebody, however many are compared."),
    ] = None,
    fmr: Annotated[
        float | None,
        Query(gt=0, lt=0.5, description="False-match rate of each comparison, instead of `fpir`."),
    ] = None,
) -> wire.Identification:
    """Compare a recording with all enrolled profiles, or with those named in the query or the form.

    The threshold rises with their number, so that strangers are found as often as the rule says, unless `fmr`
    sets it for each comparison. The recording is not stored.
    """
    recordings = await read_recordings(request, door)
    found = await door.pool.run(
        recognise.identify,
        actor,
        door.store,
        door.engine,
        one_recording(recordings),
        among=_named([*(profile or ()), *recordings.fields.get("profile", ())]),
        kind=None if kind is None else ProfileKind(kind),
        use=Use(use),
        aim=None if fmr is None and fpir is None else Aim(fmr=fmr, fpir=fpir),
        usual=Aim(fpir=door.settings.fpir) if use == "identify" else None,
        top=top,
        raw=recordings.raw,
    )
    return convert.to_identification(found)


async def inspect(request: Request, door: InDoor, actor: Caller) -> wire.Inspection:
    """Measure a recording, and say whether it would be taken to enrol by itself and to be recognised."""
    recordings = await read_recordings(request, door)
    found = await door.pool.run(
        inspect_recording, actor, door.engine, one_recording(recordings), raw=recordings.raw
    )
    return convert.to_inspection(found)


def _named(texts: list[str]) -> list[UUID] | None:
    """Return the profiles to compare with; commas may part them too. None for all."""
    if not texts:
        return None
    items = [item.strip() for text in texts for item in text.split(",") if item.strip()]
    found = [parse_guid(item) for item in items]
    named = [one for one in found if one is not None]
    if not items or len(named) < len(found):
        raise InvalidArgument("A profile to compare with is no identifier: give GUIDs, or none for all.")
    if len(named) > MOST_NAMED:
        raise InvalidRequest(f"At most {MOST_NAMED:,} profiles can be named: name fewer, or none for all.")
    return named
