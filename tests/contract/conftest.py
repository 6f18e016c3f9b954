"""The server that the clients are set on, the clients, and the rule that a proof is a proof."""

from collections.abc import Generator, Iterator
from pathlib import Path

import npm
import pytest
from contract import proofs
from contract.lives import Clips
from server import Server, running_server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    proofs.start()
    yield
    rows = proofs.claimed([row for mark in item.iter_markers("proves") for row in mark.args])
    missing = sorted(rows - proofs.seen())
    assert not missing, f"marked as proof, but not seen: {missing}"


@pytest.fixture(scope="session")
def clients() -> Path:
    """The folder whose node_modules hold Microsoft's npm clients."""
    try:
        return npm.installed(Path(__file__).parent)
    except npm.NpmUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One real server process for all clients; nobody relies on being alone on it."""
    with running_server(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    """Sample clips as files, which is how clients take them."""
    return Clips(tmp_path_factory.mktemp("clips"))
