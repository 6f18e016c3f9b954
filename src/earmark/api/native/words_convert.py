"""Our values of phrases, words and challenges to the native API's types: pure functions."""

from typing import TYPE_CHECKING

from earmark.api.native import words_wire as wire
from earmark.service.challenges import LockState, digits_of
from earmark.service.phrases import Phrases
from earmark.service.words import Words
from earmark.storage.values import Challenge

if TYPE_CHECKING:
    from earmark.voice.phrase.checker import PhraseExamined


def to_words(words: Words | None) -> wire.Words | None:
    """Return what was heard of the words that had to be said."""
    if words is None:
        return None
    return wire.Words(
        accepted=words.accepted,
        llr=round(words.llr, 4),
        challenge=words.challenge,
        words=[
            wire.HeardWord(
                word=one.word,
                said=one.said,
                llr=round(one.llr, 4),
                start=round(one.start, 2),
                end=round(one.end, 2),
            )
            for one in words.words
        ],
    )


def to_phrases(found: Phrases) -> wire.Phrases:
    """Return what people may be asked to say."""
    return wire.Phrases(
        locale=found.locale,
        passphrases=list(found.passphrases),
        own_passphrases=list(found.own),
        activation_phrases=list(found.activation_phrases),
    )


def to_examined(found: "PhraseExamined") -> wire.PhraseExamined:
    """Return whether a phrase would make a passphrase."""
    return wire.PhraseExamined(
        usable=found.usable,
        too_short=found.too_short,
        too_close=found.too_close,
        distance=round(found.distance, 3),
        unknown_words=list(found.unknown),
        doubts=list(found.doubts),
    )


def to_challenge(made: Challenge) -> wire.Challenge:
    """Return a challenge."""
    return wire.Challenge(
        id=made.id,
        profile=made.profile_id,
        phrase=made.phrase,
        digits=digits_of(made.phrase),
        locale=made.locale,
        created=made.created,
        expires=made.expires,
    )


def to_lock(found: LockState) -> wire.Lock:
    """Return a profile's failed attempts."""
    return wire.Lock(failures=found.failures, locked_until=found.locked_until)
