"""REST v2.0 and 2021-09-05: three families of routes each (contract, sections 2 and 3)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Security
from pydantic import WithJsonSchema
from starlette.responses import JSONResponse, Response

from earmark.api.access import AZURE_KEY, Caller
from earmark.api.azure import convert, documents, wire
from earmark.api.azure.audio import read_audio
from earmark.api.azure.errors import respond
from earmark.api.azure.limits import (
    BODY_BYTES,
    MOST_CANDIDATES,
    RANKED,
    SCENARIOS,
    Scenario,
    find_locale,
    without_minimum,
)
from earmark.api.body import read_body
from earmark.api.cursor import parse_cursor, write_cursor
from earmark.api.door import Door, InDoor
from earmark.api.family import route_class, router_of
from earmark.api.links import origin
from earmark.errors import InvalidArgument, InvalidRequest
from earmark.service import phrases, profiles, recognise, tenants
from earmark.service.actor import Actor
from earmark.service.enrol import add_recordings
from earmark.storage.values import Profile
from earmark.voice.scoring.operating import Aim

VERSION = "2021-09-05"
REFUSED_OPTIONS = ("$skip", "$filter", "$orderBy", "$delta")


@dataclass(frozen=True)
class Generation:
    """What differs between the two versions."""

    name: str
    tag: str
    in_sec: bool  # the newer names of lengths, and the newer shapes
    base: Callable[[Scenario], str]
    verb: str  # what stands between a resource and what is done with it
    snr_db: float

    def adapt(self, scenario: Scenario) -> Scenario:
        """Return the scenario under this version's least signal-to-noise ratio."""
        least = self.snr_db if self.in_sec else max(self.snr_db, scenario.enrolment.each.snr_db)
        policy = replace(scenario.enrolment, each=replace(scenario.enrolment.each, snr_db=least))
        return replace(
            scenario, enrolment=policy, recognition=replace(scenario.recognition, snr_db=self.snr_db)
        )


V2 = Generation(
    "v2",
    "Azure v2.0",
    in_sec=False,
    base=lambda scenario: "/speaker/{}/v2.0/{}".format(*scenario.path.split("/")),
    verb="/",
    snr_db=0.0,
)
GA = Generation(
    "ga",
    "Azure 2021-09-05",
    in_sec=True,
    base=lambda scenario: f"/speaker-recognition/{scenario.path}",
    verb=":",
    snr_db=2.0,
)


def make_router(generation: Generation) -> APIRouter:
    """Return all routes of a version."""
    needed = [Security(AZURE_KEY), *([Depends(check_version)] if generation is GA else [])]
    router = router_of(
        route_class(respond),
        tags=[generation.tag],
        responses=wire.REFUSALS,
        dependencies=needed,
    )
    for plain in SCENARIOS:
        scenario = generation.adapt(plain)
        base = generation.base(scenario)
        routes = _Routes(generation, scenario)
        routes.add_profiles(router, base)
        routes.add_enrolment(router, base)
        if scenario.identifies:
            routes.add_identification(router, base)
        else:
            routes.add_verification(router, base)
        if scenario.dependent or generation.in_sec:
            routes.add_phrases(router, base)
    return router


async def check_version(
    version: Annotated[
        str | None, WithJsonSchema({"type": "string", "enum": [VERSION]}), Query(alias="api-version")
    ] = None,
) -> None:
    """Raise InvalidArgument unless the query asks for the one version that is spoken here."""
    if version != VERSION:
        raise InvalidArgument(f"The query parameter api-version must be {VERSION}.")


