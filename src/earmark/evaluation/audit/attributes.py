"""Columns of the user's table to groups of clips: values as they stand, numbers in bands."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earmark.evaluation.audit.clips import Clip

AGES = ((13, "0 to 12"), (18, "13 to 17"), (35, "18 to 34"), (55, "35 to 54"), (200, "55 and over"))
MOST_GROUPS = 12  # of one attribute; the rest, the smallest, are left out
MANY_NUMBERS = 8  # a column of more different numbers is cut into quarters


@dataclass(frozen=True)
class Attribute:
    """One column: the group of every clip, "" where unknown."""

    name: str
    groups: tuple[str, ...]  # (clips,)
    of_speakers: bool  # every speaker has one group only
    dropped: int  # groups beyond `MOST_GROUPS`


def attributes_of(clips: Sequence[Clip]) -> list[Attribute]:
    """Every group column of the clips that has at least two groups."""
    names = list(dict.fromkeys(name for clip in clips for name in clip.groups))
    found = []
    for name in names:
        values = [clip.groups.get(name, "") for clip in clips]
        words = _bands(name, values)
        kept = _largest(words, [clip.speaker for clip in clips])
        dropped = len(set(words) - kept - {""})
        words = [word if word in kept else "" for word in words]
        if len(set(words) - {""}) >= 2:
            found.append(Attribute(name, tuple(words), _of_speakers(words, clips), dropped))
    return found


def _bands(name: str, values: Sequence[str]) -> list[str]:
    """Ages in usual bands, other numbers of many values in quarters, anything else as it is."""
    try:
        numbers = [float(value) if value else None for value in values]
    except ValueError:
        return list(values)
    known = [number for number in numbers if number is not None]
    if name.lower() == "age":
        return ["" if each is None else next(word for top, word in AGES if each < top) for each in numbers]
    if len(set(known)) <= MANY_NUMBERS:
        return list(values)
    edges = np.percentile(known, [25, 50, 75])
    words = [
        f"below {edges[0]:g}",
        f"{edges[0]:g} to {edges[1]:g}",
        f"{edges[1]:g} to {edges[2]:g}",
        f"{edges[2]:g} and over",
    ]
    return ["" if each is None else words[int(np.searchsorted(edges, each, "right"))] for each in numbers]


def _largest(words: Sequence[str], speakers: Sequence[str]) -> set[str]:
    """The groups with the most speakers."""
    people: dict[str, set[str]] = {}
    for word, speaker in zip(words, speakers, strict=True):
        if word:
            people.setdefault(word, set()).add(speaker)
    return set(sorted(people, key=lambda word: (-len(people[word]), word))[:MOST_GROUPS])


def _of_speakers(words: Sequence[str], clips: Sequence[Clip]) -> bool:
    groups: dict[str, set[str]] = {}
    for word, clip in zip(words, clips, strict=True):
        groups.setdefault(clip.speaker, set()).add(word)
    return all(len(found) == 1 for found in groups.values())
