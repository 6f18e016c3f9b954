"""/v1/media: links to upload and download recordings, and what they lead to (contract, section 3)."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from earmark.api.access import Caller
from earmark.api.body import read_body
from earmark.api.door import InDoor
from earmark.api.links import base_url
from earmark.api.pyannoteai import convert, wire
from earmark.api.pyannoteai.documents import DOWNLOAD, UPLOAD, json_body
from earmark.api.streams import send_recording
from earmark.service import media
from earmark.service.media_links import LinkUse, make_link, open_link

JSON_BYTES = 16_384
PREFIX = "/pyannoteai"
PATH = f"{PREFIX}/media"  # one place for both roots, since links say it whole
Link = Annotated[str | None, Query(max_length=2_048, description="From the link.")]


def add_to(router: APIRouter) -> None:
    """Register the routes that make links."""
    for path, use, summary in (
        ("/v1/media/input", LinkUse.UPLOAD, "Get an address to upload a recording to"),
        ("/v1/media/output", LinkUse.DOWNLOAD, "Get an address to download a recording from"),
    ):
        router.add_api_route(
            path,
            _linker(use),
            methods=["POST"],
            status_code=201,
            response_model=wire.MediaAnswer,
            operation_id=f"pyannoteai_{use.value}_link",
            summary=summary,
            openapi_extra=json_body(wire.MediaAsked),
        )


def add_transfer_to(router: APIRouter) -> None:
    """Register what links lead to."""
    router.add_api_route(
        "/media",
        upload,
        methods=["PUT"],
        response_class=Response,
        operation_id="pyannoteai_upload",
        summary="Upload a recording, in place of one of the same key",
        openapi_extra=UPLOAD,
    )
    router.add_api_route(
        "/media",
        download,
        methods=["GET"],
        response_class=Response,
        operation_id="pyannoteai_download",
        summary="Download a recording",
        responses={200: DOWNLOAD},
    )


def _linker(use: LinkUse) -> Callable[[Request, InDoor, Caller], Awaitable[Response]]:
    async def link(request: Request, door: InDoor, actor: Caller) -> Response:
        """Return an address that works without a key, for an hour."""
        asked = convert.parse(await read_body(request, most=JSON_BYTES), wire.MediaAsked)
        key = asked.url.removeprefix(convert.MEDIA)
        if use is LinkUse.DOWNLOAD:
            await asyncio.to_thread(media.find_media, actor, door.store, key)
        text = await asyncio.to_thread(make_link, actor, door.store, key, use)
        return JSONResponse({"url": f"{base_url(request, door)}{PATH}?link={text}"}, 201)

    return link


async def upload(request: Request, door: InDoor, link: Link = None) -> Response:
    """Store what comes, whole or not at all."""
    actor, key = await asyncio.to_thread(open_link, door.store, link, LinkUse.UPLOAD)
    keep = partial(media.put_media, actor, door.store, door.jobs.media, key, rules=door.media_rules)
    await door.uploads.take(request, keep)
    return Response(status_code=200)


async def download(door: InDoor, link: Link = None) -> Response:
    """Send a recording as it was uploaded."""
    actor, key = await asyncio.to_thread(open_link, door.store, link, LinkUse.DOWNLOAD)
    found = await asyncio.to_thread(media.read_media, actor, door.store, door.jobs.media, key)
    return send_recording(*found)
