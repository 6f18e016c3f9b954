"""What a place's own people bring is measured as decisions are made, on made-up voices with a hum."""

import numpy as np
import pytest

from earmark.evaluation import own_cohort
from earmark.evaluation.bank import Bank, Condition, Row, by_backend, trials_of
from earmark.evaluation.own_cohort import (
    by_own,
    in_their_place,
    people_of,
    places_of,
    to_markdown,
    without_each,
)
from earmark.evaluation.strangers import Views
from earmark.voice.features import Floats
from earmark.voice.scoring.alignment import TERMS, Alignment
from earmark.voice.scoring.backends import Fused
from earmark.voice.scoring.calibration import Calibration, unchanged
from earmark.voice.scoring.decider import Decider
from earmark.voice.scoring.own_people import FEWEST
from earmark.voice.scoring.plda import train_plda

SIZE = 24
MEANING = Calibration(
    (0.0,) * 4,
    (1.0, 0.0, 0.0, 0.0),
    (0.3, 10.0),
    (0.3, 10.0),
    ((0.1, 1.0), (0.01, 2.5), (0.001, 3.5)),
    "made up",
)
STILL = Alignment((0.0,) * len(TERMS), (0.0,) * len(TERMS), (0.3, 10.0))
ONE = Condition("full", "full", "clean")


def speech(people: int, clips: int, *, seed: int, hum: float = 0.0) -> tuple[Floats, np.ndarray]:
    draw = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), clips)
    vectors = draw.standard_normal((people, SIZE))[who] + 0.6 * draw.standard_normal((who.size, SIZE))
    vectors[:, 0] += hum
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32), who


def bank(people: int, *, seed: int, first: int = 0) -> Bank:
    made = Bank("made up")
    vectors, who = speech(people, 4, seed=seed, hum=3.0)
    even = np.arange(who.size) % 2 == 0
    for side, where in (("enrol", even), ("test", ~even)):
        count = int(where.sum())
        made.speakers["here", side] = first + who[where]
        made.rows["here", side, "full", "clean"] = Row(vectors[where], np.full(count, 5.0), 0)
    return made


@pytest.fixture(scope="module")
def fused() -> Fused:
    plda = train_plda(*speech(60, 4, seed=1), shrink=0.1)
    return Fused(speech(80, 1, seed=2)[0], plda, 20, (0.6, 0.4), STILL, MEANING)


def test_people_are_the_means_of_what_is_enrolled() -> None:
    made = bank(3, seed=5, first=7)
    found = people_of(made, "here")
    assert found.keys == ["own 7", "own 8", "own 9"]
    total = made.rows["here", "enrol", "full", "clean"].vectors[2:4].sum(axis=0)
    assert found.voices.vectors[1] == pytest.approx(total / np.linalg.norm(total), abs=1e-6)
    assert found.voices.seconds == pytest.approx([5.0] * 3)
    assert np.isnan(found.voices.snr_db).all()
    assert places_of(made, made) == []
    assert places_of(made, bank(FEWEST, seed=6)) == ["here"]


def test_trials_are_scored_as_verification_does(fused: Fused) -> None:
    tested, people = bank(4, seed=5), people_of(bank(FEWEST, seed=6, first=50), "here")
    decider = Decider(fused, unchanged(MEANING))
    found = trials_of(tested, ONE, scored=by_own(people, decider)).scores.reshape(8, 8)
    row = tested.rows["here", "enrol", "full", "clean"].voices
    test = tested.rows["here", "test", "full", "clean"].voices
    for place in (0, 5):
        one = test.take(np.array([place]))
        assert found[:, place] == pytest.approx(people.llrs(decider, [""] * 8, decider.hear(row), one))
    assert (found != trials_of(tested, ONE, scored=by_backend(decider)).scores.reshape(8, 8)).all()


def test_the_table_tells_places_that_the_cohort_knows_from_others(
    fused: Fused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_cohort, "every_condition", lambda: [ONE])
    tested, others = bank(20, seed=5), bank(FEWEST + 10, seed=6, first=50)
    here, there = speech(60, 1, seed=7, hum=3.0)[0], speech(60, 1, seed=8)[0]
    views = Views(np.concatenate([here, there]), np.arange(120), np.repeat([0, 1], 60))
    cohorts = without_each(views, ["here", "there"], ["here"])
    assert {row.tobytes() for row in cohorts["here"]} == {row.tobytes() for row in there}
    rows = list(in_their_place(fused.grown(here), MEANING, tested, others, cohorts))
    assert [(row.place, row.own) for row in rows] == [
        (own_cohort.KNOWN, False),
        (own_cohort.KNOWN, True),
        (own_cohort.UNKNOWN, False),
        (own_cohort.UNKNOWN, True),
    ]
    unknown, beside = rows[2].found[0].value, rows[3].found[0].value
    assert unknown > 2 * beside
    text = to_markdown(rows, places_of(tested, others))
    assert len([line for line in text.splitlines() if line.startswith("| unknown")]) == 2
    assert list(in_their_place(fused, MEANING, tested, tested, cohorts)) == []
