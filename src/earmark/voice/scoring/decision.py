"""Calibrated scores to decisions: what is told to the caller of verify and identify."""

from dataclasses import dataclass

from earmark.voice.quality import Quality

DEFAULT_FMR = 0.001


@dataclass(frozen=True)
class OperatingPoint:
    """Where a decision is set: a false-match rate and the LLR that reaches it on held-out trials."""

    fmr: float  # false-match rate, 0 to 1
    threshold: float  # natural-log likelihood ratio; accept when the LLR is at least this


@dataclass(frozen=True)
class Decision:
    """The answer to "is it really them?"."""

    accepted: bool
    llr: float  # natural-log likelihood ratio, same speaker against different speaker
    probability: float  # shown to people: of the same speaker at even prior odds, 0 to 1
    score: float  # cosine, -1 to 1; meaningful only within one model
    operating_point: OperatingPoint
    enrolment_seconds: float  # net speech behind the voiceprint
    enrolment_quality: tuple[Quality, ...]
    quality: Quality  # of the recording under test
    model: str
    reasons: tuple[str, ...]  # in words: why, and what would make it surer


@dataclass(frozen=True)
class Candidate:
    """One of the gallery, as a possible answer."""

    key: str
    accepted: bool
    llr: float
    probability: float
    score: float


@dataclass(frozen=True)
class Identification:
    """The answer to "who is speaking?": best first, and `None` when nobody passes."""

    best: str | None
    candidates: tuple[Candidate, ...]
    operating_point: OperatingPoint
    quality: Quality
    model: str
    reasons: tuple[str, ...]
