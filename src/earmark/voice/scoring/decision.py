"""Calibrated scores to decisions: what is told to the caller of verify and identify."""

from dataclasses import dataclass
from enum import StrEnum

from earmark.voice.quality import Quality

DEFAULT_FMR = 0.001


class Answer(StrEnum):
    """What is said to a claim, or to the question who it is."""

    ACCEPTED = "accepted"
    UNCERTAIN = "uncertain"  # too good for a stranger's, not good enough for theirs: ask for more
    REJECTED = "rejected"


@dataclass(frozen=True)
class OperatingPoint:
    """Where a decision is set: a false-match rate and the LLR that reaches it on held-out trials."""

    fmr: float  # false-match rate of a comparison, 0 to 1
    threshold: float  # natural-log likelihood ratio; accept when the LLR is at least this
    doubtful: float | None = None  # "uncertain" from this LLR on; None: never
    fpir: float | None = None  # of the whole search, where it was asked for
    compared: int = 1  # people that a search's threshold was set for

    def answer(self, llr: float) -> Answer:
        """What an LLR leads to here."""
        if llr >= self.threshold:
            return Answer.ACCEPTED
        doubtful = self.doubtful is not None and llr >= self.doubtful
        return Answer.UNCERTAIN if doubtful else Answer.REJECTED


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

    @property
    def answer(self) -> Answer:
        """Accepted, rejected, or neither yet."""
        return Answer.ACCEPTED if self.accepted else self.operating_point.answer(self.llr)


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

    @property
    def answer(self) -> Answer:
        """Somebody, nobody, or neither yet."""
        if self.best is not None:
            return Answer.ACCEPTED
        first = self.candidates[0] if self.candidates else None
        return Answer.REJECTED if first is None else self.operating_point.answer(first.llr)
