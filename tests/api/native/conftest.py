"""A client of the native API that sees statuses and headers; every test runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import httpx
import pytest
from postgres_server import Postgres
from server import Server, running_server


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    if request.param == "sqlite":
        with running_server(home) as running:
            yield running
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        with postgres.database("native") as url, running_server(home, database_url=url) as running:
            yield running


@pytest.fixture
def api(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers=server.headers, timeout=60) as client:
        yield client


@pytest.fixture
def profile(api: httpx.Client) -> str:
    """A profile without enrolments."""
    guid: str = api.post("/v1/profiles", json={}).raise_for_status().json()["id"]
    return guid