async def read_locale(request: Request, scenario: Scenario) -> str:
    """Return the locale that a body of JSON asks for; InvalidRequest, InvalidArgument for an unknown one."""
    try:
        asked = json.loads(await read_body(request, most=10_000))["locale"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InvalidRequest("The body must be JSON with a locale.") from None
    locale = find_locale(asked, scenario) if isinstance(asked, str) else None
    if locale is None:
        raise InvalidArgument("The locale is not supported.")
    return locale


@dataclass(frozen=True)
class _Routes:
    """The routes of one family in one version."""

    generation: Generation
    scenario: Scenario

    async def shown(self, door: Door, actor: Actor, *found: Profile) -> list[convert.Json]:
        """Return profiles; some may wait for an activation phrase, which only the newer version tells."""
        in_sec, activation = self.generation.in_sec, False
        if in_sec and not self.scenario.dependent and not all(profile.enrolments for profile in found):
            activation = (await door.pool.run(tenants.show_tenant, actor, door.store)).activation
        return [
            convert.profile_json(profile, self.scenario, in_sec=in_sec, activation=activation)
            for profile in found
        ]

    def name(self, operation: str) -> str:
        """Return the operation's id in the OpenAPI document."""
        return f"azure_{self.generation.name}_{self.scenario.kind.value.replace('-', '_')}_{operation}"

    def add_profiles(self, router: APIRouter, base: str) -> None:
        scenario, kind, in_sec = self.scenario, self.scenario.kind, self.generation.in_sec
        shape = wire.Profile if in_sec else wire.ProfileV2

        @router.post(
            f"{base}/profiles",
            status_code=201,
            response_model=shape,
            operation_id=self.name("create"),
            openapi_extra=documents.locale_body(scenario),
        )
        async def create(request: Request, door: InDoor, actor: Caller) -> Response:
            locale = await read_locale(request, scenario)
            most = door.settings.max_profiles
            made = await door.pool.run(
                profiles.create_profile, actor, door.store, kind=kind, locale=locale, most=most
            )
            return await self.answer(request, door, actor, made, base, status=201)

        @router.get(
            f"{base}/profiles",
            response_model=wire.Profiles if in_sec else wire.ProfilesV2,
            operation_id=self.name("list"),
            openapi_extra=documents.with_parameters(*(documents.PAGE if in_sec else documents.PAGE_V2)),
        )
        async def page(request: Request, door: InDoor, actor: Caller) -> Response:
            return await self.list_page(request, door, actor, base)

        @router.get(f"{base}/profiles/{{profile_id}}", response_model=shape, operation_id=self.name("get"))
        async def get(request: Request, profile_id: str, door: InDoor, actor: Caller) -> Response:
            asked = convert.parse_profile_id(profile_id)
            found = await door.pool.run(profiles.show_profile, actor, door.store, asked, kind=kind)
            return await self.answer(request, door, actor, found)

        @router.delete(
            f"{base}/profiles/{{profile_id}}",
            status_code=204,
            response_class=Response,
            operation_id=self.name("delete"),
        )
        async def delete(profile_id: str, door: InDoor, actor: Caller) -> Response:
            asked = convert.parse_profile_id(profile_id)
            await door.pool.run(profiles.delete_profile, actor, door.store, asked, kind=kind)
            return Response(status_code=204)

        @router.post(
            f"{base}/profiles/{{profile_id}}{self.generation.verb}reset",
            status_code=200 if in_sec else 204,
            response_class=JSONResponse if in_sec else Response,
            response_model=shape if in_sec else None,
            operation_id=self.name("reset"),
        )
        async def reset(request: Request, profile_id: str, door: InDoor, actor: Caller) -> Response:
            asked = convert.parse_profile_id(profile_id)
            emptied = await door.pool.run(profiles.reset_profile, actor, door.store, asked, kind=kind)
            if not in_sec:
                return Response(status_code=204)
            return await self.answer(request, door, actor, emptied, base)

    async def answer(
        self,
        request: Request,
        door: Door,
        actor: Actor,
        profile: Profile,
        base: str | None = None,
        *,
        status: int = 200,
    ) -> Response:
        """Answer with one profile, and say where it is where `base` says below what."""
        [body] = await self.shown(door, actor, profile)
        where = {} if base is None else {"Location": f"{origin(request)}{base}/profiles/{profile.id}"}
        return JSONResponse(body, status, where)

    async def list_page(self, request: Request, door: Door, actor: Actor, base: str) -> Response:
        """Answer one page in the order of the GUIDs, with a link to the next where there is more."""
        query, in_sec = request.query_params, self.generation.in_sec
        size_name = "maxpagesize" if in_sec else "$top"
        token_name = "token" if in_sec else "$continuationToken"
        if refused := next((name for name in REFUSED_OPTIONS if name in query and not in_sec), None):
            raise InvalidArgument(f"The query option {refused} is not supported.")
        size = convert.parse_size(query.get(size_name), size_name)
        after = parse_cursor(query.get(token_name))
        found = await door.pool.run(
            profiles.list_profiles, actor, door.store, kind=self.scenario.kind, limit=size + 1, after=after
        )
        link = None
        if len(found) > size:
            found = found[:size]
            again = {size_name: str(size), token_name: write_cursor(found[-1].id)}
            if in_sec:
                again["api-version"] = VERSION
            link = f"{origin(request)}{base}/profiles?{urlencode(again, safe='$')}"
        items = await self.shown(door, actor, *found)
        if in_sec:
            return JSONResponse({"value": items} | ({"nextLink": link} if link else {}))
        return JSONResponse({"profiles": items, "@nextLink": link})

    def add_enrolment(self, router: APIRouter, base: str) -> None:
        scenario, in_sec = self.scenario, self.generation.in_sec

        @router.post(
            f"{base}/profiles/{{profile_id}}/enrollments",
            status_code=201,
            response_model=wire.Enrollment if in_sec else wire.EnrollmentV2,
            operation_id=self.name("enroll"),
            openapi_extra=documents.audio_body(*([] if scenario.dependent else [documents.IGNORE_LENGTH])),
        )
        async def enroll(request: Request, profile_id: str, door: InDoor, actor: Caller) -> Response:
            asked = convert.parse_profile_id(profile_id)
            enough = _ignores_minimum(request, scenario)
            audio, raw = await read_audio(request, most=BODY_BYTES, headerless=True)
            done = await door.pool.run(
                add_recordings,
                actor,
                door.store,
                door.engine,
                asked,
                [audio],
                kind=scenario.kind,
                policy=scenario.enrolment,
                enough=enough,
                raw=raw,
            )
            return JSONResponse(convert.enrolment_json(done, scenario, in_sec=in_sec), 201)

    def add_verification(self, router: APIRouter, base: str) -> None:
        scenario = self.scenario

        @router.post(
            f"{base}/profiles/{{profile_id}}{self.generation.verb}verify",
            response_model=wire.Verification,
            operation_id=self.name("verify"),
            openapi_extra=documents.audio_body(*([] if scenario.dependent else [documents.IGNORE_LENGTH])),
        )
        async def verify(request: Request, profile_id: str, door: InDoor, actor: Caller) -> Response:
            asked = convert.parse_profile_id(profile_id)
            rules = self.rules(request)
            audio, raw = await read_audio(request, most=BODY_BYTES, headerless=True)
            verified = await door.pool.run(
                recognise.verify,
                actor,
                door.store,
                door.engine,
                asked,
                audio,
                kind=scenario.kind,
                usual=Aim(fmr=door.settings.fmr),
                rules=rules,
                clip_seconds=scenario.clip_seconds,
                lock_out=door.settings.azure_lock_out,
                raw=raw,
            )
            return JSONResponse(convert.verification_json(verified))

    def add_identification(self, router: APIRouter, base: str) -> None:
        scenario = self.scenario

        @router.post(
            f"{base}/profiles{self.generation.verb}identifySingleSpeaker",
            response_model=wire.Identification,
            operation_id=self.name("identify"),
            openapi_extra=documents.audio_body(documents.IDS, documents.IGNORE_LENGTH),
        )
        async def identify(request: Request, door: InDoor, actor: Caller) -> Response:
            among = convert.parse_profile_ids(request.query_params.get("profileIds"), most=MOST_CANDIDATES)
            rules = self.rules(request)
            audio, raw = await read_audio(request, most=BODY_BYTES, headerless=True)
            found = await door.pool.run(
                recognise.identify,
                actor,
                door.store,
                door.engine,
                audio,
                among=among,
                kind=scenario.kind,
                one_locale=True,
                usual=Aim(fmr=door.settings.fmr),
                top=RANKED,
                rules=rules,
                clip_seconds=scenario.clip_seconds,
                raw=raw,
            )
            return JSONResponse(convert.identification_json(found.identification))

    def add_phrases(self, router: APIRouter, base: str) -> None:
        dependent, in_sec = self.scenario.dependent, self.generation.in_sec
        name = "passPhrase" if dependent else "activationPhrase"

        @router.get(
            f"{base}/phrases/{{locale}}",
            response_model=wire.Phrases if in_sec else list[str],
            operation_id=self.name("phrases"),
        )
        async def show_phrases(locale: str, door: InDoor, actor: Caller) -> Response:
            try:
                known = await door.pool.run(phrases.show_phrases, actor, door.store, locale)
            except InvalidRequest:
                raise InvalidArgument("The locale is not supported.") from None
            found = known.passphrases if dependent else known.activation_phrases
            return JSONResponse({"value": [{name: phrase} for phrase in found]} if in_sec else list(found))

    def rules(self, request: Request) -> Any:
        """Return what a recording to recognise must keep."""
        least = self.scenario.recognition
        return without_minimum(least) if _ignores_minimum(request, self.scenario) else least


def _ignores_minimum(request: Request, scenario: Scenario) -> bool:
    """Whether no least amount of speech is wanted; for passphrases clients ask too, and get nothing."""
    asked = convert.parse_flag(request.query_params.get("ignoreMinLength"), "ignoreMinLength")
    return asked and not scenario.dependent
