"""Clip and sentence to a likelihood ratio that the sentence was said, completely and nothing else instead.

What a phrase checker takes and gives, and which one there is for a language.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from earmark.voice.features import Floats

LOCALE = "en-us"
RECOGNISERS = "recognisers"


@dataclass(frozen=True)
class WordMatch:
    """One word of the phrase: natural-log likelihood ratio that it was said there, and when (seconds)."""

    word: str
    llr: float
    said: bool
    start: float
    end: float


@dataclass(frozen=True)
class PhraseMatch:
    """What was found: calibrated log-likelihood ratio, decision, words, seconds of other speech around."""

    phrase: str
    llr: float
    accepted: bool
    words: tuple[WordMatch, ...]
    speech_before: float
    speech_after: float


@dataclass(frozen=True)
class PhraseExamined:
    """Whether a phrase can be used: what speaks against it, in words for the tenant; none when it can."""

    phrase: str
    words: tuple[str, ...]
    unknown: tuple[str, ...]  # words that no dictionary has: their sounds are guessed from the letters
    phones: int
    too_short: bool
    closest: str | None  # the one of `others` that sounds most like it
    distance: float  # to that one: share of phones that differ, 0 to 1; 1 without others
    too_close: bool
    doubts: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """Long enough, and not too much like another."""
        return not (self.too_short or self.too_close)


class PhraseChecker(Protocol):
    """Something that hears words; many threads may ask at once."""

    @property
    def languages(self) -> frozenset[str]:
        """Locales that it knows, in lower case: `en-us`."""

    def check(self, clip: Floats, phrase: str, locale: str = LOCALE) -> PhraseMatch:
        """Whether a clip (samples,) at 16 kHz says the phrase.

        Raises PhraseUnsupported for another locale and for a phrase without pronounceable words.
        """

    def best(self, clip: Floats, phrases: Sequence[str], locale: str = LOCALE) -> tuple[int, PhraseMatch]:
        """Which of the phrases the clip says best: its place and what was found; errors as `check`."""

    def examine(self, phrase: str, locale: str = LOCALE, others: Sequence[str] = ()) -> PhraseExamined:
        """Whether a phrase can be checked well and told from others; errors as `check`."""


def checker_in(home: Path, locale: str) -> PhraseChecker:
    """What hears words in a language: a recogniser of one's own, else the checker that ships.

    One's own are in `home`, each in a folder like recognisers/de-de. Raises what `open_recogniser` raises.
    """
    folder = recognisers(home).get(locale.lower())
    return open_checker() if folder is None else _own(folder)


def recognisers(home: Path) -> dict[str, Path]:
    """Folders of recognisers of one's own, by locale in lower case."""
    folder = home / RECOGNISERS
    return {one.name.lower(): one for one in folder.iterdir() if one.is_dir()} if folder.is_dir() else {}


def load_recognisers(home: Path) -> None:
    """Load all of one's own: a broken one is found when a service starts, and nobody waits for it later."""
    for locale in recognisers(home):
        checker_in(home, locale)


@cache
def _own(folder: Path) -> PhraseChecker:
    from earmark.voice.phrase.recogniser import open_recogniser

    return open_recogniser(folder, languages=(folder.name,))


@cache
def open_checker() -> PhraseChecker:
    """The checker that ships, loaded once."""
    from earmark.voice.phrase.phones import PhoneChecker

    return PhoneChecker()
