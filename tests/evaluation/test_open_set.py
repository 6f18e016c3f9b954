"""Galleries: rates by hand where every draw is the same, and FPIR that is kept on strangers not drawn."""

import numpy as np
import pytest

from earmark.evaluation.open_set import DRAWS, open_set


def world(
    people: int, *, probes: int = 4, apart: float = 5.0, seed: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    owners = np.repeat(np.arange(people), probes)
    own = owners[None] == np.arange(people)[:, None]
    return draw.normal(0, 1, own.shape) + apart * own, owners


def test_perfect_scores_find_everybody() -> None:
    scores, owners = world(60, apart=50.0)
    for row in open_set(scores, owners, promised=25.0):
        assert row.fnir.value == 0.0
        assert row.fpir_promised is not None
        assert row.fpir_promised.value == 0.0


def test_the_false_positive_rate_is_the_one_asked_for() -> None:
    scores, owners = world(150)
    for row in open_set(scores, owners, fpir=0.05):
        again = open_set(scores, owners, fpir=0.05, promised=row.threshold)
        same = next(each for each in again if each.size == row.size)
        assert same.fpir_promised is not None
        assert same.fpir_promised.value == pytest.approx(0.05, abs=0.002)
        assert same.fpir_promised.value <= 0.05 + 1e-9


def test_false_positives_grow_with_the_gallery_as_independent_comparisons_do() -> None:
    scores, owners = world(400, probes=2)
    rows = open_set(scores, owners, promised=2.5)
    alone = 0.0062  # of the normal distribution above 2.5
    for row in rows:
        assert row.fpir_promised is not None
        assert row.fpir_promised.value == pytest.approx(1 - (1 - alone) ** row.size, abs=0.06)
    assert [row.size for row in rows] == [10, 30, 100, 300]
    assert rows[0].fnir.value < rows[-1].fnir.value


def test_somebody_else_in_front_is_a_miss() -> None:
    people = 40
    owners = np.arange(people)
    scores = np.where(owners[None] == owners[:, None], 5.0, 0.0)
    scores[:, :] += np.where(np.arange(people)[:, None] == 0, 9.0, 0.0)  # person 0 wins every search
    row = open_set(scores, owners, fpir=0.9)[0]
    assert row.fnir.value > 0.0  # where person 0 is in the gallery, the others are not first


def test_small_worlds_give_no_row() -> None:
    scores, owners = world(15)
    assert open_set(scores, owners) == []
    scores, owners = world(40, probes=1)
    assert all(0.01 * row.strangers * DRAWS >= 30 for row in open_set(scores, owners))
