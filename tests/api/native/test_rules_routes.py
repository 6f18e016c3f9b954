"""/v1/rules and what follows from them, over HTTP."""

import httpx
import pytest
import voices


@pytest.fixture
def ada(api: httpx.Client, profile: str) -> str:
    """A profile with two recordings."""
    files = [("audio", ("a", voices.wav("ada", number))) for number in (1, 2)]
    answer = api.post(f"/v1/profiles/{profile}/enrolments", files=files).raise_for_status().json()
    assert answer["guidance"]["occasions"] == 1
    assert any("another day" in hint for hint in answer["guidance"]["hints"])
    return profile


def ask(api: httpx.Client, path: str, **params: object) -> dict[str, object]:
    answer = api.post(path, content=voices.wav("ada", 4), params=params)  # type: ignore[arg-type]
    found: dict[str, object] = answer.raise_for_status().json()
    return found


def test_a_rule_is_set_shown_and_reset(api: httpx.Client) -> None:
    for use in ("verify", "identify", "watchlist"):  # whatever tests of all routes have left
        first = api.delete(f"/v1/rules/{use}").raise_for_status().json()
    assert (first["verify"]["own"], first["verify"]["fmr"], first["identify"]["fpir"]) == (False, 0.001, 0.01)
    costs = {"cost_miss": 1, "cost_false": 20, "prior": 0.25, "doubt": 0.05}
    changed = api.put("/v1/rules/watchlist", json=costs).raise_for_status().json()
    assert changed["watchlist"] == {"own": True, "fmr": None, "fpir": None, **costs}
    assert api.get("/v1/rules").json() == changed
    assert api.delete("/v1/rules/watchlist").raise_for_status().json() == first
    cared = api.patch("/v1/rules", json={"renew_days": 100, "watch_drift": True}).json()
    assert (cared["renew_days"], cared["watch_drift"], cared["learn"]) == (100, True, False)
    assert api.patch("/v1/rules", json={"renew_days": None, "watch_drift": False}).json() == first
    assert not first["own_cohort"]
    cohort = api.patch("/v1/rules", json={"own_cohort": True}).json()
    assert "not with your own people" in cohort["expected"].pop("note")
    assert first["expected"].pop("note", None) is None
    assert cohort == first | {"own_cohort": True}
    first["expected"]["note"] = None
    assert api.patch("/v1/rules", json={"own_cohort": False}).json() == first


@pytest.mark.parametrize(
    ("use", "body"),
    [
        ("verify", {}),
        ("verify", {"fpir": 0.01}),
        ("verify", {"fmr": 0}),
        ("verify", {"fmr": "low"}),
        ("verify", {"fmr": 0.01, "what": 1}),
        ("identify", {"fmr": 0.01, "fpir": 0.01}),
        ("identify", {"cost_miss": 1, "prior": 0.5}),
        ("identify", {"cost_miss": 1, "cost_false": 0, "prior": 0.5}),
        ("somewhere", {"fmr": 0.01}),
    ],
)
def test_a_rule_that_makes_no_sense(api: httpx.Client, use: str, body: dict[str, object]) -> None:
    before = api.get("/v1/rules").json()
    refused = api.put(f"/v1/rules/{use}", json=body)
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    assert api.get("/v1/rules").json() == before
    assert api.patch("/v1/rules", json={"renew_days": -1}).status_code == 422


def test_every_answer_says_what_the_rules_cost(api: httpx.Client) -> None:
    expected = api.delete("/v1/rules/verify").raise_for_status().json()["expected"]
    assert (expected["measured"]["lowest_fmr"], expected["note"]) == (0.0001, None)
    (verify,) = expected["verify"]
    assert (verify["compared"], verify["fmr"]) == (1, 0.001)
    assert {10, 100, 1_000} <= {one["compared"] for one in expected["identify"]}
    changed = api.put("/v1/rules/verify", json={"fmr": 0.01}).raise_for_status().json()
    assert changed["expected"]["verify"][0]["fmr"] == 0.01
    assert changed["expected"] == api.get("/v1/rules").json()["expected"]
    assert api.delete("/v1/rules/verify").raise_for_status().json()["expected"] == expected


def test_decisions_follow_the_rules(api: httpx.Client, ada: str) -> None:
    place = f"/v1/profiles/{ada}/verify"
    decided = ask(api, place)
    assert (decided["answer"], decided["next_step"], decided["renewal"]) == ("accepted", None, [])
    api.put("/v1/rules/verify", json={"cost_miss": 1, "cost_false": 1e30, "prior": 0.5, "doubt": 0.09})
    try:
        unsure = ask(api, place)
        assert (unsure["accepted"], unsure["answer"]) == (False, "uncertain")
        assert unsure["next_step"] == "more_speech"
        assert ask(api, place, fmr=0.01)["answer"] == "accepted"
    finally:
        api.delete("/v1/rules/verify")


def test_searches_hold_their_rate_by_the_number_of_people(api: httpx.Client, ada: str) -> None:
    found = ask(api, "/v1/identify", profile=ada)
    point = found["operating_point"]
    assert isinstance(point, dict)
    assert (point["fpir"], point["fmr"]) == (0.01, 0.01)
    watched = ask(api, "/v1/identify", profile=ada, use="watchlist")["operating_point"]
    assert isinstance(watched, dict)
    assert watched["fpir"] == 0.001
    assert watched["threshold"] > point["threshold"]
    each = ask(api, "/v1/identify", profile=ada, fmr=0.01)["operating_point"]
    assert isinstance(each, dict)
    assert each["fpir"] is None
    both = api.post("/v1/identify", content=voices.wav("ada", 4), params={"fmr": 0.01, "fpir": 0.01})
    assert both.status_code == 422
    assert ask(api, "/v1/identify", profile=ada, fpir=0.05)["answer"] == "accepted"


def test_learning_and_the_way_back(api: httpx.Client, ada: str) -> None:
    place = f"/v1/profiles/{ada}"
    before = api.get(f"{place}/renewal").raise_for_status().json()
    assert (before["due"], before["learned"], before["drift"]) == (False, None, None)
    api.patch("/v1/rules", json={"learn": True, "watch_drift": True}).raise_for_status()
    try:
        ask(api, f"{place}/verify")
    finally:
        api.patch("/v1/rules", json={"learn": False, "watch_drift": False}).raise_for_status()
    assert api.get(f"{place}/renewal").json()["drift"]["recordings"] == 1
    assert api.delete(f"{place}/learned").status_code == 204
    assert api.get(f"{place}/renewal").json()["learned"] is None
    assert api.delete(f"{place}0/learned").status_code == 422


def test_a_rule_holds_in_azures_apis_too(api: httpx.Client) -> None:
    made = api.post("/v1/profiles", json={"kind": "verification"}).raise_for_status().json()["id"]
    files = [("audio", ("a", voices.wav("ada", number))) for number in (1, 2, 3)]
    api.post(f"/v1/profiles/{made}/enrolments", files=files).raise_for_status()
    place = f"/speaker/verification/v2.0/text-independent/profiles/{made}/verify"
    sound = voices.wav("ada", 4, 5)
    usual = api.post(place, content=sound).raise_for_status().json()
    assert usual["recognitionResult"] == "Accept"
    api.put("/v1/rules/verify", json={"cost_miss": 1, "cost_false": 1e30, "prior": 0.5}).raise_for_status()
    try:
        strict = api.post(place, content=sound).raise_for_status().json()
    finally:
        api.delete("/v1/rules/verify")
    assert strict["recognitionResult"] == "Reject"  # it has no third answer
    assert strict["score"] < 0.5 <= usual["score"]
