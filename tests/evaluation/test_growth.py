"""Searches of growing galleries on scores whose distribution is known, and the people drawn for them."""

from functools import partial

import numpy as np
import pytest

from earmark.evaluation.crowd import Crowd
from earmark.evaluation.growth import (
    KEPT,
    SIZES,
    Searches,
    drawn_search,
    likeliest,
    limits_of,
    search_all,
    simulated_search,
    to_markdown,
)
from earmark.voice.scoring.backends import Cosine
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.decider import Decider
from earmark.voice.scoring.voices import Voices

PEOPLE, PROBES = 150, 600
# Strangers' ratios are exponential with a mean of 1, so a share of exp(-t) reaches t.
EXACT = Calibration(
    (0.0,) * 4,
    (1.0, 0.0, 0.0, 0.0),
    (0.1, 10.0),
    (0.1, 10.0),
    tuple((rate, -float(np.log(rate))) for rate in (0.1, 0.01, 1e-3, 1e-4, 1e-6, 1e-8)),
    "exact",
)


def voices(vectors: np.ndarray) -> Voices:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    seconds = np.arange(1.0, 1.0 + len(unit))
    return Voices(unit.astype(np.float32), seconds, 10.0 + seconds, np.full(len(unit), 8_000.0))


def owners(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, PEOPLE, PROBES).astype(np.intp)


def test_drawn_galleries_hold_the_rate_and_miss_more_as_they_grow() -> None:
    draw = np.random.default_rng(1)
    llr = draw.exponential(1.0, (PEOPLE, PROBES))
    llr[owners(), np.arange(PROBES)] = draw.normal(14.0, 3.0, PROBES)
    found = [drawn_search(llr, owners(), size, partial(limits_of, EXACT, size, 0.01)) for size in (10, 100)]
    for one in found:
        assert 0.005 < one.fpir.value < 0.02
        assert one.fpir.low < one.fpir.value < one.fpir.high
    assert found[0].threshold == pytest.approx(np.log(1_000), rel=0.1)
    assert found[0].fnir.value < found[1].fnir.value < 0.5
    sure = drawn_search(llr, owners(), 10, lambda tops: tops[0] + 1_000.0)
    assert (sure.fpir.value, sure.fnir.value) == (0.0, 1.0)


@pytest.mark.parametrize("spread", [0.7, 1.0, 1.5])
def test_simulated_galleries_hold_the_rate_whatever_strangers_reach(spread: float) -> None:
    draw, size = np.random.default_rng(2), 3_000
    llrs = spread * draw.exponential(1.0, (5, size, PROBES // 6))
    tops = np.stack([likeliest(each) for each in llrs])
    assert tops.shape == (5, KEPT, PROBES // 6)
    assert np.array_equal(np.sort(tops[0], axis=0), np.sort(llrs[0], axis=0)[-KEPT:])
    own = np.full(PROBES // 6, 30.0)
    own[::4] = 0.0
    found = simulated_search(tops, own, owners()[: PROBES // 6], size, partial(limits_of, EXACT, size, 0.01))
    assert found.fpir.value < 0.04  # with the usual strangers' threshold 0.3 at a spread of 1.5
    assert found.threshold == pytest.approx(spread * np.log(size / 0.01), rel=0.1)
    assert found.fnir.value == pytest.approx(0.25, abs=0.05)
    assert found.simulated


def test_a_crowd_is_spread_as_the_people_it_is_drawn_after() -> None:
    draw = np.random.default_rng(3)
    people = voices(2.0 * np.eye(8)[0] + draw.standard_normal((400, 8)) * np.linspace(1.0, 0.2, 8))
    crowd = Crowd(people).draw(4_000, seed=1)
    assert np.allclose(np.linalg.norm(crowd.vectors, axis=1), 1.0, atol=1e-6)
    assert np.abs(crowd.vectors.mean(axis=0) - people.vectors.mean(axis=0)).max() < 0.03
    assert np.allclose(crowd.vectors[:, 1:].std(axis=0), people.vectors[:, 1:].std(axis=0), rtol=0.2)
    assert len(np.unique(crowd.vectors, axis=0)) == 4_000  # nobody comes twice
    assert {*crowd.seconds} <= {*people.seconds}
    assert np.array_equal(crowd.snr_db, 10.0 + crowd.seconds)  # recorded as one person is, in all
    assert not np.array_equal(Crowd(people).draw(10, seed=1).vectors, Crowd(people).draw(10, seed=2).vectors)


def test_every_size_is_simulated_and_drawn_while_people_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earmark.evaluation.growth.SIZES", (10, 100, 1_000, 10_000))
    draw = np.random.default_rng(4)
    centres = draw.standard_normal((1_050, 64))
    who = np.repeat(np.arange(40), 3).astype(np.intp)
    probes = centres[who] + 0.3 * draw.standard_normal((who.size, 64))
    everybody = voices(centres)
    searches = Searches("toys", everybody, voices(probes), who, everybody)
    cosines = Calibration(
        (0.0,) * 4,
        (1.0, 0.0, 0.0, 0.0),
        (0.1, 10.0),
        (0.1, 10.0),
        ((0.1, 0.16), (1e-2, 0.29), (1e-4, 0.46), (1e-6, 0.56), (1e-7, 0.6)),
        "toy",
    )
    found = search_all(searches, Decider(Cosine(), cosines))
    drawn, simulated = [one for one in found if not one.simulated], [one for one in found if one.simulated]
    assert [one.size for one in drawn] == [10, 100]  # of 1,000 only two who search would stay outside
    assert [one.size for one in simulated] == [10, 100, 1_000, 10_000]
    assert drawn[1].fpir.value == pytest.approx(simulated[1].fpir.value, abs=0.03)
    assert all(one.fpir.value < 0.05 and one.fnir.value < 0.2 for one in found)
    text = to_markdown([(searches, found)])
    assert "| 10,000 | simulated |" in text
    assert "120 recordings of 40 test speakers" in text
    assert SIZES[-1] == 100_000
