"""What storage takes and gives: profiles and enrolments as frozen values, without a key or a row in them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from earmark.voice.features import Floats
from earmark.voice.quality import Quality
from earmark.voice.scoring.own_people import OwnPeople
from earmark.voice.voiceprint import Embedding


class ProfileKind(StrEnum):
    """What a profile is for, and what its speech was asked to be."""

    TEXT_INDEPENDENT = "text-independent"  # any words, to be verified and identified
    IDENTIFICATION = "identification"  # any words
    VERIFICATION = "verification"  # any words
    TEXT_DEPENDENT = "text-dependent"  # one passphrase, to be verified


class ProfileState(StrEnum):
    """Whether a profile can be compared with yet."""

    ENROLLING = "enrolling"
    ENROLLED = "enrolled"


@dataclass(frozen=True)
class Enrolment:
    """One clip's contribution to a profile, without the clip."""

    id: UUID
    created: datetime  # aware, UTC
    quality: Quality
    audio_kept: bool = True


@dataclass(frozen=True)
class Profile:
    """A stored voiceprint, without its embeddings."""

    id: UUID
    label: str | None
    kind: ProfileKind
    locale: str | None
    state: ProfileState
    model: str | None  # name and version, as in "earmark-1@1.0"; None before the first enrolment
    created: datetime  # aware, UTC
    updated: datetime
    enrolments: tuple[Enrolment, ...]  # oldest first
    phrase: str | None = None  # the passphrase of a text-dependent profile, once it is known
    revision: int = 0  # grows with every change

    @property
    def speech_seconds(self) -> float:
        """Net seconds of speech over all enrolments."""
        return sum(enrolment.quality.speech_seconds for enrolment in self.enrolments)

    @property
    def total_seconds(self) -> float:
        """Seconds of all enrolments, speech or not."""
        return sum(enrolment.quality.total_seconds for enrolment in self.enrolments)


@dataclass(frozen=True, eq=False)
class EnrolmentRecord:
    """An enrolment with all that is kept of it; `audio` is FLAC (see `clips.py`)."""

    enrolment: Enrolment
    vector: Floats  # (D,) float32, unit length
    audio: bytes | None  # None when the tenant keeps none


@dataclass(frozen=True, eq=False)
class ProfileRecord:
    """A profile with all that is kept of it: what an export carries."""

    profile: Profile
    records: tuple[EnrolmentRecord, ...]  # in the order of profile.enrolments


@dataclass(frozen=True)
class Tenant:
    """The owner of profiles and keys."""

    id: str
    created: datetime  # aware, UTC
    keep_audio: bool  # enrolment recordings, sealed; without them a voiceprint cannot be made again
    learn: bool = False  # whether a voiceprint moves with recordings that are surely the person's
    watch_drift: bool = False  # whether it is noted how well accepted recordings fit
    renew_days: int | None = None  # after which a voiceprint is too old
    activation: bool = False  # whether a profile of any words begins with an activation phrase
    own_cohort: bool = False  # whether enrolled people count as strangers beside the cohort that ships


class Use(StrEnum):
    """What recognition is used for; a tenant may decide by another rule for each."""

    VERIFY = "verify"  # is it really them?
    IDENTIFY = "identify"  # who is it, of those who are known?
    WATCHLIST = "watchlist"  # is it one of a few, among many strangers?


@dataclass(frozen=True, eq=False)
class KeptPeople:
    """People read from the store, and how they were marked there when they were."""

    marks: dict[UUID, tuple[int, datetime]]  # revision, and when it was
    people: OwnPeople


@dataclass(frozen=True, eq=False)
class Learned:
    """What sure recognitions have taught about a profile: one voice, however many they were."""

    recordings: int
    begun: datetime  # aware, UTC
    updated: datetime
    embedding: Embedding  # its quality has the means over the recordings


@dataclass(frozen=True)
class Drift:
    """How well a person's accepted recordings fit the profile, as mean LLRs."""

    recordings: int
    early_llr: float  # of the first ones
    early_variance: float  # of these
    recent_llr: float  # of the latest, those of long ago fading
    updated: datetime  # aware, UTC


@dataclass(frozen=True)
class Answer:
    """What a request was answered, kept for whoever asks again."""

    id: UUID
    created: datetime  # aware, UTC
    expires: datetime
    fingerprint: bytes  # of the request that it answers; may be empty
    body: bytes


class JobKind(StrEnum):
    """What is done with a recording."""

    DIARIZE = "diarize"  # who speaks when
    IDENTIFY = "identify"  # and who of the known voices they are
    VOICEPRINT = "voiceprint"  # how its one speaker sounds


class JobState(StrEnum):
    """How far a job is. It ends once: what has ended may only expire, when its output goes."""

    CREATED = "created"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"

    @property
    def ended(self) -> bool:
        """Whether nothing more will be done."""
        return self not in (JobState.CREATED, JobState.RUNNING)


@dataclass(frozen=True)
class Job:
    """Accepted work on a recording, without what was asked and what came of it."""

    id: UUID
    kind: JobKind
    door: str  # through which it came: "native" or "pyannoteai"
    state: JobState
    progress: float  # 0 to 1
    created: datetime  # aware, UTC
    updated: datetime
    ended: datetime | None


@dataclass(frozen=True)
class Media:
    """An uploaded recording, without its sound."""

    key: str
    size: int  # bytes
    created: datetime  # aware, UTC
    expires: datetime


@dataclass(frozen=True)
class Challenge:
    """Words that one person is to say, once and in time."""

    id: UUID
    profile_id: UUID
    locale: str
    phrase: str
    created: datetime  # aware, UTC
    expires: datetime
    used: datetime | None  # when it was answered
