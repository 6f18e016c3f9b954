"""Jobs as other clients than the SDK ask for them: lists, waiting, both roots, and what is not theirs."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import meeting
import pytest
import voices
from server import running_server

from earmark.api.pyannoteai.jobs import HOLD_SECONDS

LONG = [(name, clip) for name in ("ada", "ben") for clip in (1, 2, 3)] * 8


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server of its own, whose jobs are all of this file's."""
    with (
        running_server(tmp_path_factory.mktemp("home")) as server,
        httpx.Client(base_url=server.url, headers=server.headers, timeout=60) as client,
    ):
        for key, sound in {
            "short": voices.wav("ada", 1),
            "two": meeting.meeting(),
            "long": meeting.meeting(*LONG),
            "none": b"no recording",
        }.items():
            link = client.post("/v1/media/input", json={"url": f"media://{key}"}).json()["url"]
            httpx.put(link, content=sound).raise_for_status()
        yield client


def start(api: httpx.Client, key: str = "short", verb: str = "diarize", **body: Any) -> str:
    made = api.post(f"/v1/{verb}", json={"url": f"media://{key}"} | body)
    assert made.status_code == 200, made.text
    told = made.json()
    assert told["status"] == "created"
    assert str(UUID(told["jobId"])) == told["jobId"]
    return str(told["jobId"])


def end(api: httpx.Client, job: str) -> dict[str, Any]:
    while True:
        told: dict[str, Any] = api.get(f"/v1/jobs/{job}").raise_for_status().json()
        if told["status"] not in ("created", "pending", "running"):
            return told


def test_lists(api: httpx.Client) -> None:
    made = [start(api) for _ in range(6)] + [start(api, "none")]
    for job in made:
        end(api, job)
    newest = made[::-1]
    whole = api.get("/v2/jobs", params={"limit": 100}).json()
    assert [item["id"] for item in whole["items"][:7]] == newest
    assert whole["nextCursor"] is None
    assert set(whole["items"][0]) == {"id", "status", "createdAt"}
    assert whole["items"][0]["createdAt"].endswith("Z")
    seen, cursor = [], None
    while True:
        page = api.get("/v2/jobs", params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert seen == [item["id"] for item in whole["items"]]
    failed = api.get("/v2/jobs", params={"status": "failed"}).json()["items"]
    assert [item["id"] for item in failed] == [made[-1]]
    assert api.get("/v2/jobs", params={"status": "pending"}).json() == {"items": [], "nextCursor": None}
    older = api.get("/v1/jobs", params={"take": 2, "skip": 1}).json()
    assert [item["id"] for item in older["items"]] == newest[1:3]
    assert older["total"] == len(seen)
    assert api.get("/v1/jobs", params={"limit": 2, "offset": 1}).json() == older


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/v2/jobs", {"limit": 0}, "limit"),
        ("/v2/jobs", {"limit": 101}, "limit"),
        ("/v2/jobs", {"limit": "many"}, "limit"),
        ("/v2/jobs", {"cursor": "no"}, "cursor"),
        ("/v2/jobs", {"cursor": str(uuid4())}, "cursor"),
        ("/v2/jobs", {"status": "expired"}, "status"),
        ("/v1/jobs", {"take": 101}, "take"),
        ("/v1/jobs", {"skip": -1}, "skip"),
    ],
)
def test_lists_that_cannot_be(path: str, query: dict[str, Any], field: str, api: httpx.Client) -> None:
    refused = api.get(path, params=query)
    assert refused.status_code == 400
    assert [one["field"] for one in refused.json()["errors"]] == [field]
    assert field in refused.json()["message"]


def test_the_answer_waits_for_the_end_and_no_longer_than_it_is_asked_to(api: httpx.Client) -> None:
    job = start(api, "long")
    begun = time.monotonic()
    at_once = api.get(f"/v1/jobs/{job}", headers={"Prefer": "wait=0"}).json()
    assert at_once["status"] in ("created", "running")
    assert "output" not in at_once
    # Five of them at once, and one request more goes on as usual.
    answers = [
        api.get(f"/v1/jobs/{job}", headers={"Prefer": "respond-async, wait=1"}).json() for _ in range(2)
    ]
    told = end(api, job)
    assert told["status"] == "succeeded"
    took = time.monotonic() - begun
    assert took > 1 or answers[0]["status"] == "succeeded"
    assert told["updatedAt"] > told["createdAt"]


def test_a_job_that_is_deleted_while_somebody_waits(api: httpx.Client) -> None:
    job = start(api, "long")
    assert api.delete(f"/v1/diarizations/{job}").status_code == 204
    gone = api.get(f"/v1/jobs/{job}")
    assert gone.status_code == 404
    assert set(gone.json()) == {"requestId", "message"}


