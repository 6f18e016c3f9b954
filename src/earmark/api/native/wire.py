"""The types on the wire of the native API; `convert.py` fills them from our values."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from earmark.api.native.words_wire import Words

Kind = Literal["text-independent", "identification", "verification", "text-dependent"]
JobState = Literal["created", "running", "succeeded", "failed", "canceled", "expired"]
Role = Literal["recognise", "enrol", "manage", "audit"]
Answer = Annotated[
    Literal["accepted", "uncertain", "rejected"],
    Field(description="Uncertain: too good for a stranger's, not good enough for theirs."),
]
NextStep = Annotated[
    Literal["more_speech", "challenge", "person"],
    Field(description="What to ask for after an uncertain answer; null after others."),
]


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


class Guidance(_Answer):
    """What would make a profile surer than it has to be; zeros and nothing when it is good."""

    speech_seconds: float = Field(description="More speech.")
    occasions: int = Field(description="More days to record on.")
    hints: list[str] = Field(description="In words: how much more, and how different it should be.")


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
    guidance: Guidance


class OperatingPoint(_Answer):
    """Where a decision was set."""

    fmr: float = Field(description="False-match rate, 0 to 1.")
    threshold: float = Field(description="Natural-log likelihood ratio from which on it is accepted.")
    doubtful: float | None = Field(description="That from which on it is uncertain.")
    fpir: float | None = Field(description="Of a whole search, where it was set so: strangers found, 0 to 1.")


class Verification(_Answer):
    """Is it the person of the profile?"""

    accepted: bool = Field(description="The voice, and the words where some were asked for.")
    answer: Answer
    next_step: NextStep | None
    voice_accepted: bool
    words: Words | None = Field(description="Null where any words will do.")
    fused_llr: float = Field(description="Natural-log likelihood ratio of both, at even odds of each.")
    llr: float = Field(description="Natural-log likelihood ratio, same against different speaker.")
    probability: float = Field(description="Of the same speaker at even prior odds, 0 to 1.")
    score: float = Field(description="Cosine, -1 to 1; to be compared within one model only.")
    operating_point: OperatingPoint
    enrolment_seconds: float = Field(description="Net speech behind the profile.")
    quality: Quality
    model: str
    reasons: list[str] = Field(description="In words: why, and what would make it surer.")
    renewal: list[str] = Field(description="In words: why the person should enrol anew; mostly empty.")
    learned: bool = Field(description="The voiceprint moved a little towards this recording.")


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
    answer: Answer
    next_step: NextStep | None
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


class WebhookSecret(_Answer):
    """What signs the messages to webhooks: HMAC-SHA256, see docs/service.md."""

    secret: str


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
    activation: bool = Field(description="Whether profiles of any words begin with an activation phrase.")


class TenantChange(_Request):
    """What is to be changed of a tenant."""

    keep_audio: bool | None = None
    activation: bool | None = None


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


class _Listening(_Request):
    speakers: int | None = Field(None, ge=1, le=50, description="Exactly so many people.")
    min_speakers: int | None = Field(None, ge=1, le=50)
    max_speakers: int | None = Field(None, ge=1, le=50)
    who: list[str] | None = Field(
        None,
        max_length=1_000,
        description="Profiles to look for, by identifier or label; `all` alone for everybody enrolled.",
    )
    threshold: float = Field(80.0, ge=0, le=100, description="Confidence from which on a speaker is named.")
    exclusive: bool = Field(True, description="Nobody is two speakers.")
    remember: bool = Field(
        False, description="Make a profile of each stranger, so that later recordings know them."
    )
    webhook: str | None = Field(None, max_length=4_096, description="Address that is told of the end.")
    webhook_status_only: bool = Field(False, description="The message to the webhook has no output.")


class NewDiarization(_Listening):
    """Who speaks when, and who are they?"""

    source: str = Field(
        max_length=4_096,
        description="Public address of a recording, or media://key of one that was uploaded.",
        examples=["https://example.com/meeting.wav"],
    )


class DiarizationOptions(_Listening):
    """What is asked of a recording that comes as the body."""


class SpokenTurn(_Answer):
    """One stretch of one speaker's speech."""

    start: float = Field(description="Seconds from the start of the recording.")
    end: float
    speaker: str = Field(description="SPEAKER_00 and so on, in the order in which they are first heard.")
    name: str = Field(description="Label or identifier of the profile; the same as `speaker` for a stranger.")
    confidence: float | None = Field(description="0 to 100: how surely this speaker speaks here.")


class VoiceFit(_Answer):
    """One known voice, as a possible name of a speaker."""

    profile: UUID | None = Field(description="Null for a voiceprint that the caller brought.")
    label: str | None
    confidence: float = Field(description="0 to 100; the odds are even at 50.")


class SpeakerFound(_Answer):
    """One of the people in a recording."""

    speaker: str
    name: str = Field(description="As in the turns.")
    match: VoiceFit | None = Field(description="Who it is; null for a stranger.")
    voices: list[VoiceFit] = Field(description="The likeliest of those looked for, best first.")
    seconds: float = Field(description="Of speech while nobody else speaks.")
    remembered: bool = Field(description="A profile was made of this speaker.")
    not_remembered: str | None = Field(description="Why none could be made, where it was asked for.")


class DiarizationOutput(_Answer):
    """What came of it."""

    seconds: float = Field(description="Length of the recording.")
    speakers: list[SpeakerFound]
    turns: list[SpokenTurn] = Field(description="By start; those of different speakers may overlap.")
    exclusive_turns: list[SpokenTurn] = Field(description="Never two at once: for joining with a transcript.")
    warning: str | None
    model: str | None


class JobProblem(_Answer):
    """Why it went wrong."""

    code: str
    detail: str = Field(description="What is wrong, and what to do next.")


class Diarization(_Answer):
    """A recording that is listened to, or was."""

    id: UUID
    state: JobState = Field(description="Expired: it succeeded, and what came of it is gone.")
    progress: float = Field(description="0 to 1.")
    created: datetime
    updated: datetime
    ended: datetime | None
    output: DiarizationOutput | None = Field(description="Of one that succeeded, for a day.")
    problem: JobProblem | None = Field(description="Of one that failed.")


class DiarizationListed(_Answer):
    """A diarization of a list, without what came of it."""

    id: UUID
    state: JobState
    progress: float
    created: datetime
    updated: datetime
    ended: datetime | None


class DiarizationPage(_Answer):
    """Some diarizations, newest first."""

    items: list[DiarizationListed]
    next_cursor: str | None = Field(description="For the next page; null on the last one.")


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
