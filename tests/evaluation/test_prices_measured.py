"""What rates cost, measured on scores whose distribution is known."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from earmark.evaluation.averages import error_rates, error_rates_at
from earmark.evaluation.bank import Bank, Row
from earmark.evaluation.conditions import CHANNELS, LENGTHS
from earmark.evaluation.intervals import Trials
from earmark.evaluation.prices import price, price_bank, price_trials, to_markdown
from earmark.voice.scoring.calibration import Calibration

NORMAL = NormalDist()
RATES = (0.1, 0.01, 0.001, 1e-4, 1e-6)
# Strangers' scores are normal around 0: the threshold of a rate is known.
EXACT = Calibration(
    (0.0,) * 4,
    (1.0, 0.0, 0.0, 0.0),
    (0.1, 10.0),
    (0.1, 10.0),
    tuple((rate, NORMAL.inv_cdf(1.0 - rate)) for rate in RATES),
    "exact",
)


def made(*, people: int = 60, sides: int = 4) -> Trials:
    draw = np.random.default_rng(1)
    who = np.repeat(np.arange(people), sides)
    enrol, test = (grid[np.triu_indices(who.size, 1)] for grid in np.meshgrid(who, who, indexing="ij"))
    seconds = np.exp(draw.uniform(0.0, 2.0, enrol.size))
    same = enrol == test
    scores = draw.standard_normal(enrol.size) + np.where(same, 3.0 + seconds / 3.0, 0.0)
    return Trials(scores, enrol, test, np.zeros(enrol.size, int), np.full(enrol.size, 9.0), seconds)


def test_the_rate_is_kept_and_its_cost_is_the_truth() -> None:
    trials = replace(made(), test_seconds=np.full(made().scores.size, 3.0))
    prices = price([("all", trials)], EXACT, sets=1, recorded="")
    assert prices is not None
    assert (prices.speakers, prices.sets) == (60, 1)
    assert prices.lowest == 3e-4  # of 28,000 strangers hardly three would pass at the next rate
    (case,) = prices.cases
    same = trials.genuine
    for place, rate in enumerate(prices.rates[: prices.measured]):
        assert case.fmr[place].low <= rate * 1.3
        assert case.fmr[place].high >= rate * 0.7
        limit = np.interp(-np.log(rate), [-np.log(one) for one in RATES], [t for _, t in EXACT.thresholds])
        assert case.fnmr[place].value == pytest.approx(np.mean(trials.scores[same] < limit), abs=5e-4)
    assert [one.value for one in case.fnmr] == sorted(one.value for one in case.fnmr)


def test_several_thresholds_at_once_are_each_as_alone() -> None:
    trials = made(people=20)
    for limit, both in zip((0.5, 2.0, 9.0), error_rates_at(trials, (0.5, 2.0, 9.0)), strict=True):
        for found, alone in zip(both, error_rates(trials, limit), strict=True):
            assert (found.value, found.low, found.high) == (alone.value, alone.low, alone.high)


def test_ones_own_trials_are_told_by_how_much_is_heard() -> None:
    prices = price_trials(made(), EXACT, recorded="as given")
    assert prices is not None
    assert [case.name for case in prices.cases] == ["all", "4 to 8 s", "2 to 4 s", "1 to 2 s"]
    costs = {case.name: case.fnmr[prices.measured - 1].value for case in prices.cases}
    assert costs["4 to 8 s"] < costs["2 to 4 s"] < costs["1 to 2 s"]
    assert prices.recorded == "as given"
    table = to_markdown(prices)
    assert table.count("\n| 1 in ") == len(prices.rates)
    rows = {line.split(" | ")[0].strip("| "): line for line in table.splitlines()}
    assert rows["1 in 100,000"].endswith("too few tried |")
    assert " s: 10 % (" in rows["1 in 10"]


def test_too_few_strangers_say_nothing() -> None:
    assert price_trials(made(people=3), EXACT, recorded="") is None


def test_a_bank_is_priced_by_length_and_the_longest_enrolment() -> None:
    draw, bank = np.random.default_rng(2), Bank("toy@1")
    who = np.repeat(np.arange(12), 3)
    centres = draw.standard_normal((12, 8))
    for side in ("enrol", "test"):
        bank.speakers["a", side] = who
        for length, seconds in LENGTHS.items():
            for channel in CHANNELS if side == "test" else ("clean",):
                spread = 0.2 + 0.4 / seconds + 0.2 * (channel != "clean")
                vectors = centres[who] + spread * draw.standard_normal((who.size, 8))
                vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
                row = Row(vectors.astype(np.float32), np.full(who.size, 0.8 * seconds), 0)
                bank.rows["a", side, length, channel] = row

    def scored(enrol: Row, test: Row) -> np.ndarray:
        assert enrol.seconds[0] == pytest.approx(0.8 * max(LENGTHS.values()))
        return np.asarray(4.0 * enrol.vectors @ test.vectors.T, np.float64)

    prices = price_bank(bank, scored, EXACT)
    assert prices is not None
    longest = sorted(LENGTHS.values(), reverse=True)
    assert [case.name for case in prices.cases] == [
        f"{longest[0]:g} s, clean",
        *(f"{seconds:g} s" for seconds in longest),
    ]
    assert [case.seconds for case in prices.cases[1:]] == [round(0.8 * seconds, 1) for seconds in longest]
    assert prices.cases[0].fnmr[1].value <= prices.cases[1].fnmr[1].value <= prices.cases[-1].fnmr[1].value
    assert prices.recorded == ", ".join(CHANNELS)
