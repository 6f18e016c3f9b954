"""What deciding by a tenant's own rules needs: operating points, what is learned of voices, and their drift.

A migration is history: it repeats the schema of its day and never imports `schema.py`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns that have a meaning for the rows that are there, and the new tables."""
    op.add_column("tenants", sa.Column("learn", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column(
        "tenants", sa.Column("watch_drift", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("tenants", sa.Column("renew_days", sa.Integer()))
    op.create_table(
        "operating_points",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("use", sa.String(16), nullable=False),
        sa.Column("fmr", sa.Double()),
        sa.Column("fpir", sa.Double()),
        sa.Column("cost_miss", sa.Double()),
        sa.Column("cost_false", sa.Double()),
        sa.Column("prior", sa.Double()),
        sa.Column("doubt", sa.Double()),
        sa.PrimaryKeyConstraint("tenant", "use", name="pk_operating_points"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name="fk_operating_points_tenants"),
    )
    op.create_table(
        "learned",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("recordings", sa.Integer(), nullable=False),
        sa.Column("begun", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("speech_seconds", sa.Double(), nullable=False),
        sa.Column("total_seconds", sa.Double(), nullable=False),
        sa.Column("snr_db", sa.Double(), nullable=False),
        sa.Column("clipped", sa.Double(), nullable=False),
        sa.Column("bandwidth_hz", sa.Double(), nullable=False),
        sa.Column("level_dbfs", sa.Double(), nullable=False),
        sa.Column("vector_sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "profile_id", name="pk_learned"),
        _of_profile("learned"),
    )
    op.create_table(
        "drifts",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("basis", sa.String(64), nullable=False),
        sa.Column("recordings", sa.Integer(), nullable=False),
        sa.Column("early_llr", sa.Double(), nullable=False),
        sa.Column("early_variance", sa.Double(), nullable=False),
        sa.Column("recent_llr", sa.Double(), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "profile_id", name="pk_drifts"),
        _of_profile("drifts"),
    )


def _of_profile(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant", "profile_id"],
        ["profiles.tenant", "profiles.id"],
        name=f"fk_{table}_profiles",
        ondelete="CASCADE",
    )
