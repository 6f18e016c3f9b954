"""The types on the wire of phrases, spoken words and challenges; `words_convert.py` fills them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

ChallengeKind = Literal["digits", "words"]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HeardWord(_Answer):
    """One word of what had to be said."""

    word: str
    said: bool
    llr: float = Field(description="Natural-log likelihood ratio: said against anything else.")
    start: float = Field(description="Seconds from the start of the recording.")
    end: float


class Words(_Answer):
    """Whether a recording says what it has to, completely and nothing else instead."""

    accepted: bool
    llr: float = Field(description="Natural-log likelihood ratio: these words against any others.")
    challenge: bool = Field(description="They were asked for once; else they are the passphrase.")
    words: list[HeardWord]


class Phrases(_Answer):
    """What people may be asked to say."""

    locale: str
    passphrases: list[str] = Field(description="Those that everybody has, then the tenant's own.")
    own_passphrases: list[str] = Field(description="The tenant's own alone.")
    activation_phrases: list[str]


class PhraseRequest(_Request):
    """A passphrase of the tenant's own."""

    phrase: str = Field(min_length=1, max_length=200)
    locale: str = Field("en-US", max_length=35)


class PhraseKept(_Answer):
    """A passphrase as it is kept."""

    phrase: str = Field(description="Its words in small letters, digits as words.")
    locale: str


class PhraseExamined(_Answer):
    """Whether a phrase would make a passphrase."""

    usable: bool
    too_short: bool
    too_close: bool = Field(description="To another passphrase of its language.")
    distance: float = Field(description="Share of its sounds that differ from the closest other, 0 to 1.")
    unknown_words: list[str] = Field(description="Words that no dictionary has: how they sound is guessed.")
    doubts: list[str] = Field(description="In words: what is wrong, and what to do.")


class NewChallenge(_Request):
    """Words to be said once, by the person of a profile."""

    profile: UUID
    kind: ChallengeKind = "digits"
    length: int | None = Field(
        None, ge=2, le=12, description="How many: 4 to 12 digits, usually 6; 2 to 8 words, usually 4."
    )
    seconds: float = Field(120.0, ge=10, le=600, description="In which it may be answered.")


class Challenge(_Answer):
    """Words to be said once, in time: `POST /v1/profiles/{id}/verify?challenge=...` takes the recording."""

    id: UUID
    profile: UUID
    phrase: str = Field(description="To be said word for word.")
    digits: str | None = Field(description="The same as figures, for a challenge of digits.")
    locale: str
    created: datetime
    expires: datetime


class Lock(_Answer):
    """A profile's attempts that failed in a row."""

    failures: int
    locked_until: datetime | None = Field(description="The year 9999: until somebody unlocks it.")
