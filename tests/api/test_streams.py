"""Bodies handed over to a thread: piece by piece, so many at once, and errors in both directions."""

import asyncio
from collections.abc import Iterable

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from earmark.api.limits import Bound
from earmark.api.streams import PIECE, Uploads
from earmark.errors import AudioTooLarge, RequestTooSlow, ServiceBusy


def request(*messages: Message | Exception, gate: asyncio.Event | None = None) -> Request:
    """A request whose body comes in these messages; an exception is raised in its place."""
    coming = list(messages)

    async def receive() -> Message:
        if gate is not None:
            await gate.wait()
        one = coming.pop(0)
        if isinstance(one, Exception):
            raise one
        return one

    return Request({"type": "http", "method": "PUT", "headers": []}, receive)


def part(data: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": data, "more_body": more}


def sizes(pieces: Iterable[bytes]) -> list[int]:
    return [len(piece) for piece in pieces]


def test_small_messages_come_as_pieces() -> None:
    messages = [part(bytes(100_000)) for _ in range(25)]
    told = asyncio.run(Uploads().take(request(*messages, part(b"", more=False)), sizes))
    assert sum(told) == 2_500_000
    assert all(PIECE <= size < PIECE + 100_000 for size in told[:-1])
    assert asyncio.run(Uploads().take(request(part(b"", more=False)), sizes)) == []


def test_what_goes_wrong_on_either_side_is_raised() -> None:
    slow = RequestTooSlow("Faster.")
    for broken, expected in ((slow, RequestTooSlow), ({"type": "http.disconnect"}, ClientDisconnect)):
        with pytest.raises(expected):
            asyncio.run(Uploads().take(request(part(bytes(PIECE)), broken), sizes))

    def refuse(pieces: Iterable[bytes]) -> None:
        for _ in pieces:
            raise AudioTooLarge("Less.")

    with pytest.raises(AudioTooLarge):
        asyncio.run(Uploads().take(request(part(bytes(PIECE)), part(b"", more=False)), refuse))


def test_so_many_at_once() -> None:
    async def crowd() -> None:
        uploads, gate = Uploads(2), asyncio.Event()
        waiting = [
            asyncio.create_task(uploads.take(request(part(b"x", more=False), gate=gate), sizes))
            for _ in range(2)
        ]
        await asyncio.sleep(0.1)
        with pytest.raises(ServiceBusy):
            await uploads.take(request(part(b"x", more=False)), sizes)
        gate.set()
        assert [await one for one in waiting] == [[1], [1]]
        assert await uploads.take(request(part(b"xy", more=False)), sizes) == [2]

    asyncio.run(crowd())


def test_a_bound_grows_with_what_has_come() -> None:
    usual, streamed = Bound(1 << 20, 60.0), Bound(1 << 30, 60.0, 1 << 15)
    assert usual.seconds(1 << 20) == 60.0
    assert streamed.seconds(0) == 60.0
    assert streamed.seconds(1 << 30) == 60.0 + (1 << 15)