def test_whoever_waits_does_not_hold_up_the_end_of_the_service(tmp_path: Path) -> None:
    """A client that waits is answered as the job is then, and asks again when the service is back."""
    env = {"EARMARK_JOB_WORKERS": "0"}  # nobody works on it: it would be waited for to the last
    with running_server(tmp_path, env=env) as server:
        link = {"url": "media://a"}
        place = httpx.post(f"{server.url}/v1/media/input", json=link, headers=server.headers).json()["url"]
        httpx.put(place, content=voices.wav("ada", 1)).raise_for_status()
        job = httpx.post(f"{server.url}/v1/diarize", json=link, headers=server.headers).json()["jobId"]
        with ThreadPoolExecutor(1) as beside:
            begun = time.monotonic()
            asked = beside.submit(
                httpx.get, f"{server.url}/v1/jobs/{job}", headers=server.headers, timeout=60
            )
            time.sleep(1.5)
            assert not asked.done()
            assert server.stop() == 0
            assert asked.result().json()["status"] == "created"
            assert time.monotonic() - begun < HOLD_SECONDS - 1, "it waited for the end of the wait"


def test_a_native_diarization_is_no_job_of_this_api(api: httpx.Client) -> None:
    job = api.post("/v1/diarizations", content=voices.wav("ada", 1)).raise_for_status().json()["id"]
    assert api.get(f"/v1/jobs/{job}").status_code == 404
    assert job not in api.get("/v2/jobs", params={"limit": 100}).text


def test_one_address_two_apis(api: httpx.Client) -> None:
    body = '{"url": "media://two", "voiceprints": []}'
    for kind in ("application/json", "application/json; charset=utf-8", "Application/JSON"):
        for path in ("/v1/identify", "/pyannoteai/v1/identify"):
            made = api.post(path, content=body, headers={"Content-Type": kind})
            assert "jobId" in made.json(), made.text
    job = end(api, made.json()["jobId"])
    assert [row["match"] for row in job["output"]["voiceprints"]] == [None, None]
    assert all(row["confidence"] == {} for row in job["output"]["voiceprints"])
    for kind in ("audio/wav", "application/octet-stream", ""):
        heard = api.post("/v1/identify", content=voices.wav("ada", 1), headers={"Content-Type": kind})
        assert "jobId" not in heard.json()
        assert heard.headers["content-type"].startswith("application/problem+json")  # nobody is enrolled


@pytest.mark.parametrize(
    "path", ["/v1/test", "//v1//test", "/v1/test/", "/pyannoteai/v1/test", "/pyannoteai//v1/test"]
)
def test_slashes_too_many(path: str, api: httpx.Client) -> None:
    answer = httpx.get(httpx.URL(str(api.base_url)).copy_with(raw_path=path.encode()), headers=api.headers)
    assert answer.status_code == 200
    assert answer.json()["status"] == "OK"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/jobs/nonsense", 404),
        ("GET", f"/v1/jobs/{UUID(int=1)}", 404),
        ("DELETE", "/v1/jobs", 405),
        ("GET", "/v1/diarize", 405),
        ("GET", "/v2/nothing", 404),
        ("POST", "/pyannoteai/v1/live", 404),
        ("POST", "/v1/live", 404),
    ],
)
def test_everything_is_refused_in_its_own_words(
    method: str, path: str, status: int, api: httpx.Client
) -> None:
    refused = api.request(method, path)
    assert refused.status_code == status
    assert set(refused.json()) == {"requestId", "message"}
    assert refused.json()["requestId"] == refused.headers["x-request-id"]


def test_without_a_key(api: httpx.Client) -> None:
    for method, path in (
        ("GET", "/v1/test"),
        ("POST", "/v1/diarize"),
        ("GET", "/v1/jobs"),
        ("GET", "/v2/jobs"),
    ):
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            refused = httpx.request(method, f"{api.base_url}{path}".replace("//v", "/v"), headers=headers)
            assert refused.status_code == 401
            assert set(refused.json()) == {"requestId", "message"}
            assert "www-authenticate" in refused.headers


def test_all_that_is_wrong_is_told_at_once(api: httpx.Client) -> None:
    refused = api.post(
        "/v1/identify",
        json={"url": 5, "numSpeakers": 0, "matching": {"threshold": 200}, "voiceprints": [{"label": "a"}]},
    )
    assert refused.status_code == 400
    assert {one["field"] for one in refused.json()["errors"]} == {
        *("url", "numSpeakers", "matching.threshold", "voiceprints[0].voiceprint")
    }


def test_a_warning_comes_with_the_job_and_again_with_its_output(api: httpx.Client) -> None:
    body = {"url": "media://short", "voiceprints": [], "matching": {"threshold": 0.5}}
    made = api.post("/v1/identify", json=body).json()
    assert "0 to 100" in made["warning"]
    assert end(api, made["jobId"])["output"]["warning"] == made["warning"]
    told = end(api, start(api, "short", minSpeakers=4))
    assert "4 speakers" in told["output"]["warning"]
