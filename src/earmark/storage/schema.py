"""The tables: what a row of each holds. Migrations make them; a test proves that both are equal.

Every table begins with the tenant, and its keys include it, so that a row cannot be reached, nor
refer to a row, across tenants. Columns named `sealed` hold what only the vault can open.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

REVISION = "0007"  # the newest migration: a store at this revision opens without importing Alembic

FRONT = bytes(4_096)  # no page of ours holds more of a value before it goes on in pages of its own
GUID = sa.Uuid()  # CHAR(32) on SQLite, UUID on PostgreSQL


class UtcTime(sa.types.TypeDecorator[datetime]):
    """An aware UTC time. SQLite drops the offset, so it is put back on the way out."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn any aware time into UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the time as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Erasable(sa.types.TypeDecorator[bytes]):
    """Bytes that are gone with their row: those sealed by a key that stays.

    SQLite leaves copies of what it moves within a page, also with `secure_delete`; pages that hold the end
    of a long value are never moved, and are zeroed when they are freed. So it stands behind a page of zeros.
    """

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Put the zeros before it on SQLite."""
        return FRONT + value if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Take them off."""
        return value[len(FRONT) :] if value is not None and dialect.name == "sqlite" else value


metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

master_keys = sa.Table(  # which master key this store is sealed with; one row
    "master_keys",
    metadata,
    sa.Column("key_id", sa.LargeBinary(8), primary_key=True),
    sa.Column("created", UtcTime, nullable=False),
)

