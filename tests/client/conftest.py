"""A real service, and both clients of it."""

from collections.abc import Iterator

import pytest
from server import Server, running_server

from earmark import Client


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.url, server.key) as connected:
        yield connected
