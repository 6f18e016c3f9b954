"""Requests that no honest client sends, to every route: refused or cut off in bounded time and memory."""

import selectors
import time

import pytest
from api import asking
from api.fortress import Fortress
from api.routes import Route, routes

SILENCE = 1.0  # seconds in which a second answer would have come
ENDLESS = 256 << 20  # bytes after which a body counts as taken without an end
ALONE = ("Content-Length: 0", "Connection: close")
FLAWS = ("\r\nX-Evil: 1", "\nX-Evil: 1", "\rX-Evil: 1", "%0d%0aX-Evil:%201", "\0", "%00", "é", "\x7f")
PATHS = (
    "..", ".", "%2e%2e", "..%2f..%2f..%2fetc%2fpasswd", "..%5c..%5c", "%2e%2e%2f%2e%2e%2fearmark.db",
    "%00", "%0a", "%ff%fe", "%zz", "%", "%u0041", "~root", "*", "a" * 8_000, "%61" * 8_000, "a/" * 4_000,
    "%F0%9F%92%A5", "%E2%80%AE", "'%20or%201=1--", "{profile_id}", "{{7*7}}", "$%7Bjndi:x%7D", "None", "-1",
    "00000000-0000-0000-0000-000000000000", "[::1]", ";a=b", "%3fkey=1", "%23",
)  # fmt: skip


def sent(fortress: Fortress, data: bytes) -> bytes:
    """Write it on a connection of its own, and return what comes back until it is closed, or silent."""
    one = asking.wire(fortress.server)
    with one.socket:
        one.send(data)
        answer = one.read()
        one.socket.settimeout(SILENCE)
        try:
            while part := one.read():
                answer += part
        except TimeoutError:
            pass  # it waits for another request
        return answer


def refused(answer: bytes) -> None:
    """Closed without a word, or with one refusal that carries nothing of the request's making."""
    assert answer == b"" or 400 <= asking.status(answer) < 500 or asking.status(answer) == 501, answer[:300]
    assert b"x-evil" not in answer.lower().split(b"\r\n\r\n")[0].replace(b"allow", b"")


@pytest.mark.parametrize("length", ["1000000000000", "9" * 30, "-1", "+5", "5 5", "0x10", "5, 5", ""])
def test_a_length_that_cannot_be(length: str, fortress: Fortress) -> None:
    for route in routes():
        lines = (f"Content-Length: {length}", "Connection: close")
        answer = sent(fortress, asking.head(route.method, route.url(), fortress.server, *lines))
        if length == "1000000000000":
            assert asking.status(answer) == 413, route
        elif length:
            refused(answer)


def test_a_body_without_an_end(fortress: Fortress) -> None:
    chunk = b"10000\r\n" + b"\x01\x02" * 32_768 + b"\r\n"
    for route in routes():
        one = asking.wire(fortress.server)
        with one.socket:
            one.send(asking.head(route.method, route.url(), fortress.server, "Transfer-Encoding: chunked"))
            count = 0
            while one.send(chunk):
                count += len(chunk)
                assert count < ENDLESS, f"{route} takes a body without an end"


def test_bodies_that_trickle_in(fortress: Fortress) -> None:
    """All routes at once, a byte now and then: each is told that it was too slow, or cut off."""
    waiting = selectors.DefaultSelector()
    answers: dict[Route, bytes] = {}
    wires = []
    for route in routes():
        one = asking.wire(fortress.server)
        one.send(asking.head(route.method, route.url(), fortress.server, "Content-Length: 5000"))
        waiting.register(one.socket, selectors.EVENT_READ, (route, one))
        wires.append(one)
    deadline = time.monotonic() + 2 * asking.PATIENCE
    while waiting.get_map():
        assert time.monotonic() < deadline, f"{len(waiting.get_map())} uploads go on for ever"
        for key, _ in waiting.select(timeout=0.1):
            route, one = key.data
            part = one.read()
            answers[route] = answers.get(route, b"") + part
            if not part:
                waiting.unregister(key.fileobj)
        for one in wires:
            one.send(b" ")
    for one in wires:
        one.socket.close()
    for route, answer in answers.items():
        # A route that needs no body may have answered before it gives up on it.
        assert asking.status(answer) in (0, 200, 201, 202, 204) or 400 <= asking.status(answer) < 500, route
        if route.takes_body and b"audio" in answer:
            assert asking.status(answer) >= 400, route
    assert sum(asking.status(answer) == 408 for answer in answers.values()) > 20


