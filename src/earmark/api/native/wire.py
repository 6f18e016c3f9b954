"""The types on the wire of the native API; `convert.py` fills them from our values."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["text-independent", "identification", "verification", "text-dependent"]
Role = Literal["recognise", "enrol", "manage", "audit"]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)  # an older client takes what a newer service adds


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Quality(_Answer):
    """What was measured of one recording."""

    speech_seconds: float = Field(description="Net speech.")
    total_seconds: float = Field(description="Length of the recording.")
    snr_db: float = Field(description="Signal-to-noise ratio, estimated.")
    clipped: float = Field(description="Fraction of the speech at full scale, 0 to 1.")
    bandwidth_hz: float = Field(description="Highest frequency that carries speech.")
    level_dbfs: float = Field(description="Level of the speech against full scale.")
    several_voices: bool = Field(description="More than one speaker is likely.")


class Enrolment(_Answer):
    """One recording's contribution to a profile."""

    id: UUID
    created: datetime
    quality: Quality
    audio_kept: bool = Field(description="Whether its recording is kept, sealed.")


class Missing(_Answer):
    """What a profile lacks to be enrolled; zeros when nothing."""

    speech_seconds: float
    recordings: int


class Profile(_Answer):
    """A person's stored voiceprint, without its numbers."""

    id: UUID
    label: str | None = Field(description="What you call it; unique.")
    kind: Kind
    locale: str | None
    phrase: str | None = Field(description="Passphrase of a text-dependent profile.")
    state: Literal["enrolling", "enrolled"] = Field(description="Only an enrolled one can be compared with.")
    model: str | None = Field(description="Which made it; null before the first recording.")
    revision: int = Field(description="Grows with every change; its ETag.")
    created: datetime
    updated: datetime
    speech_seconds: float = Field(description="Net speech over all enrolments.")
    enrolments: list[Enrolment] = Field(description="Oldest first.")
    missing: Missing


class ProfilePage(_Answer):
    """Some profiles, in the order of their identifiers."""

    items: list[Profile]
    next_cursor: str | None = Field(description="For the next page; null on the last one.")


class NewProfile(_Request):
    """A profile without enrolments."""

    label: str | None = None
    kind: Kind = "text-independent"
    locale: str | None = Field(None, examples=["en-US"])
    phrase: str | None = None
    id: UUID | None = Field(None, description="Its identifier, to keep one from elsewhere.")


class ProfileChange(_Request):
    """What is to be changed; null takes away (RFC 7396)."""

    label: str | None = None
    locale: str | None = None


class Enrolled(_Answer):
    """What recordings did for a profile."""

    profile: Profile
    added: list[Enrolment]
    consistency: list[float] | None = Field(
        description="Log-likelihood ratio of each new recording against all others; null when alone."
    )
    doubts: list[str] = Field(description="In words: recordings that sound unlike the rest.")


class OperatingPoint(_Answer):
    """Where a decision was set."""

    fmr: float = Field(description="False-match rate, 0 to 1.")
    threshold: float = Field(description="Natural-log likelihood ratio from which on it is accepted.")


class Verification(_Answer):
    """Is it the person of the profile?"""

    accepted: bool
    llr: float = Field(description="Natural-log likelihood ratio, same against different speaker.")
    probability: float = Field(description="Of the same speaker at even prior odds, 0 to 1.")
    score: float = Field(description="Cosine, -1 to 1; to be compared within one model only.")
    operating_point: OperatingPoint
    enrolment_seconds: float = Field(description="Net speech behind the profile.")
    quality: Quality
    model: str
    reasons: list[str] = Field(description="In words: why, and what would make it surer.")


class Candidate(_Answer):
    """One of those who were compared."""

    profile: UUID
    label: str | None
    accepted: bool
    llr: float
    probability: float
    score: float


class Identification(_Answer):
    """Who is it?"""

    best: Candidate | None = Field(description="The answer; null when nobody passes.")
    candidates: list[Candidate] = Field(description="Best first.")
    operating_point: OperatingPoint
    quality: Quality
    model: str
    reasons: list[str]


class Verdict(_Answer):
    """Whether a recording would be taken."""

    good: bool
    code: str | None = Field(description="Of the error that it would be refused with.")
    detail: str | None = Field(description="What is wrong, and what to do.")


class Inspection(_Answer):
    """How good a recording is, and what for."""

    quality: Quality
    enrolment: Verdict
    recognition: Verdict


class Phrases(_Answer):
    """What people may be asked to say."""

    locale: str
    passphrases: list[str]
    activation_phrases: list[str]


class Caller(_Answer):
    """Whose key this is, and what it may do."""

    tenant: str
    roles: list[Role]


class Tenant(_Answer):
    """The owner of profiles and keys."""

    id: str
    created: datetime
    keep_audio: bool = Field(
        description="Whether enrolment recordings are kept, sealed. Without them a voiceprint cannot be made "
        "again when the model changes: such people must enrol anew."
    )


class TenantChange(_Request):
    """What is to be changed of a tenant."""

    keep_audio: bool


class Key(_Answer):
    """An API key without its secret."""

    id: UUID
    name: str | None
    roles: list[Role]
    created: datetime
    expires: datetime | None
    hint: str = Field(description="Last four characters of its secret.")


class NewKey(Key):
    """A key as it is told once."""

    secret: str = Field(description="Shown now and never again.")


class Keys(_Answer):
    """All keys of a tenant, oldest first."""

    items: list[Key]


class KeyRequest(_Request):
    """A key to be made."""

    roles: Annotated[list[Role], Field(min_length=1, max_length=4)]
    name: str | None = None
    expires: datetime | None = Field(None, description="With a time zone; never when null.")


class Rotation(_Request):
    """How a key is replaced."""

    overlap_seconds: int = Field(0, ge=0, le=30 * 86_400, description="How long both keys work.")


class ExportRequest(_Request):
    """Which profiles are exported, and under what."""

    passphrase: str = Field(min_length=8, max_length=1_024)
    profiles: list[UUID] | None = Field(None, max_length=10_000, description="All when null.")


class Imported(_Answer):
    """What an import did."""

    added: list[UUID]
    skipped: list[UUID] = Field(description="Those that were here already, the same in every part.")


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = Field(description="What is wrong, and what to do next.")
    code: str = Field(description="Stable across releases.")
    measure: str | None = Field(None, description="Quality: what fell short.")
    value: float | None = Field(None, description="Quality: what was measured.")
    limit: float | None = Field(None, description="Quality: what is asked for.")
