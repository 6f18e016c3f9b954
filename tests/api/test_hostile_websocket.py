"""WebSocket connections that no honest client makes, by bytes: closed in bounded time and memory."""

import base64
import json
import os
import struct
import time
import zlib

import pytest
import voices
from api import asking
from api.fortress import Fortress

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
REQUEST = "0123456789ABCDEF0123456789ABCDEF"
ENDLESS = 128 << 20


def frame(
    opcode: int,
    data: bytes = b"",
    *,
    fin: bool = True,
    masked: bool = True,
    bits: int = 0,
    length: int | None = None,
) -> bytes:
    """A frame; `length` is what it says of itself, where that is a lie."""
    size = len(data) if length is None else length
    first = (0x80 if fin else 0) | bits | opcode
    flag = 0x80 if masked else 0
    if size < 126:
        head = struct.pack(">BB", first, flag | size)
    elif size < 1 << 16:
        head = struct.pack(">BBH", first, flag | 126, size)
    else:
        head = struct.pack(">BBQ", first, flag | 127, size)
    return head + (b"\0\0\0\0" if masked else b"") + data  # a mask of zeros changes nothing


def handshake(*lines: str, path: str = "/any", key: str = "") -> bytes:
    secret = f"?Ocp-Apim-Subscription-Key={key}" if key else ""
    given = "".join(f"{line}\r\n" for line in lines)
    token = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path}{secret} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {token}\r\n{given}\r\n"
    ).encode("latin-1")


