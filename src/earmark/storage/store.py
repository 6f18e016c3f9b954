"""A home folder to an open store: folder, database at the newest revision, master key, default tenant."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import platformdirs
import sqlalchemy as sa

from earmark.errors import MasterKeyMissing, SealBroken, StoreUnreadable
from earmark.storage import postgres, sqlite
from earmark.storage.database import Database
from earmark.storage.master_key import VARIABLE, find_master_key, make_master_key
from earmark.storage.revision import bring_up_to_date, is_current
from earmark.storage.schema import (
    answers,
    jobs,
    master_keys,
    media,
    profile_keys,
    secrets,
    tenant_keys,
    tenants,
)
from earmark.storage.tenant_keys import complete_tenant_keys, remove_leaving
from earmark.storage.values import KeptPeople
from earmark.storage.vault import Vault

DATABASE = "earmark.db"
DEFAULT_TENANT = "default"


@dataclass(frozen=True, eq=False)
class Store:
    """An open store; close it, or use it in a `with`. Threads may share it."""

    home: Path
    database: Database
    vault: Vault
    own_people: dict[tuple[str, str], KeptPeople] = field(default_factory=dict, init=False, repr=False)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one moment of the store."""
        with self.database.explained(), self.database.reader.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection whose work is stored whole at the end, or not at all.

        One at a time, over all threads, processes and machines: what it reads stays so until its end.
        """
        with self.database.explained(), self.database.writer.begin() as connection:
            yield connection

    def forget_deleted(self) -> bool:
        """See that nothing deleted lives on in the database's files; False where it does for now."""
        self.own_people.clear()
        with self.database.explained():
            return self.database.forget_deleted()

    def close(self) -> None:
        """Close all connections."""
        self.database.reader.dispose()  # of the writer too: both have one pool

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def default_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return EARMARK_HOME, or the platform's data folder."""
    return Path(environ.get("EARMARK_HOME") or platformdirs.user_data_dir("earmark", appauthor=False))


def open_store(
    home: Path | None = None, *, database_url: str | None = None, environ: Mapping[str, str] = os.environ
) -> Store:
    """Open the store in `home`; make folder (0700), database and master key (0600) when there are none.

    With `database_url` the database is that of a PostgreSQL server; the key stays in the folder or the
    environment. Raises StoreUnreadable, StoreTooNew, StoreBusy, InvalidRequest (for the URL),
    MasterKeyMissing (the store has profiles, but its key is gone), SealBroken (the key is not the one that
    this store was sealed with).
    """
    folder = default_home(environ) if home is None else home
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnreadable(
            f"The folder {folder} cannot be made ({error.strerror}): set EARMARK_HOME to a folder of yours."
        ) from None
    database: Database = (
        postgres.open_server(database_url) if database_url else sqlite.open_file(folder / DATABASE)
    )
    try:
        with database.explained():
            vault = _unlock(database, folder, environ)
            if vault is None:
                database.prepare()
                vault = _set_up(database, folder, environ)
    except BaseException:
        database.reader.dispose()
        raise
    return Store(folder, database, vault)


def _unlock(database: Database, home: Path, environ: Mapping[str, str]) -> Vault | None:
    """Return the vault of a store that is up to date and has a key; None when there is something to do."""
    with database.reader.begin() as connection:
        if not is_current(connection):
            return None
        known = connection.scalars(sa.select(master_keys.c.key_id)).all()
        unfinished = connection.scalar(sa.select(sa.exists().where(tenants.c.leaving)))
    key = find_master_key(home, environ)
    if not known or key is None or unfinished:
        return None
    vault = Vault(key)
    return vault if vault.key_id in known else None


def _set_up(database: Database, home: Path, environ: Mapping[str, str]) -> Vault:
    """Migrate, make the default tenant, make or take on the master key, and finish what a delete left.

    All in one transaction.
    Processes that open a fresh store at once wait here for each other.
    """
    with database.writer.begin() as connection:
        bring_up_to_date(connection)
        now = datetime.now(UTC)
        if connection.scalar(sa.select(tenants.c.id).where(tenants.c.id == DEFAULT_TENANT)) is None:
            connection.execute(sa.insert(tenants).values(id=DEFAULT_TENANT, created=now))
        vault = _take_key(connection, home, environ, shared=database.shared)
        complete_tenant_keys(connection, vault)
        remove_leaving(connection)
        return vault


def _take_key(connection: sa.Connection, home: Path, environ: Mapping[str, str], *, shared: bool) -> Vault:
    """Return the vault of the key that is there, or of a new one where nothing is sealed yet.

    Where other machines may hold the key of a `shared` database, it is never replaced by this machine's.
    """
    known = connection.scalars(sa.select(master_keys.c.key_id)).all()
    in_use = connection.scalar(sa.select(sa.exists().select_from(profile_keys))) or (shared and known)
    which = f"the database that the store in {home} uses" if shared else f"the store in {home}"
    key = find_master_key(home, environ)
    if key is None:
        if in_use:
            raise MasterKeyMissing(
                f"The master key of {which} is not here, and its profiles cannot be read without it: put "
                f"master.key back from a backup{' or another machine' if shared else ''}, or set {VARIABLE}."
            )
        key = make_master_key(home)
    vault = Vault(key)
    if vault.key_id not in known:
        if in_use:
            raise SealBroken(
                f"What is in {which} was sealed with another master key: put the right master.key back, "
                f"or set {VARIABLE} to it."
            )
        for table in (master_keys, tenant_keys, answers, jobs, media, secrets):  # what the lost key sealed
            connection.execute(sa.delete(table))
        connection.execute(sa.insert(master_keys).values(key_id=vault.key_id, created=datetime.now(UTC)))
    return vault
