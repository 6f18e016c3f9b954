"""What storage takes and gives: profiles and enrolments as frozen values, without a key or a row in them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from earmark.voice.features import Floats
from earmark.voice.quality import Quality


class ProfileKind(StrEnum):
    """What a profile's speech was asked to be."""

    TEXT_INDEPENDENT = "text-independent"
    TEXT_DEPENDENT = "text-dependent"


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


@dataclass(frozen=True)
class Profile:
    """A stored voiceprint, without its embeddings."""

    id: UUID
    label: str | None
    kind: ProfileKind
    locale: str | None
    state: ProfileState
    model: str  # name and version, as in "earmark-1@1.0"
    created: datetime  # aware, UTC
    updated: datetime
    enrolments: tuple[Enrolment, ...]  # oldest first

    @property
    def speech_seconds(self) -> float:
        """Net seconds of speech over all enrolments."""
        return sum(enrolment.quality.speech_seconds for enrolment in self.enrolments)


@dataclass(frozen=True, eq=False)
class EnrolmentRecord:
    """An enrolment with all that is kept of it; `audio` is FLAC (see `clips.py`)."""

    enrolment: Enrolment
    vector: Floats  # (D,) float32, unit length
    audio: bytes


@dataclass(frozen=True, eq=False)
class ProfileRecord:
    """A profile with all that is kept of it: what an export carries."""

    profile: Profile
    records: tuple[EnrolmentRecord, ...]  # in the order of profile.enrolments
