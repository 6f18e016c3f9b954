"""Answers of `verify` and `identify` to the JSON that `--json` prints; see `shapes.py`."""

from typing import TYPE_CHECKING, Annotated, NotRequired, TypedDict

from earmark.cli.shapes import ErrorJson, QualityJson, quality_json
from earmark.cli.words_shapes import WordsJson, words_json
from earmark.voice.scoring.decision import Candidate, OperatingPoint

if TYPE_CHECKING:
    from earmark.service.next_steps import Verified
    from earmark.service.recognise import Identified


class OperatingPointJson(TypedDict):
    """Where the decision was set."""

    fmr: Annotated[float, "false-match rate, 0 to 1"]
    threshold: Annotated[float, "natural-log likelihood ratio from which on it is accepted"]
    doubtful: Annotated[float | None, "that from which on it is uncertain"]
    fpir: Annotated[float | None, "of the whole search, where it was set so"]


class VerificationJson(TypedDict):
    """One recording of `verify`; a recording that cannot be used has `file` and `error` alone."""

    file: Annotated[str, "the recording"]
    accepted: NotRequired[Annotated[bool, "the answer: the voice, and the words where some were asked for"]]
    answer: NotRequired[Annotated[str, "accepted, uncertain or rejected"]]
    next_step: NotRequired[
        Annotated[str | None, "what to ask for when uncertain: more_speech, challenge or person"]
    ]
    voice_accepted: NotRequired[Annotated[bool, "whether the voice is the person's"]]
    words: NotRequired[Annotated[WordsJson | None, "what had to be said; null where any words will do"]]
    fused_llr: NotRequired[Annotated[float, "natural-log likelihood ratio of both"]]
    llr: NotRequired[Annotated[float, "natural-log likelihood ratio, same speaker against different speaker"]]
    probability: NotRequired[Annotated[float, "of the same speaker at even prior odds, 0 to 1"]]
    score: NotRequired[Annotated[float, "cosine, -1 to 1; to be compared within one model only"]]
    operating_point: NotRequired[OperatingPointJson]
    enrolment_seconds: NotRequired[Annotated[float, "net speech behind the profile"]]
    quality: NotRequired[QualityJson]
    model: NotRequired[Annotated[str, "name and version"]]
    reasons: NotRequired[Annotated[list[str], "in words: why, and what would make it surer"]]
    renewal: NotRequired[Annotated[list[str], "in words: why the person should enrol anew"]]
    learned: NotRequired[Annotated[bool, "the voiceprint moved a little towards this recording"]]
    error: NotRequired[ErrorJson]


class CandidateJson(TypedDict):
    """A possible answer of `identify`."""

    profile: Annotated[str, "identifier of the profile"]
    label: Annotated[str | None, "its label"]
    accepted: Annotated[bool, "whether it passes the operating point"]
    llr: float
    probability: float
    score: float


class IdentificationJson(TypedDict):
    """One recording of `identify`; a recording that cannot be used has `file` and `error` alone."""

    file: Annotated[str, "the recording"]
    best: NotRequired[Annotated[CandidateJson | None, "the answer; null when nobody passes"]]
    answer: NotRequired[Annotated[str, "accepted, uncertain or rejected"]]
    next_step: NotRequired[
        Annotated[str | None, "what to ask for when uncertain: more_speech, challenge or person"]
    ]
    candidates: NotRequired[Annotated[list[CandidateJson], "best first"]]
    operating_point: NotRequired[OperatingPointJson]
    quality: NotRequired[QualityJson]
    model: NotRequired[str]
    reasons: NotRequired[list[str]]
    error: NotRequired[ErrorJson]


def verification_json(verified: "Verified", *, file: str) -> VerificationJson:
    """What came of one recording and one profile."""
    result, step = verified.decision, verified.next_step
    return {
        "file": file,
        "accepted": verified.accepted,
        "answer": verified.answer.value,
        "next_step": None if step is None else step.value,
        "voice_accepted": result.accepted,
        "words": words_json(verified.words),
        "fused_llr": round(verified.fused_llr, 4),
        "llr": round(result.llr, 4),
        "probability": round(result.probability, 6),
        "score": round(result.score, 6),
        "operating_point": point_json(result.operating_point),
        "enrolment_seconds": round(result.enrolment_seconds, 3),
        "quality": quality_json(result.quality),
        "model": result.model,
        "reasons": list(result.reasons),
        "renewal": list(verified.renewal),
        "learned": verified.learned,
    }


def candidate_json(candidate: Candidate, *, labels: dict[str, str]) -> CandidateJson:
    """One candidate, under its identifier and its label."""
    return {
        "profile": candidate.key,
        "label": labels.get(candidate.key),
        "accepted": candidate.accepted,
        "llr": round(candidate.llr, 4),
        "probability": round(candidate.probability, 6),
        "score": round(candidate.score, 6),
    }


def identification_json(found: "Identified", *, file: str) -> IdentificationJson:
    """What came of one recording and all who were compared."""
    result, step = found.identification, found.next_step
    candidates = [candidate_json(candidate, labels=found.labels) for candidate in result.candidates]
    return {
        "file": file,
        "best": next((entry for entry in candidates if entry["profile"] == result.best), None),
        "answer": result.answer.value,
        "next_step": None if step is None else step.value,
        "candidates": candidates,
        "operating_point": point_json(result.operating_point),
        "quality": quality_json(result.quality),
        "model": result.model,
        "reasons": list(result.reasons),
    }


def point_json(point: OperatingPoint) -> OperatingPointJson:
    """Where a decision was set."""
    return {
        "fmr": point.fmr,
        "threshold": round(point.threshold, 4),
        "doubtful": None if point.doubtful is None else round(point.doubtful, 4),
        "fpir": point.fpir,
    }
