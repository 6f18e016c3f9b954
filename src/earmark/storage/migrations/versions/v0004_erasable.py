"""What must be gone with its row stands in pages of its own from now on, on SQLite: see `schema.Erasable`.

A migration is history: it repeats the schema of its day and never imports `schema.py`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = (
    ("tenant_keys", "wrapped"),
    ("profile_keys", "wrapped"),
    ("media", "wrapped"),
    ("media", "key_sealed"),
    ("answers", "body_sealed"),
    ("jobs", "order_sealed"),
    ("jobs", "outcome_sealed"),
    ("secrets", "sealed"),
)


def upgrade() -> None:
    """Put a page of zeros before each of these values."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return
    for table, column in COLUMNS:
        here = sa.table(table, sa.column("rowid", sa.Integer), sa.column(column, sa.LargeBinary))
        value = here.c[column]
        # The rows first: SQLite may visit one twice that grows while it is walked over.
        for row in connection.scalars(sa.select(here.c.rowid).where(value.is_not(None))).all():
            same = here.c.rowid == row
            old = connection.scalar(sa.select(value).where(same))
            connection.execute(sa.update(here).where(same).values({column: bytes(4_096) + (old or b"")}))
