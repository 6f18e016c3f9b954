"""A database connection to the newest schema revision: by Alembic, inside the caller's transaction."""

from pathlib import Path

import sqlalchemy as sa

from earmark.errors import StoreTooNew, StoreUnreadable
from earmark.storage.schema import REVISION

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = sa.table("alembic_version", sa.column("version_num", sa.String))


def is_current(connection: sa.Connection) -> bool:
    """Say whether the store is at the newest revision; False for an empty database.

    Raises StoreUnreadable when the database belongs to some other program.
    """
    return _revision(connection) == REVISION


def bring_up_to_date(connection: sa.Connection) -> None:
    """Run the migrations that are missing; all of them, or none when the transaction is rolled back.

    Raises StoreTooNew when a newer Earmark made the store, StoreUnreadable when another program did.
    """
    current = _revision(connection)
    if current == REVISION:
        return
    # Imported late: most openings need none of it.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if current is not None and current not in known:
        raise StoreTooNew(
            f"This store is of a newer release of Earmark ({current}; this one knows {REVISION}): "
            "install that release, or use another folder or database."
        )
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    command.upgrade(config, "head")


def _revision(connection: sa.Connection) -> str | None:
    tables = set(sa.inspect(connection).get_table_names())
    if not tables:
        return None
    if not {"alembic_version", "tenants"} <= tables:
        raise StoreUnreadable(
            "The database is not an Earmark store, and was left as it is: set EARMARK_HOME to another "
            "folder, or EARMARK_DATABASE_URL to another database."
        )
    return connection.scalar(sa.select(VERSION_TABLE.c.version_num))
