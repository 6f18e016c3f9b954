"""REST v1.0, `/spid/v1.0`: identification by operations that are asked for later, and verification at once.

Operations are carried out before they are acknowledged, and their outcome is kept sealed for 24 hours: one
that was accepted is never lost, and no audio waits on a disk (contract, section 1).
"""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Security
from starlette.responses import JSONResponse, Response

from earmark.api.access import AZURE_KEY, Caller
from earmark.api.azure import convert, documents, wire
from earmark.api.azure.audio import read_audio
from earmark.api.azure.errors import message_of, respond_v1
from earmark.api.azure.limits import (
    V1_BODY_BYTES,
    V1_IDENTIFICATION,
    V1_MOST_CANDIDATES,
    V1_PASSPHRASE,
    V1_SHORT_CLIP,
    Scenario,
    find_locale,
    without_minimum,
)
from earmark.api.body import read_body
from earmark.api.door import Door, InDoor
from earmark.api.family import route_class, router_of
from earmark.api.links import origin
from earmark.errors import InvalidRequest, OperationNotFound, QualityRefused
from earmark.service import phrases, profiles, recognise
from earmark.service.actor import Actor
from earmark.service.answers import find_answer, keep_answer
from earmark.service.enrol import add_recordings
from earmark.storage.values import Profile
from earmark.voice.scoring.operating import Aim

BASE = "/spid/v1.0"
ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "Accepted: ask for the operation.",
        "headers": {"Operation-Location": {"schema": {"type": "string"}}},
    }
}


def make_router() -> APIRouter:
    """Return all routes of v1.0."""
    router = router_of(
        route_class(respond_v1),
        prefix=BASE,
        tags=["Azure v1.0"],
        responses=wire.REFUSALS,
        dependencies=[Security(AZURE_KEY)],
    )
    _add_profiles(router, V1_IDENTIFICATION, "identification", wire.IdentificationProfileV1)
    _add_profiles(router, V1_PASSPHRASE, "verification", wire.VerificationProfileV1)
    _add_enrolment(router)
    _add_identification(router)
    _add_operations(router)
    _add_verification(router)
    _add_phrases(router)
    return router


def identification_profile(profile: Profile) -> convert.Json:
    """Return a text-independent profile."""
    return _about(profile, "identificationProfileId") | {
        "enrollmentSpeechTime": convert.seconds(profile.speech_seconds),
        "remainingEnrollmentSpeechTime": convert.remaining_seconds(profile, V1_IDENTIFICATION),
    }


def verification_profile(profile: Profile) -> convert.Json:
    """Return a text-dependent profile."""
    return _about(profile, "verificationProfileId") | {
        "enrollmentsCount": len(profile.enrolments),
        "remainingEnrollmentsCount": convert.remaining_clips(profile, V1_PASSPHRASE),
    }


def _about(profile: Profile, id_name: str) -> convert.Json:
    return {
        id_name: str(profile.id),
        "locale": profile.locale or "en-US",
        "createdDateTime": convert.moment(profile.created),
        "lastActionDateTime": convert.moment(profile.updated),
        "enrollmentStatus": convert.status(profile),
    }


def _add_profiles(router: APIRouter, scenario: Scenario, mode: str, shape: type) -> None:
    base, id_name, kind = f"/{mode}Profiles", f"{mode}ProfileId", scenario.kind
    write = identification_profile if scenario.identifies else verification_profile
    made_shape = wire.IdentificationProfileIdV1 if scenario.identifies else wire.VerificationProfileIdV1
    name = f"azure_v1_{mode}"

    described = documents.locale_body(scenario)

    @router.post(base, response_model=made_shape, operation_id=f"{name}_create", openapi_extra=described)
    async def create(request: Request, door: InDoor, actor: Caller) -> Response:
        locale = await _read_locale(request, scenario)
        made = await door.pool.run(
            profiles.create_profile,
            actor,
            door.store,
            kind=kind,
            locale=locale,
            most=door.settings.max_profiles,
        )
        return JSONResponse({id_name: str(made.id)})

    @router.get(base, response_model=list[shape], operation_id=f"{name}_list")  # type: ignore[valid-type]
    async def show_all(door: InDoor, actor: Caller) -> Response:
        return JSONResponse([write(one) for one in await door.pool.run(_all, actor, door, scenario)])

    @router.get(f"{base}/{{profile_id}}", response_model=shape, operation_id=f"{name}_get")
    async def get(profile_id: str, door: InDoor, actor: Caller) -> Response:
        asked = convert.parse_profile_id(profile_id)
        return JSONResponse(
            write(await door.pool.run(profiles.show_profile, actor, door.store, asked, kind=kind))
        )

    @router.delete(f"{base}/{{profile_id}}", response_class=Response, operation_id=f"{name}_delete")
    async def delete(profile_id: str, door: InDoor, actor: Caller) -> Response:
        asked = convert.parse_profile_id(profile_id)
        await door.pool.run(profiles.delete_profile, actor, door.store, asked, kind=kind)
        return Response()

    @router.post(f"{base}/{{profile_id}}/reset", response_class=Response, operation_id=f"{name}_reset")
    async def reset(profile_id: str, door: InDoor, actor: Caller) -> Response:
        asked = convert.parse_profile_id(profile_id)
        await door.pool.run(profiles.reset_profile, actor, door.store, asked, kind=kind)
        return Response()


