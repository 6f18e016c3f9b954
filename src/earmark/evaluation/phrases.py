"""Spoken clips to claims about their words: the right phrase, other phrases, and near misses of one word.

A near miss changes the claim, not the clip: what is said is then the phrase with one word changed, dropped or
added. Words at the edges are never the added ones: speech before and after a phrase is tolerated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from earmark.evaluation.conditions import Scenery, degrade
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.phrase.examine import distance, sounds
from earmark.voice.phrase.pronunciations import in_dictionary, pronounce, words_of

CHANNELS = {"clean": "clean", "telephone": "G.711", "noise 10 dB": "noise 10 dB"}


class Claim(StrEnum):
    """What a claimed phrase is to the words of a clip."""

    RIGHT = "right"
    OTHER = "other phrase"
    CHANGED = "a word changed"
    ALIKE = "a word changed for one like it"
    DROPPED = "a word dropped"
    ADDED = "a word added"
    TRUNCATED = "cut off"
    EMBEDDED = "right, within other speech"


NEAR = (Claim.CHANGED, Claim.DROPPED, Claim.ADDED)
RIGHT = (Claim.RIGHT, Claim.EMBEDDED)


@dataclass(frozen=True)
class Claimed:
    """A phrase that a clip is held against, and which of its words are truly said (by place)."""

    kind: Claim
    phrase: str
    said: tuple[bool, ...]


def checkable(text: str, *, least: int = 3) -> bool:
    """Whether a text can serve as a phrase: enough words, all of them in the dictionary."""
    words = text.split()
    return len(words) >= least and all(in_dictionary(word) for word in words_of(text))


def vocabulary(texts: Sequence[str]) -> list[str]:
    """The different words of some texts, sorted."""
    return sorted({word for text in texts for word in words_of(text)})


def claims(
    text: str, others: Sequence[str], words: Sequence[str], draw: np.random.Generator, *, each: int = 2
) -> list[Claimed]:
    """The right claim about a clip that says `text`, and `each` of every wrong one.

    `others` are phrases to claim wrongly, `words` what a changed or added word is drawn from.
    """
    spoken = list(words_of(text))
    made = [Claimed(Claim.RIGHT, text, (True,) * len(spoken))]
    for _ in range(each):
        made.append(_other(spoken, others, draw))
        place = int(draw.integers(len(spoken)))
        made.append(_swapped(Claim.CHANGED, spoken, place, _unlike(spoken[place], words, draw)))
        place = int(draw.integers(len(spoken)))
        made.append(_swapped(Claim.ALIKE, spoken, place, _like(spoken[place], words, draw)))
        place = int(draw.integers(len(spoken) + 1))
        extra = [*spoken[:place], str(draw.choice(words)), *spoken[place:]]
        said = tuple(number != place for number in range(len(extra)))
        made.append(Claimed(Claim.DROPPED, " ".join(extra), said))
        if len(spoken) > 3:
            place = int(draw.integers(1, len(spoken) - 1))
            fewer = spoken[:place] + spoken[place + 1 :]
            made.append(Claimed(Claim.ADDED, " ".join(fewer), (True,) * len(fewer)))
    return made


def _other(spoken: list[str], others: Sequence[str], draw: np.random.Generator) -> Claimed:
    while True:
        text = others[int(draw.integers(len(others)))]
        words = words_of(text)
        if distance(sounds(words), sounds(spoken)) > 0.5:
            return Claimed(Claim.OTHER, text, (False,) * len(words))


def _swapped(kind: Claim, spoken: list[str], place: int, word: str) -> Claimed:
    claimed = [*spoken[:place], word, *spoken[place + 1 :]]
    return Claimed(kind, " ".join(claimed), tuple(number != place for number in range(len(claimed))))


def _unlike(word: str, words: Sequence[str], draw: np.random.Generator) -> str:
    """A word that is never said like this one."""
    while True:
        other = str(draw.choice(words))
        if not set(pronounce(other)) & set(pronounce(word)):
            return other


def _like(word: str, words: Sequence[str], draw: np.random.Generator) -> str:
    """The closest in sound of fifty words, but never said the same."""
    found = [_unlike(word, words, draw) for _ in range(50)]
    return min(found, key=lambda other: distance(sounds([word]), sounds([other])))


def truncated(clip: Floats, start: float, end: float, draw: np.random.Generator) -> Floats:
    """A clip whose phrase lies from `start` to `end` seconds, cut off after 50 to 80 % of it."""
    stop = start + (end - start) * draw.uniform(0.5, 0.8)
    return clip[: int(stop * SAMPLE_RATE)]


def embedded(before: Floats, clip: Floats, after: Floats, draw: np.random.Generator) -> Floats:
    """A clip between two others, with pauses."""
    pause = [np.zeros(int(draw.uniform(0.1, 0.5) * SAMPLE_RATE), np.float32) for _ in range(2)]
    return np.concatenate([before, pause[0], clip, pause[1], after])


def arriving(clip: Floats, channel: str, scenery: Scenery, seed: tuple[int, ...]) -> Floats:
    """The clip as it arrives over one of `CHANNELS`."""
    return degrade(clip, CHANNELS[channel], scenery, seed)
