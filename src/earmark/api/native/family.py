"""The native API, below /v1: its routes, and how it answers errors."""

from collections.abc import Iterator

from fastapi import APIRouter, Security

from earmark.api.access import BEARER
from earmark.api.family import Family, route_class, router_of
from earmark.api.native import diarizations, profiles, rules, tenancy, transfer, voices, words
from earmark.api.native.documents import REFUSALS
from earmark.api.native.errors import respond

PARTS = (
    *((transfer, "profiles"), (profiles, "profiles"), (voices, "voices")),
    *((diarizations, "diarizations"), (rules, "rules"), (words, "words"), (tenancy, "tenant")),
)


def _make_routers() -> Iterator[APIRouter]:
    route = route_class(respond)
    for part, tag in PARTS:
        router = router_of(
            route, prefix="/v1", tags=[tag], responses=REFUSALS, dependencies=[Security(BEARER)]
        )
        part.add_to(router)
        yield router


FAMILY = Family("native", ("/v1",), tuple(_make_routers()), respond, uploads=(diarizations.PATH,))
