"""The server library's HTTP and WebSocket protocols, with limits that they lack."""

import asyncio
from asyncio import TimerHandle
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application, ASGISendEvent

MOST_BESIDE = 1 << 19  # bytes of a request that are no body: address, header, framing, trailers
FRAMING = 8  # bytes of framing that a byte of the body may cost: the smallest chunks cost 6
MOST_UNREAD = 1 << 18  # bytes of pongs that a client may leave unread
MOST_FRAGMENTS = 4_096  # of one WebSocket message
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
NO_HANDSHAKE = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
TOO_MANY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedHttp(HttpToolsProtocol):
    """HTTP whose headers end in time and within bounds; counted also are connections that turn WebSockets."""

    header_seconds = 10.0
    _timer: TimerHandle | None = None
    _beside = 0
    _answering: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to count and to wait."""
        super().connection_made(transport)
        self._begin()

    def data_received(self, data: bytes) -> None:
        """Parse what came, and cut off what goes on and on."""
        self._beside += len(data)
        super().data_received(data)
        if self._beside > MOST_BESIDE and not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(TOO_LONG)
                self.transport.close()
            else:
                self.transport.abort()  # nothing can be said in the middle of an answer

    def handle_websocket_upgrade(self) -> None:
        """Let it become a WebSocket, unless there are too many connections."""
        if self.limit_concurrency is not None and len(self.connections) > self.limit_concurrency:
            self.transport.write(TOO_MANY)
            self.transport.close()
        else:
            super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        """Wait for its header."""
        super().on_message_begin()
        self._begin()

    def on_headers_complete(self) -> None:
        """Wait no more."""
        self._end()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take what is body out of the count."""
        self._beside = max(0, self._beside - (1 + FRAMING) * len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Count anew for the next request."""
        self._beside = 0
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more, and tell the request that is being answered; the library tells the newest alone."""
        self._end()
        if self._answering is not None:
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: "ASGI3Application") -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _begin(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.header_seconds, self.transport.abort)

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that ends when its handshake fails, and counts what a client makes it keep."""

    def data_received(self, data: bytes) -> None:
        """Parse what came; the library leaves a handshake that it cannot parse open for ever."""
        super().data_received(data)
        if not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(NO_HANDSHAKE)
            self.transport.close()

    async def send(self, message: "ASGISendEvent") -> None:
        """Send; a handshake that was refused in full is complete, which the library forgets."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True

    def handle_cont(self, event: Frame) -> None:
        """Take a fragment, unless there are too many."""
        if len(self.frames) >= MOST_FRAGMENTS:
            self.transport.abort()
        else:
            super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer, unless the client reads no answers."""
        super().handle_ping()
        if self.transport.get_write_buffer_size() > MOST_UNREAD:
            self.transport.abort()
