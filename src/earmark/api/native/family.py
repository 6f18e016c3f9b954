"""The native API, below /v1: its routes, and how it answers errors."""

from fastapi import APIRouter, Security

from earmark.api.access import BEARER
from earmark.api.family import Family, route_class
from earmark.api.native import diarizations, profiles, rules, tenancy, transfer, voices, words
from earmark.api.native.documents import REFUSALS
from earmark.api.native.errors import respond


def _make_router() -> APIRouter:
    router = APIRouter(
        prefix="/v1",
        route_class=route_class(respond),
        responses=REFUSALS,
        dependencies=[Security(BEARER)],
        generate_unique_id_function=lambda route: route.name,
    )
    parts = (
        *((transfer, "profiles"), (profiles, "profiles"), (voices, "voices")),
        *((diarizations, "diarizations"), (rules, "rules"), (words, "words"), (tenancy, "tenant")),
    )
    for part, tag in parts:
        own = APIRouter(tags=[tag], route_class=route_class(respond))
        part.add_to(own)
        router.include_router(own)
    return router


FAMILY = Family("native", ("/v1",), (_make_router(),), respond, uploads=(diarizations.PATH,))
