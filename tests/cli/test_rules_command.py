"""`earmark rules`: what is set holds for the commands that decide."""

from dataclasses import replace
from pathlib import Path

import pytest
from command import Earmark
from pricing import priced_calibration

from earmark.voice.models.calibrations import to_text
from earmark.voice.models.catalog import find_model, load_catalog

Clips = dict[str, list[Path]]


@pytest.fixture
def ada(earmark: Earmark, clips: Clips) -> None:
    done = earmark("enroll", "ada", *clips["ada"][:3], "--json")
    assert done.code == 0
    assert any("another day" in hint for hint in done.json["guidance"])


def test_a_rule_is_set_shown_and_reset(earmark: Earmark) -> None:
    first = earmark("rules", "show", "--json").json
    assert (first["verify"]["fmr"], first["verify"]["own"]) == (0.001, False)
    changed = earmark("rules", "set", "verify", "--fmr", "0.01", "--doubt", "0.05", "--json").json
    assert changed["verify"] | {"fmr": 0.01, "doubt": 0.05, "own": True} == changed["verify"]
    costs = ("--cost-miss", "2", "--cost-false", "10", "--prior", "0.1")
    told = earmark("rules", "set", "watchlist", *costs)
    assert "costs 2 (miss), 10 (false), prior 0.1" in told.out
    assert earmark("rules", "care", "--renew-days", "365").out.count("After 365 days") == 1
    cared = earmark("rules", "care", "--learn", "--watch-drift", "--json").json
    assert (cared["learn"], cared["watch_drift"], cared["renew_days"]) == (True, True, 365)
    earmark("rules", "care", "--no-learn", "--no-watch-drift", "--renew-days", "0")
    assert earmark("rules", "set", "--own-cohort").out.count("Enrolled people count as strangers") == 1
    both = earmark("rules", "set", "verify", "--fmr", "0.02", "--no-own-cohort", "--json").json
    assert (both["verify"]["fmr"], both["own_cohort"]) == (0.02, False)
    for use in ("verify", "watchlist"):
        assert earmark("rules", "reset", use).code == 0
    assert earmark("rules", "show", "--json").json == first


@pytest.mark.parametrize(
    "wrong",
    [
        ("verify",),
        ("verify", "--fpir", "0.01"),
        ("identify", "--fmr", "2"),
        ("identify", "--cost-miss", "1"),
        ("somewhere", "--fmr", "0.01"),
        ("--fmr", "0.01", "--own-cohort"),
        (),
    ],
)
def test_a_rule_that_makes_no_sense(earmark: Earmark, wrong: tuple[str, ...]) -> None:
    done = earmark("rules", "set", *wrong)
    assert (done.code, len(done.err.splitlines())) == (2, 1)


@pytest.mark.usefixtures("ada")
def test_decisions_follow_the_rules(earmark: Earmark, clips: Clips) -> None:
    def point(*options: str) -> object:
        return earmark("verify", "ada", clips["ada"][3], *options, "--json").json["operating_point"]["fmr"]

    assert point() == 0.001
    earmark("rules", "set", "verify", "--fmr", "0.01")
    assert point() == 0.01
    assert point("--fmr", "0.05") == 0.05
    searched = earmark("identify", clips["ada"][3], "--use", "watchlist", "--json").json
    assert searched["operating_point"]["fpir"] == 0.001
    assert earmark("identify", clips["ada"][3], "--fpir", "0.05").code == 0
    assert earmark("identify", clips["ada"][3], "--fpir", "0.05", "--fmr", "0.05").code == 2


@pytest.mark.usefixtures("ada")
def test_an_uncertain_answer_is_none_and_says_what_to_ask_for(earmark: Earmark, clips: Clips) -> None:
    unsure = ("--cost-miss", "1", "--cost-false", "1e30", "--prior", "0.5", "--doubt", "0.09")
    for use in ("verify", "identify"):
        earmark("rules", "set", use, *unsure)
    told = earmark("verify", "ada", clips["ada"][3])
    assert told.code == 1
    assert told.out.startswith("Uncertain: this may be ada")
    assert "Ask for another recording" in told.out
    found = earmark("identify", clips["ada"][3])
    assert (found.code, found.out.startswith("Uncertain: this may be ada (LLR")) == (1, True)
    shape = earmark("verify", "ada", clips["ada"][3], "--json").json
    assert (shape["answer"], shape["next_step"], shape["accepted"]) == ("uncertain", "more_speech", False)


@pytest.mark.usefixtures("ada")
def test_who_should_enrol_anew_and_what_was_learned(earmark: Earmark) -> None:
    assert earmark("rules", "due").out == "Nobody needs to enrol anew.\n"
    assert earmark("rules", "due", "--json").json == {"due": []}
    assert earmark("rules", "forget", "ada").out == "ada is as enrolled already.\n"
    assert earmark("rules", "forget", "nobody").code == 4


@pytest.fixture
def priced(earmark: Earmark, tmp_path: Path) -> None:
    """The shipped model with evidence of costs that is made up."""
    file = tmp_path / "calibration.toml"
    file.write_text(to_text(priced_calibration(find_model(load_catalog()))), encoding="utf-8")
    assert earmark("models", "calibrate", file).code == 0


@pytest.mark.usefixtures("priced")
def test_it_is_told_what_a_rule_costs(earmark: Earmark) -> None:
    told = earmark("rules", "show").out.splitlines()
    rows = [line.split() for line in told]
    assert ["speech", "in", "it", "20.5", "s", "0.8", "s"] in rows
    assert ["verify", "1", "in", "1,000", "40", "(20-70)", "70", "(35-85)", "0.1", "(0.02-0.2)"] in rows
    assert ["identify,", "100", "people", "1", "in", "10,000*", "60", "(30-80)", "90", "(45-95)", "-"] in rows
    (measured,) = [line for line in told if line.startswith("Measured")]
    assert "on 40 speakers of 3 sets" in measured
    assert sum(line.startswith("* Fewer false matches than 1 in 1,000 were not measured") for line in told)
    changed = earmark("rules", "set", "verify", "--fmr", "0.01", "--json").json["expected"]
    assert changed["measured"] == {
        "speakers": 40,
        "sets": 3,
        "recorded": "clean, G.711",
        "lowest_fmr": 0.001,
    }
    (verify,) = changed["verify"]
    assert [(one["name"], one["fnmr"]["value"]) for one in verify["cases"]] == [("30 s", 0.2), ("1 s", 0.5)]
    assert verify["cases"][0]["fmr"] == {"value": 0.01, "low": 0.008, "high": 0.012}
    assert [one["compared"] for one in changed["watchlist"]] == [10, 100, 1_000]


def test_a_model_without_evidence_says_how_to_get_it(earmark: Earmark, tmp_path: Path) -> None:
    found = priced_calibration(find_model(load_catalog()))
    file = tmp_path / "calibration.toml"
    file.write_text(to_text(replace(found, evidence={})), encoding="utf-8")
    assert earmark("models", "calibrate", file).code == 0
    assert "`earmark evaluate --calibrate` does" in earmark("rules", "show").out
    expected = earmark("rules", "show", "--json").json["expected"]
    assert expected["measured"] is None
    assert (expected["verify"][0]["fmr"], expected["verify"][0]["cases"]) == (0.001, [])
    assert earmark("rules", "show", "--model", "nobody").code == 4
