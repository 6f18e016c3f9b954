"""What the native API takes: recordings in every shape, JSON that is right, conditions that hold."""

from typing import Any

import httpx
import numpy as np
import pytest
import voices
from server import Server


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Hold a refusal against RFC 9457, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert (told["status"], told["code"]) == (status, code)
    assert told["type"] == f"urn:earmark:error:{code}"
    assert told["title"]
    assert told["detail"]
    return told


def inspect(api: httpx.Client, **request: Any) -> httpx.Response:
    return api.post("/v1/inspect", **request)


def test_a_recording_in_all_shapes_measures_the_same(api: httpx.Client) -> None:
    wav, raw = voices.wav("ada", 1), voices.pcm("ada", 1)
    network = np.frombuffer(raw, "<i2").astype(">i2").tobytes()
    shapes: list[dict[str, Any]] = [
        {"content": wav},
        {"content": wav, "headers": {"content-type": "audio/wav"}},
        {"content": wav, "headers": {"content-type": "text/plain"}},
        {"files": {"audio": wav}},
        {"files": {"audio": ("a.wav", wav, "audio/wav")}, "data": {"note": "passed over"}},
        {"content": raw, "params": {"encoding": "s16le", "sample_rate": 16_000, "channels": 1}},
        {"files": {"audio": raw}, "params": {"encoding": "s16le"}},
        {"content": network, "headers": {"content-type": "audio/L16; rate=16000; channels=1"}},
    ]
    found = [inspect(api, **shape) for shape in shapes]
    assert [answer.status_code for answer in found] == [200] * len(shapes)
    assert all(answer.json() == found[0].json() for answer in found)
    assert found[0].json()["recognition"] == {"good": True, "code": None, "detail": None}


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"content": b""}, 422, "audio_empty"),
        ({"json": {"audio": "x"}}, 415, "audio_not_recognised"),
        ({"data": {"audio": "x"}}, 415, "audio_not_recognised"),
        ({"files": {"sound": b"RIFF"}}, 422, "audio_empty"),
        ({"content": b"x", "params": {"encoding": "mp3"}}, 422, "invalid_request"),
        ({"content": b"x", "params": {"encoding": "s16le", "sample_rate": "1"}}, 422, "invalid_request"),
        ({"content": b"x", "params": {"encoding": "s16le", "sample_rate": "a"}}, 422, "invalid_argument"),
        ({"content": b"x", "headers": {"content-type": "audio/L16; rate=x"}}, 422, "invalid_argument"),
        (
            {"content": b"--b\r\n", "headers": {"content-type": "multipart/form-data"}},
            415,
            "audio_not_recognised",
        ),
        (
            {"content": b"nothing", "headers": {"content-type": "multipart/form-data; boundary=b"}},
            422,
            "invalid_request",
        ),
        ({"files": [("audio", b"RIFF"), ("audio", b"RIFF")]}, 422, "invalid_request"),
    ],
)
def test_a_body_that_is_no_recording(
    request_: dict[str, Any], status: int, code: str, api: httpx.Client
) -> None:
    problem(inspect(api, **request_), status, code)


def test_a_recording_that_is_not_good_enough_says_by_how_much(api: httpx.Client, profile: str) -> None:
    silence = voices.as_wav(bytes(64_000))
    told = problem(api.post(f"/v1/profiles/{profile}/enrolments", content=silence), 422, "audio_silent")
    assert (told["measure"], told["value"]) == ("speech_seconds", 0)
    assert told["limit"] > 0
    inspected = inspect(api, content=silence).json()
    assert inspected["recognition"]["code"] == "audio_silent"
    assert not inspected["enrolment"]["good"]


@pytest.mark.parametrize(
    "body",
    [
        *(b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000),
        *(b'{"kind": "other"}', b'{"id": "x"}', b'{"unknown": 1}', b'{"label": 1}'),
    ],
)
def test_json_that_is_wrong(body: bytes, api: httpx.Client) -> None:
    told = problem(api.post("/v1/profiles", content=body), 422, "invalid_request")
    assert "other" not in told["detail"], "a value may be anything: it is not told again"


@pytest.mark.parametrize(
    ("json", "status", "code"),
    [
        ({"label": "a,b"}, 422, "invalid_request"),
        ({"label": ""}, 422, "invalid_request"),
        ({"label": "x" * 101}, 422, "invalid_request"),
        ({"locale": "x" * 36}, 422, "invalid_request"),
        ({"phrase": "only where there is one"}, 422, "invalid_request"),
    ],
)
def test_a_profile_that_cannot_be(json: Any, status: int, code: str, api: httpx.Client) -> None:
    problem(api.post("/v1/profiles", json=json), status, code)


def test_labels_and_identifiers_are_unique(api: httpx.Client) -> None:
    made = api.post("/v1/profiles", json={"label": "unique"}).json()
    problem(api.post("/v1/profiles", json={"label": "unique"}), 409, "label_taken")
    problem(api.post("/v1/profiles", json={"id": made["id"]}), 409, "profile_taken")
    other = api.post("/v1/profiles", json={}).json()["id"]
    problem(api.patch(f"/v1/profiles/{other}", json={"label": "unique"}), 409, "label_taken")


