"""A word's place in a phrase to how well the best other word would fit there.

Common words stand in a tree by their pronunciations; all are aligned at once with the stretch of a clip that
the rest of the phrase leaves free. Somebody's accent bends the right word and its rivals alike, so the
difference says more than how well the word itself fits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.voice.features import Floats
from earmark.voice.phrase.lattice import NEVER, Evidence, Indices
from earmark.voice.phrase.pronunciations import BLANK, Phones

AROUND = 8  # frames before and after a word's place that a rival may reach into
MOST = 20.0  # nats


@dataclass(frozen=True, eq=False)
class Tree:
    """Nodes, each a phone after its parent's; the number of nodes stands for the root."""

    labels: Indices  # (N,)
    parents: Indices  # (N,)
    repeats: NDArray[np.bool_]  # (N,) same phone as the parent: only a blank leads from one to the other
    ends: dict[Phones, int]  # where each pronunciation is complete
    complete: Indices  # all of those nodes


def grow(words: Iterable[Sequence[Phones]]) -> Tree:
    """The tree of some words' pronunciations."""
    nodes = dict[tuple[int, int], int]()
    ends, placed = dict[Phones, int](), list[tuple[int, int]]()
    for ways in words:
        for phones in ways:
            node = -1
            for phone in phones:
                if (node, phone) not in nodes:
                    nodes[node, phone] = len(placed)
                    placed.append((node, phone))
                node = nodes[node, phone]
            ends[phones] = node
    labels = np.asarray([phone for _, phone in placed])
    parents = np.asarray([parent if parent >= 0 else len(placed) for parent, _ in placed])
    above = np.concatenate([labels, [BLANK]])[parents]
    return Tree(labels, parents, labels == above, ends, np.asarray(sorted(set(ends.values()))))


def lead(
    chances: Floats, evidence: Evidence, place: int, ways: Sequence[Phones], tree: Tree, own: Tree
) -> tuple[float, float]:
    """By how many nats the word at a place fits better than the best rival, and than all of them together.

    `own` is the tree of the word itself; what sounds the same in `tree` is no rival.
    """
    first = max(0, int(evidence.cuts[place]) - AROUND)
    stop = min(len(chances), int(evidence.cuts[place + 1]) + AROUND)
    entry = evidence.done[place, first : stop + 1]
    leave = evidence.better[place + 1, first + 1 : stop + 1]
    piece = chances[first:stop]
    mine = float(_fit(piece, entry, leave, own).max())
    fits = _fit(piece, entry, leave, tree)
    same = [tree.ends[phones] for phones in ways if phones in tree.ends]
    fits[np.searchsorted(tree.complete, same)] = NEVER
    best = float(fits.max())
    together = best + float(np.log(np.exp(fits - best).sum()))
    return float(np.clip(mine - best, -MOST, MOST)), float(np.clip(mine - together, -MOST, MOST))


def _fit(piece: Floats, entry: Floats, leave: Floats, tree: Tree) -> Floats:
    """Log probability of the best path through each complete node of a tree."""
    count = len(tree.labels)
    spoken = np.full(count + 1, NEVER, np.float32)
    paused = np.full(count + 1, NEVER, np.float32)
    direct = np.empty(count, np.float32)
    best = np.full(len(tree.complete), 2 * NEVER, np.float32)
    emitted = piece[:, tree.labels]
    for frame in range(len(piece)):
        paused[count] = entry[frame]
        np.take(spoken, tree.parents, out=direct)
        direct[tree.repeats] = NEVER
        np.maximum(direct, paused[tree.parents], out=direct)
        np.maximum(paused, spoken, out=paused)
        paused += piece[frame, BLANK]
        np.maximum(spoken[:-1], direct, out=spoken[:-1])
        spoken[:-1] += emitted[frame]
        np.maximum(best, spoken[tree.complete] + leave[frame], out=best)
    return best