def _add_enrolment(router: APIRouter) -> None:
    scenario = V1_IDENTIFICATION

    @router.post(
        "/identificationProfiles/{profile_id}/enroll",
        status_code=202,
        response_class=Response,
        responses=ACCEPTED,
        operation_id="azure_v1_identification_enroll",
        openapi_extra=documents.audio_body(documents.V1_SHORT),
    )
    async def enroll(request: Request, profile_id: str, door: InDoor, actor: Caller) -> Response:
        asked = convert.parse_profile_id(profile_id)
        short = _is_short(request)
        policy = scenario.enrolment
        if short:
            policy = replace(policy, clip_seconds=V1_SHORT_CLIP)
        audio, _ = await read_audio(request, most=V1_BODY_BYTES, headerless=False)

        def work() -> convert.Json:
            done = add_recordings(
                actor,
                door.store,
                door.engine,
                asked,
                [audio],
                kind=scenario.kind,
                policy=policy,
                enough=short,
            )
            return {
                "enrollmentStatus": convert.status(done.profile),
                "enrollmentSpeechTime": convert.seconds(done.profile.speech_seconds),
                "remainingEnrollmentSpeechTime": convert.remaining_seconds(done.profile, scenario),
                "speechTime": convert.seconds(done.enrolments[-1].quality.speech_seconds),
            }

        return await _operate(request, door, actor, work)


def _add_identification(router: APIRouter) -> None:
    scenario = V1_IDENTIFICATION

    @router.post(
        "/identify",
        status_code=202,
        response_class=Response,
        responses=ACCEPTED,
        operation_id="azure_v1_identify",
        openapi_extra=documents.audio_body(documents.V1_IDS, documents.V1_SHORT),
    )
    async def identify(request: Request, door: InDoor, actor: Caller) -> Response:
        asked = request.query_params.get("identificationProfileIds")
        among = convert.parse_profile_ids(asked, most=V1_MOST_CANDIDATES)
        rules = without_minimum(scenario.recognition) if _is_short(request) else scenario.recognition
        audio, _ = await read_audio(request, most=V1_BODY_BYTES, headerless=False)

        def work() -> convert.Json:
            found = recognise.identify(
                actor,
                door.store,
                door.engine,
                audio,
                among=among,
                kind=scenario.kind,
                usual=Aim(fmr=door.settings.fmr),
                rules=rules,
                clip_seconds=scenario.clip_seconds,
            ).identification
            llr = found.candidates[0].llr
            return {
                "identifiedProfileId": found.best or convert.NOBODY,
                "confidence": convert.confidence(llr, found.operating_point.threshold),
            }

        return await _operate(request, door, actor, work)


def _add_operations(router: APIRouter) -> None:
    @router.get(
        "/operations/{operation_id}", response_model=wire.OperationV1, operation_id="azure_v1_operation"
    )
    async def show_operation(operation_id: str, door: InDoor, actor: Caller) -> Response:
        try:
            asked = UUID(operation_id)
        except ValueError:
            raise OperationNotFound("There is no such operation, or it is older than 24 hours.") from None
        answer = await door.pool.run(find_answer, actor, door.store, asked)
        if answer.fingerprint:  # of another request than an operation
            raise OperationNotFound("There is no such operation, or it is older than 24 hours.")
        when = convert.moment(answer.created)
        return JSONResponse(json.loads(answer.body) | {"createdDateTime": when, "lastActionDateTime": when})


