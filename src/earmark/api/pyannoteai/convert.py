"""What pyannoteAI's clients ask to an order, and a job and its outcome to what they read: pure functions."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from earmark.api.pyannoteai import wire
from earmark.errors import AddressRefused, VoiceprintForeign
from earmark.service.orders import Known, Order, Outcome, SpeakerOutcome, Webhook
from earmark.service.outgoing import Policy, check_address
from earmark.service.voiceprint_string import read_voiceprint, write_voiceprint
from earmark.storage.values import Job, JobKind, JobState
from earmark.voice.diarization.turns import Turn

Json = dict[str, Any]
DOOR = "pyannoteai"  # on jobs, so that each API lists its own
MEDIA = "media://"
MOST_NAMES = 5  # of unknown fields that are told
# An output that has expired leaves a job that succeeded (contract, section 3).
STATUS = {state: state.value for state in JobState} | {JobState.EXPIRED: "succeeded"}
NO_REASON = "The job failed."
CANCELED = "The job was canceled."
NOT_LOADED = "Could not load audio"  # what clients look for
UNREADABLE = {
    *("audio_empty", "audio_unreadable", "audio_not_recognised", "audio_truncated", "audio_corrupt"),
    *("audio_without_sound", "audio_unsupported", "audio_codec_missing"),
}
MODELS: dict[JobKind, type[BaseModel]] = {
    JobKind.DIARIZE: wire.DiarizeAsked,
    JobKind.IDENTIFY: wire.IdentifyAsked,
    JobKind.VOICEPRINT: wire.VoiceprintAsked,
}


def parse(body: bytes, model: type[BaseModel]) -> Any:
    """Return a body as the model; RequestValidationError, which names every field that is wrong."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        raise RequestValidationError([one | {"loc": ("body", *one["loc"])} for one in found]) from None


def parse_order(body: bytes, kind: JobKind, *, model: str, dimension: int) -> Order:
    """Return what a body asks for, under the speaker model that voiceprints must be of.

    What was passed over is told in `extra["warning"]`. Raises RequestValidationError.
    """
    asked = parse(body, MODELS[kind])
    _check_together(asked)
    known = _read_voiceprints(asked, model, dimension)
    speakers, least, most = (_number(asked, name) for name in ("numSpeakers", "minSpeakers", "maxSpeakers"))
    matching = _given(asked, "matching", wire.Matching())
    switches = {name: True for name in ("confidence", "turnLevelConfidence") if _given(asked, name, False)}
    warning = _warning(asked)
    return Order(
        kind=kind,
        source=asked.url,
        speakers=speakers,
        least=None if speakers else least,
        most=None if speakers or most is None else min(most, wire.MOST_SPEAKERS),
        known=known,
        threshold=matching.threshold,
        exclusive_names=matching.exclusive,
        needs_speech=kind is not JobKind.VOICEPRINT,
        exclusive_turns=_given(asked, "exclusive", False),
        webhook=None if asked.webhook is None else Webhook(asked.webhook, asked.webhookStatusOnly),
        extra=switches | ({} if warning is None else {"warning": warning}),
    )


def check_addresses(order: Order, *, fetching: Policy, calling: Policy) -> None:
    """Refuse a recording's address, or a webhook's, that surely may not be asked. RequestValidationError."""
    addresses = [("url", order.source, fetching)] if not order.source.startswith(MEDIA) else []
    if order.webhook is not None:
        addresses.append(("webhook", order.webhook.url, calling))
    for name, address, policy in addresses:
        try:
            check_address(address, policy)
        except AddressRefused as error:
            raise _wrong((name,), str(error)) from None


def to_created(job: Job, order: Order) -> Json:
    """Return the answer to a request for a job."""
    return {"jobId": str(job.id), "status": STATUS[job.state]} | _warned(order.extra.get("warning"))


def to_job(job: Job, order: Order | None, outcome: Outcome | None) -> Json:
    """Return a job; without its output before it has ended, and once the output has expired."""
    told: Json = {
        "jobId": str(job.id),
        "status": STATUS[job.state],
        "createdAt": to_time(job.created),
        "updatedAt": to_time(job.updated),
    }
    output = to_output(job, order, outcome)
    return told if output is None else told | {"output": output}


def to_listed(job: Job) -> Json:
    """Return a job of a list."""
    return {"id": str(job.id), "status": STATUS[job.state], "createdAt": to_time(job.created)}


def to_output(job: Job, order: Order | None, outcome: Outcome | None) -> Json | None:
    """Return what came of a job. One that failed or was canceled always has a reason: the SDK reads it."""
    if job.state in (JobState.FAILED, JobState.CANCELED):
        usual = CANCELED if job.state is JobState.CANCELED else NO_REASON
        error = usual if outcome is None or outcome.error is None else outcome.error
        unreadable = outcome is not None and outcome.code in UNREADABLE
        return {"error": f"{NOT_LOADED}: {error}" if unreadable else error}
    if job.state is not JobState.SUCCEEDED or order is None or outcome is None:
        return None
    warning = " ".join(text for text in (outcome.warning, order.extra.get("warning")) if text) or None
    if job.kind is JobKind.VOICEPRINT:
        made = outcome.voiceprint
        return ({} if made is None else {"voiceprint": write_voiceprint(made)}) | _warned(warning)
    return _to_turns(job, order, outcome) | _warned(warning)


