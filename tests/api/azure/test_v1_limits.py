"""Limits, refusals and shapes of v1.0, asked of a real server (contract, section 1)."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
import voices
from contract import lives
from contract.plain import KEY
from server import Server

NAMES = {"identification": "identificationProfile", "verification": "verificationProfile"}
both_modes = pytest.mark.parametrize("mode", NAMES)


@pytest.fixture(scope="module")
def oxford(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{server.url}/spid/v1.0", headers={KEY: server.key}, timeout=60) as client:
        yield client


def create(oxford: httpx.Client, mode: str) -> str:
    made = oxford.post(f"/{NAMES[mode]}s", json={"locale": "en-us"})
    assert made.status_code == 200, made.text
    return str(made.json()[f"{NAMES[mode]}Id"])


def enroll(oxford: httpx.Client, mode: str, profile: str, sound: bytes, **query: str) -> httpx.Response:
    return oxford.post(f"/{NAMES[mode]}s/{profile}/enroll", content=sound, params=query)


def outcome(oxford: httpx.Client, accepted: httpx.Response) -> Any:
    """What became of an accepted operation."""
    assert (accepted.status_code, accepted.content) == (202, b""), accepted.text
    said = oxford.get(urlsplit(accepted.headers["operation-location"]).path.removeprefix("/spid/v1.0")).json()
    assert said["status"] in {"succeeded", "failed"}
    return said


def bad(answer: httpx.Response) -> str:
    """A refusal for the caller's own fault; its message."""
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest"), answer.text
    return str(answer.json()["error"]["message"])


def test_thirty_seconds_are_asked_of_an_identification(oxford: httpx.Client) -> None:
    profile = create(oxford, "identification")
    for clips, status in (((1, 2, 3, 4), "Enrolling"), ((1, 2), "Enrolled")):
        said = outcome(oxford, enroll(oxford, "identification", profile, voices.wav("gwen", *clips)))
        assert said["processingResult"]["enrollmentStatus"] == status
    query = {"identificationProfileIds": profile}
    sound = voices.wav(*lives.GENUINE)
    said = outcome(oxford, oxford.post("/identify", content=sound, params=query))
    assert (said["status"], "processingResult" in said) == ("failed", False)
    assert said["message"] == "Invalid audio length. Minimum allowed length is 30 second(s)."
    said = outcome(oxford, oxford.post("/identify", content=sound, params=query | {"shortAudio": "True"}))
    assert said["processingResult"]["identifiedProfileId"] == profile


def test_lengths_of_an_identification(oxford: httpx.Client) -> None:
    profile = create(oxford, "identification")
    short = voices.wav("gwen", 1, seconds=4.5)
    bad(enroll(oxford, "identification", profile, short))
    said = outcome(oxford, enroll(oxford, "identification", profile, short, shortAudio="True"))
    assert said["processingResult"]["enrollmentStatus"] == "Enrolled"
    bad(enroll(oxford, "identification", profile, voices.wav("gwen", 1, seconds=0.9), shortAudio="True"))
    bad(enroll(oxford, "identification", profile, voices.as_wav(bytes(301 * 32_000))))
    bad(enroll(oxford, "identification", profile, short, shortAudio="perhaps"))


def test_lengths_of_a_verification(oxford: httpx.Client) -> None:
    profile = create(oxford, "verification")
    for seconds in (0.9, 15.5):
        bad(enroll(oxford, "verification", profile, voices.wav("gwen", 1, 2, 3, seconds=seconds)))
    for count in (1, 2, 3):
        bad(oxford.post("/verify", content=voices.wav("mary", 4), params={"verificationProfileId": profile}))
        said = enroll(oxford, "verification", profile, voices.wav("mary", count)).json()
        assert (said["enrollmentsCount"], said["remainingEnrollments"]) == (count, 3 - count)
    for seconds in (0.9, 15.5):
        sound = voices.wav("gwen", 1, 2, 3, seconds=seconds)
        bad(oxford.post("/verify", content=sound, params={"verificationProfileId": profile}))


@both_modes
def test_recordings_that_cannot_be_used(mode: str, oxford: httpx.Client) -> None:
    profile = create(oxford, mode)
    sound = voices.pcm("ada", 1)
    assert bad(enroll(oxford, mode, profile, sound)) == "Not a valid WAVE file - No RIFF header"
    for wrong in (b"", voices.as_wav(sound, rate=8_000), voices.as_wav(sound)[:30], b"{}"):
        bad(enroll(oxford, mode, profile, wrong))
    assert oxford.get(f"/{NAMES[mode]}s/{profile}").json()["enrollmentStatus"] == "Enrolling"


def test_ten_candidates_and_one_more(oxford: httpx.Client) -> None:
    profile = create(oxford, "identification")
    sound = voices.wav("ada", 2)
    asked = {"identificationProfileIds": profile, "shortAudio": "true"}
    bad(oxford.post("/identify", content=sound, params=asked))  # not enrolled
    outcome(oxford, enroll(oxford, "identification", profile, voices.wav("ada", 1), shortAudio="true"))
    for ids, status in (
        (",".join([profile] * 10), 202),
        (",".join([profile] * 11), 400),
        ("", 400),
        ("x", 400),
        (f"{profile},{uuid4()}", 404),
    ):
        answer = oxford.post("/identify", content=sound, params=asked | {"identificationProfileIds": ids})
        assert answer.status_code == status
    said = outcome(oxford, oxford.post("/identify", content=voices.wav("stranger", 4), params=asked))
    assert said["processingResult"] == {
        "identifiedProfileId": lives.NOBODY,
        "confidence": said["processingResult"]["confidence"],
    }


@both_modes
def test_locales(mode: str, oxford: httpx.Client) -> None:
    collection = f"/{NAMES[mode]}s"
    for body in (b"", b"{}", b'{"locale":"tlh"}', b"locale=tlh", b"[]", b"\xff\xfe", b'{"locale":5}'):
        bad(oxford.post(collection, content=body))
    assert oxford.post(collection, data={"locale": "EN-US"}).status_code == 200
    chinese = oxford.post(collection, json={"locale": "zh-cn"})
    assert chinese.status_code == (200 if mode == "identification" else 400)
    bad(oxford.get("/verificationPhrases", params={"locale": "tlh"}))


@both_modes
def test_a_list_has_all_and_kinds_do_not_see_each_other(mode: str, oxford: httpx.Client) -> None:
    made = {create(oxford, mode) for _ in range(3)}
    name = NAMES[mode]
    assert made <= {row[f"{name}Id"] for row in oxford.get(f"/{name}s").json()}
    other = next(one for one in NAMES if one != mode)
    for profile in made:
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/reset")):
            answer = oxford.request(method, f"/{NAMES[other]}s/{profile}{path}")
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")
        assert oxford.delete(f"/{name}s/{profile}/").status_code == 200


@pytest.mark.parametrize("identifier", [str(UUID(int=1)), "x", "%00"])
def test_operations_that_nobody_has(identifier: str, oxford: httpx.Client) -> None:
    answer = oxford.get(f"/operations/{identifier}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")
