"""`earmark rules`: what is set holds for the commands that decide."""

from pathlib import Path

import pytest
from command import Earmark

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
