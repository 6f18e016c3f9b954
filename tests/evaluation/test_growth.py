"""Searches of growing galleries on scores whose distribution is known."""

import numpy as np
import pytest

from earmark.evaluation.growth import SIZES, drawn_searches, reached, simulated_searches, to_markdown
from earmark.voice.scoring.calibration import Calibration

PEOPLE, PROBES = 150, 400
# Strangers' ratios are exponential with a mean of 1, so a share of exp(-t) reaches t.
RATES = (0.1, 0.01, 1e-3, 1e-4, 1e-6, 1e-8)
EXACT = Calibration(
    (0.0,) * 4,
    (1.0, 0.0, 0.0, 0.0),
    (0.1, 10.0),
    (0.1, 10.0),
    tuple((rate, -float(np.log(rate))) for rate in RATES),
    "exact",
)


def table(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    llr, owners = draw.exponential(1.0, (PEOPLE, PROBES)), draw.integers(0, PEOPLE, PROBES)
    llr[owners, np.arange(PROBES)] = draw.normal(14.0, 3.0, PROBES)
    return llr, owners.astype(np.intp)


def test_drawn_galleries_hold_the_rate_and_miss_more_as_they_grow() -> None:
    found = drawn_searches(*table(), EXACT)
    assert [one.size for one in found] == [10, 100]
    for one in found:
        assert 0.005 < one.fpir.value < 0.02
    assert found[0].fnir.value < found[1].fnir.value < 0.5
    assert found[1].threshold == pytest.approx(-np.log(1e-4), abs=0.01)


def test_simulated_galleries_go_on_where_people_end() -> None:
    llr, owners = table()
    own = llr[owners, np.arange(PROBES)]
    strangers = np.delete(llr.ravel(), np.ravel_multi_index((owners, np.arange(PROBES)), llr.shape))
    found = simulated_searches(strangers, own, EXACT, larger_than=100)
    assert [one.size for one in found] == [size for size in SIZES if size > 100]
    for one in found:
        assert 0.003 < one.fpir.value < 0.03
        assert one.fpir.low <= one.fpir.value <= one.fpir.high
    assert reached(strangers, 0.0, 10) == pytest.approx(1.0)
    assert reached(strangers, float(np.log(100.0)), 1) == pytest.approx(0.01, rel=0.1)
    text = to_markdown(found)
    assert "| 100,000 | simulated |" in text
