"""pyannoteAI's API, at the root (where its SDK's base leads) and once more below /pyannoteai."""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Security
from starlette.routing import Match
from starlette.types import Scope

from earmark.api.access import BEARER
from earmark.api.family import Family, route_class, router_of
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


def _make_routers(prefix: str, *, root: bool) -> Iterator[APIRouter]:
    # One description is enough: the routes at the root are the same.
    shared: dict[str, Any] = {"prefix": prefix, "tags": ["pyannoteAI"], "include_in_schema": not root}
    shared["responses"] = REFUSALS
    open_to_keys = router_of(ROUTE, dependencies=[Security(BEARER)], **shared)
    jobs.add_to(open_to_keys)
    media.add_to(open_to_keys)
    yield open_to_keys
    identify = router_of(JsonRoute if root else ROUTE, dependencies=[Security(BEARER)], **shared)
    jobs.add_identify_to(identify)
    yield identify
    if not root:
        open_to_links = router_of(ROUTE, **shared)
        media.add_transfer_to(open_to_links)
        yield open_to_links


# Without /v1/identify, whose errors outside of a route (a body that is far too large) are the native API's.
AT_ROOT = ("/v1/test", "/v1/media", "/v1/diarize", "/v1/voiceprint", "/v1/jobs", "/v1/live", "/v2")
FAMILY = Family(
    "pyannoteai",
    (media.PREFIX, *AT_ROOT),
    (*_make_routers("", root=True), *_make_routers(media.PREFIX, root=False)),
    respond,
    uploads=(media.PATH,),
)
