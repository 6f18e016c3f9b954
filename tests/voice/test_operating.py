"""What a decision is set by, to thresholds: by hand, by their properties, and on recordings."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import InvalidRequest
from earmark.voice.engine import Engine
from earmark.voice.gallery import Gallery
from earmark.voice.reasons import decision_reasons, identification_reasons
from earmark.voice.samples import sample_speakers
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.decision import Answer
from earmark.voice.scoring.operating import Aim, Costs, follow_strangers, rate_at, set_point, threshold_at

# The threshold rises by 1 for each e-fold of the rate: what log-likelihood ratios of exponential tails do.
EXACT = Calibration(
    offset=(0.0, 0.0, 0.0, 0.0),
    slope=(1.0, 0.0, 0.0, 0.0),
    enrol_seconds=(1.0, 60.0),
    test_seconds=(1.0, 60.0),
    thresholds=tuple((rate, -math.log(rate)) for rate in (0.1, 0.03, 0.01, 0.001)),
    trials="none: set by hand",
)


@pytest.mark.parametrize("people", [1, 10, 100, 1_000, 100_000])
def test_a_search_holds_its_rate_whatever_the_number_of_people(people: int) -> None:
    """Strangers' best scores among so many, drawn from the tail that the calibration promises."""
    point = set_point(EXACT, Aim(fpir=0.01), compared=people)
    assert point.threshold == pytest.approx(-math.log(0.01 / people))
    assert (point.fpir, point.compared) == (0.01, people)
    assert point.fmr == pytest.approx(0.01 / people)
    # The best of N exponential draws: -log(1 - u ** (1 / N)), here of 100,000 strangers.
    best = -np.log(-np.expm1(np.log(np.random.default_rng(1).uniform(size=100_000)) / people))
    assert 0.008 < float(np.mean(best >= point.threshold)) < 0.012


def test_a_false_match_rate_is_of_each_comparison() -> None:
    assert set_point(EXACT, Aim(fmr=0.01), compared=50) == set_point(EXACT, Aim(fmr=0.01))
    with pytest.raises(InvalidRequest, match="held-out trials"):
        set_point(EXACT, Aim(fmr=1e-6))


def test_costs_and_a_prior() -> None:
    equal = set_point(EXACT, Aim(costs=Costs(1.0, 1.0, 0.5)))
    assert equal.threshold == pytest.approx(0.0)
    # NIST's: a false match costs as much as a miss, and one in a hundred is genuine.
    assert set_point(EXACT, Aim(costs=Costs(1.0, 1.0, 0.01))).threshold == pytest.approx(math.log(99))
    dear = Aim(costs=Costs(1.0, 10.0, 0.01))
    assert set_point(EXACT, dear).threshold == pytest.approx(math.log(990))
    assert set_point(EXACT, dear, compared=100).threshold == pytest.approx(math.log(99_000))
    assert set_point(EXACT, dear).fmr == pytest.approx(1 / 990)


def test_the_end_of_the_tail_goes_on_as_it_was() -> None:
    bent = replace(EXACT, thresholds=((0.1, 1.0), (0.01, 2.0), (0.001, 4.0)))
    assert threshold_at(bent, 0.5) == 1.0  # above the highest rate: that one's
    assert threshold_at(bent, 0.001) == 4.0
    assert threshold_at(bent, 1e-5) == pytest.approx(8.0)
    flat = replace(EXACT, thresholds=((0.1, 1.0), (0.01, 2.0), (0.001, 2.0)))
    assert threshold_at(flat, 1e-6) > 2.0


@given(st.floats(1e-9, 0.09), st.floats(1e-9, 0.09))
def test_thresholds_rise_as_rates_fall(one: float, other: float) -> None:
    low, high = sorted([one, other])
    assert threshold_at(EXACT, low) >= threshold_at(EXACT, high)
    assert rate_at(EXACT, threshold_at(EXACT, one)) == pytest.approx(one, rel=1e-6)


def test_an_uncertain_answer_lies_below_an_accepted_one() -> None:
    point = set_point(EXACT, Aim(fmr=0.001))
    assert point.doubtful == pytest.approx(-math.log(0.01))  # ten times the rate
    assert [point.answer(llr) for llr in (9.0, 5.0, 4.0)] == [
        Answer.ACCEPTED,
        Answer.UNCERTAIN,
        Answer.REJECTED,
    ]
    wide = set_point(EXACT, Aim(fmr=0.001, doubt=0.1))
    assert wide.answer(2.5) is Answer.UNCERTAIN
    none = set_point(EXACT, Aim(fmr=0.001, doubt=0.001))
    assert none.answer(none.threshold - 1e-6) is Answer.REJECTED
    search = set_point(EXACT, Aim(fpir=0.01), compared=10)
    assert search.doubtful == pytest.approx(-math.log(0.01))  # ten strangers in a hundred, among ten


