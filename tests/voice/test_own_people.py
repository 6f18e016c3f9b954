"""A place's own people in the cohort: everybody but whoever is compared, and only when they are enough."""

from dataclasses import replace

import numpy as np
import pytest

from earmark.voice.engine import Engine
from earmark.voice.features import Floats
from earmark.voice.gallery import Gallery
from earmark.voice.samples import sample_speakers
from earmark.voice.scoring.alignment import TERMS, Alignment
from earmark.voice.scoring.backends import Cosine, Fused
from earmark.voice.scoring.calibration import Calibration, unchanged
from earmark.voice.scoring.decider import Decider
from earmark.voice.scoring.normalisation import nearest_strangers
from earmark.voice.scoring.own_people import FEWEST, SAME, WEIGHED, OwnPeople
from earmark.voice.scoring.plda import train_plda
from earmark.voice.scoring.voices import Voices

SIZE = 24
MEANING = Calibration(
    (0.0,) * 4, (1.0, 0.0, 0.0, 0.0), (0.3, 10.0), (0.3, 10.0), ((0.1, 0.0), (0.01, 2.0)), "made up", "fused"
)
ALIGNMENT = Alignment((1.0,) * len(TERMS), (0.1, 0.2, -0.3, 0.1, 0.4, -0.2), (0.3, 10.0))


def voices(count: int, *, seed: int, size: int = SIZE) -> Voices:
    draw = np.random.default_rng(seed)
    vectors = draw.standard_normal((count, size)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    band = np.where(draw.random(count) < 0.3, 4_300.0, 8_000.0)
    return Voices(vectors, draw.uniform(0.5, 9, count), draw.uniform(0, 40, count), band)


def both(one: Voices, other: Voices) -> Voices:
    return Voices(*(np.concatenate([getattr(one, name), getattr(other, name)]) for name in vars(one)))


def near(vector: Floats) -> Floats:
    found = vector + 0.05 * np.random.default_rng(5).standard_normal(vector.shape)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def decider() -> Decider:
    draw = np.random.default_rng(1)
    centres = np.repeat(draw.standard_normal((40, SIZE)), 3, axis=0)
    people = (centres + 0.5 * draw.standard_normal(centres.shape)).astype(np.float32)
    plda = train_plda(people, np.repeat(np.arange(40), 3), shrink=0.1)
    fused = Fused(voices(60, seed=2).vectors, plda, 12, (0.6, 0.4), ALIGNMENT, MEANING)
    on_top = replace(unchanged(MEANING), offset=(0.25, 0.0, 0.0, 0.0), slope=(1.5, 0.0, 0.0, 0.0))
    return Decider(fused, on_top)


def with_strangers(decider: Decider, strangers: Voices) -> Decider:
    assert isinstance(decider.backend, Fused)
    return Decider(decider.backend.grown(strangers.vectors), decider.calibration)


def test_who_is_left_out_is_no_stranger() -> None:
    scores = np.array([[0.1, 0.5, 0.3, -0.9]])
    without = np.array([[False, True, False, False], [False, False, False, False]])
    found = nearest_strangers(scores, 2, without=without)
    assert found.mean == pytest.approx([0.2, 0.4])
    assert found.spread == pytest.approx([0.1, 0.1])
    few = nearest_strangers(scores, 4, without=without)  # fewer are left than are asked for
    assert few.mean[0] == pytest.approx(np.mean([0.1, 0.3, -0.9]))
    assert few.spread[0] == pytest.approx(np.std([0.1, 0.3, -0.9]))


def test_each_is_compared_beside_all_others(decider: Decider) -> None:
    people, tested = voices(FEWEST + 10, seed=3), voices(1, seed=4)
    own = OwnPeople([f"p{place}" for place in range(len(people))], people)
    enrolled = both(people.take(np.array([7, 0])), voices(2, seed=6))
    found = own.llrs(decider, ["p7", "p0", "", "else"], decider.hear(enrolled), tested)
    for row, place in enumerate((7, 0, None, None)):
        others = np.array([one for one in range(len(people)) if one != place])
        expected = with_strangers(decider, people.take(others)).llrs(enrolled.take(np.array([row])), tested)
        assert found[row] == pytest.approx(expected[0, 0], abs=1e-5)
    assert np.abs(found - decider.llrs(enrolled, tested)[:, 0]).min() > 1e-3


def test_whoever_is_enrolled_twice_is_no_stranger_to_either(decider: Decider) -> None:
    people, tested = voices(FEWEST + 10, seed=3), voices(1, seed=4)
    enrolled = voices(1, seed=6)
    twice = both(people, replace(enrolled, vectors=near(enrolled.vectors)))
    own = OwnPeople([f"p{place}" for place in range(len(twice))], twice)
    assert decider.llrs(enrolled, twice)[0, -1] > SAME > decider.llrs(enrolled, people).max()
    found = own.llrs(decider, ["theirs"], decider.hear(enrolled), tested)
    expected = with_strangers(decider, people).llrs(enrolled, tested)
    assert found[0] == pytest.approx(expected[0, 0], abs=1e-5)
    assert abs(with_strangers(decider, twice).llrs(enrolled, tested)[0, 0] - found[0]) > 1e-3


def test_too_few_or_without_a_cohort_nothing_changes(decider: Decider) -> None:
    few, enough = voices(FEWEST - 1, seed=3), voices(FEWEST, seed=3)
    enrolled, tested = voices(3, seed=6), voices(1, seed=4)
    plain = Decider(Cosine(), replace(MEANING, score="cosine"))
    keys = ["", "", ""]
    for one, people in ((decider, few), (plain, enough)):
        own = OwnPeople([str(place) for place in range(len(people))], people)
        found = own.llrs(one, keys, one.hear(enrolled), tested)
        assert (found == one.llrs(enrolled, tested)[:, 0]).all()
    own = OwnPeople([str(place) for place in range(FEWEST)], enough)
    assert (own.llrs(decider, keys, decider.hear(enrolled), tested) != found).all()


def test_a_large_gallery_finds_the_same_person() -> None:
    engine = Engine()
    clips = sample_speakers()["ada"]
    crowd = voices(1_000, seed=8, size=engine.entry.dimension)
    ada = engine.enrol(clips[:2])
    recorded = np.array([ada.recorded])
    everybody = Gallery(
        [str(place) for place in range(1_000)] + ["ada"],
        np.concatenate([crowd.vectors, ada.vector[None]]),
        np.append(crowd.seconds, ada.speech_seconds),
        engine.entry.id,
        np.append(crowd.snr_db, recorded[:, 0]),
        np.append(crowd.bandwidth_hz, recorded[:, 1]),
    )
    places = np.append(np.arange(0, 400, 8), 1_000)
    own = OwnPeople([everybody.keys[place] for place in places], everybody.voices(places))
    found = engine.identify(everybody, clips[3], top=5, own=own)
    before = engine.identify(everybody, clips[3], top=5)
    assert (found.best, before.best) == ("ada", "ada")
    assert len(found.candidates) == len(before.candidates) == 5
    many = engine.identify(everybody, clips[3], top=2 * WEIGHED, own=own).candidates
    assert (len(many), many[0].key) == (2 * WEIGHED, "ada")
    assert many[0].llr == pytest.approx(found.candidates[0].llr, abs=1e-4)
    assert found.operating_point.compared == before.operating_point.compared == 1_001
    alone = engine.verify(ada, clips[3], own=own, key="ada")
    assert found.candidates[0].llr == pytest.approx(alone.llr, abs=1e-4)
    assert alone.llr != engine.verify(ada, clips[3]).llr
