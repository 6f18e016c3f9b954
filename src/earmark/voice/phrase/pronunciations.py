"""Text to words, and a word to the sequences of phones that it may sound like, in American English.

Words come from the Carnegie Mellon Pronouncing Dictionary (models/phrase/words.xz, made by
recipes/make_pronunciations.py); others from letter rules that the same recipe learned from it.
"""

import lzma
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from earmark.errors import PhraseUnsupported

# ARPAbet without stress, as the dictionary writes it. 0 is the network's blank.
_NAMES = (
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
)
PHONES = tuple(_NAMES.split())
VOWELS = frozenset(name for name in PHONES if name[0] in "AEIOU")
BLANK = 0
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
MOST_WORDS = 40
MOST_LETTERS = 30  # of a word
MOST_VARIANTS = 4

Phones = tuple[int, ...]

_WORD = re.compile(r"[0-9]|[^\W\d_]+(?:['\u2019][^\W\d_]+)*['\u2019]?")
_NUMBER = {name: number for number, name in enumerate(PHONES, start=1)}


def words_of(text: str) -> tuple[str, ...]:
    """Words of a text in lower case, without punctuation; digits are read one by one.

    Raises PhraseUnsupported for a text without words, or with more than `MOST_WORDS`.
    """
    found = [match.group().replace("\u2019", "'") for match in _WORD.finditer(text.lower())]
    words = tuple(DIGITS[int(word)] if word.isdecimal() else word for word in found)
    if not words:
        raise PhraseUnsupported("The phrase has no words: write what has to be said.")
    if len(words) > MOST_WORDS:
        raise PhraseUnsupported(f"The phrase has {len(words)} words, at most {MOST_WORDS} can be checked.")
    return words


def names(phones: Phones) -> str:
    """Phones as the dictionary writes them: `HH AH L OW`."""
    return " ".join(PHONES[phone - 1] for phone in phones)


def numbers(written: str) -> Phones:
    """The other way round."""
    return tuple(_NUMBER[name] for name in written.split())


@cache
def known_words() -> Mapping[str, str]:
    """Every known word with its pronunciations as text; parsed only when a word is asked for."""
    packed = files("earmark.voice.models.phrase").joinpath("words.xz").read_bytes()
    return dict(line.split("\t", 1) for line in lzma.decompress(packed).decode().splitlines())


def in_dictionary(word: str) -> bool:
    """Whether somebody wrote down how the word is said."""
    return word in known_words()


def pronounce(word: str) -> tuple[Phones, ...]:
    """Ways to say a word in lower case, the usual one first.

    Raises PhraseUnsupported for a word of other letters than a to z, or of more than `MOST_LETTERS`.
    """
    if len(word) > MOST_LETTERS or not re.fullmatch(r"[a-z']+", word) or not word.strip("'"):
        raise PhraseUnsupported(
            f"A word cannot be read as English: write it with the letters a to z, at most {MOST_LETTERS}."
        )
    said = known_words().get(word) or known_words().get(word.strip("'"))
    if said is not None:
        return tuple(numbers(one) for one in said.split("|"))[:MOST_VARIANTS]
    from earmark.voice.phrase.letters import spell_out

    return spell_out(word)