def opened(fortress: Fortress, *lines: str) -> asking.Wire:
    one = asking.wire(fortress.server)
    one.send(handshake(*lines, key=fortress.server.key))
    answer = one.until(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 101 "), answer
    return one


def message(path: str, body: object = None, request: str = REQUEST) -> bytes:
    text = "" if body is None else json.dumps(body)
    return frame(TEXT, f"Path: {path}\r\nX-RequestId: {request}\r\n\r\n{text}".encode())


def audio(data: bytes, request: str = REQUEST) -> bytes:
    head = f"Path: audio\r\nX-RequestId: {request}\r\n".encode()
    return frame(BINARY, struct.pack(">H", len(head)) + head + data)


def close_code(one: asking.Wire) -> int:
    """Read until the server closes, and return the code that it says, 0 for none."""
    found = b""
    while b"\x88" not in found[:-3]:
        part = one.read()
        if not part:
            return 0
        found += part
    at = found.rindex(b"\x88")
    return int.from_bytes(found[at + 2 : at + 4], "big")


BROKEN = {
    "opcode 3": frame(3, b"x"),
    "opcode 11": frame(11, b"x"),
    "not masked": frame(TEXT, b"Path: x", masked=False),
    "reserved bits": frame(TEXT, b"x", bits=0x70),
    "compressed, and nobody agreed": frame(TEXT, b"x", bits=0x40),
    "length of 2**63": frame(BINARY, length=(1 << 63) - 1),
    "length of 1 GiB": frame(BINARY, length=1 << 30),
    "length beyond 64 bits": b"\x82\xff" + b"\xff" * 12,
    "ping in pieces": frame(PING, b"x", fin=False),
    "ping of 126": frame(PING, b"x" * 126),
    "continuation of nothing": frame(CONT, b"x"),
    "a second beginning": frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"),
    "close of one byte": frame(CLOSE, b"\x03"),
    "close with code 1005": frame(CLOSE, struct.pack(">H", 1005)),
    "close with bad text": frame(CLOSE, struct.pack(">H", 1000) + b"\xff\xfe"),
    "text that is not UTF-8": frame(TEXT, b"Path: x\r\nX-RequestId: 1\r\n\r\n\xff\xfe"),
    "message of 2 MiB": frame(BINARY, bytes(2 << 20)),
    "noise": os.urandom(64),
    "HTTP": b"GET /live HTTP/1.1\r\nHost: a\r\n\r\n",
}
MALFORMED = {
    "empty text": frame(TEXT),
    "empty binary": frame(BINARY),
    "text without a header": frame(TEXT, b"hello"),
    "text with a header of 1 MiB": frame(TEXT, b"X: " + b"y" * 900_000 + b"\r\n\r\n{}"),
    "no path": frame(TEXT, f"X-RequestId: {REQUEST}\r\n\r\n{{}}".encode()),
    "request id of another kind": message("speech.config", {}, "a b"),
    "request id of 65": message("speech.config", {}, "a" * 65),
    "no JSON": frame(TEXT, f"Path: x\r\nX-RequestId: {REQUEST}\r\n\r\n{{".encode()),
    "a list": message("speech.config", []),
    "deep": frame(TEXT, f"Path: x\r\nX-RequestId: {REQUEST}\r\n\r\n".encode() + b"[" * 500_000),
    "a number of a million digits": frame(
        TEXT, f'Path: x\r\nX-RequestId: {REQUEST}\r\n\r\n{{"a": '.encode() + b"9" * 900_000 + b"}"
    ),
    "header longer than the message": frame(BINARY, b"\xff\xffPath: audio"),
    "header of no length": frame(BINARY, b"\0\0" + b"x" * 100),
    "header that is not UTF-8": frame(BINARY, b"\0\x04\xff\xfe\xfd\xfc" + b"x"),
    "text where binary belongs": frame(BINARY, f"Path: audio\r\nX-RequestId: {REQUEST}\r\n\r\n".encode()),
}


@pytest.mark.parametrize("what", BROKEN)
def test_frames_that_are_none(what: str, fortress: Fortress) -> None:
    one = opened(fortress)
    with one.socket:
        one.send(BROKEN[what])
        assert close_code(one) in (0, 1002, 1005, 1006, 1007, 1009, 1000), what


@pytest.mark.parametrize("what", MALFORMED)
def test_messages_that_are_none(what: str, fortress: Fortress) -> None:
    one = opened(fortress)
    with one.socket:
        one.send(MALFORMED[what])
        assert close_code(one) in (1002, 1007), what


STRANGE = [
    message("speaker.context", None),
    message("speaker.context", {"scenario": 5, "profileIds": {"a": 1}}),
    message("speaker.context", {"scenario": "TextIndependentVerification", "profileIds": ["x" * 900_000]}),
    message("speaker.context", {"scenario": "TextIndependentIdentification", "profileIds": ["x"] * 5_000}),
    message("speaker.profile.create", {"locale": "x" * 500_000}),
    message("speaker.profile.create", {"locale": {"a": []}, "scenario": [1]}),
    message("speaker.profile.delete", {"profileIds": [None, 1, {}]}),
    message("speaker.profile.reset", {"profileIds": "../../etc/passwd"}),
    message("speaker.profile.fetch", {"profileIds": ["%00\r\nX-Evil: 1"]}),
    message("speaker.profile.phrases", {"locale": "\ud800"}),
    message("speech.config", {"context": {"audio": {"source": {"samplerate": 10**30}}}}),
    message("speech.config", {"context": {"audio": {"source": "x"}}}),
    message("nobody.knows.this", {"a": "b"}),
    audio(b"sound before anybody asked"),
    audio(b""),
]


def test_messages_that_mean_nothing_leave_the_connection_usable(fortress: Fortress) -> None:
    for strange in STRANGE:
        one = opened(fortress)
        with one.socket:
            one.send(strange)
            one.send(message("speaker.profile.phrases", {"locale": "en-us"}, "F" * 32))
            found = one.until(b"F" * 32)
            assert b"F" * 32 in found, strange[:200]


def test_nobody_says_anything(fortress: Fortress) -> None:
    one = opened(fortress)
    with one.socket:
        assert close_code(one) == 1000, "a silent connection is closed after idle_seconds"


def test_pings_alone_do_not_keep_it_open(fortress: Fortress) -> None:
    one = opened(fortress)
    with one.socket:
        deadline = time.monotonic() + asking.PATIENCE
        found = b""
        while b"\x88" not in found:
            assert time.monotonic() < deadline, "pings hold a connection for ever"
            one.send(frame(PING, b"x"))
            found = one.read()


@pytest.mark.parametrize(
    "endless",
    [frame(PING, b"p" * 125) * 500, frame(PONG, b"p" * 125) * 500],
    ids=["pings", "pongs"],
)
def test_floods_without_reading(endless: bytes, fortress: Fortress) -> None:
    one = opened(fortress)
    with one.socket:
        count = 0
        while one.send(endless) and count < ENDLESS:
            count += len(endless)


@pytest.mark.parametrize("piece", [b"", b"x"], ids=["empty", "of one byte"])
def test_fragments_without_an_end(piece: bytes, fortress: Fortress) -> None:
    one = opened(fortress)
    with one.socket:
        one.send(frame(BINARY, b"x", fin=False))
        count, more = 0, frame(CONT, piece, fin=False) * 1_000
        while one.send(more):
            count += len(more)
            assert count < ENDLESS, "a message without an end is taken"


def test_questions_without_reading_the_answers(fortress: Fortress) -> None:
    one = opened(fortress)
    with one.socket:
        one.socket.settimeout(2.0)
        asked = message("speaker.profile.phrases", {"locale": "en-us"}) * 100
        for _ in range(2_000):
            if not one.send(asked):
                break


def test_sound_without_an_end(fortress: Fortress) -> None:
    """A stream is cut at its longest length, whatever is in it; four are open at once, never more."""
    one = opened(fortress)
    with one.socket:
        body = {"scenario": "TextIndependentVerification", "profileIds": [fortress.guid]}
        requests = [f"{number:032X}" for number in range(8)]
        for request in requests:
            one.send(message("speaker.context", body, request))
        noise = os.urandom(32_000)
        for _ in range(200):  # 200 s of noise for each
            if not all(one.send(audio(noise, request)) for request in requests):
                return
        found = one.until(requests[-1].encode())
        assert b"Path: speaker.response" in found


def test_a_small_message_that_unpacks_to_much(fortress: Fortress) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -12)
    bomb = packer.compress(bytes(512 << 20)) + packer.flush(zlib.Z_SYNC_FLUSH)
    one = opened(fortress, "Sec-WebSocket-Extensions: permessage-deflate")
    with one.socket:
        one.send(frame(BINARY, bomb[:-4], bits=0x40))
        assert close_code(one) in (0, 1009)


