"""A home folder to an open store: folder, database at the newest revision, master key, default tenant."""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import platformdirs
import sqlalchemy as sa

from earmark.errors import MasterKeyMissing, SealBroken, StoreUnreadable
from earmark.storage import sqlite
from earmark.storage.master_key import VARIABLE, find_master_key, make_master_key
from earmark.storage.revision import bring_up_to_date, is_current
from earmark.storage.schema import answers, master_keys, profile_keys, tenant_keys, tenants
from earmark.storage.tenant_keys import complete_tenant_keys, remove_leaving
from earmark.storage.vault import Vault

DATABASE = "earmark.db"
DEFAULT_TENANT = "default"


@dataclass(frozen=True, eq=False)
class Store:
    """An open store; close it, or use it in a `with`. Threads may share it."""

    path: Path  # of the database file
    engine: sa.Engine
    vault: Vault

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one moment of the store."""
        with explained(self.path), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection whose work is stored whole at the end, or not at all."""
        with explained(self.path), _writing(self.engine) as connection:
            yield connection

    def forget_deleted(self) -> bool:
        """See that nothing deleted lives on in the database's log; False when a reader prevents it now."""
        with explained(self.path):
            return sqlite.drop_log(self.engine)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def default_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return EARMARK_HOME, or the platform's data folder."""
    return Path(environ.get("EARMARK_HOME") or platformdirs.user_data_dir("earmark", appauthor=False))


def open_store(home: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> Store:
    """Open the store in `home`; make folder (0700), database and master key (0600) when there are none.

    Raises StoreUnreadable, StoreTooNew, StoreBusy, MasterKeyMissing (the store has profiles, but its key
    is gone), SealBroken (the key is not the one that this store was sealed with).
    """
    folder = default_home(environ) if home is None else home
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnreadable(
            f"The folder {folder} cannot be made ({error.strerror}): set EARMARK_HOME to a folder of yours."
        ) from None
    path = folder / DATABASE
    engine = sqlite.make_engine(path)
    try:
        with explained(path):
            vault = _unlock(engine, folder, environ)
            if vault is None:
                sqlite.use_write_ahead_log(engine)
                vault = _set_up(engine, folder, environ)
    except BaseException:
        engine.dispose()
        raise
    return Store(path, engine, vault)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn database errors into ours."""
    try:
        yield
    except (sqlite3.Error, sa.exc.DBAPIError) as error:
        raise sqlite.explain(error, path) from error


@contextmanager
def _writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect().execution_options(**{sqlite.WRITES: True}) as connection, connection.begin():
        yield connection


def _unlock(engine: sa.Engine, home: Path, environ: Mapping[str, str]) -> Vault | None:
    """Return the vault of a store that is up to date and has a key; None when there is something to do."""
    with engine.begin() as connection:
        if not is_current(connection):
            return None
        known = connection.scalars(sa.select(master_keys.c.key_id)).all()
        unfinished = connection.scalar(sa.select(sa.exists().where(tenants.c.leaving)))
    key = find_master_key(home, environ)
    if not known or key is None or unfinished:
        return None
    vault = Vault(key)
    return vault if vault.key_id in known else None


def _set_up(engine: sa.Engine, home: Path, environ: Mapping[str, str]) -> Vault:
    """Migrate, make the default tenant, make or take on the master key, and finish what a delete left.

    All in one transaction.
    Processes that open a fresh home at once wait here for each other.
    """
    with _writing(engine) as connection:
        bring_up_to_date(connection)
        now = datetime.now(UTC)
        if connection.scalar(sa.select(tenants.c.id).where(tenants.c.id == DEFAULT_TENANT)) is None:
            connection.execute(sa.insert(tenants).values(id=DEFAULT_TENANT, created=now))
        in_use = connection.scalar(sa.select(sa.exists().select_from(profile_keys)))
        key = find_master_key(home, environ)
        if key is None:
            if in_use:
                raise MasterKeyMissing(
                    f"The master key of the store in {home} is gone, and its profiles cannot be read without "
                    f"it: put master.key back from a backup, or set {VARIABLE}."
                )
            key = make_master_key(home)
        vault = Vault(key)
        known = connection.scalars(sa.select(master_keys.c.key_id)).all()
        if vault.key_id not in known:
            if in_use:
                raise SealBroken(
                    f"The store in {home} was sealed with another master key: put the right master.key back, "
                    f"or set {VARIABLE} to it."
                )
            for table in (master_keys, tenant_keys, answers):  # what the lost key sealed
                connection.execute(sa.delete(table))
            connection.execute(sa.insert(master_keys).values(key_id=vault.key_id, created=now))
        complete_tenant_keys(connection, vault)
        remove_leaving(connection)
        return vault
