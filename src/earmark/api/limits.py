"""ASGI layers around all routes: tidy paths, bounded bodies, a request id, and one log line a request."""

import asyncio
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from earmark.api.family import Respond
from earmark.errors import RequestTooLarge, RequestTooSlow

SLASHES = re.compile(r"/{2,}")
REQUEST_ID_KEY = "earmark.request_id"
REQUEST_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
DROP_SECONDS = 5.0
DROP_BYTES = 64 << 20
SECURITY = {"x-content-type-options": "nosniff", "cache-control": "no-store"}

log = structlog.get_logger(__name__)


def tidy_paths(app: ASGIApp) -> ASGIApp:
    """Collapse repeated slashes and drop trailing ones: some of Microsoft's clients send both."""

    async def tidied(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            path = SLASHES.sub("/", scope["path"])
            if path != "/":
                path = path.rstrip("/")
            scope["path"], scope["raw_path"] = path, path.encode()  # in place: the log reads its route
        await app(scope, receive, send)

    return tidied


@dataclass(frozen=True)
class Bound:
    """How large a request's body may be, and how slow."""

    most_bytes: int
    most_seconds: float  # and more for what has come in, at the least rate
    least_rate: float = math.inf  # bytes a second

    def seconds(self, taken: int) -> float:
        """How long a body may have taken when so many bytes are here."""
        return self.most_seconds + taken / self.least_rate


def bound_bodies(
    app: ASGIApp, *, bound_for: Callable[[str], Bound], respond_for: Callable[[str], Respond]
) -> ASGIApp:
    """Refuse bodies that are too large or too slow for their path, whatever the route does with them.

    A body that states its length is refused at once, another as soon as it has passed the limit.
    """

    async def bounded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        body = _Body(scope, receive, bound_for(scope["path"]))

        async def send_or_close(message: Message) -> None:
            if message["type"] == "http.response.start":
                await body.drop()
            await (send if body.whole else closing(send))(message)

        try:
            body.check_stated()
            await app(scope, body.receive, send_or_close)
        except (RequestTooLarge, RequestTooSlow) as error:
            answer = respond_for(scope["path"])(error, Request(scope))
            await answer(scope, receive, closing(send))

    return bounded


class _Body:
    """A request's body as it comes in, within its limits."""

    def __init__(self, scope: Scope, receive: Receive, bound: Bound) -> None:
        headers = dict(scope["headers"])
        stated = headers.get(b"content-length", b"0")
        self._stated = int(stated[:20]) if stated.isdigit() else 0
        self._receive = receive
        self._bound = bound
        self._most_bytes = bound.most_bytes
        self._began = time.monotonic()
        self._dropped_by = math.inf
        self._taken = 0
        self._asks_first = b"expect" in headers  # sends nothing before it is told to
        self.whole = self._stated == 0 and b"transfer-encoding" not in headers

    def check_stated(self) -> None:
        if self._stated > self._most_bytes:
            raise self._too_large()

    async def receive(self) -> Message:
        if self.whole:  # only a disconnect may follow, whenever it comes
            return await self._receive()
        try:
            async with asyncio.timeout(max(0.0, self._deadline() - time.monotonic())):
                message = await self._receive()
        except TimeoutError:
            within = self._bound.seconds(self._taken)
            raise RequestTooSlow(
                f"The request's body did not arrive within {within:g} s: send it faster."
            ) from None
        if message["type"] == "http.request":
            self._taken += len(message.get("body", b""))
            self.whole = not message.get("more_body", False)
            if self._taken > self._most_bytes:
                raise self._too_large()
        return message

    async def drop(self) -> None:
        """Read what nobody wants, for a while.

        A client that still sends (Microsoft's native core, say) loses an answer that closes the connection.
        """
        if self._asks_first:
            return
        self._dropped_by = time.monotonic() + DROP_SECONDS
        self._most_bytes = min(self._most_bytes, self._taken + DROP_BYTES)
        try:
            while not self.whole:
                if (await self.receive())["type"] != "http.request":
                    return
        except (RequestTooLarge, RequestTooSlow):
            return

    def _deadline(self) -> float:
        return min(self._dropped_by, self._began + self._bound.seconds(self._taken))

    def _too_large(self) -> RequestTooLarge:
        return RequestTooLarge(f"The request has more than {self._most_bytes:,} bytes: send less.")


def closing(send: Send) -> Send:
    """Return a `send` whose answer closes the connection."""

    async def send_and_close(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(raw=message["headers"])["connection"] = "close"
        await send(message)

    return send_and_close


def log_requests(app: ASGIApp) -> ASGIApp:
    """Give every request an id, and log it: never its query, its path's values, a header or a body."""

    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id") or headers.get(b"apim-request-id") or b""
        request_id = given.decode("latin-1")
        if not REQUEST_ID.fullmatch(request_id):
            request_id = str(uuid4())
        scope[REQUEST_ID_KEY] = request_id
        status = 0
        started = time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
                answer = MutableHeaders(raw=message.setdefault("headers", []))
                answer["x-request-id"] = request_id
                for name, value in SECURITY.items():
                    answer.setdefault(name, value)
            elif message["type"] == "websocket.accept":
                status = 101
            await send(message)

        try:
            await app(scope, receive, send_with_id)
        finally:
            log.info(
                "request",
                id=request_id,
                method=scope.get("method", "WEBSOCKET"),
                route=_template(scope),
                status=status,
                ms=round(1_000 * (time.perf_counter() - started), 1),
            )

    return logged


def request_id_of(request: Request) -> str:
    """Return the id under which a request is logged."""
    return str(request.scope.get(REQUEST_ID_KEY) or uuid4())


def _template(scope: Scope) -> str:
    """Return the route of a request with names in place of values, `-` when there is none."""
    if "route" not in scope:
        return "-"
    own = scope["route"].path.split("/")[1:]
    # The library tells it without the prefix of the router around it: what stands before it in the path.
    before = scope["path"].split("/")[: -len(own)]
    return "/".join([*before, *own])
