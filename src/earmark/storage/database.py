"""What a store needs of a database, whichever it is: SQLite in the home folder, or a PostgreSQL server."""

from contextlib import AbstractContextManager
from typing import Protocol

import sqlalchemy as sa

WRITES = "earmark_writes"  # execution option of a connection whose transaction will write
BUSY_SECONDS = 10.0  # that a transaction waits for its turn


class Database(Protocol):
    """An open database."""

    @property
    def reader(self) -> sa.Engine:
        """Transactions of this engine see one moment of the database."""

    @property
    def writer(self) -> sa.Engine:
        """Transactions of this engine come one after another, across threads, processes and machines."""

    @property
    def shared(self) -> bool:
        """Whether other machines, with other home folders, may use it."""

    def prepare(self) -> None:
        """Do what a new database needs before its first table."""

    def forget_deleted(self) -> bool:
        """See that nothing deleted lives on in the database's files; False where it does for now."""

    def explained(self) -> AbstractContextManager[None]:
        """Turn the database's errors into ours, without a value, a name or a password."""
