"""A claim that asks for words to a decision about the voice and one about the words, heard side by side."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from earmark.service.challenges import Attempt, close_challenge, counted, open_challenge
from earmark.service.phrases import DEFAULT_LOCALE, allowed_phrases
from earmark.service.words import Words, as_words, beside, check_phrase, find_phrase
from earmark.storage.store import Store
from earmark.storage.values import Challenge, Profile, ProfileKind
from earmark.voice.features import Floats
from earmark.voice.scoring.decision import Decision

if TYPE_CHECKING:
    from earmark.voice.phrase.checker import PhraseMatch


def decide(
    tenant: str,
    store: Store,
    profile: Profile,
    clip: Floats,
    judge: Callable[[], Decision],
    *,
    challenge: UUID | None,
    lock_out: bool,
) -> tuple[Decision, Words | None]:
    """Return what `judge` says of the voice, and what is to be said of the words; None where any will do.

    Words are asked for by a challenge, else by the passphrase of a text-dependent profile. Then the attempt
    counts, where there is a `lock_out`. Raises ChallengeNotFound, ChallengeRefused, ProfileLocked,
    PhraseUnsupported, and what `judge` raises: such a recording uses up neither a challenge nor an attempt.
    """
    given = (
        None if challenge is None else open_challenge(tenant, store, challenge, profile, datetime.now(UTC))
    )
    if given is None and profile.kind is not ProfileKind.TEXT_DEPENDENT:
        return judge(), None
    hear = _listener(tenant, store, profile, given)
    with counted(tenant, store, profile) if lock_out else nullcontext(Attempt()) as attempt:
        match, decision = beside(lambda: hear(clip), judge)
        if given is not None:
            close_challenge(tenant, store, given)  # of two answers at once only one gets past this
        words = as_words(match, challenge=given is not None)
        attempt.succeeded = decision.accepted and words.accepted
    return decision, words


def _listener(
    tenant: str, store: Store, profile: Profile, given: Challenge | None
) -> Callable[[Floats], "PhraseMatch"]:
    """Return what hears the words that a clip has to say."""
    if given is not None:
        return lambda clip: check_phrase(store, clip, given.phrase, given.locale)
    locale, phrase = profile.locale or DEFAULT_LOCALE, profile.phrase
    if phrase is not None:
        return lambda clip: check_phrase(store, clip, phrase, locale)
    allowed = allowed_phrases(tenant, store, locale)  # enrolled before words were heard: any listed one
    return lambda clip: find_phrase(store, clip, allowed, locale)
