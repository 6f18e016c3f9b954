"""/v1/rules and what follows from them: by what a tenant decides, what is learned, who should enrol anew."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from earmark.api.access import Caller
from earmark.api.door import Door, InDoor
from earmark.api.native import rules_convert as convert
from earmark.api.native import rules_wire as wire
from earmark.api.native.documents import json_body
from earmark.api.native.requests import read_json
from earmark.service import following, rules
from earmark.service.actor import Actor
from earmark.service.costs import show_costs
from earmark.storage.values import Use


def add_to(router: APIRouter) -> None:
    """Register the routes."""
    router.add_api_route("/rules", show_rules, methods=["GET"], summary="By what does your tenant decide?")
    router.add_api_route(
        "/rules",
        change_rules,
        methods=["PATCH"],
        response_model=wire.Rules,
        summary="Let voiceprints learn, watch their drift, ask for renewal, or do not",
        openapi_extra=json_body(wire.RulesChange),
    )
    router.add_api_route(
        "/rules/{use}",
        set_rule,
        methods=["PUT"],
        response_model=wire.Rules,
        summary="Decide a use by a rate, or by costs and a prior",
        openapi_extra=json_body(wire.AimRequest),
    )
    router.add_api_route(
        "/rules/{use}", reset_rule, methods=["DELETE"], summary="Decide a use by the default again"
    )
    router.add_api_route(
        "/profiles/{profile_id}/renewal",
        show_renewal,
        methods=["GET"],
        summary="Should this person enrol anew, and what was learned?",
    )
    router.add_api_route(
        "/profiles/{profile_id}/learned",
        forget_learned,
        methods=["DELETE"],
        status_code=204,
        response_class=Response,
        summary="Go back to the voice that was enrolled",
    )


async def show_rules(door: InDoor, actor: Caller) -> wire.Rules:
    """Show the rules of the tenant; a use without its own has the default."""
    return await door.pool.run(_told, door, actor, rules.show_rules)


async def change_rules(request: Request, door: InDoor, actor: Caller) -> wire.Rules:
    """Change what is given; `renew_days` null is never."""
    asked = await read_json(request, wire.RulesChange)
    given = asked.model_fields_set
    new = {
        name: getattr(asked, name)
        for name in given
        if name == "renew_days" or getattr(asked, name) is not None
    }
    return await door.pool.run(_told, door, actor, rules.change_rules, **new)


async def set_rule(request: Request, use: wire.Use, door: InDoor, actor: Caller) -> wire.Rules:
    """Decide this use so from now on, in every API, unless a request asks for another rate."""
    aims = {Use(use): convert.from_aim(await read_json(request, wire.AimRequest))}
    return await door.pool.run(_told, door, actor, rules.change_rules, aims=aims)


async def reset_rule(use: wire.Use, door: InDoor, actor: Caller) -> wire.Rules:
    """Take the tenant's own rule for this use away."""
    aims = {Use(use): None}
    return await door.pool.run(_told, door, actor, rules.change_rules, aims=aims)


def _told(door: Door, actor: Actor, use_case: Callable[..., rules.Rules], **asked: Any) -> wire.Rules:
    """Carry it out and tell the rules with what they cost; in one go, so that no change goes unanswered."""
    found = use_case(actor, door.store, **asked)
    return convert.to_rules(found, show_costs(actor, door.store, found, door.engine.entry))


async def show_renewal(profile_id: UUID, door: InDoor, actor: Caller) -> wire.Renewal:
    """Say whether the voiceprint is too old or drifts, by the tenant's rules, and what it has learned."""
    found = await door.pool.run(following.show_renewal, actor, door.store, door.engine, profile_id)
    return convert.to_renewal(found)


async def forget_learned(profile_id: UUID, door: InDoor, actor: Caller) -> Response:
    """Forget what recognitions have taught; the enrolment stays as it is."""
    await door.pool.run(following.forget_learned, actor, door.store, profile_id)
    return Response(status_code=204)
