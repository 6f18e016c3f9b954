"""One server process for all tests of this folder that need nothing special of it, and one to attack."""

from collections.abc import Iterator

import pytest
from api.fortress import Fortress
from server import Server, running_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture(scope="session")
def _besieged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fortress]:
    env = {
        "EARMARK_UPLOAD_SECONDS": "3",
        "EARMARK_HEADER_SECONDS": "3",
        "EARMARK_IDLE_SECONDS": "3",
        "EARMARK_UPLOAD_BYTES": str(16 << 20),
        "EARMARK_MEDIA_BYTES": str(16 << 20),
    }
    with running_server(tmp_path_factory.mktemp("fortress"), env=env) as running:
        found = Fortress(running)
        found.settle()
        yield found


@pytest.fixture
def fortress(_besieged: Fortress) -> Iterator[Fortress]:
    """A server with narrow limits; after the test it must serve as before, in bounded memory."""
    _besieged.begin()
    yield _besieged
    _besieged.check()
