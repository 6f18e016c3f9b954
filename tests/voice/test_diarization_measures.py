"""What pooled embeddings are compared by: as the back end itself scores, and that it decides who is one."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from earmark.voice.diarization.clustering import Wanted, cluster
from earmark.voice.diarization.ears import likeness_of, measure_of, tuning_of
from earmark.voice.diarization.hearing import Heard, Unit
from earmark.voice.diarization.measures import NEAREST, by_cosine, by_strangers, pair_scores, scores
from earmark.voice.diarization.tuning import TUNING
from earmark.voice.engine import Engine
from earmark.voice.models.scoring import load_backend
from earmark.voice.scoring.backends import Fused
from earmark.voice.scoring.normalisation import column, nearest_strangers, standard_scores


@cache
def engine() -> Engine:
    return Engine()


@cache
def backend() -> Fused:
    scoring = engine().entry.scoring
    assert scoring is not None
    return load_backend(scoring, engine().entry.dimension)


def vectors(count: int, *, seed: int = 1) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(0.0, 1.0, (count, engine().entry.dimension))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def test_a_cosine_is_a_cosine() -> None:
    left, right = vectors(4), vectors(3, seed=2)
    assert np.allclose(scores(by_cosine(left), by_cosine(right)), (left @ right.T)[None])
    assert np.allclose(pair_scores(by_cosine(left), by_cosine(left)), np.ones((1, 4)))


def test_ratios_are_those_of_the_back_end_less_its_strangers() -> None:
    measure = by_strangers(backend())
    left, right = vectors(4).astype(np.float32), vectors(3, seed=2).astype(np.float32)
    plda, cohort = backend().plda, backend().cohort
    one = nearest_strangers(plda.scores(left, cohort), NEAREST)
    other = nearest_strangers(plda.scores(right, cohort), NEAREST)
    expected = standard_scores(plda.scores(left, right), column(one), other)
    found = scores(measure(left.astype(np.float64)), measure(right.astype(np.float64)))
    assert np.allclose(found[0], left @ right.T, atol=1e-6)
    assert np.allclose(found[1], expected, rtol=1e-4, atol=1e-4)
    pairs = pair_scores(measure(left[:3].astype(np.float64)), measure(right.astype(np.float64)))
    assert np.allclose(pairs, found[:, :3].diagonal(axis1=1, axis2=2))


@pytest.mark.parametrize("name", ["cosine", "strangers"])
def test_one_side_may_be_written_over_another(name: str) -> None:
    measure = by_cosine if name == "cosine" else by_strangers(backend())
    given = vectors(3)
    sides, other = measure(given), measure(vectors(1, seed=5))
    kept = sides.take(1)
    before = scores(kept, other)
    sides.put(0, other)
    assert np.allclose(scores(sides, other)[:, :1], scores(other, other))
    assert np.allclose(scores(sides, other)[:, 1:2], before)
    assert np.allclose(given, vectors(3))  # what was measured is left as it was


def test_only_the_model_that_the_numbers_are_of_is_compared_by_strangers() -> None:
    entry = engine().entry
    assert measure_of(entry) is not None
    assert tuning_of(entry).beside == TUNING.beside
    assert entry.scoring is not None
    others = (
        replace(entry, name="other"),
        replace(entry, scoring=None),
        replace(entry, scoring=replace(entry.scoring, weights="0" * 64)),  # made for other weights
    )
    for other in others:
        assert measure_of(other) is None
        assert tuning_of(other) == replace(TUNING, likeness=likeness_of(other), beside=None)
        assert tuning_of(other).beside is None


def people(count: int) -> list[Unit]:
    """Six units each of people whom the back end knows the likes of."""
    rows = backend().cohort[:: len(backend().cohort) // count][:count].astype(np.float64)
    units = []
    for place in range(6 * count):
        vector = rows[place % count] + 0.3 * vectors(1, seed=100 + place)[0]
        row = (vector / np.linalg.norm(vector)).astype(np.float32)
        units.append(Unit(np.arange(200 * place, 200 * place + 150), row, True))
    return units


@pytest.mark.parametrize(("wanted", "expected"), [(Wanted(), 4), (Wanted(2, 2), 2), (Wanted(6, None), 6)])
def test_people_are_counted_by_what_is_measured(wanted: Wanted, expected: int) -> None:
    tuning = tuning_of(engine().entry)
    units = people(4)
    heard = Heard(units=units, frames=units[-1].end)
    found = cluster(heard, units, tuning, wanted)
    assert found.seconds.size == expected
    if expected == 4:
        assert len({(place % 4, label) for place, label in enumerate(found.labels.tolist())}) == 4
    nothing = replace(tuning, beside=replace(TUNING.likeness, offset=-99.0))
    assert cluster(heard, units, nothing, Wanted()).seconds.size > 4  # so it is what decides
