"""Recognitions to what they teach: a voiceprint that moves with the voice, and whether it should be renewed.

Both are a tenant's choice, off unless chosen. A recording teaches only when it is so surely the person's,
beside what was *enrolled*, that a voice cannot be led away step by step; of the recording nothing is kept
but its part in a running mean, and that can be forgotten (`forget_learned`). Nobody can tell a replayed
recording from a live one yet: whoever lets voiceprints learn should know that.
"""

import hashlib
import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from earmark.errors import ModelMismatch, ProfileNotFound, QualityRefused, StoreBusy
from earmark.service.actor import Actor, Permission, needs
from earmark.storage import learned as rows
from earmark.storage.profiles import find_profile
from earmark.storage.store import Store
from earmark.storage.tenants import find_tenant
from earmark.storage.values import Drift, Learned, Profile, ProfileKind, Tenant
from earmark.storage.voiceprints import load_voiceprint
from earmark.voice.engine import Engine
from earmark.voice.features import Floats
from earmark.voice.quality import ENROL
from earmark.voice.scoring.decision import Decision, OperatingPoint
from earmark.voice.scoring.operating import Aim

SURE = (
    1e-4  # false-match rate at which a recording must be the person's to teach, or a tenth of the decision's
)
EVERY = timedelta(days=1)  # at most so often is something learned: one call is one occasion
SEEN = 30  # accepted recordings before a drift is spoken of
# By how many standard deviations of the first recordings' LLRs the mean of the latest lies below their mean.
# Without a drift 4 of 1,000 people are asked for nothing in 1,000 calls; of those whose LLRs fall by two
# standard deviations 98 of 100 are asked within 50 (simulated, see the tests).
DRIFTED = 1.5
LEAST_SPREAD = 0.1


@dataclass(frozen=True)
class Renewal:
    """How fresh a voiceprint is."""

    due: bool
    reasons: tuple[str, ...]  # in words; empty when it is not due
    enrolled: datetime | None  # the newest enrolment; None when there is none
    learned: Learned | None
    drift: Drift | None


@needs(Permission.MANAGE, Permission.ENROL)
def show_renewal(actor: Actor, store: Store, engine: Engine, key: str | UUID) -> Renewal:
    """Say whether the person of a profile should enrol anew, and what was learned. ProfileNotFound."""
    profile = find_profile(actor.tenant, store, key)
    tenant = find_tenant(store, actor.tenant)
    drift = rows.find_drift(actor.tenant, store, profile.id, basis=_basis(engine, tenant))
    reasons = (*_too_old(profile, tenant), *_drifted(drift, tenant))
    taught = rows.find_learned(actor.tenant, store, profile.id)
    return Renewal(bool(reasons), reasons, _newest(profile), taught, drift)


@needs(Permission.MANAGE)
def forget_learned(actor: Actor, store: Store, key: str | UUID) -> bool:
    """Go back to the voice that was enrolled, for good; False when nothing was learned. ProfileNotFound."""
    profile = find_profile(actor.tenant, store, key)
    return rows.forget_learned(actor.tenant, store, profile.id)


def follow(
    store: Store, engine: Engine, tenant: Tenant, profile: Profile, clip: Floats, decision: Decision
) -> tuple[bool, tuple[str, ...]]:
    """Let a decision teach what the tenant allows; return whether it did, and why to renew, if at all.

    A profile that is changed or deleted meanwhile, or a busy store, teaches nothing; the decision stands.
    """
    taught, drift = False, None
    with suppress(ProfileNotFound, ModelMismatch, StoreBusy):
        if decision.accepted and tenant.watch_drift:
            drift = rows.note_fit(tenant.id, store, profile.id, decision.llr, basis=_basis(engine, tenant))
        if decision.accepted and tenant.learn:
            taught = _learn(store, engine, tenant.id, profile, clip, decision)
    return taught, (*_too_old(profile, tenant), *_drifted(drift, tenant))


def sure_of(point: OperatingPoint) -> Aim:
    """Return what a recording accepted at this point must reach beside the enrolled voice to teach."""
    return Aim(fpir=min(SURE, point.fmr / 10))  # of one comparison: any rate, however low


def _learn(
    store: Store, engine: Engine, tenant: str, profile: Profile, clip: Floats, decision: Decision
) -> bool:
    if profile.kind is ProfileKind.TEXT_DEPENDENT:  # its voiceprint is of one phrase
        return False
    known = rows.find_learned(tenant, store, profile.id)
    if known is not None and datetime.now(UTC) - known.updated < EVERY:
        return False
    enrolled = load_voiceprint(tenant, store, profile.id, moved=False)
    try:
        if not engine.verify(enrolled, clip, aim=sure_of(decision.operating_point), rules=ENROL).accepted:
            return False
    except QualityRefused:  # not good enough to enrol with
        return False
    rows.learn(tenant, store, profile.id, engine.embed(clip))
    return True


def _newest(profile: Profile) -> datetime | None:
    return max((one.created for one in profile.enrolments), default=None)


def _too_old(profile: Profile, tenant: Tenant) -> tuple[str, ...]:
    newest = _newest(profile)
    if newest is None or tenant.renew_days is None:
        return ()
    age = (datetime.now(UTC) - newest).days
    if age < tenant.renew_days:
        return ()
    return (
        f"The newest recording of this voiceprint is {age:,} days old, and after {tenant.renew_days:,} it "
        "should be renewed: add a recording of today.",
    )


def has_drifted(drift: Drift) -> bool:
    """Whether the latest accepted recordings fit clearly less well than the first did."""
    spread = max(math.sqrt(drift.early_variance * rows.EARLY / (rows.EARLY - 1)), LEAST_SPREAD)
    return drift.recordings >= SEEN and drift.early_llr - drift.recent_llr >= DRIFTED * spread


def _drifted(drift: Drift | None, tenant: Tenant) -> tuple[str, ...]:
    if drift is None or not tenant.watch_drift or not has_drifted(drift):
        return ()
    return (
        f"Accepted recordings fit this voiceprint less well than at first (mean log-likelihood ratio "
        f"{drift.recent_llr:.1f}, once {drift.early_llr:.1f}): add a recording of today.",
    )


def _basis(engine: Engine, tenant: Tenant) -> str:
    """What LLRs are comparable under: the model, the calibration that is in use, and whose cohort."""
    calibration = hashlib.sha256(repr(engine.decider.calibration).encode()).hexdigest()[:16]
    return f"{engine.entry.id[:40]} {calibration}{' own' if tenant.own_cohort else ''}"