@pytest.mark.parametrize("at_once", [b"", b"GET /live HTTP/1.1\r\n", b"GET /live HTTP/1.1\r\nHost: a\r\nX: "])
def test_a_header_that_trickles_in(at_once: bytes, fortress: Fortress) -> None:
    one = asking.wire(fortress.server)
    with one.socket:
        one.send(at_once)
        deadline = time.monotonic() + asking.PATIENCE
        while one.send(b"y"):
            time.sleep(0.2)
            assert time.monotonic() < deadline, "a header may take for ever"


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"GET /", b"a" * 65_536),
        (b"GET /live?", b"a=%61&" * 10_000),
        (b"GET /live HTTP/1.1\r\nHost: a\r\nX: ", b"a" * 65_536),
        (b"GET /live HTTP/1.1\r\nHost: a\r\n", b"X: y\r\n" * 10_000),
        (b"GET /live HTTP/1.1\r\nHost: a\r\n", b"a" * 65_536),
        (b"POST /live HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 10_000),
        (b"POST /live HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"y" * 65_536),
        (b"POST /live HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;", b"y" * 65_536),
    ],
    ids=["path", "query", "value", "headers", "name", "trailers", "trailer", "extension"],
)
def test_a_header_without_an_end(begin: bytes, more: bytes, fortress: Fortress) -> None:
    one = asking.wire(fortress.server)
    with one.socket:
        one.send(begin)
        count = 0
        while one.send(more):
            count += len(more)
            assert count < ENDLESS, "a header without an end is taken"


@pytest.mark.parametrize("flaw", FLAWS, ids=repr)
def test_a_header_cannot_be_smuggled_in(flaw: str, fortress: Fortress) -> None:
    for route in routes():
        plain = route.url()
        target = plain + "&a=" + flaw
        answer = sent(fortress, asking.head(route.method, target, fortress.server, *ALONE))
        assert b"x-evil" not in answer.split(b"\r\n\r\n")[0].lower(), route
        assert asking.status(answer) < 500, route
        if route.has_value:
            answer = sent(fortress, asking.head(route.method, route.url(f"a{flaw}"), fortress.server, *ALONE))
            assert b"x-evil" not in answer.split(b"\r\n\r\n")[0].lower(), route
            assert asking.status(answer) < 500, route


@pytest.mark.parametrize(
    "line",
    [
        "X-Request-Id: a\rX-Evil: 1", "X-Request-Id: a\nX-Evil: 1", "X-Request-Id: a\0b", "X Y: 1", ": 1",
        "X-Request-Id : a", " X: folded", "X-Request-Id: \x01\x02", "apim-request-id: <script>1</script>",
        "Host: evil.example/..%0d%0aX-Evil: 1", "Host: a b", 'Host: "', "Host: evil.example:99999999",
        "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: javascript", "Forwarded: host=evil.example",
        "Origin: null", "Cookie: " + "a=b;" * 5_000, "Content-Type: \xff\xfe",
        "Content-Type: " + "a/" * 5_000,
        "Content-Type: multipart/form-data; boundary=" + "b" * 5_000, "Expect: 200-ok", "Range: bytes=-1-0",
        "Authorization: Bearer", "Authorization: Basic YTpi", "Ocp-Apim-Subscription-Key: \xff",
        "If-Match: x",
        "Idempotency-Key: \xff\xff", "Idempotency-Key: " + "k" * 5_000, "Upgrade: h2c", "Upgrade: websocket",
        "Connection: upgrade, close, keep-alive", "Accept-Encoding: bomb",
    ],
)  # fmt: skip
def test_headers_that_lie(line: str, fortress: Fortress) -> None:
    """Sent with the making of a profile, whose answer carries a Location."""
    body = b'{"locale": "en-US"}'
    for path in (
        f"{asking.VERIFICATION}?api-version=2021-09-05",
        "/spid/v1.0/identificationProfiles",
        "/v1/profiles",
    ):
        given = (line, f"Content-Length: {len(body)}", "Connection: close")
        answer = sent(fortress, asking.head("POST", path, fortress.server, *given) + body)
        assert asking.status(answer) < 500, answer[:300]
        top = answer.split(b"\r\n\r\n")[0].lower()
        for evil in (b"x-evil:", b"evil.example/", b"javascript:", b"<script>"):
            assert evil not in top, answer[:500]