def test_an_etag_is_a_revision(api: httpx.Client, profile: str) -> None:
    address = f"/v1/profiles/{profile}"
    read = api.get(address)
    tag = read.headers["etag"]
    assert tag == f'"{read.json()["revision"]}"'
    unchanged = api.get(address, headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    changed = api.patch(address, json={"locale": "de-DE"}, headers={"If-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    assert api.get(address, headers={"If-None-Match": tag}).status_code == 200
    old = {"If-Match": tag}
    problem(api.patch(address, json={"locale": None}, headers=old), 412, "profile_changed")
    problem(api.post(f"{address}/reset", headers=old), 412, "profile_changed")
    problem(api.delete(address, headers=old), 412, "profile_changed")
    sound = voices.wav("ada", 1)
    problem(api.post(f"{address}/enrolments", content=sound, headers=old), 412, "profile_changed")
    problem(api.delete(address, headers={"If-Match": "3"}), 422, "invalid_argument")
    problem(api.delete(address, headers={"If-Match": 'W/"0"'}), 422, "invalid_argument")
    assert api.delete(address, headers={"If-Match": "*"}).status_code == 204


def test_pages_lead_to_all_profiles_once(api: httpx.Client) -> None:
    made = {api.post("/v1/profiles", json={"kind": "text-dependent"}).json()["id"] for _ in range(7)}
    query: dict[str, Any] = {"kind": "text-dependent", "limit": 3}
    seen: list[str] = []
    while True:
        page = api.get("/v1/profiles", params=query).json()
        assert len(page["items"]) <= 3
        seen += [profile["id"] for profile in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert len(seen) == len(set(seen))
    assert made <= set(seen)
    for wrong in ({"limit": 0}, {"limit": 501}, {"limit": "x"}, {"kind": "x"}):
        problem(api.get("/v1/profiles", params=wrong), 422, "invalid_request")
    problem(api.get("/v1/profiles", params={"cursor": "x"}), 422, "invalid_argument")


def test_an_identification_among_some(api: httpx.Client) -> None:
    people = {}
    for name in ("ada", "ben", "gwen"):
        people[name] = api.post("/v1/profiles", json={}).json()["id"]
        parts = [("audio", voices.wav(name, clip)) for clip in (1, 2)]
        assert api.post(f"/v1/profiles/{people[name]}/enrolments", files=parts).status_code == 201

    def identify(sound: bytes, **request: Any) -> dict[str, Any]:
        answer = api.post("/v1/identify", files={"audio": sound}, **request)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    sound = voices.wav("gwen", 4)
    found = identify(sound, params={"profile": list(people.values())})
    assert found["best"]["profile"] == people["gwen"]
    assert len(found["candidates"]) == 3
    form = identify(sound, data={"profile": list(people.values())})
    commas = identify(sound, data={"profile": ",".join(people.values())})
    assert form == commas == found
    others = [people["ada"], people["ben"]]
    assert identify(sound, params={"profile": others})["best"] is None
    assert len(identify(sound, params={"profile": others, "top": 1})["candidates"]) == 1

    ask = api.post("/v1/identify", files={"audio": sound}, params={"profile": "ada"})
    problem(ask, 422, "invalid_argument")
    wrong = "00000000-0000-0000-0000-000000000001"
    problem(
        api.post("/v1/identify", files={"audio": sound}, params={"profile": wrong}), 404, "profile_not_found"
    )
    empty = api.post("/v1/profiles", json={}).json()["id"]
    ask = api.post("/v1/identify", files={"audio": sound}, params={"profile": empty})
    problem(ask, 409, "profile_not_enrolled")
    many = {"profile": [wrong] * 1_001}
    problem(api.post("/v1/identify", files={"audio": sound}, data=many), 422, "invalid_request")


@pytest.mark.parametrize("fmr", ["0", "1", "-1", "x", "nan", "inf"])
def test_a_false_match_rate_that_cannot_be(fmr: str, api: httpx.Client, profile: str) -> None:
    ask = api.post(f"/v1/profiles/{profile}/verify", content=voices.wav("ada", 1), params={"fmr": fmr})
    problem(ask, 422, "invalid_request")


def test_unknown_addresses_methods_and_identifiers(api: httpx.Client) -> None:
    problem(api.get("/v1/nothing"), 404, "route_not_found")
    problem(api.get("/nothing"), 404, "route_not_found")
    refused = api.put("/v1/profiles")
    problem(refused, 405, "method_not_allowed")
    assert set(refused.headers["allow"].split(", ")) <= {"GET", "POST"}
    problem(api.get("/v1/profiles/ada"), 422, "invalid_request")
    problem(api.get("/v1/profiles/00000000-0000-0000-0000-000000000001"), 404, "profile_not_found")
    assert api.get("/v1//me/").status_code == 200


def test_nobody_without_a_key(server: Server) -> None:
    answer = httpx.get(f"{server.url}/v1/profiles")
    problem(answer, 401, "key_invalid")
    assert answer.headers["www-authenticate"].startswith("Bearer")
