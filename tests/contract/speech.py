"""The WebSocket protocol over a plain connection: what no vendor's client sends or shows can be seen here."""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from contract import surface
from contract.proofs import did
from server import Server
from websockets.sync.client import ClientConnection, connect

PIECE = 3_200  # bytes of audio in a message: 100 ms
SECONDS = 60
KEY, ID = "Ocp-Apim-Subscription-Key", "Apim-Subscription-Id"
CONFIG: dict[str, Any] = {
    "context": {
        "system": {"name": "SpeechSDK", "version": "1.46.0", "build": "JavaScript", "lang": "JavaScript"},
        "os": {"platform": "NodeJS", "name": "unknown", "version": "unknown"},
    }
}
ANSWERS = {
    "speaker.profile.phrases": "speaker.phrases",
    "speaker.profile.enroll": "speaker.profile.enrollment",
    "speaker.context": "speaker.response",
}
STEPS = {
    "speaker.profile.create": "create",
    "speaker.profile.reset": "reset",
    "speaker.profile.delete": "delete",
    "speaker.profile.phrases": "phrases",
    "speaker.profile.enroll": "enroll",
    "speaker.context": "recognise",
}


@dataclass
class Speech:
    """An open connection. Every answer has to be the one that was asked for: a turn.end would not be."""

    socket: ClientConnection

    def send(self, path: str, body: Any, request: str, **headers: str) -> None:
        """Send a text message."""
        lines = {
            "Path": path,
            "X-RequestId": request,
            "X-Timestamp": "2026-11-20T21:34:18.514Z",
            "Content-Type": "application/json; charset=utf-8",
        } | headers
        head = "\r\n".join(f"{name}: {value}" for name, value in lines.items())
        self.socket.send(f"{head}\r\n\r\n{json.dumps(body)}")

    def piece(self, request: str, payload: bytes) -> None:
        """Send a binary message of audio."""
        head = f"Path: audio\r\nX-RequestId: {request}\r\nX-Timestamp: 2026-11-20T21:34:18.527Z\r\n".encode()
        self.socket.send(len(head).to_bytes(2, "big") + head + payload)

    def audio(self, request: str, sound: bytes, *, end: bool = True) -> None:
        """Send a recording in pieces, and the empty one that ends it."""
        for start in range(0, len(sound), PIECE):
            self.piece(request, sound[start : start + PIECE])
        if end:
            self.piece(request, b"")

    def answer(self) -> tuple[dict[str, str], Any]:
        """The next message: its headers and its body."""
        said = self.socket.recv(timeout=SECONDS)
        assert isinstance(said, str)
        head, _, body = said.partition("\r\n\r\n")
        assert "\r\n\r\n" not in body
        return dict(line.split(": ", 1) for line in head.split("\r\n")), json.loads(body)

    def ask(
        self, path: str, family: str, sound: bytes | None = None, *, end: bool = True, **body: Any
    ) -> Any:
        """Ask for something about a family; the body of the answer to it."""
        request = uuid.uuid4().hex.upper()
        self.send(path, body | {"scenario": surface.SCENARIOS[family]}, request)
        if sound is not None:
            self.audio(request, sound, end=end)
        headers, said = self.answer()
        assert headers == {
            "Path": ANSWERS.get(path, "speaker.profiles"),
            "X-RequestId": request,
            "Content-Type": "application/json; charset=utf-8",
        }
        if said["status"]["statusCode"] == "Success":
            fetched = "fetch one" if body.get("profileIds") else "fetch all"
            did(f"WebSocket {family}: {STEPS.get(path, fetched)}")
        return said

    def create(self, family: str) -> str:
        """A new profile's id."""
        said = self.ask("speaker.profile.create", family, locale="en-us", number="1")
        return str(said["profiles"][0]["profileId"])


@contextmanager
def connected(
    server: Server,
    path: str = "/speaker/ws/verification/text-independent/profile",
    *,
    headers: Mapping[str, str] | None = None,
    config: Any = CONFIG,
) -> Iterator[Speech]:
    """Connect with the key in a header, unless `headers` say something else; `path` may have a query."""
    given = {KEY: server.key} if headers is None else headers
    with connect(server.ws_url + path, additional_headers=given, compression=None) as socket:
        speech = Speech(socket)
        speech.send("speech.config", config, uuid.uuid4().hex.upper())
        yield speech
