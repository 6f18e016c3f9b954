"""A door to the ASGI application: all families of routes in one, with what is common to them around it."""

import asyncio
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp

from earmark.api import azure
from earmark.api.door import Door, InDoor
from earmark.api.family import Family, Respond, explain, router_of
from earmark.api.limits import Bound, bound_bodies, log_requests, tidy_paths
from earmark.api.native.family import FAMILY as NATIVE
from earmark.api.pyannoteai.family import FAMILY as PYANNOTEAI
from earmark.errors import EarmarkError, MethodNotAllowed, RouteNotFound
from earmark.service.health import check_store

# The first whose prefix fits answers errors, so pyannoteAI's addresses below /v1 come before the native rest.
FAMILIES: tuple[Family, ...] = (PYANNOTEAI, NATIVE, *azure.FAMILIES)
LEAST_RATE = 32 << 10  # bytes a second at which a recording of hours may come in

about = router_of(APIRoute, tags=["service"])


class Alive(BaseModel):
    """The process answers."""

    status: str = "alive"


class Ready(BaseModel):
    """Whether requests can be served, and by which model."""

    status: str
    model: str


class Version(BaseModel):
    """What is running."""

    version: str
    model: str


@about.get("/live", summary="Is the process alive?")
async def live() -> Alive:
    """Answer as long as the process can."""
    return Alive()


@about.get("/ready", summary="Can it serve?", responses={503: {"model": Ready}})
async def ready(door: InDoor) -> Response:
    """Answer 200 when the store can be read and the model is loaded, else 503."""
    model = door.engine.entry.id
    try:
        await asyncio.to_thread(check_store, door.store)
    except EarmarkError:
        return JSONResponse(Ready(status="store cannot be read", model=model).model_dump(), 503)
    return JSONResponse(Ready(status="ready", model=model).model_dump())


@about.get("/version", summary="Which version runs?")
async def show_version(door: InDoor) -> Version:
    """Tell the release of Earmark and the model in use."""
    return Version(version=version("earmark"), model=door.engine.entry.id)


def make_app(door: Door) -> ASGIApp:
    """Return the application that serves through this door."""
    app = FastAPI(
        title="Earmark",
        summary="Who is speaking, and is it really them?",
        version=version("earmark"),
        docs_url=None,  # the library's pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.door = door
    routers = (about, *(router for family in FAMILIES for router in family.routers))
    app.router.routes.extend(route for router in routers for route in router.routes)
    app.router.routes.append(WebSocketRoute("/{path:path}", azure.WEBSOCKET))

    @app.exception_handler(HTTPException)
    async def answer_unrouted(request: Request, error: Exception) -> Response:
        return _answer_unrouted(request, error)

    @app.exception_handler(Exception)
    async def answer_fault(request: Request, error: Exception) -> Response:
        return respond_for(request.url.path)(explain(error), request)

    if door.settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=door.settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["*"],
        )
    settings = door.settings
    usual = Bound(settings.upload_bytes, settings.upload_seconds)
    streamed = Bound(settings.media_bytes, settings.upload_seconds, LEAST_RATE)
    streams = {path for family in FAMILIES for path in family.uploads}
    bounded = bound_bodies(
        app, bound_for=lambda path: streamed if path in streams else usual, respond_for=respond_for
    )
    return log_requests(tidy_paths(bounded))


def respond_for(path: str) -> Respond:
    """Return how errors are answered below a path: as its family does, else as the native API does."""
    for family in FAMILIES:
        if any(path == prefix or path.startswith(f"{prefix}/") for prefix in family.prefixes):
            return family.respond
    return NATIVE.respond


def _answer_unrouted(request: Request, error: Exception) -> Response:
    """Answer a path that nobody serves, or a method that a path does not take."""
    respond = respond_for(request.url.path)
    if isinstance(error, HTTPException) and error.status_code == 405:
        answer = respond(MethodNotAllowed("This address does not take that method."), request)
        answer.headers["Allow"] = ", ".join(sorted(_methods(request)))
        return answer
    if isinstance(error, HTTPException) and error.status_code == 404:
        return respond(
            RouteNotFound("There is nothing at this address: /openapi.json lists what there is."), request
        )
    return respond(explain(error), request)


def _methods(request: Request) -> set[str]:
    """Return all methods that an address takes; the library names those of one route alone."""
    routes = [found for found in iter_route_contexts(request.app.router.routes) if found.methods]
    path = request.scope["path"]
    return {method for route in routes if route.path_regex.match(path) for method in route.methods or ()}
