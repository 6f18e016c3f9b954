"""Challenges to rows and back, and the count of a profile's failed attempts. The tenant comes first."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from earmark.errors import ChallengeNotFound, ProfileNotFound
from earmark.storage.profiles import NOT_FOUND
from earmark.storage.schema import attempts, challenges
from earmark.storage.store import Store
from earmark.storage.values import Challenge

FOR_GOOD = datetime(9999, 1, 1, tzinfo=UTC)
MOST_OPEN = 100  # challenges of one profile; the oldest are forgotten first


@dataclass(frozen=True)
class Attempts:
    """A profile's verifications that failed, one after another."""

    failures: int = 0
    locked_until: datetime | None = None


def add_challenge(
    tenant: str,
    store: Store,
    profile_id: UUID,
    phrase: str,
    *,
    locale: str,
    now: datetime,
    lifetime: timedelta,
) -> Challenge:
    """Store a new challenge for a profile. Raises ProfileNotFound."""
    made = Challenge(uuid4(), profile_id, locale, phrase, now, now + lifetime, None)
    own = (challenges.c.tenant == tenant) & (challenges.c.profile_id == profile_id)
    newest = sa.select(challenges.c.id).where(own).order_by(challenges.c.created.desc()).limit(MOST_OPEN - 1)
    row = vars(made) | {"tenant": tenant}
    with store.writing() as connection:
        kept = connection.scalars(newest).all()
        connection.execute(sa.delete(challenges).where(own, challenges.c.id.not_in(kept)))
        try:
            connection.execute(sa.insert(challenges).values(row))
        except IntegrityError:  # the profile has been deleted
            raise ProfileNotFound(NOT_FOUND) from None
    return made


def find_challenge(tenant: str, store: Store, challenge_id: UUID) -> Challenge:
    """Return a challenge, used or not, late or not; ChallengeNotFound."""
    query = sa.select(challenges).where(challenges.c.tenant == tenant, challenges.c.id == challenge_id)
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise ChallengeNotFound("There is no such challenge, or no longer: ask for a new one.")
    return Challenge(row.id, row.profile_id, row.locale, row.phrase, row.created, row.expires, row.used)


def use_challenge(tenant: str, store: Store, challenge_id: UUID, *, now: datetime) -> bool:
    """Say that a challenge has been answered; False when it was before, or is gone. Of two, one gets True."""
    unused = (challenges.c.tenant == tenant) & (challenges.c.id == challenge_id) & challenges.c.used.is_(None)
    with store.writing() as connection:
        return connection.execute(sa.update(challenges).where(unused).values(used=now)).rowcount == 1


def delete_expired(store: Store, *, before: datetime) -> int:
    """Remove the challenges of all tenants that had expired then; returns how many."""
    with store.writing() as connection:
        return connection.execute(sa.delete(challenges).where(challenges.c.expires < before)).rowcount


def read_attempts(tenant: str, store: Store, profile_id: UUID) -> Attempts:
    """Return how many attempts on a profile have failed in a row, and until when it is locked."""
    with store.reading() as connection:
        return _read(connection, tenant, profile_id)


def take_attempt(
    tenant: str, store: Store, profile_id: UUID, *, now: datetime, wait: Callable[[int], float]
) -> Attempts:
    """Count an attempt as failed before it is made, unless the profile is locked; returns the count before.

    So many attempts at once cannot get past the lock. `wait` says for how many seconds so many failures in a
    row lock the profile; infinite is for good. Raises ProfileNotFound.
    """
    same = (attempts.c.tenant == tenant) & (attempts.c.profile_id == profile_id)
    with store.writing() as connection:
        before = _read(connection, tenant, profile_id)
        if is_locked(before, now):
            return before
        failures = before.failures + 1
        seconds = wait(failures)
        until = FOR_GOOD if math.isinf(seconds) else now + timedelta(seconds=seconds) if seconds else None
        row = {"tenant": tenant, "profile_id": profile_id, "failures": failures, "updated": now}
        connection.execute(sa.delete(attempts).where(same))
        try:
            connection.execute(sa.insert(attempts).values(row | {"locked_until": until}))
        except IntegrityError:  # the profile has been deleted
            raise ProfileNotFound(NOT_FOUND) from None
    return before


def give_back_attempt(tenant: str, store: Store, profile_id: UUID, before: Attempts) -> None:
    """Take an attempt out of the count, which was `before` it: nothing could be heard in its recording."""
    same = (attempts.c.tenant == tenant) & (attempts.c.profile_id == profile_id)
    with store.writing() as connection:
        found = _read(connection, tenant, profile_id)
        if found.failures == before.failures + 1:
            values: dict[str, object] = {"failures": before.failures, "locked_until": before.locked_until}
        else:  # others failed meanwhile: their lock stays
            values = {"failures": max(0, found.failures - 1)}
        connection.execute(sa.update(attempts).where(same).values(values))


def forget_attempts(tenant: str, store: Store, profile_id: UUID) -> bool:
    """Begin the count anew; returns whether there was anything to forget."""
    same = (attempts.c.tenant == tenant) & (attempts.c.profile_id == profile_id)
    with store.writing() as connection:
        return connection.execute(sa.delete(attempts).where(same)).rowcount > 0


def is_locked(found: Attempts, now: datetime) -> bool:
    """Whether no attempt may be made now."""
    return found.locked_until is not None and found.locked_until > now


def _read(connection: sa.Connection, tenant: str, profile_id: UUID) -> Attempts:
    query = sa.select(attempts).where(attempts.c.tenant == tenant, attempts.c.profile_id == profile_id)
    row = connection.execute(query).one_or_none()
    return Attempts() if row is None else Attempts(row.failures, row.locked_until)
