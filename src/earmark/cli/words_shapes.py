"""What was said, phrases and challenges to the JSON that `--json` prints; see `shapes.py`."""

from typing import TYPE_CHECKING, Annotated, TypedDict

if TYPE_CHECKING:
    from earmark.service.phrases import Phrases
    from earmark.service.words import Words
    from earmark.storage.values import Challenge
    from earmark.voice.phrase.checker import PhraseExamined


class HeardWordJson(TypedDict):
    """One word of what had to be said."""

    word: str
    said: bool
    llr: Annotated[float, "natural-log likelihood ratio: said against anything else"]
    start: Annotated[float, "seconds from the start of the recording"]
    end: float


class WordsJson(TypedDict):
    """Whether a recording says what it has to."""

    accepted: bool
    llr: Annotated[float, "natural-log likelihood ratio: these words against any others"]
    challenge: Annotated[bool, "they were asked for once; else they are the passphrase"]
    words: list[HeardWordJson]


class ChallengeJson(TypedDict):
    """What `challenge` asks for."""

    challenge: Annotated[str, "its identifier, for `verify --answers`"]
    profile: str
    phrase: Annotated[str, "to be said word for word"]
    digits: Annotated[str | None, "the same as figures"]
    expires: str


class PhrasesJson(TypedDict):
    """What `phrases list` finds."""

    locale: str
    passphrases: list[str]
    own_passphrases: Annotated[list[str], "the tenant's own"]
    activation_phrases: list[str]
    activation: Annotated[bool, "whether the tenant asks for one"]


class ExaminedJson(TypedDict):
    """What `phrases examine` finds."""

    usable: bool
    too_short: bool
    too_close: Annotated[bool, "to another passphrase"]
    unknown_words: list[str]
    doubts: Annotated[list[str], "in words: what is wrong, and what to do"]


def words_json(words: "Words | None") -> WordsJson | None:
    """What was heard of the words that had to be said."""
    if words is None:
        return None
    return {
        "accepted": words.accepted,
        "llr": round(words.llr, 4),
        "challenge": words.challenge,
        "words": [
            {
                "word": one.word,
                "said": one.said,
                "llr": round(one.llr, 4),
                "start": round(one.start, 2),
                "end": round(one.end, 2),
            }
            for one in words.words
        ],
    }


def challenge_json(made: "Challenge") -> ChallengeJson:
    """A `Challenge`."""
    from earmark.service.challenges import digits_of

    return {
        "challenge": str(made.id),
        "profile": str(made.profile_id),
        "phrase": made.phrase,
        "digits": digits_of(made.phrase),
        "expires": made.expires.isoformat(timespec="seconds"),
    }


def phrases_json(found: "Phrases", *, activation: bool) -> PhrasesJson:
    """The `Phrases` of a locale."""
    return {
        "locale": found.locale,
        "passphrases": list(found.passphrases),
        "own_passphrases": list(found.own),
        "activation_phrases": list(found.activation_phrases),
        "activation": activation,
    }


def examined_json(found: "PhraseExamined") -> ExaminedJson:
    """A `PhraseExamined`."""
    return {
        "usable": found.usable,
        "too_short": found.too_short,
        "too_close": found.too_close,
        "unknown_words": list(found.unknown),
        "doubts": list(found.doubts),
    }
