"""Passphrases, challenges and the lock over HTTP, on both databases: statuses, headers and races."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
import voices
from synthesis import said_pcm

OWN = "seven green bottles stand on the garden wall"


def enrolled(api: httpx.Client, **asked: Any) -> str:
    made = api.post("/v1/profiles", json={"kind": "text-dependent", **asked}).raise_for_status().json()
    assert made["missing"] == {"speech_seconds": 0.0, "recordings": 3}
    for take in (1, 2, 3):
        done = send(api, f"/v1/profiles/{made['id']}/enrolments", voices.wav("mary", take))
        assert done.status_code == 201, done.text
    assert done.json()["profile"]["state"] == "enrolled"
    assert done.json()["profile"]["phrase"] == voices.PASSPHRASE
    return str(made["id"])


def send(api: httpx.Client, path: str, sound: bytes, **query: Any) -> httpx.Response:
    return api.post(path, content=sound, headers={"content-type": "audio/wav"}, params=query)


def verify(api: httpx.Client, profile: str, sound: bytes, **query: Any) -> httpx.Response:
    return send(api, f"/v1/profiles/{profile}/verify", sound, fmr=0.1, **query)


def says(words: str, speaker: str = "mary", take: int = 0) -> bytes:
    return voices.as_wav(said_pcm(words, speaker, take))


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture(scope="module")
def mary(server: Any) -> str:
    with httpx.Client(base_url=server.url, headers=server.headers, timeout=60) as api:
        return enrolled(api, phrase=voices.PASSPHRASE)


def test_voice_and_words_are_told_apart(api: httpx.Client, mary: str) -> None:
    found = {}
    for speaker in ("mary", "mary other", "john", "john other"):
        found[speaker] = verify(api, mary, voices.wav(speaker, 5)).raise_for_status().json()
    assert {speaker: one["accepted"] for speaker, one in found.items()} == {
        "mary": True,
        "mary other": False,
        "john": False,
        "john other": False,
    }
    assert (found["john"]["voice_accepted"], found["john"]["words"]["accepted"]) == (False, True)
    assert found["mary other"]["words"]["accepted"] is False
    right = found["mary"]
    assert [word["word"] for word in right["words"]["words"]] == voices.PASSPHRASE.split()
    assert all(word["said"] and word["start"] <= word["end"] for word in right["words"]["words"])
    assert right["fused_llr"] <= min(right["llr"], right["words"]["llr"])
    assert right["words"]["challenge"] is False
    refused = send(api, f"/v1/profiles/{mary}/enrolments", voices.wav("mary other", 1))
    assert problem(refused) == (422, "phrase_not_heard")


def test_a_challenge_and_what_it_refuses(api: httpx.Client, mary: str) -> None:
    given = api.post("/v1/challenges", json={"profile": mary})
    assert given.status_code == 201
    challenge = given.json()
    assert len(challenge["digits"].split()) == len(challenge["phrase"].split()) == 6
    other = api.post("/v1/profiles", json={}).json()["id"]
    assert problem(api.post("/v1/challenges", json={"profile": other})) == (409, "profile_not_enrolled")
    answer = says(challenge["phrase"])

    # Two at once: one is judged, the other comes too late.
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: verify(api, mary, answer, challenge=challenge["id"]), range(2)))
    assert sorted(one.status_code for one in both) == [200, 409]
    accepted = next(one.json() for one in both if one.status_code == 200)
    assert accepted["accepted"]
    assert accepted["words"]["challenge"]
    again = verify(api, mary, answer, challenge=challenge["id"])
    assert problem(again) == (409, "challenge_refused")
    assert problem(verify(api, mary, answer, challenge=uuid4())) == (404, "challenge_not_found")
    assert problem(verify(api, mary, answer, challenge="x")) == (422, "invalid_request")
    assert verify(api, mary, answer).json()["accepted"] is False  # it is not the passphrase


def test_a_lock_says_when_to_come_back(api: httpx.Client, mary: str) -> None:
    assert api.delete(f"/v1/profiles/{mary}/lock").status_code == 204
    for failures in range(5):
        assert api.get(f"/v1/profiles/{mary}/lock").json() == {"failures": failures, "locked_until": None}
        assert verify(api, mary, voices.wav("john", 5)).json()["accepted"] is False
    refused = verify(api, mary, voices.wav("mary", 5))
    assert problem(refused) == (423, "profile_locked")
    assert 20 <= int(refused.headers["Retry-After"]) <= 30
    assert api.get(f"/v1/profiles/{mary}/lock").json()["failures"] == 5
    assert problem(api.post("/v1/challenges", json={"profile": mary})) == (423, "profile_locked")
    assert api.delete(f"/v1/profiles/{mary}/lock").status_code == 204
    assert verify(api, mary, voices.wav("mary", 5)).json()["accepted"]


def test_phrases_of_ones_own(api: httpx.Client) -> None:
    bad = api.post("/v1/phrases", json={"phrase": "open sesame"})
    assert problem(bad) == (422, "phrase_unsupported")
    examined = api.post("/v1/phrases/examine", json={"phrase": "open sesame"}).json()
    assert (examined["usable"], examined["too_short"]) == (False, True)
    assert examined["doubts"]
    added = api.post("/v1/phrases", json={"phrase": OWN.upper(), "locale": "en-US"})
    assert (added.status_code, added.json()["phrase"]) == (201, OWN)
    listed = api.get("/v1/phrases", params={"locale": "en-US"}).json()
    assert listed["own_passphrases"] == [OWN]
    assert listed["passphrases"][-1] == OWN
    assert len(listed["passphrases"]) == 11
    for status in (204, 422):
        gone = api.delete("/v1/phrases", params={"phrase": OWN, "locale": "en-US"})
        assert gone.status_code == status


def test_activation_is_the_tenants_choice(api: httpx.Client) -> None:
    assert api.get("/v1/tenant").json()["activation"] is False
    assert api.patch("/v1/tenant", json={"activation": True}).json()["activation"] is True
    try:
        made = api.post("/v1/profiles", json={}).json()["id"]
        refused = send(api, f"/v1/profiles/{made}/enrolments", voices.wav("ada", 1))
        assert problem(refused) == (422, "phrase_not_heard")
    finally:
        assert api.patch("/v1/tenant", json={"activation": False}).json()["activation"] is False
    assert send(api, f"/v1/profiles/{made}/enrolments", voices.wav("ada", 1)).status_code == 201
    assert problem(api.patch("/v1/tenant", json={})) == (422, "invalid_request")
