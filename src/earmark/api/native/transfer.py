"""Profiles to a sealed file and back, over HTTP; the file is that of `earmark profiles export`."""

import io

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from earmark.api.access import Caller
from earmark.api.body import read_body
from earmark.api.door import InDoor
from earmark.api.native import wire
from earmark.api.native.documents import BINARY, json_body
from earmark.api.native.requests import read_json
from earmark.api.parts import read_boundary, read_parts
from earmark.errors import InvalidRequest
from earmark.service import profiles

MEDIA_TYPE = "application/vnd.earmark.profiles"
FORM = {
    "type": "object",
    "required": ["passphrase", "file"],
    "properties": {"passphrase": {"type": "string", "format": "password"}, "file": BINARY["schema"]},
}


def add_to(router: APIRouter) -> None:
    """Register the routes."""
    router.add_api_route(
        "/profiles/export",
        export_profiles,
        methods=["POST"],
        response_class=Response,
        summary="Write profiles to a file that opens with a passphrase",
        responses={200: {"content": {MEDIA_TYPE: BINARY}}},
        openapi_extra=json_body(wire.ExportRequest),
    )
    router.add_api_route(
        "/profiles/import",
        import_profiles,
        methods=["POST"],
        summary="Take in the profiles of an export: all of them, or none",
        openapi_extra={
            "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}
        },
    )


async def export_profiles(request: Request, door: InDoor, actor: Caller) -> Response:
    """Return recordings and embeddings, sealed under the passphrase; keep the passphrase apart from it."""
    asked = await read_json(request, wire.ExportRequest)
    file = io.BytesIO()
    await door.pool.run(
        profiles.export_profiles, actor, door.store, file, keys=asked.profiles, passphrase=asked.passphrase
    )
    headers = {"Content-Disposition": 'attachment; filename="profiles.earmark"'}
    return Response(file.getvalue(), 200, headers, MEDIA_TYPE)


async def import_profiles(request: Request, door: InDoor, actor: Caller) -> wire.Imported:
    """Store the profiles under their own identifiers; those that are here already are skipped."""
    body = await read_body(request, most=door.settings.upload_bytes)
    boundary = read_boundary(request.headers.get("content-type"))
    parts = {part.name: part.data for part in read_parts(body, boundary)} if boundary else {}
    if not {"passphrase", "file"} <= set(parts):
        raise InvalidRequest("Send a form with the parts passphrase and file.")
    done = await door.pool.run(
        profiles.import_profiles,
        actor,
        door.store,
        io.BytesIO(parts["file"]),
        passphrase=parts["passphrase"].decode("utf-8", "replace"),
    )
    return wire.Imported(added=list(done.added), skipped=list(done.skipped))
