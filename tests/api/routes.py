"""Every route of every family, taken from the application itself, so that a new one cannot be forgotten."""

import re
from dataclasses import dataclass
from uuid import uuid4

from fastapi.routing import iter_route_contexts

from earmark.api.app import FAMILIES, about
from earmark.api.pyannoteai.family import JsonRoute

# Everything that a route may ask for in its query; what it does not know it passes over.
QUERY = (
    "api-version=2021-09-05&ignoreMinLength=true&shortAudio=true&locale=en-us"
    "&phrase=seven+green+bottles+stand+on+the+garden+wall"
)
NAMES = ("profileIds", "identificationProfileIds", "verificationProfileId")


@dataclass(frozen=True)
class Route:
    """An address and its method."""

    method: str
    path: str  # with names in braces
    json: bool = False  # there for JSON alone: another API has a route of the same address for the rest

    def url(self, value: str | None = None) -> str:
        """Its address with `value` (a new GUID, if none) for every name, and all of the query."""
        value = value or str(uuid4())
        named = "&".join(f"{name}={value}" for name in NAMES)
        path = self.path.replace("{use}", "watchlist")  # one of three words
        return f"{re.sub('{[^}]*}', value.replace(chr(92), chr(92) * 2), path)}?{QUERY}&{named}"

    @property
    def takes_body(self) -> bool:
        return self.method in ("POST", "PUT", "PATCH")

    @property
    def has_value(self) -> bool:
        return "{" in self.path.replace("{use}", "")


def routes() -> list[Route]:
    """All of them, in a fixed order."""
    routers = [about, *(router for family in FAMILIES for router in family.routers)]
    found = {
        Route(method, context.path, isinstance(context.original_route, JsonRoute))
        for router in routers
        for context in iter_route_contexts(router.routes)
        for method in context.methods or ()
        if context.path is not None
    }
    assert len(found) > 60, "the walk has lost its way"
    return sorted(found, key=lambda route: (route.path, route.method, route.json))
