"""A store to a second engine on its database, on the terms of the library that works the jobs."""

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from earmark.storage.database import BUSY_SECONDS
from earmark.storage.postgres import set_up_connections
from earmark.storage.sqlite import set_up_connection
from earmark.storage.store import Store

CONNECTIONS = 8


def make_job_engine(store: Store) -> sa.Engine:
    """Return an engine for the job library's tables, which stand beside ours; the caller disposes of it.

    The store's own engine begins transactions by itself, which that library does not know of.
    """
    url = store.database.reader.url
    if url.get_backend_name() != "sqlite":
        return _on_server(url)
    engine = sa.create_engine(url, connect_args={"timeout": 3 * BUSY_SECONDS}, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = "IMMEDIATE"  # as that library's own engine has it: writers wait in line
        set_up_connection(connection)

    return engine


def _on_server(url: sa.URL) -> sa.Engine:
    wait = {"connect_timeout": int(BUSY_SECONDS), "application_name": "earmark jobs"}
    engine = sa.create_engine(
        url,
        connect_args=wait | url.query,
        hide_parameters=True,
        pool_size=CONNECTIONS,
        max_overflow=4,
        pool_pre_ping=True,
    )
    set_up_connections(engine)
    return engine