@pytest.mark.parametrize(
    "request_",
    [
        handshake(),
        handshake(key="another-key-0123456789"),
        handshake("Sec-WebSocket-Version: 99"),
        handshake("Sec-WebSocket-Key: x"),
        handshake("Sec-WebSocket-Protocol: " + "a," * 20_000),
        handshake("Sec-WebSocket-Extensions: " + "permessage-deflate; server_max_window_bits=99, " * 200),
        handshake(*(f"X-{number}: y" for number in range(500))),
        handshake(path="/%00/%ff/" + "a" * 30_000),
        handshake(path="/\xff"),
        handshake("Content-Length: 100"),
        handshake("Transfer-Encoding: chunked"),
        handshake().replace(b"GET", b"POST"),
        handshake().replace(b"HTTP/1.1", b"HTTP/1.0"),
        handshake().replace(b"Host: a\r\n", b""),
    ],
    ids=range(14),
)
def test_handshakes_that_are_refused(request_: bytes, fortress: Fortress) -> None:
    one = asking.wire(fortress.server)
    with one.socket:
        one.send(request_)
        answer = one.until(b"\r\n\r\n")
        assert answer == b"" or 400 <= asking.status(answer) < 500, answer[:300]


def test_a_voice_in_the_middle_of_it_all(fortress: Fortress) -> None:
    """An honest client beside hostile ones gets its answer."""
    hostile = [opened(fortress) for _ in range(20)]
    for number, one in enumerate(hostile):
        one.send(frame(BINARY, b"x", fin=False) + frame(PING, b"y") * number)
    one = opened(fortress)
    with one.socket:
        body = {"scenario": "TextIndependentVerification", "profileIds": [fortress.guid]}
        one.send(message("speaker.context", body))
        sound = voices.pcm("ada", 3, 4)
        for start in range(0, len(sound), 3_200):
            one.send(audio(sound[start : start + 3_200]))
        one.send(audio(b""))
        assert b'"Accept"' in one.until(b'"Accept"')
    for one in hostile:
        one.socket.close()
