"""/v1/keys, /v1/tenant, /v1/me and /v1/webhook-secret: who may call, for whom, with what."""

from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from earmark.api.access import Caller
from earmark.api.door import InDoor
from earmark.api.native import convert, wire
from earmark.api.native.documents import json_body
from earmark.api.native.requests import read_json
from earmark.errors import InvalidArgument, InvalidRequest
from earmark.service import keys, tenants, webhooks
from earmark.service.actor import Permission


def add_to(router: APIRouter) -> None:
    """Register the routes."""
    router.add_api_route("/me", show_caller, methods=["GET"], summary="Whose key is this?")
    router.add_api_route("/tenant", show_tenant, methods=["GET"], summary="Show your tenant")
    router.add_api_route(
        "/tenant",
        change_tenant,
        methods=["PATCH"],
        summary="Keep enrolment recordings, ask for activation phrases, or do not",
        openapi_extra=json_body(wire.TenantChange),
    )
    router.add_api_route("/keys", list_keys, methods=["GET"], summary="List API keys")
    router.add_api_route(
        "/keys",
        create_key,
        methods=["POST"],
        status_code=201,
        response_model=wire.NewKey,
        summary="Make an API key; its secret is told this once",
        openapi_extra=json_body(wire.KeyRequest),
    )
    router.add_api_route(
        "/keys/{key_id}",
        revoke_key,
        methods=["DELETE"],
        status_code=204,
        response_class=Response,
        summary="Make a key worthless at once",
    )
    router.add_api_route(
        "/keys/{key_id}/rotate",
        rotate_key,
        methods=["POST"],
        status_code=201,
        response_model=wire.NewKey,
        summary="Replace a key by one of the same roles",
        openapi_extra=json_body(wire.Rotation),
    )
    router.add_api_route(
        "/webhook-secret",
        show_webhook_secret,
        methods=["GET"],
        summary="What signs the messages that tell of jobs",
    )
    router.add_api_route(
        "/webhook-secret/rotate",
        rotate_webhook_secret,
        methods=["POST"],
        summary="Replace the secret; the old one signs nothing from now on",
    )


async def show_caller(actor: Caller) -> wire.Caller:
    """Tell the tenant and the roles of the key that the request came with."""
    return convert.to_caller(actor)


async def show_tenant(door: InDoor, actor: Caller) -> wire.Tenant:
    """Show the tenant that the key belongs to."""
    return convert.to_tenant(await door.pool.run(tenants.show_tenant, actor, door.store))


async def change_tenant(request: Request, door: InDoor, actor: Caller) -> wire.Tenant:
    """Change what is given, for coming enrolments; what is enrolled already stays."""
    asked = await read_json(request, wire.TenantChange)
    if asked.keep_audio is None and asked.activation is None:
        raise InvalidRequest("There is nothing to change: give keep_audio or activation.")
    if asked.keep_audio is not None:
        await door.pool.run(tenants.set_keep_audio, actor, door.store, asked.keep_audio)
    if asked.activation is not None:
        await door.pool.run(tenants.set_activation, actor, door.store, asked.activation)
    return await show_tenant(door, actor)


async def list_keys(door: InDoor, actor: Caller) -> wire.Keys:
    """List all keys, without their secrets."""
    found = await door.pool.run(keys.list_keys, actor, door.store)
    return wire.Keys(items=[convert.to_key(key) for key in found])


async def create_key(request: Request, door: InDoor, actor: Caller) -> Response:
    """Make a key with some of the caller's own roles."""
    asked = await read_json(request, wire.KeyRequest)
    if asked.expires is not None and asked.expires.tzinfo is None:
        raise InvalidArgument("expires needs a time zone, such as a Z at its end.")
    made = await door.pool.run(
        keys.create_key,
        actor,
        door.store,
        roles=[Permission(role) for role in asked.roles],
        name=asked.name,
        expires=asked.expires,
    )
    return _told(made)


async def revoke_key(key_id: UUID, door: InDoor, actor: Caller) -> Response:
    """Revoke a key; the caller's own too."""
    await door.pool.run(keys.revoke_key, actor, door.store, key_id)
    return Response(status_code=204)


async def rotate_key(request: Request, key_id: UUID, door: InDoor, actor: Caller) -> Response:
    """Make a key of the same name, roles and end; the old one works for the overlap."""
    asked = await read_json(request, wire.Rotation)
    overlap = timedelta(seconds=asked.overlap_seconds)
    return _told(await door.pool.run(keys.rotate_key, actor, door.store, key_id, overlap=overlap))


async def show_webhook_secret(door: InDoor, actor: Caller) -> wire.WebhookSecret:
    """Show the tenant's secret; it is made when it is first asked for."""
    return wire.WebhookSecret(secret=await door.pool.run(webhooks.webhook_secret, actor, door.store))


async def rotate_webhook_secret(door: InDoor, actor: Caller) -> wire.WebhookSecret:
    """Make a new secret. Receivers must know it before they can check the next message."""
    return wire.WebhookSecret(secret=await door.pool.run(webhooks.rotate_webhook_secret, actor, door.store))


def _told(made: keys.NewKey) -> Response:
    return JSONResponse(
        convert.to_new_key(made).model_dump(mode="json"), 201, {"Location": f"/v1/keys/{made.key.id}"}
    )
