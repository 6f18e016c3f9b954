"""A URL to a database on PostgreSQL: all that is PostgreSQL's own stands here.

Writers take one advisory lock, so that they come one after another as they do on SQLite, over all machines;
readers see one moment (REPEATABLE READ) and wait for nobody. The lock ends with the transaction, and the
server ends the transaction of a machine that has gone or hangs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from earmark.errors import InvalidRequest, StoreAway, StoreBusy, StoreError, StoreUnreadable
from earmark.storage.database import BUSY_SECONDS, WRITES

VARIABLE = "EARMARK_DATABASE_URL"
LOCK = int.from_bytes(b"earmark", "big")  # of the writers of one database
KEPT, MOST = 5, 20  # connections of one process
PUBLIC = "the address is postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with %-escapes in the password"

# Of every connection. A writer that is cut off from the network, or stopped, must not hold the lock for ever.
SETTINGS = {
    "TimeZone": "UTC",
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "20",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}

ADVICE = {  # by SQLSTATE or its class
    "28": "refuses this user: check the user and password in {variable}",
    "3D": "does not exist: make it, or check its name in {variable}",
    "3F": "has no schema to make tables in: let the user make tables in the schema `public`",
    "42501": "does not let this user make or use the tables: make the user its owner",
    "25006": "cannot be written to: name the primary server in {variable}, not a standby",
}
AWAY = {
    "57P": "is being stopped or started: try again",
    "08": "cannot be reached: see that the server runs, and check {variable}",
}


@dataclass(frozen=True, eq=False)
class PostgresDatabase:
    """A database of a server."""

    name: str  # for messages: no user, no password
    reader: sa.Engine
    writer: sa.Engine
    shared: ClassVar[bool] = True

    def prepare(self) -> None:
        """See that it can hold every text."""
        with self.reader.begin() as connection:
            encoding = connection.scalar(sa.text("SHOW server_encoding"))
        if encoding != "UTF8":
            raise StoreUnreadable(f"The {self.name} has the encoding {encoding}: make one with UTF8.")

    def forget_deleted(self) -> bool:
        """Do nothing: deleted rows stay in files, log and copies until the server reuses the space."""
        return False

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn PostgreSQL's errors into ours; they are left out of tracebacks, since they quote values."""
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise explain(error, self.name) from None
        except sa.exc.TimeoutError:
            raise StoreBusy("Every connection to the store is in use: try again.") from None


def open_server(url: str) -> PostgresDatabase:
    """Return the database that a URL names; nothing is connected yet. InvalidRequest, StoreUnreadable."""
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # its message may quote a part of the password
        raise InvalidRequest(f"{VARIABLE} cannot be read: {PUBLIC}.") from None
    if parsed.get_backend_name() not in ("postgresql", "postgres") or not parsed.database:
        raise InvalidRequest(f"{VARIABLE} names no PostgreSQL database: {PUBLIC}.")
    parsed = parsed.set(drivername="postgresql+psycopg")
    options = {"connect_timeout": str(round(BUSY_SECONDS)), "application_name": "earmark"}
    try:
        engine = sa.create_engine(
            parsed.update_query_dict({name: options[name] for name in options.keys() - parsed.query}),
            hide_parameters=True,
            pool_size=KEPT,
            max_overflow=MOST - KEPT,
            pool_timeout=BUSY_SECONDS,
            pool_pre_ping=True,  # so that a server may be restarted
        )
    except ModuleNotFoundError:
        raise StoreUnreadable(
            "PostgreSQL needs an extra that is not installed: pip install 'earmark[postgres]'."
        ) from None
    _listen(engine)
    host = parsed.host or parsed.query.get("host")
    return PostgresDatabase(
        f"PostgreSQL database {parsed.database}" + (f" on {host}" if isinstance(host, str) else ""),
        engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True),
        engine.execution_options(isolation_level="READ COMMITTED", **{WRITES: True}),
    )


def _listen(engine: sa.Engine) -> None:
    set_up_connections(engine)

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get(WRITES, False):
            # Its own statement, so that the next one sees what the writer before has stored.
            wait = f"{round(BUSY_SECONDS * 1_000)}ms"
            connection.exec_driver_sql(
                f"SELECT set_config('lock_timeout', '{wait}', true), pg_advisory_xact_lock({LOCK})"
            )


def set_up_connections(engine: sa.Engine) -> None:
    """Have every connection made with `SETTINGS`, whosever tables it is for."""
    set_all = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in SETTINGS.items())

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.execute(f"SELECT {set_all}")
        connection.commit()


def explain(error: sa.exc.DBAPIError, name: str) -> StoreError:
    """Return what a database error means and what to do next; nothing of its text, which quotes values."""
    cause = error.orig
    state: str = getattr(cause, "sqlstate", None) or ""
    if state in ("55P03", "57014") or state.startswith("40"):  # no lock, cancelled, deadlock
        return StoreBusy(f"Others have been writing to the {name} for too long: try again.")
    if state == "53300":
        return StoreBusy(f"The {name} has no connection left: raise its max_connections, or try again.")
    if state == "53100":
        return StoreError(f"The disk of the {name} is full: make room and try again. Nothing was stored.")
    for begin in (state, state[:3], state[:2]):
        if begin in AWAY:
            return StoreAway(f"The {name} {AWAY[begin].format(variable=VARIABLE)}.")
        if begin in ADVICE:
            return StoreUnreadable(f"The {name} {ADVICE[begin].format(variable=VARIABLE)}.")
    if isinstance(error, sa.exc.OperationalError) and not state:  # psycopg has no code before it is connected
        return StoreUnreadable(
            f"The {name} cannot be reached, or refuses this user: see that the server runs, and "
            f"check {VARIABLE}."
        )
    kind = type(cause).__name__
    return StoreUnreadable(f"The {name} cannot be used ({kind}, {state or 'no code'}): see the server's log.")