def _add_verification(router: APIRouter) -> None:
    scenario = V1_PASSPHRASE

    @router.post(
        "/verificationProfiles/{profile_id}/enroll",
        response_model=wire.VerificationEnrollmentV1,
        operation_id="azure_v1_verification_enroll",
        openapi_extra=documents.audio_body(),
    )
    async def enroll(request: Request, profile_id: str, door: InDoor, actor: Caller) -> Response:
        asked = convert.parse_profile_id(profile_id)
        audio, _ = await read_audio(request, most=V1_BODY_BYTES, headerless=False)
        done = await door.pool.run(
            add_recordings,
            actor,
            door.store,
            door.engine,
            asked,
            [audio],
            kind=scenario.kind,
            policy=scenario.enrolment,
        )
        body = {
            "enrollmentStatus": convert.status(done.profile),
            "enrollmentsCount": len(done.profile.enrolments),
            "remainingEnrollments": convert.remaining_clips(done.profile, scenario),
            "phrase": done.profile.phrase or "",
        }
        return JSONResponse(body)

    @router.post(
        "/verify",
        response_model=wire.VerificationV1,
        operation_id="azure_v1_verify",
        openapi_extra=documents.audio_body(documents.V1_ID),
    )
    async def verify(request: Request, door: InDoor, actor: Caller) -> Response:
        asked = convert.parse_profile_ids(request.query_params.get("verificationProfileId"), most=1)[0]
        audio, _ = await read_audio(request, most=V1_BODY_BYTES, headerless=False)

        def work() -> convert.Json:
            parts = actor, door.store, door.engine
            rules, lengths, usual = scenario.recognition, scenario.clip_seconds, Aim(fmr=door.settings.fmr)
            common: dict[str, Any] = {"kind": scenario.kind, "usual": usual, "rules": rules}
            lock_out = door.settings.azure_lock_out
            verified = recognise.verify(
                *parts, asked, audio, clip_seconds=lengths, lock_out=lock_out, **common
            )
            heard = verified.words is not None and verified.words.accepted
            return {
                "result": "Accept" if verified.accepted else "Reject",
                "confidence": convert.confidence(convert.margin(verified), 0.0),
                "phrase": (verified.phrase or "") if heard else "",
            }

        return JSONResponse(await door.pool.run(work))


def _add_phrases(router: APIRouter) -> None:
    @router.get("/verificationPhrases", response_model=list[wire.PhraseV1], operation_id="azure_v1_phrases")
    async def show_phrases(door: InDoor, actor: Caller, locale: str = "en-us") -> Response:
        found = await door.pool.run(phrases.show_phrases, actor, door.store, locale)
        return JSONResponse([{"phrase": phrase} for phrase in found.passphrases])


async def _operate(request: Request, door: Door, actor: Actor, work: Any) -> Response:
    """Carry out an operation, keep its outcome, and say where it can be asked for."""
    operation_id = uuid4()

    def carry_out() -> None:
        try:
            outcome = {"status": "succeeded", "processingResult": work()}
        except QualityRefused as error:  # the recording was read, but what is in it will not do
            outcome = {"status": "failed", "message": message_of(error)}
        keep_answer(actor, door.store, operation_id, json.dumps(outcome).encode())

    await door.pool.run(carry_out)
    where = f"{origin(request)}{BASE}/operations/{operation_id}"
    return Response(status_code=202, headers={"Operation-Location": where})


async def _read_locale(request: Request, scenario: Scenario) -> str:
    """Return the locale of a body of JSON or of a form: the .NET and Java clients send the latter."""
    body = await read_body(request, most=10_000)
    try:
        asked = json.loads(body)["locale"]
    except (ValueError, KeyError, TypeError, RecursionError):
        asked = parse_qs(body.decode("utf-8", "replace")).get("locale", [""])[0]
    locale = find_locale(asked, scenario) if isinstance(asked, str) else None
    if locale is None:
        raise InvalidRequest("The locale is missing or not supported.")
    return locale


def _all(actor: Actor, door: Door, scenario: Scenario) -> list[Profile]:
    found: list[Profile] = []
    while True:
        after = found[-1].id if found else None
        page = profiles.list_profiles(actor, door.store, kind=scenario.kind, after=after)
        found += page
        if len(page) < profiles.MAX_LISTED:
            return found


def _is_short(request: Request) -> bool:
    return convert.parse_flag(request.query_params.get("shortAudio"), "shortAudio")
