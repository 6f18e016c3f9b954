"""What deciding beside a tenant's own people needs: its consent.

A migration is history: it repeats the schema of its day and never imports `schema.py`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column that has a meaning for the rows that are there."""
    op.add_column("tenants", sa.Column("own_cohort", sa.Boolean(), server_default=sa.false(), nullable=False))
