"""A PostgreSQL server for the session, and tests that run on SQLite and on PostgreSQL.

What asks for `database_url`, itself or by way of `store`, runs on each of the databases that its mark names,
`databases("sqlite", "postgres")`; a test's own mark counts more than its module's, and without any it is
SQLite.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from postgres_server import NoServer, Postgres, running_postgres

from earmark.storage.store import open_store


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marked = metafunc.definition.get_closest_marker("databases")
    if marked and "database_url" in metafunc.fixturenames:
        metafunc.parametrize("database_url", marked.args, indirect=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; the test is skipped where none can be had."""
    try:
        with running_postgres() as server:
            yield server
    except NoServer as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def _migrated(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database at the newest revision, without a key, to copy: quicker than to migrate."""
    name = "earmark_template"
    with postgres.database(name) as url:
        open_store(tmp_path_factory.mktemp("template"), database_url=url, environ={}).close()
        with postgres.connect(name) as connection:
            connection.execute("DELETE FROM tenant_keys; DELETE FROM master_keys")
        yield name


@pytest.fixture
def new_database(postgres: Postgres, request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    """Make databases, dropped at the end: `new_database()` is at the newest revision, or `empty`."""
    with ExitStack() as stack:

        def make(*, empty: bool = False, options: str = "") -> str:
            if not empty:
                options = f"TEMPLATE {request.getfixturevalue('_migrated')} {options}"
            return stack.enter_context(postgres.database(f"test_{secrets.token_hex(8)}", options=options))

        yield make


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str | None:
    """None for SQLite, or the URL of a new database on PostgreSQL."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return None
    url: str = request.getfixturevalue("new_database")()
    return url
