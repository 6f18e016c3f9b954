"""What jobs need: jobs, media, the processes that work on them, and secrets of tenants.

A migration is history: it repeats the schema of its day and never imports `schema.py`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the new tables."""
    op.create_table(
        "jobs",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("door", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun", sa.DateTime(timezone=True)),
        sa.Column("ended", sa.DateTime(timezone=True)),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("to_tell", sa.Boolean(), nullable=False),
        sa.Column("media_id", sa.Uuid()),
        sa.Column("order_sealed", sa.LargeBinary()),
        sa.Column("outcome_sealed", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_jobs"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name="fk_jobs_tenants"),
    )
    op.create_index("ix_jobs_ended", "jobs", ["ended"])
    op.create_index("ix_jobs_tenant_created_id", "jobs", ["tenant", "created", "id"])
    op.create_index("ix_jobs_state_turn", "jobs", ["state", "turn"])
    op.create_table(
        "media",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(32)),
        sa.Column("key_sealed", sa.LargeBinary()),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_media"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name="fk_media_tenants"),
    )
    op.create_index("ix_media_expires", "media", ["expires"])
    op.create_index("ix_media_tenant_key_hash", "media", ["tenant", "key_hash"])
    op.create_table(
        "executors",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_executors"),
    )
    op.create_table(
        "secrets",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name="pk_secrets"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name="fk_secrets_tenants"),
    )
