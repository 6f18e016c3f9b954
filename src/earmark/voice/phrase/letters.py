"""A word that no dictionary has to how it is probably said: rules for letters among their neighbours.

models/phrase/letters.xz holds, for every letter and growing stretches of its neighbours, the phones that it
stood for most often in the dictionary, wherever that differs from what a shorter stretch says
(recipes/make_pronunciations.py; after Daelemans, van den Bosch and Weijters' IGTree, 1997).
"""

import lzma
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from earmark.voice.phrase.pronunciations import Phones, known_words, numbers

EDGE = "#"
CONTEXTS = ((0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (4, 4))  # letters before and after
HISSES = frozenset(["S", "Z", "SH", "ZH", "CH", "JH"])
VOICELESS = frozenset(["P", "T", "K", "F", "TH"])


def stretches(word: str) -> Iterator[list[str]]:
    """For each letter, the letter with its neighbours as in `CONTEXTS`, shortest first."""
    for place in range(len(word)):
        around = EDGE * 4 + word + EDGE * 4
        centre = place + 4
        yield [
            f"{around[centre - before : centre]}<{word[place]}>{around[centre + 1 : centre + 1 + after]}"
            for before, after in CONTEXTS
        ]


@cache
def rules() -> Mapping[str, str]:
    """Stretch of letters to phones, as written in the dictionary, empty for a silent letter."""
    packed = files("earmark.voice.models.phrase").joinpath("letters.xz").read_bytes()
    return dict(line.split("\t", 1) for line in lzma.decompress(packed).decode().splitlines())


def apply(found: Mapping[str, str], word: str) -> str:
    """Phones of a word by some rules, as written in the dictionary."""
    said = list[str]()
    for longer in stretches(word):
        known = [stretch for stretch in longer if stretch in found]
        if known and found[known[-1]]:
            said.append(found[known[-1]])
    return " ".join(said)


def spell_out(word: str) -> tuple[Phones, ...]:
    """Ways to say a word of the letters a to z and apostrophes that is in no dictionary."""
    stem = word.removesuffix("'s") if word.endswith("'s") else word.removesuffix("'")
    stem = stem.replace("'", "")
    known = known_words().get(stem)
    written = known.split("|")[0] if known else apply(rules(), stem)
    if not written:
        written = "AH"  # only silent letters: something is said nevertheless
    if word.endswith("'s"):
        last = written.split()[-1]
        written += " IH Z" if last in HISSES else " S" if last in VOICELESS else " Z"
    return (numbers(written),)