def to_time(moment: datetime) -> str:
    """Return a moment in UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _to_turns(job: Job, order: Order, outcome: Outcome) -> Json:
    fits: list[Mapping[str, int] | None] = [None] * len(outcome.turns)
    if order.extra.get("turnLevelConfidence"):
        fits = list(outcome.turn_fit)
    turns = [_to_turn(turn, fit) for turn, fit in zip(outcome.turns, fits, strict=True)]
    told: Json = {"diarization": turns}
    if order.exclusive_turns:
        alone = [_to_turn(turn, _nearest(turn, outcome.turns, fits)) for turn in outcome.exclusive]
        told["exclusiveDiarization"] = alone
    if order.extra.get("confidence"):
        told["confidence"] = {"score": list(outcome.certainty), "resolution": outcome.resolution}
    if job.kind is JobKind.IDENTIFY:
        matches = {speaker.speaker: speaker.match for speaker in outcome.speakers}
        told["identification"] = [_identify(turn, matches) for turn in turns]
        told["voiceprints"] = [
            _to_match(one) for one in sorted(outcome.speakers, key=lambda one: one.speaker)
        ]
    return told


def _to_turn(turn: Turn, fit: Mapping[str, int] | None) -> Json:
    told: Json = {"speaker": turn.speaker, "start": round(turn.start, 3), "end": round(turn.end, 3)}
    return told if fit is None else told | {"confidence": dict(fit)}


def _nearest(
    turn: Turn, others: tuple[Turn, ...], fits: list[Mapping[str, int] | None]
) -> Mapping[str, int] | None:
    """Return the fit of that turn of the same speaker which an exclusive turn was cut from."""
    own = [
        (min(turn.end, other.end) - max(turn.start, other.start), place)
        for place, other in enumerate(others)
        if other.speaker == turn.speaker and fits[place] is not None
    ]
    return fits[max(own)[1]] if own else None


def _identify(turn: Json, matches: Mapping[str, str | None]) -> Json:
    match = matches.get(turn["speaker"])
    name = turn["speaker"] if match is None else match
    return turn | {"speaker": name, "diarizationSpeaker": turn["speaker"], "match": match}


def _to_match(speaker: SpeakerOutcome) -> Json:
    # Rounded down: a score that is shown reaches a threshold exactly when the speaker's own did.
    scores = {key: int(confidence) for key, confidence in speaker.confidence.items()}
    return {"speaker": speaker.speaker, "match": speaker.match, "confidence": scores}


def _check_together(asked: Any) -> None:
    """Refuse values that are wrong beside others, or that Earmark has no answer to."""
    if getattr(asked, "transcription", False) is True:  # on every kind of job
        raise _wrong(("transcription",), "Earmark does not transcribe: leave it out, or send false")
    if asked.url.startswith(MEDIA):
        parse(json.dumps({"url": asked.url}).encode(), wire.MediaAsked)
    least, most = _number(asked, "minSpeakers"), _number(asked, "maxSpeakers")
    exactly = _number(asked, "numSpeakers")
    for name, number in (("numSpeakers", exactly), ("minSpeakers", None if exactly else least)):
        if number is not None and number > wire.MOST_SPEAKERS:
            raise _wrong((name,), f"Input should be less than or equal to {wire.MOST_SPEAKERS}")
    if exactly is None and least is not None and most is not None and least > most:
        raise _wrong(("minSpeakers",), "Input should be less than or equal to maxSpeakers")


def _read_voiceprints(asked: Any, model: str, dimension: int) -> tuple[Known, ...]:
    known: list[Known] = []
    labels: set[str] = set()
    for place, one in enumerate(_given(asked, "voiceprints", ())):
        where = ("voiceprints", place)
        if one.label.lower().startswith(wire.RESERVED):
            raise _wrong((*where, "label"), "A label cannot begin with SPEAKER_: strangers have such names")
        if one.label in labels:
            raise _wrong((*where, "label"), "Two voiceprints have this label: give each its own")
        labels.add(one.label)
        try:
            known.append(Known(one.label, read_voiceprint(one.voiceprint, model=model, dimension=dimension)))
        except VoiceprintForeign as error:
            raise _wrong((*where, "voiceprint"), str(error)) from None
    return tuple(known)


def _warning(asked: Any) -> str | None:
    told = []
    parts = [asked, *_given(asked, "voiceprints", ()), _given(asked, "matching", None)]
    unknown = sorted({name for part in parts if part is not None for name in part.model_extra or ()})
    if unknown:
        names = ", ".join(name[:40] for name in unknown[:MOST_NAMES])
        more = f" and {len(unknown) - MOST_NAMES} more" if len(unknown) > MOST_NAMES else ""
        told.append(f"Fields that Earmark does not know were passed over: {names}{more}.")
    if 0 < _given(asked, "matching", wire.Matching()).threshold <= 1:
        told.append("matching.threshold is on a scale of 0 to 100: 0.5 is half a percent, not a half.")
    if (_number(asked, "maxSpeakers") or 0) > wire.MOST_SPEAKERS:
        told.append(f"Earmark tells at most {wire.MOST_SPEAKERS} speakers apart.")
    return " ".join(told) or None


def _given(asked: Any, name: str, default: Any) -> Any:
    """Return a field of its model; one that is unknown to it may hold anything."""
    return getattr(asked, name) if name in type(asked).model_fields else default


def _number(asked: Any, name: str) -> int | None:
    number = _given(asked, name, None)
    return None if number is None else int(number)


def _warned(text: str | None) -> Json:
    return {} if text is None else {"warning": text}


def _wrong(place: tuple[str | int, ...], message: str) -> RequestValidationError:
    return RequestValidationError([{"type": "value_error", "loc": ("body", *place), "msg": message}])
