"""The message that a webhook gets: its shape, its signature, and what a second attempt says."""

import hashlib
import hmac
import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import meeting
import pytest
from server import Server, running_server

PATIENCE = 60  # seconds: proves only that a message comes at all


class Receiver(HTTPServer):
    """Takes messages, and answers with the statuses that it was given, then with 204."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses: list[int] = []
        self.messages: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.end_headers()
        self.server.messages.put(({name.lower(): value for name, value in self.headers.items()}, body))

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield one
        one.shutdown()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    env = {
        "EARMARK_OUTGOING": "any",
        "EARMARK_WEBHOOK_PLAIN_HTTP": "true",
        "EARMARK_WEBHOOK_WAITS": "0.1,0.1,0.1",
    }
    with running_server(tmp_path_factory.mktemp("home"), env=env) as running:
        link = httpx.post(
            f"{running.url}/v1/media/input", json={"url": "media://two"}, headers=running.headers
        ).json()["url"]
        httpx.put(link, content=meeting.meeting()).raise_for_status()
        link = httpx.post(
            f"{running.url}/v1/media/input", json={"url": "media://none"}, headers=running.headers
        ).json()["url"]
        httpx.put(link, content=b"no recording").raise_for_status()
        yield running


@pytest.fixture(scope="module")
def secret(server: Server) -> str:
    told = httpx.get(f"{server.url}/v1/webhook-secret", headers=server.headers)
    return str(told.raise_for_status().json()["secret"])


def job(server: Server, receiver: Receiver, key: str = "two", **body: Any) -> str:
    asked = {"url": f"media://{key}", "webhook": receiver.url} | body
    made = httpx.post(f"{server.url}/v1/diarize", json=asked, headers=server.headers)
    return str(made.raise_for_status().json()["jobId"])


def message(receiver: Receiver, secret: str) -> tuple[dict[str, str], Any]:
    """Take the next message; its signature is checked as docs/pyannoteai.md tells receivers to."""
    headers, body = receiver.messages.get(timeout=PATIENCE)
    signed = b"v0:" + headers["x-request-timestamp"].encode() + b":" + body
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(expected, headers["x-signature"])
    assert headers["content-type"] == "application/json"
    return headers, json.loads(body)


def test_it_has_the_output(server: Server, receiver: Receiver, secret: str) -> None:
    made = job(server, receiver)
    headers, told = message(receiver, secret)
    shown = httpx.get(f"{server.url}/v1/jobs/{made}", headers=server.headers).json()
    assert told == {"jobId": made, "status": "succeeded", "output": shown["output"]}
    assert not [name for name in headers if name.startswith("x-retry")]


def test_or_the_status_alone(server: Server, receiver: Receiver, secret: str) -> None:
    made = job(server, receiver, webhookStatusOnly=True)
    assert message(receiver, secret)[1] == {"jobId": made, "status": "succeeded"}


def test_a_job_that_failed_has_no_output(server: Server, receiver: Receiver, secret: str) -> None:
    made = job(server, receiver, "none")
    assert message(receiver, secret)[1] == {"jobId": made, "status": "failed"}


def test_it_is_sent_again_and_says_so(server: Server, receiver: Receiver, secret: str) -> None:
    receiver.statuses = [500, 404]
    made = job(server, receiver, webhookStatusOnly=True)
    attempts = [message(receiver, secret) for _ in range(3)]
    assert [told["jobId"] for _, told in attempts] == [made] * 3
    assert [headers.get("x-retry-num") for headers, _ in attempts] == [None, "1", "2"]
    assert [headers.get("x-retry-reason") for headers, _ in attempts] == [None, "http_error", "http_error"]


def test_a_native_diarization_is_told_of_in_its_own_words(
    server: Server, receiver: Receiver, secret: str
) -> None:
    for status_only in (False, True):
        asked = {"source": "media://two", "webhook": receiver.url, "webhook_status_only": status_only}
        made = httpx.post(f"{server.url}/v1/diarizations", json=asked, headers=server.headers).json()["id"]
        told = message(receiver, secret)[1]
        shown = httpx.get(f"{server.url}/v1/diarizations/{made}", headers=server.headers).json()
        assert told["state"] == "succeeded"
        assert told == {name: shown[name] for name in told}
        assert ("output" in told) is not status_only