@pytest.mark.parametrize("trick", PATHS, ids=lambda trick: trick[:30])
def test_paths_that_lead_nowhere(trick: str, fortress: Fortress) -> None:
    targets = [
        f"/{trick}",
        f"/{trick}/live",
        f"//{trick}",
        f"/v1/{trick}",
        f"/spid/{trick}",
        f"/live/{trick}",
    ]
    targets += [route.url(trick) for route in routes() if route.has_value and route.method == "GET"]
    for target in targets:
        answer = sent(fortress, asking.head("GET", target, fortress.server, "Connection: close"))
        assert 0 <= asking.status(answer) < 500, target[:200]
        assert b"root:" not in answer
        assert b"SQLite format" not in answer
        assert b"Traceback" not in answer


@pytest.mark.parametrize(
    "start",
    [
        "GET http://evil.example/live HTTP/1.1", "GET evil.example:443 HTTP/1.1",
        "CONNECT evil.example:443 HTTP/1.1",
        "OPTIONS * HTTP/1.1", "GET * HTTP/1.1", "GET live HTTP/1.1", "GET  HTTP/1.1", "GET /live",
        "GET /live HTTP/0.9",
        "GET /live HTTP/2.0", "GET /live HTTP/1.1 HTTP/1.1", "PRI * HTTP/2.0", "GET\t/live\tHTTP/1.1",
        "\0\0\0\0",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "get /live HTTP/1.1", "BREW /live HTTP/1.1",
        "X" * 5_000 + " /live HTTP/1.1", "GET /live HTTP/9.9", "GET /\u00e9 HTTP/1.1",
    ],
)  # fmt: skip
def test_first_lines_of_another_world(start: str, fortress: Fortress) -> None:
    answer = sent(fortress, start.encode("latin-1") + b"\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert asking.status(answer) < 500, answer[:300]
    assert answer.count(b"HTTP/1.1 ") <= 1


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"]
)
def test_methods_that_an_address_does_not_take(method: str, fortress: Fortress) -> None:
    there = routes()
    for path in sorted({route.path for route in there}):
        if method in {route.method for route in there if route.path == path}:
            continue
        answer = sent(fortress, asking.head(method, Route(method, path).url(), fortress.server, *ALONE))
        assert 400 <= asking.status(answer) < 500 or asking.status(answer) == 501, (path, answer[:200])
        if method == "TRACE":
            assert fortress.server.key.encode() not in answer


INSIDE = b"GET /version HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /live HTTP/1.1\r\nHost: a\r\n"
SMUGGLED = {
    "length and chunks": POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + INSIDE,
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n" + INSIDE,
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 40\r\n\r\n" + INSIDE,
    "two codings": POST
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"
    + INSIDE,
    "chunked not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + INSIDE,
    "blank in the name": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + INSIDE,
    "tab in the value": POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + INSIDE,
    "unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + INSIDE,
    "bare line feeds": b"POST /live HTTP/1.1\nHost: a\nContent-Length: 0\n\n" + INSIDE,
    "folded": POST + b"X: y\r\n Content-Length: 40\r\n\r\n" + INSIDE,
    "chunk too large": POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n" + INSIDE,
    "chunk of nonsense": POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + INSIDE,
    "chunk without end": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n" + INSIDE,
    "HTTP/1.0 with chunks": POST.replace(b"1.1", b"1.0")
    + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + INSIDE,
}


@pytest.mark.parametrize("what", SMUGGLED)
def test_a_request_inside_another_is_not_answered(what: str, fortress: Fortress) -> None:
    answer = sent(fortress, SMUGGLED[what])
    assert b'"version"' not in answer, answer[:500]
    assert asking.status(answer) < 500


def test_many_requests_whose_answers_nobody_reads(fortress: Fortress) -> None:
    one = asking.wire(fortress.server)
    with one.socket:
        one.socket.settimeout(2.0)  # the server stops reading: that is what it should do
        for _ in range(20_000):
            if not one.send(asking.head("GET", "/openapi.json", fortress.server) * 10):
                break


def test_clients_that_leave_in_the_middle(fortress: Fortress) -> None:
    """Nobody is there to be answered: that is no fault of ours, and nothing is kept."""
    for route in routes():
        for size in (0, 1, 4_000):
            one = asking.wire(fortress.server)
            with one.socket:
                given = asking.head(route.method, route.url(), fortress.server, "Content-Length: 9000")
                one.send(given + b"x" * size)
