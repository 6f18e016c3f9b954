"""Webhooks from a real server to receivers that answer, fail, are slow, lead elsewhere, or are gone."""

import hashlib
import hmac
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import voices
from elsewhere import Elsewhere, Got, running_elsewhere
from server import Server, running_server

from earmark.service.actor import Permission, local_actor
from earmark.service.keys import create_key
from earmark.service.tenants import create_tenant
from earmark.service.webhooks import webhook_secret
from earmark.storage.store import open_store

ENV = {
    "EARMARK_OUTGOING": "any",
    "EARMARK_WEBHOOK_PLAIN_HTTP": "true",
    "EARMARK_WEBHOOK_WAITS": "0,0.2,0.4",
}
PATIENCE = 60.0  # seconds: proves only that nothing hangs
ATTEMPTS = 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("telling"), env=ENV) as running:
        yield running


@pytest.fixture
def there() -> Iterator[Elsewhere]:
    with running_elsewhere() as found:
        found.files["two.wav"] = voices.wav("ada", 1)
        found.files["noise.txt"] = b"this is no recording" * 100
        yield found


def submit(server: Server, source: str, webhook: str, key: str | None = None, **more: Any) -> str:
    answer = httpx.post(
        f"{server.url}/v1/diarize",
        json={"url": source, "webhook": webhook, **more},
        headers={"Authorization": f"Bearer {key or server.key}"},
        timeout=PATIENCE,
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text
    job: str = answer.json()["jobId"]
    return job


def ended(server: Server, job: str, key: str | None = None) -> Any:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = httpx.get(
            f"{server.url}/v1/jobs/{job}",
            headers={"Authorization": f"Bearer {key or server.key}"},
            timeout=PATIENCE,
            trust_env=False,
        ).json()
        if found["status"] in ("succeeded", "failed", "canceled"):
            return found
    raise AssertionError("the job does not end")


def messages(there: Elsewhere, path: str = "/hook") -> list[Got]:
    return [got for got in list(there.got) if got.path == path and got.method == "POST"]


def hooked(there: Elsewhere, count: int, path: str = "/hook") -> list[Got]:
    there.wait(count, where=lambda got: got.path == path and got.method == "POST")
    return messages(there, path)


def secret_of(server: Server, tenant: str = "default") -> str:
    with open_store(server.home) as store:
        return webhook_secret(local_actor(tenant), store)


def test_a_message_carries_the_job_and_is_signed(server: Server, there: Elsewhere) -> None:
    job = submit(server, f"{there.url}/files/two.wav", f"{there.url}/hook")
    [got] = hooked(there, 1)
    told = json.loads(got.body)
    assert told == {"jobId": job, "status": "succeeded", "output": ended(server, job)["output"]}
    assert told["output"]["diarization"]
    assert got.headers["content-type"] == "application/json"
    assert "x-retry-num" not in got.headers
    at = got.headers["x-request-timestamp"]
    assert abs(int(at) - time.time()) < PATIENCE
    signed = b"v0:" + at.encode() + b":" + got.body
    expected = hmac.new(secret_of(server).encode(), signed, hashlib.sha256).hexdigest()
    assert got.headers["x-signature"] == expected


def test_only_the_status_where_that_is_wanted_and_for_failed_jobs(server: Server, there: Elsewhere) -> None:
    one = submit(server, f"{there.url}/files/two.wav", f"{there.url}/hook", webhookStatusOnly=True)
    hooked(there, 1)
    two = submit(server, f"{there.url}/files/noise.txt", f"{there.url}/hook")
    told = [json.loads(got.body) for got in hooked(there, 2)]
    assert told == [{"jobId": one, "status": "succeeded"}, {"jobId": two, "status": "failed"}]


def test_a_receiver_that_fails_for_a_while_is_told_the_same_again(server: Server, there: Elsewhere) -> None:
    there.answers += [500, 503, 404]
    submit(server, f"{there.url}/files/two.wav", f"{there.url}/hook")
    got = hooked(there, ATTEMPTS)
    assert {one.body for one in got} == {got[0].body}
    assert [one.headers.get("x-retry-num") for one in got] == [None, "1", "2", "3"]
    assert [one.headers.get("x-retry-reason") for one in got] == [None, *["http_error"] * 3]


def test_a_receiver_that_always_fails_is_left_alone_in_the_end(server: Server, there: Elsewhere) -> None:
    there.answers += [500] * 50
    submit(server, f"{there.url}/files/two.wav", f"{there.url}/hook")
    hooked(there, ATTEMPTS)
    submit(server, f"{there.url}/files/two.wav", f"{there.url}/other")  # tried as often, and later
    hooked(there, ATTEMPTS, "/other")
    assert len(messages(there)) == ATTEMPTS


def test_a_receiver_that_leads_on_for_ever(server: Server, there: Elsewhere) -> None:
    submit(server, f"{there.url}/files/two.wav", f"{there.url}/loop")
    got = hooked(there, 3 * ATTEMPTS, "/loop")  # two redirects are followed each time
    reasons = [one.headers.get("x-retry-reason") for one in got]
    assert reasons == [None] * 3 + ["too_many_redirects"] * 9


def test_a_receiver_that_is_gone_harms_nothing(server: Server, there: Elsewhere) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    job = submit(server, f"{there.url}/files/two.wav", f"http://127.0.0.1:{port}/hook-of-nobody")
    assert ended(server, job)["status"] == "succeeded"
    submit(server, f"{there.url}/files/two.wav", f"{there.url}/hook")
    hooked(there, 1)
    text = "".join(list(server.lines))
    assert "hook-of-nobody" not in text
    assert secret_of(server) not in text


def test_a_slow_receiver_holds_up_no_other_tenant(server: Server, there: Elsewhere) -> None:
    with open_store(server.home) as store:
        create_tenant(local_actor(), store, "clinic")
        made = create_key(local_actor("clinic"), store, roles=[Permission.RECOGNISE])
    for _ in range(4):
        submit(server, f"{there.url}/files/two.wav", f"{there.url}/slow")
    there.wait(2, where=lambda got: got.path == "/slow")
    begun = time.monotonic()
    job = submit(server, f"{there.url}/files/two.wav", f"{there.url}/hook", made.secret)
    [got] = hooked(there, 1)
    assert json.loads(got.body)["jobId"] == job
    waiting = [one for one in there.got if one.path == "/slow" and one.at > got.at - 10.0]
    assert waiting, f"the slow receiver was not being waited for ({got.at - begun:.0f} s)"
    signed = b"v0:" + got.headers["x-request-timestamp"].encode() + b":" + got.body
    expected = hmac.new(secret_of(server, "clinic").encode(), signed, hashlib.sha256).hexdigest()
    assert got.headers["x-signature"] == expected, "each tenant's own secret"


def test_the_own_network_is_not_told_anything_unless_allowed(tmp_path: Path, there: Elsewhere) -> None:
    env = ENV | {"EARMARK_OUTGOING": "public"}
    port = there.url.rsplit(":", 1)[1]
    with running_server(tmp_path, env=env) as strict:
        headers = {"Authorization": f"Bearer {strict.key}"}
        with httpx.Client(base_url=strict.url, headers=headers, timeout=PATIENCE, trust_env=False) as client:
            made = client.post("/v1/media/input", json={"url": "media://talk"}).json()
            assert httpx.put(made["url"], content=voices.wav("ada", 1), trust_env=False).is_success
            for refused in (f"{there.url}/hook", "http://10.0.0.1/", "http://169.254.169.254/", "ftp://x/"):
                asked = {"url": "media://talk", "webhook": refused}
                assert client.post("/v1/diarize", json=asked).status_code == 400
                asked = {"url": refused}
                assert client.post("/v1/diarize", json=asked).status_code == 400
            # A name is looked up when it is called: it is refused then, and not tried again.
            job = submit(strict, "media://talk", f"http://localhost:{port}/hook")
            assert ended(strict, job)["status"] == "succeeded"
            job = submit(strict, f"http://localhost:{port}/files/two.wav", "https://example.invalid/")
            failed = ended(strict, job)
            assert failed["status"] == "failed"
            assert "private network" in failed["output"]["error"]
    assert not there.got, "nothing of the own network was asked for anything"
