"""A client of the native API that sees statuses and headers."""

from collections.abc import Iterator

import httpx
import pytest
from server import Server


@pytest.fixture
def api(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers=server.headers, timeout=60) as client:
        yield client


@pytest.fixture
def profile(api: httpx.Client) -> str:
    """A profile without enrolments."""
    guid: str = api.post("/v1/profiles", json={}).raise_for_status().json()["id"]
    return guid
