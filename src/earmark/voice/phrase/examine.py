"""A phrase to whether it can be checked well: its length in phones, and how it differs from others."""

from collections.abc import Sequence

import numpy as np

from earmark.voice.phrase.checker import PhraseExamined
from earmark.voice.phrase.pronunciations import (
    PHONES,
    VOWELS,
    Phones,
    in_dictionary,
    pronounce,
    words_of,
)

LEAST_PHONES = 12  # with fewer, one sound decides
LEAST_WORDS = 3
LEAST_DISTANCE = 0.35  # of the phones; below it one phrase may be heard for the other

_VOWEL = np.asarray([False, *(name in VOWELS for name in PHONES)])


def examine(phrase: str, others: Sequence[str] = ()) -> PhraseExamined:
    """Look at a phrase beside others; PhraseUnsupported when it has no words or one that cannot be read."""
    words = words_of(phrase)
    unknown = tuple(word for word in dict.fromkeys(words) if not in_dictionary(word))
    phones = sounds(words)
    distances = [distance(phones, sounds(words_of(other))) for other in others]
    nearest = int(np.argmin(distances)) if distances else None
    least = distances[nearest] if nearest is not None else 1.0
    too_short = len(phones) < LEAST_PHONES or len(words) < LEAST_WORDS
    too_close = least < LEAST_DISTANCE
    doubts = []
    if too_short:
        doubts.append(
            f"It has {len(words)} words and {len(phones)} sounds: take at least {LEAST_WORDS} words and "
            f"{LEAST_PHONES} sounds, for example a whole sentence."
        )
    if too_close:
        doubts.append("It sounds too much like another phrase: choose other words.")
    if unknown:
        doubts.append(
            f"{len(unknown)} of its words are in no dictionary, so how they sound is guessed: "
            "write them as they are spoken, or choose common words."
        )
    return PhraseExamined(
        " ".join(words),
        words,
        unknown,
        len(phones),
        too_short,
        others[nearest] if nearest is not None else None,
        least,
        too_close,
        tuple(doubts),
    )


def sounds(words: Sequence[str]) -> Phones:
    """The usual pronunciation of words, one after the other."""
    return tuple(phone for word in words for phone in pronounce(word)[0])


def distance(one: Phones, other: Phones) -> float:
    """Edits between two sequences of phones as a share of the longer; a vowel for a vowel is half an edit."""
    costs = np.arange(len(other) + 1, dtype=np.float64)
    second = np.asarray(other, np.int64)
    for place, phone in enumerate(one):
        change = np.where(second == phone, 0.0, np.where(_VOWEL[second] & _VOWEL[phone], 0.5, 1.0))
        row = [place + 1.0]
        for column in range(len(other)):
            row.append(min(costs[column] + change[column], costs[column + 1] + 1, row[-1] + 1))
        costs = np.asarray(row)
    return float(costs[-1]) / max(len(one), len(other), 1)