@pytest.mark.parametrize(
    "aim",
    [
        {},
        {"fmr": 0.001, "fpir": 0.01},
        {"fmr": 0.001, "costs": Costs(1, 1, 0.5)},
        {"fmr": 0.0},
        {"fmr": float("nan")},
        {"fpir": 0.5},
        {"fmr": 0.01, "doubt": 0.001},
        {"fmr": 0.01, "doubt": float("nan")},
        {"fmr": 0.01, "doubt": 1.0},
    ],
)
def test_an_aim_that_makes_no_sense(aim: dict[str, float]) -> None:
    with pytest.raises(InvalidRequest):
        Aim(**aim)  # type: ignore[arg-type]


@pytest.mark.parametrize("costs", [(0, 1, 0.5), (1, -1, 0.5), (1, 1, 0), (1, 1, 1), (1, float("inf"), 0.5)])
def test_costs_that_make_no_sense(costs: tuple[float, float, float]) -> None:
    with pytest.raises(InvalidRequest):
        Costs(*costs)


def test_the_engine_decides_by_an_aim() -> None:
    engine, clips = Engine(), sample_speakers()
    ada = engine.enrol(clips["ada"][:3])
    never = engine.verify(ada, clips["ada"][3], aim=Aim(costs=Costs(1.0, 1e30, 0.5)))
    assert (never.accepted, never.answer) == (False, Answer.REJECTED)
    asked = Aim(costs=Costs(1.0, 1e30, 0.5), doubt=0.09)
    unsure = engine.verify(ada, clips["ada"][3], aim=asked)
    assert (unsure.accepted, unsure.answer) == (False, Answer.UNCERTAIN)
    assert unsure.reasons[0].startswith("Uncertain")
    assert engine.verify(ada, clips["ada"][3], aim=Aim(costs=Costs(1e30, 1.0, 0.5))).accepted


def test_an_engines_search_is_set_by_the_number_of_people() -> None:
    engine, clips = Engine(), sample_speakers()
    ada = engine.enrol(clips["ada"][:3])
    points = []
    for people in (1, 50):
        others = np.random.default_rng(people).normal(size=(people, engine.entry.dimension))
        others /= np.linalg.norm(others, axis=1, keepdims=True)
        others[0] = ada.vector
        gallery = Gallery(
            [str(row) for row in range(people)], others.astype(np.float32), np.full(people, 10.0), ada.model
        )
        found = engine.identify(gallery, clips["ada"][3])
        assert found.candidates[0].key == "0"
        points.append(found.operating_point)
    assert [point.compared for point in points] == [1, 50]
    assert points[0].fpir == points[1].fpir == 0.01
    assert points[0].threshold < points[1].threshold


@pytest.mark.parametrize("reach", [0.5, 1.0, 2.0])
def test_a_searchs_threshold_follows_the_strangers_of_its_recording(reach: float) -> None:
    compared = 10_000
    point = set_point(EXACT, Aim(fpir=0.01), compared=compared)
    strangers = -reach * np.log((np.arange(50) + 0.5) / compared)
    moved = follow_strangers(point, EXACT, strangers)
    assert moved.threshold == pytest.approx(reach * point.threshold, rel=0.15)
    assert point.doubtful is not None
    assert moved.doubtful == pytest.approx(reach * point.doubtful, rel=0.15)
    with_the_person = np.append(strangers[1:], 40.0)  # who is one of those compared, and the likeliest
    assert follow_strangers(point, EXACT, with_the_person) == follow_strangers(
        point, EXACT, np.append(strangers[1:], 39.0)
    )
    shuffled = np.random.default_rng(1).permutation(strangers)
    assert follow_strangers(point, EXACT, shuffled) == moved
    twice = np.append(strangers, [40.0, 39.0])  # enrolled under two numbers
    assert follow_strangers(point, EXACT, twice).threshold < 1.2 * moved.threshold


def test_few_strangers_and_other_aims_move_nothing() -> None:
    few = set_point(EXACT, Aim(fpir=0.01), compared=10)
    assert follow_strangers(few, EXACT, np.full(10, 9.0)).threshold < 1.2 * few.threshold
    alone = set_point(EXACT, Aim(fpir=0.01), compared=1)
    assert follow_strangers(alone, EXACT, np.array([9.0])) == alone
    assert follow_strangers(alone, EXACT, np.zeros(0)) == alone
    rate = set_point(EXACT, Aim(fmr=0.01), compared=1_000)
    assert follow_strangers(rate, EXACT, np.full(20, 9.0)) == rate


def test_reasons_name_the_rate_that_was_asked_for() -> None:
    quality = Engine().inspect(sample_speakers()["ada"][0])
    point = set_point(EXACT, Aim(fpir=0.01), compared=1_000)
    told = identification_reasons(10.0, point, quality, compared=1_000, passed=0)
    assert told[0].startswith("Uncertain")
    assert "1 in 100" in told[0]
    assert "1,000" in told[0]
    assert decision_reasons(0.0, set_point(EXACT, Aim(fmr=0.001)), quality, [])[0].startswith("Not accepted")
