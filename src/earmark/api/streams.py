"""Recordings of hours between a connection and where media are kept, piece by piece and never in memory."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import TypeVar

from anyio import CapacityLimiter, from_thread, to_thread
from starlette.requests import Request
from starlette.responses import StreamingResponse

from earmark.errors import ServiceBusy
from earmark.storage.values import Media

R = TypeVar("R")
PIECE = 1 << 20  # bytes that are handed over at once
MOST_UPLOADS = 64  # at once; each keeps a thread, of their own so that recognition goes on


class Uploads:
    """The threads that take recordings in; used from one event loop."""

    def __init__(self, most: int = MOST_UPLOADS) -> None:
        self._limiter = CapacityLimiter(most)

    async def take(self, request: Request, keep: Callable[[Iterable[bytes]], R]) -> R:
        """Give the pieces of a request's body to `keep`, in a thread, as they come.

        Raises ServiceBusy, what `keep` raises, and in it what reading the body does: RequestTooLarge,
        RequestTooSlow, ClientDisconnect.
        """
        if self._limiter.available_tokens < 1:
            raise ServiceBusy("As many uploads are under way as may be: try again soon.", retry_after=5.0)
        stream = _pieces(request)
        return await to_thread.run_sync(keep, _handed_over(stream), limiter=self._limiter)


def send_recording(media: Media, pieces: Iterator[bytes]) -> StreamingResponse:
    """Return a recording as an answer, read as it is sent."""
    headers = {"Content-Length": str(media.size)}
    return StreamingResponse(pieces, media_type="application/octet-stream", headers=headers)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    held = bytearray()
    async for part in request.stream():
        held += part
        if len(held) >= PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _handed_over(stream: AsyncIterator[bytes]) -> Iterator[bytes]:
    """Wait, in a thread, for one piece after the other."""

    async def following() -> bytes:
        return await anext(stream, b"")

    while piece := from_thread.run(following):
        yield piece
