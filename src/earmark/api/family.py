"""One family of routes, native or foreign, and whatever goes wrong in a route to its kind of answer."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from earmark.errors import EarmarkError, InvalidRequest
from earmark.telemetry.faults import describe_fault

Respond = Callable[[EarmarkError, Request], Response]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Family:
    """An API that the service speaks; `respond` gives an error its status, headers and body."""

    name: str
    prefixes: tuple[str, ...]  # of the paths whose errors it answers
    routers: tuple[APIRouter, ...]  # none within another
    respond: Respond
    uploads: tuple[str, ...] = ()  # paths whose bodies are recordings of hours, and are never held in memory


def route_class(respond: Respond) -> type[APIRoute]:
    """Return a class of routes in which every exception becomes an answer of the family."""

    class FamilyRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def answer(request: Request) -> Response:
                try:
                    return await handle(request)
                except Exception as error:
                    return respond(explain(error), request)

            return answer

    return FamilyRoute


def router_of(route: type[APIRoute], **options: Any) -> APIRouter:
    """Return a router of such routes, each of them whole: FastAPI builds included ones a second time."""
    return APIRouter(route_class=route, generate_unique_id_function=lambda one: one.name, **options)


def explain(error: Exception) -> EarmarkError:
    """Return the error of the tree that an exception means; faults of our own are logged without values."""
    if isinstance(error, EarmarkError):
        return error
    if isinstance(error.__cause__, EarmarkError):  # FastAPI wraps what reading the body raises
        return error.__cause__
    if isinstance(error, RequestValidationError):
        refused = InvalidRequest("; ".join(_problem(one) for one in error.errors()) + ".")
        refused.__cause__ = error  # some families tell of each field by itself
        return refused
    if isinstance(error, HTTPException) and error.status_code < 500:
        return InvalidRequest("The request's body cannot be read: check how it was written.")
    if isinstance(error, ClientDisconnect):  # nobody is there to read it
        return InvalidRequest("The client left before its request was whole.")
    log.error("fault", where=describe_fault(error))
    return EarmarkError("A fault of Earmark itself: its log says where. Please report that line.")


def _problem(error: dict[str, Any]) -> str:
    """Where and what is wrong, without the value: it may be anything."""
    where = ".".join(str(part) for part in error["loc"] if isinstance(part, str))
    return f"{where}: {error['msg']}" if where else str(error["msg"])
