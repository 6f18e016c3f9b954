"""pyannoteAI's API, at the root (where its SDK's base leads) and once more below /pyannoteai."""

from typing import Any

from fastapi import APIRouter, Security
from starlette.routing import Match
from starlette.types import Scope

from earmark.api.access import BEARER
from earmark.api.family import Family, route_class
from earmark.api.pyannoteai import jobs, media
from earmark.api.pyannoteai.documents import REFUSALS
from earmark.api.pyannoteai.errors import respond

JSON = "application/json"
ROUTE = route_class(respond)


class JsonRoute(ROUTE):  # type: ignore[misc, valid-type]
    """A route that is there for JSON alone: audio sent to /v1/identify is the native API's."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a request whose body says that it is JSON."""
        kind = dict(scope.get("headers", ())).get(b"content-type", b"").decode("latin-1")
        if kind.partition(";")[0].strip().lower() != JSON:
            return Match.NONE, {}
        found: tuple[Match, Scope] = super().matches(scope)
        return found


def _make_router(prefix: str, *, root: bool) -> APIRouter:
    # One description is enough: the routes at the root are the same.
    options: dict[str, Any] = {"tags": ["pyannoteAI"], "include_in_schema": not root}
    router = APIRouter(prefix=prefix, responses=REFUSALS, **options)
    open_to_keys = APIRouter(route_class=ROUTE, dependencies=[Security(BEARER)])
    jobs.add_to(open_to_keys)
    media.add_to(open_to_keys)
    router.include_router(open_to_keys)
    identify = APIRouter(route_class=JsonRoute if root else ROUTE, dependencies=[Security(BEARER)])
    jobs.add_identify_to(identify)
    router.include_router(identify)
    if not root:
        open_to_links = APIRouter(route_class=ROUTE)
        media.add_transfer_to(open_to_links)
        router.include_router(open_to_links)
    return router


# Without /v1/identify, whose errors outside of a route (a body that is far too large) are the native API's.
AT_ROOT = ("/v1/test", "/v1/media", "/v1/diarize", "/v1/voiceprint", "/v1/jobs", "/v1/live", "/v2")
FAMILY = Family(
    "pyannoteai",
    (media.PREFIX, *AT_ROOT),
    (_make_router("", root=True), _make_router(media.PREFIX, root=False)),
    respond,
    uploads=(media.PATH,),
)
