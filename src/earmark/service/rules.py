"""A tenant's own rules: what each use is decided by, what is learned, and when people should enrol anew."""

from collections.abc import Mapping
from dataclasses import dataclass

from earmark.errors import InvalidRequest
from earmark.service.actor import Actor, Permission, needs
from earmark.service.profiles import UNCHANGED, Unchanged
from earmark.storage import tenants
from earmark.storage.operating_points import put_aim, read_aims
from earmark.storage.store import Store
from earmark.storage.values import Use
from earmark.voice.scoring.operating import DEFAULT_AIM, DEFAULT_SEARCH, Aim

# A watchlist is searched with many strangers, each a false alarm at worst: ten times as strict.
DEFAULTS = {Use.VERIFY: DEFAULT_AIM, Use.IDENTIFY: DEFAULT_SEARCH, Use.WATCHLIST: Aim(fpir=0.001)}
MOST_DAYS = 36_500


@dataclass(frozen=True)
class Rules:
    """What a tenant decides and looks after by."""

    aims: Mapping[Use, Aim]  # of every use
    own: frozenset[Use]  # those that the tenant has set; the others are the defaults
    learn: bool  # whether voiceprints move with recordings that are surely the person's
    watch_drift: bool  # whether it is noted how well accepted recordings fit
    renew_days: int | None  # after which a voiceprint is too old; never if None
    own_cohort: bool  # whether enrolled people count as strangers beside the cohort that ships


@needs(Permission.MANAGE, Permission.ENROL, Permission.RECOGNISE, Permission.AUDIT)
def show_rules(actor: Actor, store: Store) -> Rules:
    """Return the rules of the actor's tenant."""
    tenant = tenants.find_tenant(store, actor.tenant)
    own = read_aims(actor.tenant, store)
    return Rules(
        DEFAULTS | own,
        frozenset(own),
        tenant.learn,
        tenant.watch_drift,
        tenant.renew_days,
        tenant.own_cohort,
    )


@needs(Permission.MANAGE)
def change_rules(
    actor: Actor,
    store: Store,
    *,
    aims: Mapping[Use, Aim | None] | None = None,
    learn: bool | Unchanged = UNCHANGED,
    watch_drift: bool | Unchanged = UNCHANGED,
    renew_days: int | Unchanged | None = UNCHANGED,
    own_cohort: bool | Unchanged = UNCHANGED,
) -> Rules:
    """Change what is given; an aim of None is the default again, and renewal after None days is never.

    `fpir` means something only in a search. Raises InvalidRequest; nothing is changed then.
    """
    for use, aim in (aims or {}).items():
        if aim is not None:
            check_aim(use, aim)
    if isinstance(renew_days, int) and not 1 <= renew_days <= MOST_DAYS:
        raise InvalidRequest(f"Renewal after {renew_days} days makes no sense: choose 1 to {MOST_DAYS:,}.")
    given = {"learn": learn, "watch_drift": watch_drift, "renew_days": renew_days, "own_cohort": own_cohort}
    new = {name: value for name, value in given.items() if not isinstance(value, Unchanged)}
    tenants.change_tenant(store, actor.tenant, **new)
    for use, aim in (aims or {}).items():
        put_aim(actor.tenant, store, use, aim)
    return show_rules(actor, store)


def check_aim(use: Use, aim: Aim) -> None:
    """Raise InvalidRequest for an aim that a use cannot have."""
    if use is Use.VERIFY and aim.fpir is not None:
        raise InvalidRequest("A verification compares one person: set it by fmr, or by costs and a prior.")


def choose_aim(tenant: str, store: Store, use: Use, *, asked: Aim | None, usual: Aim | None) -> Aim:
    """Return what is asked for now, else what the tenant has set for this use, else what is usual here."""
    if asked is not None:
        check_aim(use, asked)
        return asked
    return read_aims(tenant, store).get(use) or usual or DEFAULTS[use]
