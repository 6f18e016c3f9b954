"""Challenges: words that a person is asked to say once, in time; and the lock after failed attempts.

NIST SP 800-63B asks of biometrics that at most five attempts in a row may fail before each next one has to
wait, longer and longer, and that they end at a limit.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from earmark.errors import (
    ChallengeRefused,
    EarmarkError,
    InvalidRequest,
    ProfileLocked,
    ProfileNotEnrolled,
)
from earmark.service.actor import Actor, Permission, needs
from earmark.service.challenge_words import CHALLENGE_WORDS
from earmark.storage import challenges as rows
from earmark.storage.profiles import find_profile
from earmark.storage.store import Store
from earmark.storage.values import Challenge, Profile, ProfileState
from earmark.voice.phrase.pronunciations import DIGITS

LOCALE = "en-us"
FREE = 5  # failures in a row that lock nothing but the next attempt
FIRST_WAIT, LONGEST_WAIT = 30.0, 3_600.0  # seconds; doubled by each further failure
LIMIT = 50  # failures in a row after which only a person unlocks the profile
LIFETIME = 120.0  # seconds that a challenge may be answered in, unless said otherwise
SECONDS = (10.0, 600.0)
LENGTHS = {"digits": (4, 12), "words": (2, 8)}
USUAL_LENGTHS = {"digits": 6, "words": 4}
KEPT = timedelta(hours=1)  # beyond its time, so that a late answer is told what is wrong


class ChallengeKind(StrEnum):
    """What a challenge is made of."""

    DIGITS = "digits"
    WORDS = "words"


@dataclass(frozen=True)
class LockState:
    """How many attempts on a profile have failed in a row, and until when no other may be made."""

    failures: int
    locked_until: datetime | None  # the year 9999: until somebody unlocks it


@needs(Permission.RECOGNISE)
def create_challenge(
    actor: Actor,
    store: Store,
    key: str | UUID,
    *,
    kind: ChallengeKind = ChallengeKind.DIGITS,
    length: int | None = None,
    seconds: float = LIFETIME,
) -> Challenge:
    """Make a challenge for the person of a profile: random digits or words, to be said once within `seconds`.

    Raises ProfileNotFound, ProfileNotEnrolled, ProfileLocked, InvalidRequest.
    """
    length = USUAL_LENGTHS[kind] if length is None else length
    least, most = LENGTHS[kind]
    if not least <= length <= most:
        raise InvalidRequest(
            f"A challenge of {kind} has {least} to {most} of them: ask for {least} to {most}."
        )
    if not SECONDS[0] <= seconds <= SECONDS[1]:
        raise InvalidRequest(f"A challenge lives {SECONDS[0]:g} to {SECONDS[1]:g} s: ask for so many.")
    profile = find_profile(actor.tenant, store, key)
    if profile.state is not ProfileState.ENROLLED:
        raise ProfileNotEnrolled("This profile is not enrolled yet: add recordings until nothing is missing.")
    now = datetime.now(UTC)
    _refuse_locked(rows.read_attempts(actor.tenant, store, profile.id), now)
    phrase = " ".join(_draw(DIGITS if kind is ChallengeKind.DIGITS else CHALLENGE_WORDS, length))
    rows.delete_expired(store, before=now - KEPT)  # the command line has no sweep
    return rows.add_challenge(
        actor.tenant,
        store,
        profile.id,
        phrase,
        locale=LOCALE,
        now=now,
        lifetime=timedelta(seconds=seconds),
    )


@needs(Permission.MANAGE, Permission.RECOGNISE)
def show_lock(actor: Actor, store: Store, key: str | UUID) -> LockState:
    """Return how many attempts on a profile have failed, and whether it is locked. ProfileNotFound."""
    profile = find_profile(actor.tenant, store, key)
    found = rows.read_attempts(actor.tenant, store, profile.id)
    return LockState(found.failures, found.locked_until)


@needs(Permission.MANAGE)
def unlock_profile(actor: Actor, store: Store, key: str | UUID) -> bool:
    """Forget a profile's failed attempts; returns whether there were any. ProfileNotFound."""
    profile = find_profile(actor.tenant, store, key)
    return rows.forget_attempts(actor.tenant, store, profile.id)


def digits_of(phrase: str) -> str | None:
    """Return a challenge of digits as figures, such as "4 7 1"; None for one of words."""
    words = phrase.split()
    return " ".join(str(DIGITS.index(word)) for word in words) if set(words) <= set(DIGITS) else None


def open_challenge(
    tenant: str, store: Store, challenge_id: UUID, profile: Profile, now: datetime
) -> Challenge:
    """Return a challenge that may still be answered. Raises ChallengeNotFound, ChallengeRefused."""
    found = rows.find_challenge(tenant, store, challenge_id)
    if found.profile_id != profile.id:
        raise ChallengeRefused("This challenge was given for another profile: ask for one for this profile.")
    if found.used is not None:
        raise _used()
    if found.expires <= now:
        raise ChallengeRefused("This challenge has expired: ask for a new one, and answer in time.")
    return found


def close_challenge(tenant: str, store: Store, challenge: Challenge) -> None:
    """Say that a challenge has been answered. Raises ChallengeRefused when another request did before."""
    if not rows.use_challenge(tenant, store, challenge.id, now=datetime.now(UTC)):
        raise _used()


@dataclass
class Attempt:
    """One verification that counts; it has failed unless it is said to have succeeded."""

    succeeded: bool = False


@contextmanager
def counted(tenant: str, store: Store, profile: Profile) -> Iterator[Attempt]:
    """Count an attempt on a profile, unless it cannot be judged: raises ProfileLocked.

    It counts from its beginning, so that many at once cannot get past the lock; a success begins anew.
    """
    now = datetime.now(UTC)
    before = rows.take_attempt(tenant, store, profile.id, now=now, wait=wait_after)
    _refuse_locked(before, now)
    attempt = Attempt()
    try:
        yield attempt
    except EarmarkError:
        rows.give_back_attempt(tenant, store, profile.id, before)
        raise
    if attempt.succeeded:
        rows.forget_attempts(tenant, store, profile.id)


def wait_after(failures: int) -> float:
    """Seconds for which so many failures in a row lock a profile; infinite from the limit on."""
    if failures < FREE:
        return 0.0
    if failures >= LIMIT:
        return float("inf")
    return float(min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (failures - FREE)))


def _refuse_locked(found: rows.Attempts, now: datetime) -> None:
    if not rows.is_locked(found, now) or found.locked_until is None:
        return
    if found.locked_until >= rows.FOR_GOOD:
        raise ProfileLocked(f"{LIMIT} attempts on this profile have failed in a row: have it unlocked.")
    seconds = (found.locked_until - now).total_seconds()
    raise ProfileLocked(
        f"{found.failures} attempts on this profile have failed in a row: "
        f"try again in {max(1, round(seconds))} s, or have it unlocked.",
        retry_after=seconds,
    )


def _used() -> ChallengeRefused:
    return ChallengeRefused("This challenge has been answered before: ask for a new one.")


def _draw(words: tuple[str, ...], count: int) -> list[str]:
    """Random words, none twice in a row: people swallow one of two, and it is harder to hear."""
    drawn: list[str] = []
    while len(drawn) < count:
        word = secrets.choice(words)
        if not drawn or word != drawn[-1]:
            drawn.append(word)
    return drawn
