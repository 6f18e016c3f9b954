"""Our values to the native API's types: pure functions."""

from collections.abc import Collection
from typing import get_args
from uuid import UUID

from earmark.api.native import wire
from earmark.api.native.words_convert import to_words
from earmark.errors import QualityRefused
from earmark.service.actor import Actor, Permission
from earmark.service.enrol import Enrolled
from earmark.service.guidance import Guidance
from earmark.service.inspect import Inspected
from earmark.service.keys import ApiKey, NewKey
from earmark.service.next_steps import Verified
from earmark.service.policy import missing, policy_of
from earmark.service.recognise import Identified
from earmark.storage.values import Enrolment, Profile, ProfileState, Tenant
from earmark.voice.quality import Quality
from earmark.voice.scoring.decision import Candidate, OperatingPoint


def to_profile(profile: Profile) -> wire.Profile:
    """Return a profile with what it still lacks."""
    lacks = missing(profile, policy_of(profile.kind))
    enrolled = profile.state is ProfileState.ENROLLED  # by whichever door: nothing is missing then
    return wire.Profile(
        id=profile.id,
        label=profile.label,
        kind=profile.kind.value,
        locale=profile.locale,
        phrase=profile.phrase,
        state=profile.state.value,
        model=profile.model,
        revision=profile.revision,
        created=profile.created,
        updated=profile.updated,
        speech_seconds=round(profile.speech_seconds, 3),
        enrolments=[to_enrolment(one) for one in profile.enrolments],
        missing=wire.Missing(
            speech_seconds=0.0 if enrolled else round(lacks.speech_seconds, 3),
            recordings=0 if enrolled else lacks.recordings,
        ),
    )


def to_enrolment(enrolment: Enrolment) -> wire.Enrolment:
    """Return one enrolment, without its recording."""
    return wire.Enrolment(
        id=enrolment.id,
        created=enrolment.created,
        quality=to_quality(enrolment.quality),
        audio_kept=enrolment.audio_kept,
    )


def to_quality(quality: Quality) -> wire.Quality:
    """Return what was measured, rounded to what it is good for."""
    return wire.Quality(
        speech_seconds=round(quality.speech_seconds, 3),
        total_seconds=round(quality.total_seconds, 3),
        snr_db=round(quality.snr_db, 1),
        clipped=round(quality.clipped, 5),
        bandwidth_hz=round(quality.bandwidth_hz),
        level_dbfs=round(quality.level_dbfs, 1),
        several_voices=quality.several_voices,
    )


def to_enrolled(done: Enrolled) -> wire.Enrolled:
    """Return what an enrolment made."""
    consistency = done.consistency
    return wire.Enrolled(
        profile=to_profile(done.profile),
        added=[to_enrolment(one) for one in done.enrolments],
        consistency=None if consistency is None else [round(llr, 4) for llr in consistency],
        doubts=list(done.doubts),
        guidance=_to_guidance(done.guidance),
    )


def _to_guidance(guidance: Guidance) -> wire.Guidance:
    return wire.Guidance(
        speech_seconds=round(guidance.speech_seconds, 3),
        occasions=guidance.occasions,
        hints=list(guidance.hints),
    )


def to_verification(verified: Verified) -> wire.Verification:
    """Return the answer to a verification."""
    decision, step = verified.decision, verified.next_step
    return wire.Verification(
        accepted=verified.accepted,
        answer=verified.answer.value,
        next_step=None if step is None else step.value,
        voice_accepted=decision.accepted,
        words=to_words(verified.words),
        fused_llr=round(verified.fused_llr, 4),
        llr=round(decision.llr, 4),
        probability=round(decision.probability, 6),
        score=round(decision.score, 6),
        operating_point=_to_point(decision.operating_point),
        enrolment_seconds=round(decision.enrolment_seconds, 3),
        quality=to_quality(decision.quality),
        model=decision.model,
        reasons=list(decision.reasons),
        renewal=list(verified.renewal),
        learned=verified.learned,
    )


def to_identification(found: Identified) -> wire.Identification:
    """Return the answer to an identification."""
    result = found.identification
    candidates = [_to_candidate(one, found.labels) for one in result.candidates]
    return wire.Identification(
        best=candidates[0] if result.best is not None else None,
        answer=result.answer.value,
        next_step=None if found.next_step is None else found.next_step.value,
        candidates=candidates,
        operating_point=_to_point(result.operating_point),
        quality=to_quality(result.quality),
        model=result.model,
        reasons=list(result.reasons),
    )


def to_inspection(inspected: Inspected) -> wire.Inspection:
    """Return how good a recording is."""
    return wire.Inspection(
        quality=to_quality(inspected.quality),
        enrolment=_to_verdict(inspected.enrolment),
        recognition=_to_verdict(inspected.recognition),
    )


def to_tenant(tenant: Tenant) -> wire.Tenant:
    """Return a tenant."""
    return wire.Tenant(
        id=tenant.id,
        created=tenant.created,
        keep_audio=tenant.keep_audio,
        activation=tenant.activation,
    )


def to_caller(actor: Actor) -> wire.Caller:
    """Return who is calling."""
    return wire.Caller(tenant=actor.tenant, roles=_to_roles(actor.permissions))


def to_key(key: ApiKey) -> wire.Key:
    """Return a key without its secret."""
    return wire.Key(
        id=key.id,
        name=key.name,
        roles=_to_roles(key.roles),
        created=key.created,
        expires=key.expires,
        hint=key.hint,
    )


def to_new_key(new: NewKey) -> wire.NewKey:
    """Return a key with its secret, the one time that it is told."""
    return wire.NewKey(**to_key(new.key).model_dump(), secret=new.secret)


def _to_roles(permissions: Collection[Permission]) -> list[wire.Role]:
    return [role for role in get_args(wire.Role) if Permission(role) in permissions]


def _to_point(point: OperatingPoint) -> wire.OperatingPoint:
    return wire.OperatingPoint(
        fmr=point.fmr,
        threshold=round(point.threshold, 4),
        doubtful=None if point.doubtful is None else round(point.doubtful, 4),
        fpir=point.fpir,
    )


def _to_candidate(candidate: Candidate, labels: dict[str, str]) -> wire.Candidate:
    return wire.Candidate(
        profile=UUID(candidate.key),
        label=labels.get(candidate.key),
        accepted=candidate.accepted,
        llr=round(candidate.llr, 4),
        probability=round(candidate.probability, 6),
        score=round(candidate.score, 6),
    )


def _to_verdict(refused: QualityRefused | None) -> wire.Verdict:
    if refused is None:
        return wire.Verdict(good=True, code=None, detail=None)
    return wire.Verdict(good=False, code=refused.code, detail=str(refused))
