"""The types on the wire of Azure's REST APIs, for the OpenAPI document; `convert.py` fills them."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

EnrollmentStatus = Literal["Enrolling", "Training", "Enrolled"]


class Error(BaseModel):
    """What went wrong."""

    code: str
    message: str


class ErrorBody(BaseModel):
    """The body of every refusal."""

    error: Error


class _Counts(BaseModel):
    model_config = ConfigDict(extra="forbid")
    profileId: str
    enrollmentStatus: EnrollmentStatus
    enrollmentsCount: int
    enrollmentsLength: float = Field(description="Seconds of all recordings.")
    enrollmentsSpeechLength: float = Field(description="Seconds of speech in them.")
    remainingEnrollmentsSpeechLength: float | None = Field(
        None, description="Text-independent: seconds missing."
    )
    remainingEnrollmentsCount: int | None = Field(None, description="Text-dependent: recordings missing.")


class _CountsInSec(_Counts):
    enrollmentsLengthInSec: float
    enrollmentsSpeechLengthInSec: float
    remainingEnrollmentsSpeechLengthInSec: float | None = None


class _About(BaseModel):
    locale: str
    createdDateTime: str
    lastUpdatedDateTime: str | None
    modelVersion: str | None = Field(description="Day of the newest voiceprint; null before the first.")


class ProfileV2(_Counts, _About):
    """A profile of v2.0."""


class Profile(_CountsInSec, _About):
    """A profile of 2021-09-05."""

    profileStatus: Literal["Active", "Inactive"] | None = None


class EnrollmentV2(_Counts):
    """What an enrolment did, v2.0."""

    audioLength: float
    audioSpeechLength: float
    passPhrase: str | None = None


class Enrollment(_CountsInSec):
    """What an enrolment did, 2021-09-05."""

    audioLength: float
    audioSpeechLength: float
    audioLengthInSec: float
    audioSpeechLengthInSec: float
    passPhrase: str | None = None


class ProfilesV2(BaseModel):
    """A page of profiles; the link leads to the next."""

    model_config = ConfigDict(populate_by_name=True)
    profiles: list[ProfileV2]
    next_link: str | None = Field(None, alias="@nextLink")


class Profiles(BaseModel):
    """A page of profiles; the link leads to the next."""

    value: list[Profile]
    nextLink: str | None = None


class Verification(BaseModel):
    """Is it the person of the profile?"""

    recognitionResult: Literal["Accept", "Reject"]
    score: float = Field(ge=0, le=1, description="0.5 is the operating point.")


class Candidate(BaseModel):
    """A profile and how alike it is."""

    profileId: str
    score: float


class Identification(BaseModel):
    """Who is it? The all-zero GUID for nobody."""

    identifiedProfile: Candidate
    profilesRanking: list[Candidate]


class Phrase(BaseModel):
    """A phrase; one of the two names."""

    passPhrase: str | None = None
    activationPhrase: str | None = None


class Phrases(BaseModel):
    """The phrases of a locale."""

    value: list[Phrase]


class IdentificationProfileIdV1(BaseModel):
    """A new profile of v1.0."""

    identificationProfileId: str


class VerificationProfileIdV1(BaseModel):
    """A new profile of v1.0."""

    verificationProfileId: str


class _ProfileV1(BaseModel):
    locale: str
    createdDateTime: str
    lastActionDateTime: str
    enrollmentStatus: EnrollmentStatus


class IdentificationProfileV1(_ProfileV1, IdentificationProfileIdV1):
    """A text-independent profile of v1.0."""

    enrollmentSpeechTime: float
    remainingEnrollmentSpeechTime: float


class VerificationProfileV1(_ProfileV1, VerificationProfileIdV1):
    """A text-dependent profile of v1.0."""

    enrollmentsCount: int
    remainingEnrollmentsCount: int


class VerificationEnrollmentV1(BaseModel):
    """What an enrolment did."""

    enrollmentStatus: EnrollmentStatus
    enrollmentsCount: int
    remainingEnrollments: int
    phrase: str


class VerificationV1(BaseModel):
    """Is it the person of the profile?"""

    result: Literal["Accept", "Reject"]
    confidence: Literal["Low", "Normal", "High"]
    phrase: str


class PhraseV1(BaseModel):
    """A passphrase."""

    phrase: str


class OperationV1(BaseModel):
    """What became of an enrolment or identification."""

    status: Literal["notstarted", "running", "failed", "succeeded"]
    createdDateTime: str
    lastActionDateTime: str
    message: str | None = None
    processingResult: dict[str, Any] | None = None


REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody, "description": text}
    for status, text in {
        400: "The request or the recording cannot be used.",
        401: "The key is missing or not valid.",
        403: "The key lacks a role, or a limit is reached.",
        404: "The profile does not exist.",
        408: "The body did not arrive in time.",
        409: "The profile was changed at the same time.",
        413: "The body is too large.",
        429: "Too much work is waiting.",
        500: "A fault of the service.",
        503: "The store cannot be used.",
    }.items()
}
