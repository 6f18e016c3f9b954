"""/v1/profiles: people, made, listed, changed, emptied and deleted."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from earmark.api.access import Caller
from earmark.api.cursor import parse_cursor, write_cursor
from earmark.api.door import InDoor
from earmark.api.native import convert, wire
from earmark.api.native.documents import IDEMPOTENCY_KEY, IF_MATCH, json_body
from earmark.api.native.once import Answer, once
from earmark.api.native.requests import etag, expected_revision, read_json
from earmark.errors import ProfileNotFound, ProfileTaken
from earmark.service import profiles
from earmark.storage.values import Profile, ProfileKind

PAGE = 100


def add_to(router: APIRouter) -> None:
    """Register the routes."""
    router.add_api_route(
        "/profiles",
        create_profile,
        methods=["POST"],
        status_code=201,
        response_model=wire.Profile,
        summary="Make a profile, to be enrolled recording by recording",
        openapi_extra=json_body(wire.NewProfile, IDEMPOTENCY_KEY),
    )
    router.add_api_route(
        "/profiles", list_profiles, methods=["GET"], summary="List profiles, or find one by its label"
    )
    router.add_api_route(
        "/profiles/{profile_id}",
        show_profile,
        methods=["GET"],
        response_model=wire.Profile,
        summary="Show a profile",
        responses={304: {"description": "It is as If-None-Match says."}},
    )
    router.add_api_route(
        "/profiles/{profile_id}",
        change_profile,
        methods=["PATCH"],
        response_model=wire.Profile,
        summary="Change a profile's label or locale",
        openapi_extra=json_body(wire.ProfileChange, IF_MATCH),
    )
    router.add_api_route(
        "/profiles/{profile_id}",
        delete_profile,
        methods=["DELETE"],
        status_code=204,
        response_class=Response,
        summary="Delete a profile for good, with its recordings and its key",
        openapi_extra={"parameters": [IF_MATCH]},
    )
    router.add_api_route(
        "/profiles/{profile_id}/reset",
        reset_profile,
        methods=["POST"],
        response_model=wire.Profile,
        summary="Erase a profile's enrolments for good and keep its identifier",
        openapi_extra={"parameters": [IF_MATCH, IDEMPOTENCY_KEY]},
    )


async def create_profile(request: Request, door: InDoor, actor: Caller) -> Response:
    """Make a profile without enrolments. Add recordings until nothing is missing."""
    asked = await read_json(request, wire.NewProfile)

    async def work(answer_id: UUID | None) -> Answer:
        make = partial(
            profiles.create_profile,
            actor,
            door.store,
            label=asked.label,
            kind=ProfileKind(asked.kind),
            locale=asked.locale,
            phrase=asked.phrase,
            profile_id=asked.id or answer_id,
            most=door.settings.max_profiles,
        )
        try:
            made = await door.pool.run(make)
        except ProfileTaken:
            if answer_id is None or asked.id is not None:
                raise
            # Made already by this very request, whose answer was lost.
            made = await door.pool.run(profiles.show_profile, actor, door.store, answer_id)
        return _answer(made, status=201, location=True)

    return await once(request, door, actor, [asked.model_dump_json().encode()], work)


async def list_profiles(
    door: InDoor,
    actor: Caller,
    limit: Annotated[int, Query(ge=1, le=500)] = PAGE,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
    kind: wire.Kind | None = None,
    label: Annotated[str | None, Query(description="The one profile of this label, if any.")] = None,
) -> wire.ProfilePage:
    """List profiles in the order of their identifiers."""
    if label is not None:
        return await _find(door, actor, label, None if kind is None else ProfileKind(kind))
    found = await door.pool.run(
        profiles.list_profiles,
        actor,
        door.store,
        kind=None if kind is None else ProfileKind(kind),
        limit=limit + 1,
        after=parse_cursor(cursor),
    )
    following = write_cursor(found[limit - 1].id) if len(found) > limit else None
    return wire.ProfilePage(items=[convert.to_profile(one) for one in found[:limit]], next_cursor=following)


async def show_profile(request: Request, profile_id: UUID, door: InDoor, actor: Caller) -> Response:
    """Show a profile, its enrolments with their quality, and what is still missing."""
    found = await door.pool.run(profiles.show_profile, actor, door.store, profile_id)
    if request.headers.get("if-none-match") == etag(found)["ETag"]:
        return Response(status_code=304, headers=etag(found))
    return _answer(found).respond()


async def change_profile(request: Request, profile_id: UUID, door: InDoor, actor: Caller) -> Response:
    """Change what is given; null takes it away."""
    asked = await read_json(request, wire.ProfileChange)
    new: dict[str, Any] = {name: getattr(asked, name) for name in asked.model_fields_set}
    changed = await door.pool.run(
        profiles.change_profile, actor, door.store, profile_id, **new, expected=expected_revision(request)
    )
    return _answer(changed).respond()


async def delete_profile(request: Request, profile_id: UUID, door: InDoor, actor: Caller) -> Response:
    """Delete a profile. There is no way back."""
    expected = expected_revision(request)
    await door.pool.run(profiles.delete_profile, actor, door.store, profile_id, expected=expected)
    return Response(status_code=204)


async def reset_profile(request: Request, profile_id: UUID, door: InDoor, actor: Caller) -> Response:
    """Erase all enrolments. There is no way back."""
    expected = expected_revision(request)

    async def work(_: UUID | None) -> Answer:
        emptied = await door.pool.run(
            profiles.reset_profile, actor, door.store, profile_id, expected=expected
        )
        return _answer(emptied)

    return await once(request, door, actor, [], work)


async def _find(door: InDoor, actor: Caller, label: str, kind: ProfileKind | None) -> wire.ProfilePage:
    try:
        found = await door.pool.run(profiles.show_profile, actor, door.store, label, kind=kind)
    except ProfileNotFound:
        return wire.ProfilePage(items=[], next_cursor=None)
    return wire.ProfilePage(items=[convert.to_profile(found)], next_cursor=None)


def _answer(profile: Profile, *, status: int = 200, location: bool = False) -> Answer:
    headers = etag(profile) | ({"Location": f"/v1/profiles/{profile.id}"} if location else {})
    return Answer(status, convert.to_profile(profile), headers)
