"""What checking words needs: a tenant's passphrases and rules, challenges, and failed attempts.

A migration is history: it repeats the schema of its day and never imports `schema.py`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column that has a meaning for the rows that are there, and the new tables."""
    op.add_column("tenants", sa.Column("activation", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "passphrases",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("locale", sa.String(35), nullable=False),
        sa.Column("phrase", sa.String(200), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "locale", "phrase", name="pk_passphrases"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name="fk_passphrases_tenants"),
    )
    op.create_table(
        "challenges",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("locale", sa.String(35), nullable=False),
        sa.Column("phrase", sa.String(200), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_challenges"),
        _of_profile("challenges"),
    )
    op.create_index("ix_challenges_expires", "challenges", ["expires"])
    op.create_index("ix_challenges_tenant_profile_id", "challenges", ["tenant", "profile_id"])
    op.create_table(
        "attempts",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True)),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "profile_id", name="pk_attempts"),
        _of_profile("attempts"),
    )


def _of_profile(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant", "profile_id"],
        ["profiles.tenant", "profiles.id"],
        name=f"fk_{table}_profiles",
        ondelete="CASCADE",
    )
