"""/v1/diarizations beyond what the client shows: bodies, repeats, pages, formats, and what is left behind."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import meeting
import pytest
import voices
from server import Server

PATH = "/v1/diarizations"


def send(api: httpx.Client, body: bytes | None = None, **given: Any) -> httpx.Response:
    return api.post(PATH, content=meeting.meeting() if body is None else body, **given)


def ended(api: httpx.Client, job: str) -> dict[str, Any]:
    while True:
        found: dict[str, Any] = api.get(f"{PATH}/{job}", params={"wait": 20}).raise_for_status().json()
        if found["state"] not in ("created", "running"):
            return found


def kept(server: Server) -> list[Path]:
    """Pieces of recordings that are on the disk."""
    return [path for path in (server.home / "media").rglob("*") if path.is_file()]


def test_a_recording_that_came_with_the_request_goes_with_the_job(api: httpx.Client, server: Server) -> None:
    before = len(kept(server))
    made = send(api, headers={"Content-Type": "audio/wav"})
    assert made.status_code == 202
    job = made.json()["id"]
    assert made.headers["location"] == f"{PATH}/{job}"
    assert ended(api, job)["state"] == "succeeded"
    assert len(kept(server)) == before
    assert send(api, b"no recording").status_code == 202  # what it is, is found out by the job
    assert send(api, params={"speakers": 0}).status_code == 422
    assert send(api, params={"webhook": "file:///etc/passwd"}).status_code == 422
    for one in api.get(PATH).json()["items"]:
        ended(api, one["id"])
    assert len(kept(server)) == before


def test_a_repeat_is_carried_out_once(api: httpx.Client, server: Server) -> None:
    before = len(kept(server))
    sound = voices.wav("ada", 1)
    key = {"Idempotency-Key": str(uuid4()), "Content-Type": "audio/wav"}
    first, again = send(api, sound, headers=key), send(api, sound, headers=key)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert send(api, sound[:-2], headers=key).status_code == 422
    assert send(api, sound, headers=key, params={"speakers": 2}).status_code == 422
    ended(api, first.json()["id"])
    named = {"Idempotency-Key": str(uuid4())}
    link = api.post("/v1/media/input", json={"url": "media://known"}).json()["url"]
    httpx.put(link, content=sound).raise_for_status()
    asked = {"source": "media://known"}
    jobs = {api.post(PATH, json=asked, headers=named).json()["id"] for _ in range(3)}
    assert len(jobs) == 1
    ended(api, jobs.pop())
    assert len(kept(server)) <= before + 1  # the one that was uploaded under a key


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"files": {"audio": b"x"}}, 415),
        ({"data": {"source": "media://a"}}, 415),
        ({"json": {}}, 422),
        ({"json": {"source": "media://a", "fancy": 1}}, 422),
        ({"json": {"source": "media://nothing"}}, 404),
        ({"json": {"source": "media://a b"}}, 422),
        ({"json": {"source": "gopher://a"}}, 422),
        ({"json": {"source": "http://10.0.0.1/a"}}, 422),
        ({"json": {"source": "https://example.com/a", "webhook": "http://example.com/"}}, 422),
        ({"json": {"source": "https://example.com/a", "who": ["all", "ada"]}}, 422),
        ({"json": {"source": "https://example.com/a", "min_speakers": 3, "max_speakers": 2}}, 422),
        ({"content": b"x", "params": {"threshold": "high"}}, 422),
        ({"content": b"x", "params": {"remember": "perhaps"}}, 422),
    ],
)
def test_what_is_refused(given: dict[str, Any], status: int, api: httpx.Client) -> None:
    refused = api.post(PATH, **given)
    assert refused.status_code == status, refused.text
    assert refused.headers["content-type"] == "application/problem+json"


def test_pages(api: httpx.Client) -> None:
    made = [send(api, voices.wav("ada", 1)).json()["id"] for _ in range(5)]
    for job in made:
        ended(api, job)
    seen, cursor = [], None
    while True:
        page = api.get(PATH, params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen[:5] == made[::-1]
    assert len(set(seen)) == len(seen)
    assert api.get(PATH, params={"cursor": "nonsense"}).status_code == 422
    assert api.get(PATH, params={"state": "resting"}).status_code == 422
    for job in made:
        assert api.delete(f"{PATH}/{job}").status_code == 204
        assert api.delete(f"{PATH}/{job}").status_code == 404
        assert api.get(f"{PATH}/{job}").status_code == 404
    listed = {item["id"] for item in api.get(PATH, params={"limit": 100}).json()["items"]}
    assert not listed & set(made)


def test_formats(api: httpx.Client) -> None:
    job = send(api).json()["id"]
    ended(api, job)
    for form, kind, begins in (
        ("rttm", "text/plain", f"SPEAKER {job} 1 "),
        ("srt", "application/x-subrip", "1\n00:00:00,"),
        ("svg", "image/svg+xml", "<svg"),
    ):
        for exclusive in ("true", "false"):
            params = {"format": form, "exclusive": exclusive}
            written = api.get(f"{PATH}/{job}/turns", params=params)
            assert written.headers["content-type"].startswith(kind)
            assert written.text.startswith(begins)
    assert api.get(f"{PATH}/{job}/turns", params={"format": "docx"}).status_code == 422
    failed = send(api, b"no recording").json()["id"]
    assert ended(api, failed)["problem"]["code"] == "audio_not_recognised"
    assert api.get(f"{PATH}/{failed}/turns").status_code == 422


def test_who_by_label_or_identifier_in_the_query(api: httpx.Client) -> None:
    ids = {}
    for name in ("clara", "dima"):
        ids[name] = api.post("/v1/profiles", json={"label": f"{name} q"}).json()["id"]
        sound = voices.wav(name, 4, 5)
        api.post(f"/v1/profiles/{ids[name]}/enrolments", content=sound).raise_for_status()
    recording = meeting.meeting(("clara", 1), ("dima", 1), ("clara", 2), ("dima", 2))
    job = send(api, recording, params={"who": ["clara q", ids["dima"]]}).json()["id"]
    output = ended(api, job)["output"]
    assert [turn["name"] for turn in output["turns"]] == ["clara q", "dima q", "clara q", "dima q"]
    assert {one["match"]["profile"] for one in output["speakers"]} == set(ids.values())
    for profile in ids.values():
        api.delete(f"/v1/profiles/{profile}")
