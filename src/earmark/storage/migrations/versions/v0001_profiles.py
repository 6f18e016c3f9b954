"""The first tables: master keys, tenants, profiles, their keys, enrolments and audio.

A migration is history: it repeats the schema of its day and never imports `schema.py`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "master_keys",
        sa.Column("key_id", sa.LargeBinary(8), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_master_keys"),
    )
    op.create_table(
        "tenants",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tenants"),
    )
    op.create_table(
        "profiles",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("label_hash", sa.LargeBinary(32)),
        sa.Column("label_sealed", sa.LargeBinary()),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("locale", sa.String(35)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_profiles"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name="fk_profiles_tenants"),
        sa.UniqueConstraint("tenant", "label_hash", name="uq_profiles_tenant_label_hash"),
    )
    op.create_table(
        "profile_keys",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "profile_id", name="pk_profile_keys"),
        _of_profile("profile_keys"),
    )
    op.create_table(
        "enrolments",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("speech_seconds", sa.Double(), nullable=False),
        sa.Column("total_seconds", sa.Double(), nullable=False),
        sa.Column("snr_db", sa.Double(), nullable=False),
        sa.Column("clipped", sa.Double(), nullable=False),
        sa.Column("bandwidth_hz", sa.Double(), nullable=False),
        sa.Column("level_dbfs", sa.Double(), nullable=False),
        sa.Column("several_voices", sa.Boolean(), nullable=False),
        sa.Column("embedding_sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_enrolments"),
        sa.UniqueConstraint(
            "tenant", "profile_id", "position", name="uq_enrolments_tenant_profile_id_position"
        ),
        _of_profile("enrolments"),
    )
    op.create_table(
        "enrolment_audio",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("audio_sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "enrolment_id", name="pk_enrolment_audio"),
        sa.ForeignKeyConstraint(
            ["tenant", "enrolment_id"],
            ["enrolments.tenant", "enrolments.id"],
            name="fk_enrolment_audio_enrolments",
            ondelete="CASCADE",
        ),
    )


def _of_profile(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant", "profile_id"],
        ["profiles.tenant", "profiles.id"],
        name=f"fk_{table}_profiles",
        ondelete="CASCADE",
    )
