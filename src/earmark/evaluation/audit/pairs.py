"""Clips to trials: enrolment sides of one or more clips against single clips, bounded, by a fixed seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.errors import TrialsTooFew
from earmark.evaluation.audit.lists import Listed

Places = NDArray[np.intp]
MOST_PAIRS = 500_000
LISTED_AT_ONCE = 4  # times as many pairs as are wanted are listed and drawn from; more are drawn blindly


@dataclass(frozen=True, eq=False)
class Pairs:
    """Trials. A side is a tuple of places of clips; a trial is an enrolment side against one clip."""

    sides: tuple[tuple[int, ...], ...]
    enrol: Places  # (n,) place among `sides`
    test: Places  # (n,) place of the clip
    genuine: NDArray[np.bool_]  # (n,)
    possible: int  # trials that these clips could make


def make_pairs(
    speakers: Places,
    digests: Sequence[str],
    *,
    enrol: int = 1,
    most: int = MOST_PAIRS,
    seed: int = 1,
) -> Pairs:
    """All pairs of clips (n,) of `speakers`, or `most` of them; never a recording with its own copy.

    With `enrol` of 2 or more, that many clips of a speaker are joined to one side, and the speaker's others
    are tested. Same-speaker pairs are kept before others, at most half of all. Raises TrialsTooFew.
    """
    draw = np.random.default_rng(seed)
    sides, tests = _deal(speakers, enrol, draw)
    owners = np.array([speakers[side[0]] for side in sides], np.intp)
    copies = _copies(digests)
    own = _own_pairs(sides, tests, owners, speakers, copies, unordered=enrol == 1)
    if own.shape[1] == 0:
        raise TrialsTooFew(
            "No speaker has two recordings that could be compared: add a second recording of as many "
            "speakers as you can."
        )
    possible = _possible(owners, speakers[tests], unordered=enrol == 1)
    if np.unique(speakers).size < 2 or possible == 0:
        raise TrialsTooFew("All recordings are of one speaker: add recordings of others.")
    if own.shape[1] > most // 2:
        own = own[:, np.sort(draw.choice(own.shape[1], most // 2, replace=False))]
    others = _other_pairs(
        owners, tests, speakers, copies, sides, most - own.shape[1], draw, unordered=enrol == 1
    )
    joined = np.concatenate([own, others], axis=1)
    same = np.arange(joined.shape[1]) < own.shape[1]
    if enrol == 1:  # either recording may be the one under test: let the lot decide, not the order of names
        joined = np.where(draw.random(joined.shape[1]) < 0.5, joined[::-1], joined)
    return Pairs(tuple(sides), joined[0], joined[1], same, possible + own.shape[1])


def listed_pairs(listed: Listed, speakers: Places) -> Pairs:
    """Trials as somebody listed them, each side one clip."""
    genuine = speakers[listed.enrol] == speakers[listed.test]
    if genuine.all() or not genuine.any():
        raise TrialsTooFew(
            "The usable trials are all of one kind: list pairs of the same and of different speakers."
        )
    sides = tuple((place,) for place in range(speakers.size))
    return Pairs(sides, listed.enrol, listed.test, genuine, listed.enrol.size)


def _deal(speakers: Places, enrol: int, draw: np.random.Generator) -> tuple[list[tuple[int, ...]], Places]:
    """Enrolment sides, and the places of the clips under test."""
    if enrol == 1:
        return [(place,) for place in range(speakers.size)], np.arange(speakers.size)
    sides, tests = [], []
    for speaker in np.unique(speakers):
        places = draw.permutation(np.flatnonzero(speakers == speaker))
        if places.size > enrol:
            sides.append(tuple(int(place) for place in np.sort(places[:enrol])))
            places = places[enrol:]
        tests.append(np.sort(places))
    if not sides:
        raise TrialsTooFew(
            f"No speaker has more than {enrol} recordings, of which {enrol} enrol: ask for fewer by --enrol."
        )
    return sides, np.sort(np.concatenate(tests))


def _copies(digests: Sequence[str]) -> Places:
    """(n,) a number for each clip, equal for clips of the same bytes."""
    return np.unique(np.asarray(digests), return_inverse=True)[1]


def _own_pairs(
    sides: Sequence[tuple[int, ...]],
    tests: Places,
    owners: Places,
    speakers: Places,
    copies: Places,
    *,
    unordered: bool,
) -> Places:
    """Same-speaker trials, (2, n): place of the side, place of the clip."""
    found = []
    for speaker in np.unique(owners):
        mine, clips = np.flatnonzero(owners == speaker), tests[speakers[tests] == speaker]
        a, b = (grid.ravel() for grid in np.meshgrid(mine, clips, indexing="ij"))
        found.append(np.stack([a, b])[:, a < b] if unordered else np.stack([a, b]))
    pairs = np.concatenate(found, axis=1)
    return pairs[:, ~_is_copy(pairs, sides, copies)]


def _possible(owners: Places, tested: Places, *, unordered: bool) -> int:
    """How many different-speaker trials there are."""
    count = max(int(owners.max()), int(tested.max())) + 1
    mine, theirs = np.bincount(owners, minlength=count), np.bincount(tested, minlength=count)
    ordered = int(mine.sum()) * int(theirs.sum()) - int(np.sum(mine * theirs))
    return ordered // 2 if unordered else ordered


def _other_pairs(
    owners: Places,
    tests: Places,
    speakers: Places,
    copies: Places,
    sides: Sequence[tuple[int, ...]],
    most: int,
    draw: np.random.Generator,
    *,
    unordered: bool,
) -> Places:
    """At most `most` different-speaker trials, (2, n), without listing all when there are many."""
    wide = tests.size
    total = owners.size * wide
    if total <= LISTED_AT_ONCE * most:
        codes = np.arange(total)
    else:
        codes = np.unique(draw.integers(0, total, LISTED_AT_ONCE * most))
    pairs = np.stack([codes // wide, tests[codes % wide]])
    keep = owners[pairs[0]] != speakers[pairs[1]]
    if unordered:
        keep &= pairs[0] < pairs[1]
    pairs = pairs[:, keep]
    pairs = pairs[:, ~_is_copy(pairs, sides, copies)]
    if pairs.shape[1] > most:
        pairs = pairs[:, np.sort(draw.choice(pairs.shape[1], most, replace=False))]
    return pairs


def _is_copy(pairs: Places, sides: Sequence[tuple[int, ...]], copies: Places) -> NDArray[np.bool_]:
    """(n,) whether the tested clip, or a copy of it, is in the side."""
    deepest = max(map(len, sides))
    table = np.array([side + side[-1:] * (deepest - len(side)) for side in sides], np.intp)
    found = np.zeros(pairs.shape[1], bool)
    for column in range(deepest):
        found |= copies[table[pairs[0], column]] == copies[pairs[1]]
    return found