tenants = sa.Table(
    "tenants",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("created", UtcTime, nullable=False),
    sa.Column("keep_audio", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("leaving", sa.Boolean, nullable=False, server_default=sa.false()),  # its key is destroyed
    sa.Column("learn", sa.Boolean, nullable=False, server_default=sa.false()),  # from sure recognitions
    sa.Column("watch_drift", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("renew_days", sa.Integer),  # after which a voiceprint is too old; never if None
    # Whether a profile of any words begins with an activation phrase.
    sa.Column("activation", sa.Boolean, nullable=False, server_default=sa.false()),
    # Whether enrolled people count as strangers beside the cohort that ships.
    sa.Column("own_cohort", sa.Boolean, nullable=False, server_default=sa.false()),
)

operating_points = sa.Table(  # what a tenant decides by, for each use; what is missing is the default
    "operating_points",
    metadata,
    sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("use", sa.String(16), primary_key=True),
    sa.Column("fmr", sa.Double),  # of one comparison
    sa.Column("fpir", sa.Double),  # of a whole search
    sa.Column("cost_miss", sa.Double),
    sa.Column("cost_false", sa.Double),
    sa.Column("prior", sa.Double),
    sa.Column("doubt", sa.Double),  # rate, of the same kind, from which on the answer is "uncertain"
)

tenant_keys = sa.Table(  # apart from the tenant, so that the key alone can be destroyed
    "tenant_keys",
    metadata,
    sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("wrapped", Erasable, nullable=False),
)

api_keys = sa.Table(  # a key that was revoked has no row
    "api_keys",
    metadata,
    sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("id", GUID, primary_key=True),
    sa.Column("hash", sa.LargeBinary(32), nullable=False, unique=True),  # SHA-256 of the key
    sa.Column("hint", sa.String(4), nullable=False),  # its last characters
    sa.Column("name", sa.String(100)),
    sa.Column("roles", sa.String(100), nullable=False),  # joined by commas
    sa.Column("created", UtcTime, nullable=False),
    sa.Column("expires", UtcTime),
)

answers = sa.Table(  # what a request was answered, for whoever asks again
    "answers",
    metadata,
    sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("id", GUID, primary_key=True),
    sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),  # of the request; may be empty
    sa.Column("created", UtcTime, nullable=False),
    sa.Column("expires", UtcTime, nullable=False, index=True),
    sa.Column("body_sealed", Erasable, nullable=False),
)

profiles = sa.Table(
    "profiles",
    metadata,
    sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("id", GUID, primary_key=True),
    sa.Column("label_hash", sa.LargeBinary(32)),  # keyed, see Vault.label_hash
    sa.Column("label_sealed", sa.LargeBinary),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("locale", sa.String(35)),  # BCP 47, at most 35 characters
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("model", sa.String(200), nullable=False),  # empty before the first enrolment
    sa.Column("created", UtcTime, nullable=False),
    sa.Column("updated", UtcTime, nullable=False),
    sa.Column("phrase", sa.String(200)),  # the passphrase of a text-dependent profile
    sa.Column("revision", sa.Integer, nullable=False, server_default="0"),  # grows with every change
    sa.UniqueConstraint("tenant", "label_hash"),
    sa.Index(None, "tenant", "kind", "id"),
)

profile_keys = sa.Table(  # apart from the profile, so that the key alone can be destroyed
    "profile_keys",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("profile_id", GUID, primary_key=True),
    sa.Column("wrapped", Erasable, nullable=False),
    sa.ForeignKeyConstraint(["tenant", "profile_id"], ["profiles.tenant", "profiles.id"], ondelete="CASCADE"),
)

enrolments = sa.Table(  # one clip's contribution; the numbers are the fields of Quality
    "enrolments",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("id", GUID, primary_key=True),
    sa.Column("profile_id", GUID, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),  # order within the profile, from 0
    sa.Column("created", UtcTime, nullable=False),
    sa.Column("speech_seconds", sa.Double, nullable=False),
    sa.Column("total_seconds", sa.Double, nullable=False),
    sa.Column("snr_db", sa.Double, nullable=False),
    sa.Column("clipped", sa.Double, nullable=False),
    sa.Column("bandwidth_hz", sa.Double, nullable=False),
    sa.Column("level_dbfs", sa.Double, nullable=False),
    sa.Column("several_voices", sa.Boolean, nullable=False),
    sa.Column("embedding_sealed", sa.LargeBinary, nullable=False),
    sa.Column("audio_kept", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.ForeignKeyConstraint(["tenant", "profile_id"], ["profiles.tenant", "profiles.id"], ondelete="CASCADE"),
    sa.UniqueConstraint("tenant", "profile_id", "position"),
)

enrolment_audio = sa.Table(  # apart from the numbers, so that a gallery loads without touching it
    "enrolment_audio",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("enrolment_id", GUID, primary_key=True),
    sa.Column("audio_sealed", sa.LargeBinary, nullable=False),
    sa.ForeignKeyConstraint(
        ["tenant", "enrolment_id"], ["enrolments.tenant", "enrolments.id"], ondelete="CASCADE"
    ),
)

learned = sa.Table(  # one voice for all that sure recognitions have taught about a profile
    "learned",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("profile_id", GUID, primary_key=True),
    sa.Column("recordings", sa.Integer, nullable=False),  # that it was learned from
    sa.Column("begun", UtcTime, nullable=False),
    sa.Column("updated", UtcTime, nullable=False),
    sa.Column("speech_seconds", sa.Double, nullable=False),  # these are means over the recordings
    sa.Column("total_seconds", sa.Double, nullable=False),
    sa.Column("snr_db", sa.Double, nullable=False),
    sa.Column("clipped", sa.Double, nullable=False),
    sa.Column("bandwidth_hz", sa.Double, nullable=False),
    sa.Column("level_dbfs", sa.Double, nullable=False),
    sa.Column("vector_sealed", Erasable, nullable=False),
    sa.ForeignKeyConstraint(["tenant", "profile_id"], ["profiles.tenant", "profiles.id"], ondelete="CASCADE"),
)

drifts = sa.Table(  # how well a person's accepted recordings fit the profile, at first and lately
    "drifts",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("profile_id", GUID, primary_key=True),
    sa.Column("basis", sa.String(64), nullable=False),  # the calibration that the LLRs are of
    sa.Column("recordings", sa.Integer, nullable=False),
    sa.Column("early_llr", sa.Double, nullable=False),
    sa.Column("early_variance", sa.Double, nullable=False),
    sa.Column("recent_llr", sa.Double, nullable=False),
    sa.Column("updated", UtcTime, nullable=False),
    sa.ForeignKeyConstraint(["tenant", "profile_id"], ["profiles.tenant", "profiles.id"], ondelete="CASCADE"),
)

passphrases = sa.Table(  # what a tenant asks people to say, beside the phrases that everybody has
    "passphrases",
    metadata,
    sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("locale", sa.String(35), primary_key=True),  # in small letters
    sa.Column("phrase", sa.String(200), primary_key=True),
    sa.Column("created", UtcTime, nullable=False),
)

challenges = sa.Table(  # words to be said once, by one person, in time
    "challenges",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("id", GUID, primary_key=True),
    sa.Column("profile_id", GUID, nullable=False),
    sa.Column("locale", sa.String(35), nullable=False),
    sa.Column("phrase", sa.String(200), nullable=False),
    sa.Column("created", UtcTime, nullable=False),
    sa.Column("expires", UtcTime, nullable=False, index=True),
    sa.Column("used", UtcTime),  # None until it has been answered
    sa.ForeignKeyConstraint(["tenant", "profile_id"], ["profiles.tenant", "profiles.id"], ondelete="CASCADE"),
    sa.Index(None, "tenant", "profile_id"),
)

attempts = sa.Table(  # verifications that failed, one after another; none, no row
    "attempts",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("profile_id", GUID, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("locked_until", UtcTime),
    sa.Column("updated", UtcTime, nullable=False),
    sa.ForeignKeyConstraint(["tenant", "profile_id"], ["profiles.tenant", "profiles.id"], ondelete="CASCADE"),
)

jobs = sa.Table(  # accepted work on a recording; the queue is the job library's, in tables of its own
    "jobs",
    metadata,
    sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("id", GUID, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("door", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("progress", sa.Double, nullable=False),
    sa.Column("created", UtcTime, nullable=False),
    sa.Column("updated", UtcTime, nullable=False),
    sa.Column("begun", UtcTime),
    sa.Column("ended", UtcTime, index=True),
    sa.Column("turn", sa.Integer, nullable=False),  # in the queue: the smallest comes first
    sa.Column("attempts", sa.Integer, nullable=False),  # that were begun
    sa.Column("to_tell", sa.Boolean, nullable=False),  # its end is still to be told to a webhook
    sa.Column("media_id", GUID),  # the recording, once it is known
    sa.Column("order_sealed", Erasable),  # None once it has expired
    sa.Column("outcome_sealed", Erasable),  # None before it has ended, and once it has expired
    sa.Index(None, "tenant", "created", "id"),
    sa.Index(None, "state", "turn"),
)

media = sa.Table(  # recordings that were uploaded or fetched; their sound is sealed in files elsewhere
    "media",
    metadata,
    sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("id", GUID, primary_key=True),
    # Keyed, see Vault.media_hash; None for one that was fetched or replaced, and goes when its job ends.
    sa.Column("key_hash", sa.LargeBinary(32)),
    sa.Column("key_sealed", Erasable),
    sa.Column("wrapped", Erasable, nullable=False),  # the key that its sound is sealed with
    sa.Column("size", sa.BigInteger, nullable=False),  # bytes
    sa.Column("whole", sa.Boolean, nullable=False),  # False while it is written
    sa.Column("created", UtcTime, nullable=False),
    sa.Column("expires", UtcTime, nullable=False, index=True),
    sa.Index(None, "tenant", "key_hash"),
)

executors = sa.Table(  # processes that work on jobs, each with its last sign of life
    "executors",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("seen", UtcTime, nullable=False),
)

secrets = sa.Table(  # of a tenant, by name
    "secrets",
    metadata,
    sa.Column("tenant", sa.String(64), sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("sealed", Erasable, nullable=False),
)
