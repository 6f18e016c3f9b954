"""A file path to a database on SQLite: all that is SQLite's own stands here.

Transactions are begun by us (BEGIN, or BEGIN IMMEDIATE for writers), so that a writer waits its turn
instead of failing half-way, and so that DDL is part of the transaction. `synchronous=FULL`: an enrolment
that was confirmed survives a power failure as well as a killed process.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from earmark.errors import StoreBusy, StoreError, StoreUnreadable
from earmark.storage.database import BUSY_SECONDS, WRITES

MAGIC = b"SQLite format 3\0"
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

PRAGMAS = (
    "PRAGMA page_size=4096",  # of a new file; `Erasable` counts on it
    "PRAGMA foreign_keys=ON",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",  # what is deleted is overwritten with zeros
    "PRAGMA temp_store=MEMORY",  # no spill into the temporary folder
)


@dataclass(frozen=True, eq=False)
class SqliteDatabase:
    """The database of a home folder."""

    path: Path
    reader: sa.Engine
    writer: sa.Engine
    shared: ClassVar[bool] = False

    def prepare(self) -> None:
        """Let readers and a writer not block each other."""
        use_write_ahead_log(self.reader)

    def forget_deleted(self) -> bool:
        """Write the log into the database and cut it to nothing, so that no deleted row lives on in it.

        Returns False when another process read for so long that the log had to stay.
        """
        connection = self.reader.raw_connection()
        try:
            busy = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            return not busy
        finally:
            connection.close()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn SQLite's errors into ours."""
        try:
            yield
        except (sqlite3.Error, sa.exc.DBAPIError) as error:
            raise explain(error, self.path) from error
        except sa.exc.TimeoutError:
            raise StoreBusy("Every connection to the store is in use: try again.") from None


def open_file(path: Path) -> SqliteDatabase:
    """Return the database at `path`; see `make_engine`."""
    engine = make_engine(path)
    return SqliteDatabase(path, engine, engine.execution_options(**{WRITES: True}))


def make_engine(path: Path) -> sa.Engine:
    """Return an engine on the file at `path`, which is made (empty, mode 0600) when missing.

    SQLite gives its -wal and -shm files the mode of the database file.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if os.name == "posix" and path.stat().st_mode & 0o077:
            path.chmod(0o600)
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
    except OSError as error:
        raise StoreUnreadable(
            f"The store {path} cannot be opened for writing ({error.strerror}): check its owner and mode."
        ) from None
    if head not in (b"", MAGIC):  # SQLite itself takes a short file for an empty one, and overwrites it
        raise StoreUnreadable(_not_a_store(path))
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_SECONDS},
        hide_parameters=True,  # no sealed bytes in errors and logs
    )

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # sqlite3 must not begin transactions of its own
        set_up_connection(connection)

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def set_up_connection(connection: DBAPIConnection) -> None:
    """Do what every connection to the file needs, whosever tables it is for."""
    for pragma in PRAGMAS:
        connection.execute(pragma)
    if sqlite3.sqlite_version_info < (3, 42):
        # From Python 3.12 on the job library has its tables' times made by unixepoch('subsec'), whatever the
        # SQLite: an older one would answer NULL. Rows go there in transactions of ours as well.
        connection.create_function("unixepoch", 1, _unixepoch)


def _unixepoch(when: str) -> float | None:
    return {"subsec": round(time.time(), 3), "now": float(int(time.time()))}.get(when)


def use_write_ahead_log(engine: sa.Engine) -> None:
    """Switch a new file to WAL: readers and a writer do not block each other. The file remembers it."""
    connection = engine.raw_connection()
    try:
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                connection.cursor().execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                # This statement does not wait for another process by itself.
                if error.sqlite_errorcode & 0xFF not in BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
    finally:
        connection.close()


def explain(error: sqlite3.Error | sa.exc.DBAPIError, path: Path) -> StoreError:
    """Return what a database error means and what to do next."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    code = (getattr(cause, "sqlite_errorcode", None) or 0) & 0xFF
    if code in BUSY:
        return StoreBusy(f"Another process has been writing to the store {path} for too long: try again.")
    if code == sqlite3.SQLITE_FULL:
        return StoreError(
            f"The disk of the store {path} is full: make room and try again. Nothing was stored."
        )
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return StoreUnreadable(_not_a_store(path))
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return StoreUnreadable(f"The store {path} cannot be opened for writing: check its owner and mode.")
    return StoreUnreadable(f"The store {path} cannot be used ({type(cause).__name__}): restore a backup.")


def _not_a_store(path: Path) -> str:
    return (
        f"The file {path} is damaged or not an Earmark store, and was left as it is: "
        "restore a backup, or move it away to begin a new store."
    )
