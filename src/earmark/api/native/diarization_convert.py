"""Jobs and their outcomes to the native API's types, and what is asked to orders: pure functions."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from earmark.api.native import wire
from earmark.errors import InvalidArgument
from earmark.service.diarise import Fit
from earmark.service.orders import Order, Outcome, SpeakerOutcome, Webhook
from earmark.storage.labels import parse_guid
from earmark.storage.values import Job, JobKind, JobState
from earmark.voice.diarization.turns import Turn

ALL: Final = "all"
UPLOADED = "upload://"  # in place of the address of a recording that came with the request


def to_order(asked: wire.NewDiarization | wire.DiarizationOptions) -> Order:
    """Return what is asked; InvalidArgument for names that are none."""
    who = asked.who
    if who is not None and (not who or ALL in who[1:] or (who[0] == ALL and len(who) > 1)):
        raise InvalidArgument(f"who takes identifiers or labels, or `{ALL}` alone: leave it out for nobody.")
    named = who is not None or asked.remember
    return Order(
        kind=JobKind.IDENTIFY if named else JobKind.DIARIZE,
        source=asked.source if isinstance(asked, wire.NewDiarization) else UPLOADED,
        speakers=asked.speakers,
        least=None if asked.speakers else asked.min_speakers,
        most=None if asked.speakers else asked.max_speakers,
        who=None if who is None else ALL if who == [ALL] else tuple(who),
        threshold=asked.threshold,
        exclusive_names=asked.exclusive,
        remember=asked.remember,
        webhook=None if asked.webhook is None else Webhook(asked.webhook, asked.webhook_status_only),
    )


def to_diarization(job: Job, outcome: Outcome | None) -> wire.Diarization:
    """Return a job with what came of it."""
    found = outcome if job.state is JobState.SUCCEEDED and job.kind is not JobKind.VOICEPRINT else None
    return wire.Diarization(
        **to_listed(job).model_dump(),
        output=None if found is None else to_output(found),
        problem=_to_problem(job, outcome),
    )


def to_listed(job: Job) -> wire.DiarizationListed:
    """Return a job of a list."""
    return wire.DiarizationListed(
        id=job.id,
        state=job.state.value,
        progress=round(job.progress, 3),
        created=job.created,
        updated=job.updated,
        ended=job.ended,
    )


def to_output(outcome: Outcome) -> wire.DiarizationOutput:
    """Return who speaks when, under their names."""
    names = names_of(outcome)
    return wire.DiarizationOutput(
        seconds=round(outcome.seconds, 3),
        speakers=[_to_speaker(one, names[one.speaker]) for one in outcome.speakers],
        turns=_to_turns(outcome.turns, names),
        exclusive_turns=_to_turns(outcome.exclusive, names),
        warning=outcome.warning,
        model=outcome.model,
    )


def names_of(outcome: Outcome) -> dict[str, str]:
    """Return what each speaker is called."""
    return {one.speaker: one.label or one.match or one.speaker for one in outcome.speakers}


def _to_problem(job: Job, outcome: Outcome | None) -> wire.JobProblem | None:
    if job.state is not JobState.FAILED:
        return None
    if outcome is None or outcome.error is None:
        return wire.JobProblem(code="gone", detail="It failed, and the reason has expired.")
    return wire.JobProblem(code=outcome.code or "error", detail=outcome.error)


def _to_turns(turns: Sequence[Turn], names: dict[str, str]) -> list[wire.SpokenTurn]:
    return [
        wire.SpokenTurn(
            start=round(turn.start, 3),
            end=round(turn.end, 3),
            speaker=turn.speaker,
            name=names.get(turn.speaker, turn.speaker),
            confidence=None if turn.confidence is None else round(100.0 * turn.confidence, 1),
        )
        for turn in turns
    ]


def _to_speaker(one: SpeakerOutcome, name: str) -> wire.SpeakerFound:
    fits = [_to_fit(fit) for fit in one.fits]
    match = None
    if one.match is not None:
        known = next((fit for fit in one.fits if fit.key == one.match), Fit(one.match, one.label, 100.0))
        match = _to_fit(known)
    return wire.SpeakerFound(
        speaker=one.speaker,
        name=name,
        match=match,
        voices=fits,
        seconds=round(one.seconds, 3),
        remembered=one.remembered,
        not_remembered=one.not_remembered,
    )


def _to_fit(fit: Fit) -> wire.VoiceFit:
    profile: UUID | None = parse_guid(fit.key)
    return wire.VoiceFit(profile=profile, label=fit.label, confidence=round(fit.confidence, 2))
