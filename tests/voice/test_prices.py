"""What rates cost: read between the rates that were measured, said to be unknown beyond, kept as evidence."""

import tomllib
from dataclasses import replace

import pytest
import tomli_w

from earmark.errors import ModelInvalid
from earmark.voice.models.catalog import find_model, load_catalog
from earmark.voice.models.scoring import from_table, to_table
from earmark.voice.scoring.prices import EVIDENCE, Case, Prices, Share, in_hundred, one_in, prices_in

RATES = (0.1, 0.01, 0.001, 0.0001)


def share(value: float) -> Share:
    return Share(value, value / 2, min(1.0, 2 * value))


LONG = Case("30 s", 20.5, tuple(map(share, (0.01, 0.02, 0.04, 0.08))), tuple(map(share, (0.1, 0.008, 0.001))))
SHORT = Case("1 s", 0.8, tuple(map(share, (0.1, 0.3, 0.5, 0.9))), tuple(map(share, (0.12, 0.011, 0.0))))
PRICES = Prices(40, 3, "clean, G.711", RATES, 3, (LONG, SHORT))


def test_a_measured_rate_costs_what_was_measured() -> None:
    long, short = PRICES.at(0.01)
    assert (long.name, long.seconds) == ("30 s", 20.5)
    assert long.fnmr.value == pytest.approx(0.02)
    assert short.fnmr.high == pytest.approx(0.6)
    assert short.fmr is not None
    assert short.fmr.value == pytest.approx(0.011)
    assert PRICES.warning(0.01) is None


def test_between_two_rates_it_is_on_a_line_in_the_logarithm() -> None:
    half = PRICES.at((0.01 * 0.001) ** 0.5)[0]
    assert half.fnmr.value == pytest.approx(0.03)
    assert (half.fnmr.low, half.fnmr.high) == pytest.approx((0.015, 0.06))
    costs = [PRICES.at(rate)[1].fnmr.value for rate in (0.1, 0.05, 0.01, 0.005, 0.001, 0.0005, 0.0001)]
    assert costs == sorted(costs)


def test_what_was_not_measured_is_said() -> None:
    assert PRICES.lowest == 0.001
    below = PRICES.at(0.0005)[0]
    assert below.fmr is None
    assert 0.04 < below.fnmr.value < 0.08
    told = PRICES.warning(0.0005)
    assert told is not None
    assert told.startswith("Fewer false matches than 1 in 1,000 were not measured")
    assert "More people" not in told
    assert PRICES.at(1e-6)[0].fnmr.value == pytest.approx(0.08)
    assert "More people will be missed" in str(PRICES.warning(1e-6))
    assert PRICES.at(0.3)[0].fnmr.value == pytest.approx(0.01)
    assert "More than 1 in 10 was not measured" in str(PRICES.warning(0.3))
    for rate in RATES[:3]:
        assert PRICES.warning(rate) is None


def test_evidence_keeps_them() -> None:
    kept = tomllib.loads(tomli_w.dumps({EVIDENCE: PRICES.to_table(), "trials": 3}))
    assert prices_in(kept) == PRICES
    assert prices_in({"trials": 3}) is None


def test_a_catalogue_keeps_them_with_the_back_end() -> None:
    scoring = find_model(load_catalog()).scoring
    assert scoring is not None
    entry = replace(scoring, evidence={**scoring.evidence, EVIDENCE: PRICES.to_table()})
    text = tomli_w.dumps(to_table(entry, scoring.file.parent))
    found = from_table(tomllib.loads(text), scoring.file)  # its id is checked
    assert prices_in(found.evidence) == PRICES


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rates", [0.1, 0.01, 0.001]),
        ("rates", [0.1, 0.01, 0.01, 0.0001]),
        ("rates", 3),
        ("measured", 0),
        ("cases", []),
        ("speakers", "many"),
        ("cases", [{"name": "1 s"}]),
    ],
)
def test_damaged_evidence_is_refused(name: str, value: object) -> None:
    with pytest.raises(ModelInvalid, match="fit its calibration again"):
        prices_in({EVIDENCE: PRICES.to_table() | {name: value}})


def test_senseless_shares_are_refused() -> None:
    with pytest.raises(ValueError, match="interval"):
        Share(0.5, 0.6, 0.7)
    with pytest.raises(ValueError, match="interval"):
        replace(share(0.1), value=float("nan"))


def test_rates_in_words() -> None:
    assert [one_in(rate) for rate in (0.1, 0.03, 0.001, 0.0003, 1e-7)] == [
        "1 in 10",
        "1 in 33",
        "1 in 1,000",
        "1 in 3,300",
        "1 in 10,000,000",
    ]


def test_shares_in_words() -> None:
    shares = {0.0: "0", 0.00123: "0.12", 0.0451: "4.5", 0.374: "37", 0.98: "98", 0.9961: "99.6", 1.0: "100"}
    assert {share: in_hundred(share) for share in (*shares, 0.99999)} == shares | {0.99999: "99.9"}
