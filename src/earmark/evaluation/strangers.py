"""Training speakers to the arrays of a back end: a cohort of strangers, and a model of how people differ.

Speakers that the network was trained on are nobody's profile and may be kept in a file; speakers of the other
splits would be measured on themselves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earmark.evaluation.bank import clip_of
from earmark.evaluation.conditions import CHANNELS, SHORT, Scenery
from earmark.evaluation.corpus import Split, noise_rows, read_clips
from earmark.evaluation.listeners import Listener
from earmark.evaluation.trials import SETS, Side, make_sides
from earmark.voice.features import Floats
from earmark.voice.scoring.plda import Plda, train_plda

COHORT = 1_000
VIEWS = 2  # of each side: as it is, and at some length over some channel
SIDES = (480, 240)  # most of a set; the rest of the largest is left to fill galleries with


@dataclass(frozen=True, eq=False)
class Views:
    """Vectors of training speakers."""

    vectors: Floats  # (n, D)
    people: NDArray[np.int64]  # (n,)
    sets: NDArray[np.int64]  # (n,)


def training_sides(root: Path) -> list[Side]:
    """Sides of all sets' training speakers."""
    found = []
    for dataset in SETS:
        sides = make_sides(root, dataset, Split.TRAIN, enrol=SIDES[0], test=SIDES[1])
        found += [*sides.enrol, *sides.test]
    return found


def hear_views(listener: Listener, root: Path, sides: list[Side], advance: Callable[[], None]) -> Views:
    """Every side `VIEWS` times; noise is that of training. `advance` is called after each side."""
    scenery = Scenery([clip for _, clip in read_clips(root, noise_rows(root, held_out=False))])
    lengths = list(SHORT)
    vectors, names, sets = [], [], []
    for side in sides:
        draw = np.random.default_rng((side.number, 77))
        for view in range(VIEWS):
            length = lengths[draw.integers(len(lengths))]
            channel = CHANNELS[draw.integers(len(CHANNELS))] if view else "clean"
            vectors.append(listener.hear(clip_of(side, length, channel, scenery)).vector)
            names.append(f"{side.dataset}/{side.speaker}")
            sets.append(side.dataset)
        advance()
    return Views(
        np.stack(vectors),
        np.unique(names, return_inverse=True)[1].astype(np.int64),
        np.unique(sets, return_inverse=True)[1].astype(np.int64),
    )


def choose_cohort(views: Views, *, size: int = COHORT, seed: int = 4) -> Floats:
    """Up to `size` views; a set has a share as the square root of what it has, so that none is all of it."""
    counts = np.bincount(views.sets)
    shares = counts[views.sets] ** -0.5
    draw = np.random.default_rng(seed)
    rows = draw.choice(len(views.sets), min(size, len(views.sets)), replace=False, p=shares / shares.sum())
    return views.vectors[np.sort(rows)]


def learn_people(views: Views) -> Plda:
    """PLDA of the training speakers."""
    return train_plda(views.vectors, views.people)
