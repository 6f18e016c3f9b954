"""A request's key to the actor who sent it. Keys are taken from all places that clients put them."""

import asyncio
from typing import Annotated

from fastapi import Depends
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.requests import HTTPConnection

from earmark.api.door import door_of
from earmark.service.actor import Actor
from earmark.service.keys import authenticate

HEADERS = ("x-api-key", "ocp-apim-subscription-key", "apim-subscription-id")
# Browsers cannot set headers on a WebSocket, so Microsoft's clients put the key into the query as well.
QUERY = ("Ocp-Apim-Subscription-Key", "Apim-Subscription-Id")

# For the OpenAPI document alone: which of the places a family's clients use.
BEARER = HTTPBearer(auto_error=False, description="An API key, made by `earmark keys create`.")
AZURE_KEY = APIKeyHeader(
    name="Ocp-Apim-Subscription-Key", auto_error=False, description="An API key, as Azure's clients send it."
)


def find_secret(connection: HTTPConnection) -> str | None:
    """Return the key of a request: `Authorization: Bearer`, another header, or the query."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    for name in HEADERS:
        if value := connection.headers.get(name):
            return value
    for name in QUERY:
        if value := connection.query_params.get(name):
            return value
    return None


async def actor_of(connection: HTTPConnection) -> Actor:
    """Return who is calling; a FastAPI dependency. Raises KeyInvalid."""
    # Not by the door's pool: whoever has no key shall not take a place there.
    return await asyncio.to_thread(authenticate, door_of(connection).store, find_secret(connection))


Caller = Annotated[Actor, Depends(actor_of)]
