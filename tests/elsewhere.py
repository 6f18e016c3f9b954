"""A web server of somebody else, for tests of what the service fetches and whom it tells: a thread here."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Got:
    """One request that arrived."""

    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    at: float  # monotonic


@dataclass
class Elsewhere:
    """The server: what it gives by path, and all that arrived."""

    url: str
    got: list[Got] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    answers: list[int] = field(default_factory=list)  # statuses of the next POSTs; then 200

    def wait(self, count: int, seconds: float = 60.0, where: Callable[[Got], bool] = lambda _: True) -> None:
        """Wait until so many requests have arrived."""
        end = time.monotonic() + seconds
        while sum(map(where, list(self.got))) < count:
            assert time.monotonic() < end, f"{len(self.got)} requests arrived, and {count} were expected"
            time.sleep(0.02)


@contextmanager
def running_elsewhere(certificate: tuple[Path, Path] | None = None) -> Iterator[Elsewhere]:
    """Serve on a free port:

    /files/NAME, /status/500, /to?url=, /loop, /slow, /drip, /endless, /cut; else 200.
    """
    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _answer(self, elsewhere, stopped)

        do_POST = do_PUT = do_GET  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:
            """Tests are quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            scheme = "https"
        elsewhere = Elsewhere(f"{scheme}://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield elsewhere
        finally:
            stopped.set()
            server.shutdown()


def _answer(handler: BaseHTTPRequestHandler, elsewhere: Elsewhere, stopped: threading.Event) -> None:
    body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
    headers = {name.lower(): value for name, value in handler.headers.items()}
    elsewhere.got.append(Got(handler.command, handler.path, headers, body, time.monotonic()))
    parts = urlsplit(handler.path)
    first, _, rest = parts.path.removeprefix("/").partition("/")
    status, data, more = 200, b"", dict[str, str]()
    if handler.command == "POST" and elsewhere.answers:
        status = elsewhere.answers.pop(0)
    if first == "files":
        data = elsewhere.files.get(rest, b"")
        status = 200 if rest in elsewhere.files else 404
    elif first == "status":
        status = int(rest)
    elif first == "to":
        query = parse_qs(parts.query)
        status, more = int(query.get("status", ["302"])[0]), {"Location": query["url"][0]}
    elif first == "loop":
        status, more = 302, {"Location": "/loop"}
    elif first == "slow":
        stopped.wait(120)
    elif first in ("drip", "endless", "cut"):
        _stream(handler, first, stopped)
        return
    try:
        handler.send_response(status)
        for name, value in {**more, "Content-Length": str(len(data))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)
    except OSError:  # the other end has left
        handler.close_connection = True


def _stream(handler: BaseHTTPRequestHandler, how: str, stopped: threading.Event) -> None:
    """A body that comes byte by byte, never ends, or ends before it should."""
    handler.close_connection = True
    try:
        handler.send_response(200)
        if how == "cut":
            handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        if how == "cut":
            handler.wfile.write(bytes(1_000))
            return
        while not stopped.wait(0.05 if how == "drip" else 0):
            handler.wfile.write(b"x" if how == "drip" else bytes(1 << 20))
    except OSError:
        return
