"""What the service needs: keys of tenants, API keys, kept answers, revisions, passphrases, audio that may go.

A migration is history: it repeats the schema of its day and never imports `schema.py`. The data keys of
profiles are wrapped anew, under their tenant's key, when the store is opened (`tenant_keys.py`).
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns that have a meaning for the rows that are there, and the new tables."""
    op.add_column("tenants", sa.Column("keep_audio", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("tenants", sa.Column("leaving", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("profiles", sa.Column("phrase", sa.String(200)))
    op.add_column("profiles", sa.Column("revision", sa.Integer(), server_default="0", nullable=False))
    op.create_index("ix_profiles_tenant_kind_id", "profiles", ["tenant", "kind", "id"])
    op.add_column(
        "enrolments", sa.Column("audio_kept", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    op.create_table(
        "tenant_keys",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name="pk_tenant_keys"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name="fk_tenant_keys_tenants"),
    )
    op.create_table(
        "api_keys",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("hint", sa.String(4), nullable=False),
        sa.Column("name", sa.String(100)),
        sa.Column("roles", sa.String(100), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_api_keys"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name="fk_api_keys_tenants"),
        sa.UniqueConstraint("hash", name="uq_api_keys_hash"),
    )
    op.create_table(
        "answers",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_answers"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name="fk_answers_tenants"),
    )
    op.create_index("ix_answers_expires", "answers", ["expires"])
