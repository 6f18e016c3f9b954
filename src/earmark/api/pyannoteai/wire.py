"""The types on the wire of pyannoteAI's API: what is asked, leniently, and for the document what is told.

SDKs send null for whatever is not given (contract, section 2), and newer ones fields that nobody knows yet.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

MOST_SPEAKERS = 50
MOST_VOICEPRINTS = 50
LONGEST_VOICEPRINT = 20_000
LONGEST_LABEL = 100
RESERVED = "speaker_"
MEDIA = r"^media://[a-zA-Z0-9\-_./]+$"
Status = Literal["created", "pending", "running", "succeeded", "failed", "canceled"]


def _whole(number: float) -> float:
    if number != int(number):
        raise ValueError("Input should be a whole number")
    return number


Speakers = Annotated[float, Field(ge=1, allow_inf_nan=False, strict=True), AfterValidator(_whole)]
Flag = Annotated[bool, Field(strict=True)]
Address = Annotated[str, Field(min_length=1, max_length=4_096, strict=True)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, asked: Any) -> Any:
        """Take null as not given, everywhere."""
        return {k: v for k, v in asked.items() if v is not None} if isinstance(asked, dict) else asked


class MediaAsked(_Asked):
    """A recording's key."""

    url: str = Field(
        max_length=255,
        pattern=MEDIA,
        strict=True,
        description="A key of your own.",
        examples=["media://a/b.wav"],
    )


class _JobAsked(_Asked):
    url: Address = Field(
        description="A key that a recording was uploaded under, or a public address.",
        examples=["media://a/b.wav"],
    )
    webhook: Address | None = Field(None, description="Address that is told when the job has ended.")
    webhookStatusOnly: Flag = Field(False, description="The message to the webhook has no output.")


class VoiceprintAsked(_JobAsked):
    """A voiceprint to be made, of at most 30 s of one person."""

    model: Literal["precision-2", "precision-1"] = "precision-2"


class _Listened(_JobAsked):
    numSpeakers: Speakers | None = Field(None, description="How many people speak, where that is known.")
    minSpeakers: Speakers | None = None
    maxSpeakers: Speakers | None = None
    exclusive: Flag = Field(False, description="Add turns that never overlap.")
    confidence: Flag = Field(False, description="Add how sure each 20 ms is.")
    turnLevelConfidence: Flag = Field(False, description="Add to each turn how well it fits each speaker.")


class DiarizeAsked(_Listened):
    """Who speaks when?"""

    model: Literal["precision-2", "precision-1", "community-1"] = "precision-2"
    transcription: Flag = Field(False, description="Only false: Earmark does not write down what is said.")
    transcriptionConfig: Any = None


class Voiceprint(_Asked):
    """One person who may be among the speakers."""

    label: str = Field(min_length=1, max_length=LONGEST_LABEL, strict=True)
    voiceprint: str = Field(max_length=LONGEST_VOICEPRINT, strict=True)


class Matching(_Asked):
    """How names are given."""

    threshold: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False, strict=True)] = 0.0
    exclusive: Flag = True


class IdentifyAsked(_Listened):
    """Who speaks when, and who of these people is it?"""

    model: Literal["precision-2", "precision-1"] = "precision-2"
    voiceprints: list[Voiceprint] = Field(max_length=MOST_VOICEPRINTS)
    matching: Matching = Matching()


class TestAnswer(BaseModel):
    """The key works."""

    status: str
    message: str


class MediaAnswer(BaseModel):
    """An address that works without a key, for an hour."""

    url: str


class JobCreated(BaseModel):
    """The job was accepted."""

    jobId: str
    status: Status
    warning: str | None = None


class Turn(BaseModel):
    """Who speaks from when to when, in seconds."""

    speaker: str
    start: float
    end: float
    confidence: dict[str, int] | None = None


class IdentifiedTurn(Turn):
    """A turn under the speaker's name, if there is one."""

    diarizationSpeaker: str
    match: str | None


class Confidence(BaseModel):
    """How sure each stretch of `resolution` seconds is, 0 to 100."""

    score: list[int]
    resolution: float


class Match(BaseModel):
    """How well each voiceprint fits a speaker, 0 to 100."""

    speaker: str
    match: str | None
    confidence: dict[str, int]


class Output(BaseModel):
    """What came of a job; which of these there are depends on what was asked."""

    diarization: list[Turn] | None = None
    exclusiveDiarization: list[Turn] | None = None
    identification: list[IdentifiedTurn] | None = None
    voiceprints: list[Match] | None = None
    voiceprint: str | None = None
    confidence: Confidence | None = None
    warning: str | None = None
    error: str | None = None


class Job(BaseModel):
    """A job, and what came of it."""

    jobId: str
    status: Status
    createdAt: str
    updatedAt: str
    output: Output | None = None


class ListedJob(BaseModel):
    """A job of a list."""

    id: str
    status: Status
    createdAt: str


class JobPage(BaseModel):
    """Jobs, newest first."""

    items: list[ListedJob]
    nextCursor: str | None


class JobTotal(BaseModel):
    """Jobs, newest first, and how many there are in all."""

    items: list[ListedJob]
    total: int


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class Invalid(BaseModel):
    """The body of a 400."""

    message: str
    errors: list[FieldError]


class Refused(BaseModel):
    """The body of every other refusal."""

    requestId: str
    message: str
