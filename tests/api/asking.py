"""What tests of the service ask of it: by Azure's newest REST, and by bytes on a plain socket."""

import socket
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import voices
from server import Server

from earmark.service.actor import Permission, local_actor
from earmark.service.keys import create_key
from earmark.storage.store import open_store

VERIFICATION = "/speaker-recognition/verification/text-independent/profiles"
IDENTIFICATION = "/speaker-recognition/identification/text-independent/profiles"
VERSION = {"api-version": "2021-09-05"}
SHORT = VERSION | {"ignoreMinLength": "true"}
PATIENCE = 30.0  # seconds: proves only that nothing hangs


def client(server: Server, key: str | None = None, *, url: str | None = None) -> httpx.Client:
    """An HTTP client with the server's key, or another."""
    headers = {"Ocp-Apim-Subscription-Key": key or server.key}
    return httpx.Client(base_url=url or server.url, headers=headers, timeout=PATIENCE, trust_env=False)


def create(asking: httpx.Client) -> httpx.Response:
    return asking.post(VERIFICATION, params=VERSION, json={"locale": "en-US"})


def enrol(asking: httpx.Client, guid: str, audio: bytes | None = None) -> httpx.Response:
    audio = voices.wav("ada", 1, 2) if audio is None else audio
    return asking.post(f"{VERIFICATION}/{guid}/enrollments", params=SHORT, content=audio)


def verify(asking: httpx.Client, guid: str, audio: bytes | None = None) -> httpx.Response:
    audio = voices.wav("ada", 3, 4) if audio is None else audio
    return asking.post(f"{VERIFICATION}/{guid}:verify", params=SHORT, content=audio)


def enrolled(asking: httpx.Client) -> str:
    """Make a profile with one recording, and return its GUID."""
    made = create(asking)
    assert made.status_code == 201, made.text
    guid: str = made.json()["profileId"]
    assert enrol(asking, guid).status_code == 201
    return guid


def new_key(home: Path, *roles: Permission, name: str | None = None) -> str:
    """Make a key beside the running server, as `earmark keys create` does."""
    with open_store(home, environ={}) as store:
        return create_key(local_actor(), store, roles=roles or tuple(Permission)[:4], name=name).secret


@dataclass
class Wire:
    """A connection on which a test writes what no HTTP library would."""

    socket: socket.socket

    def send(self, data: bytes) -> bool:
        """Write all; False when the other end has closed."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def read(self, least: int = 1) -> bytes:
        """At least so many bytes, fewer at the end of the connection."""
        found = b""
        while len(found) < least and (part := self._some()):
            found += part
        return found

    def until(self, mark: bytes) -> bytes:
        found = b""
        while mark not in found and (part := self._some()):
            found += part
        return found

    def rest(self) -> bytes:
        """All until the other end closes; TimeoutError when it does not."""
        found = b""
        deadline = time.monotonic() + PATIENCE
        while part := self._some():
            found += part
            assert time.monotonic() < deadline, "the connection goes on and on"
        return found

    def _some(self) -> bytes:
        try:
            return self.socket.recv(65_536)
        except ConnectionError:
            return b""


def wire(server: Server) -> Wire:
    """A plain connection to the server's first port; close it by `with wire(...).socket`."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    return Wire(connection)


def head(method: str, path: str, server: Server, *lines: str) -> bytes:
    """A request's header, with the key."""
    given = "".join(f"{line}\r\n" for line in lines)
    return (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        f"Ocp-Apim-Subscription-Key: {server.key}\r\n{given}\r\n"
    ).encode("latin-1")


def status(answer: bytes) -> int:
    """The status of a raw answer; 0 when there is none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0
