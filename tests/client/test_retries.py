"""What the client does when a service is busy, falls silent or answers in a foreign tongue."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from earmark import Client, errors

PROFILE = (
    '{"id":"7d2e1c8a-5b7e-4a51-9d3c-0d9b1f0e6a11","label":null,"kind":"text-independent","locale":null,'
    '"phrase":null,"state":"enrolling","model":null,"revision":0,"created":"2026-01-01T00:00:00Z",'
    '"updated":"2026-01-01T00:00:00Z","speech_seconds":0,"enrolments":[],'
    '"missing":{"speech_seconds":4,"recordings":1}}'
)
BUSY = '{"code":"service_busy","detail":"As much work is waiting as may wait."}'
GUID = "7d2e1c8a-5b7e-4a51-9d3c-0d9b1f0e6a11"
Script = list[tuple[int, str, dict[str, str]] | None]  # None: the connection breaks


@contextmanager
def scripted(script: Script) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that answers in the script's order, its last line again and again; yields what it was sent."""
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            asked.append({name.lower(): value for name, value in self.headers.items()})
            line = script[min(len(asked), len(script)) - 1]
            if line is None:
                self.close_connection = True
                return
            status, body, headers = line
            self.send_response(status)
            for name, value in ({"content-length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST = do_DELETE = do_PATCH = answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def make(client: Client) -> None:
    assert str(client.create_profile().id) == GUID


def test_a_busy_service_is_asked_again_with_the_same_idempotency_key() -> None:
    busy = (429, BUSY, {"retry-after": "0"})
    with scripted([busy, busy, (201, PROFILE, {})]) as (url, asked), Client(url, "key") as client:
        make(client)
    assert len(asked) == 3
    assert len({request["idempotency-key"] for request in asked}) == 1


def test_a_connection_that_breaks_is_made_again() -> None:
    with scripted([None, (201, PROFILE, {})]) as (url, asked), Client(url, "key") as client:
        make(client)
    assert len(asked) == 2


def test_it_gives_up_after_so_many_retries() -> None:
    busy = (429, BUSY, {"retry-after": "0"})
    with scripted([busy]) as (url, asked), Client(url, "key", retries=2) as client:
        with pytest.raises(errors.ServiceBusy) as told:
            make(client)
        assert told.value.retry_after == 0
    assert len(asked) == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda client: client.create_key(["recognise"]),
        lambda client: client.rotate_key(GUID),
        lambda client: client.change_profile(GUID, label="x", expected=1),
    ],
)
def test_what_would_be_carried_out_twice_is_not_sent_twice(change: Callable[[Client], object]) -> None:
    with (
        scripted([None]) as (url, asked),
        Client(url, "key") as client,
        pytest.raises(errors.ServiceUnreachable),
    ):
        change(client)
    assert len(asked) == 1


def test_what_is_gone_at_the_second_try_was_deleted_by_the_first() -> None:
    gone: tuple[int, str, dict[str, str]] = (404, '{"code":"profile_not_found","detail":"-"}', {})
    with scripted([None, gone]) as (url, asked), Client(url, "key") as client:
        client.delete_profile(GUID)
    with (
        scripted([gone]) as (url, asked),
        Client(url, "key") as client,
        pytest.raises(errors.ProfileNotFound),
    ):
        client.delete_profile(GUID)
    assert len(asked) == 1


def test_nobody_there() -> None:
    with Client("http://127.0.0.1:9", "key", retries=1) as client, pytest.raises(errors.ServiceUnreachable):
        client.show_caller()


def test_a_silent_service_is_left_after_the_timeout() -> None:
    held = threading.Event()

    class Silent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            held.wait(30)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        with (
            Client(url, "key", timeout=0.2, retries=0) as client,
            pytest.raises(errors.ServiceUnreachable),
        ):
            client.show_caller()
    finally:
        held.set()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    "line", [(200, "<html>", {}), (200, "{}", {}), (502, "<html>", {}), (404, "[]", {}), (418, '{"a":1}', {})]
)
def test_answers_of_somebody_else(line: tuple[int, str, dict[str, str]]) -> None:
    with (
        scripted([line]) as (url, _),
        Client(url, "key", retries=0) as client,
        pytest.raises(errors.ServiceError),
    ):
        client.show_caller()


def test_an_error_of_a_newer_service_is_told_as_it_is() -> None:
    body = '{"code":"from_the_future","detail":"Something else."}'
    with (
        scripted([(409, body, {})]) as (url, _),
        Client(url, "key") as client,
        pytest.raises(errors.EarmarkError, match="from_the_future"),
    ):
        client.show_caller()
