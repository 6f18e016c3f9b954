"""A Python call -> the same call of one of Microsoft's clients, and what the client made of the answer.

The client runs in a process of its own (drive.js or drive_native.py), which takes and gives lines of JSON.
"""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

import npm
import pytest

HERE = Path(__file__).parent
CALL_SECONDS = 60  # the worst machine, not the usual one; a client that hangs is reported by then
UNTHROTTLED = {"SPEECH-TransmitLengthBeforThrottleMs": "600000"}  # the client's own spelling


class Type(IntEnum):
    """VoiceProfileType of the npm clients; the native core counts from 1."""

    IDENTIFICATION = 0
    TEXT_DEPENDENT = 1
    VERIFICATION = 2


# By the word that the surface has for the family.
KINDS = {
    "identification": Type.IDENTIFICATION,
    "verification": Type.VERIFICATION,
    "text-dependent": Type.TEXT_DEPENDENT,
}


class Rejected(Exception):
    """The client's promise was rejected, or its function returned an error."""


@dataclass(frozen=True)
class Profile:
    """What the client holds of a profile."""

    id: str
    type: Type

    def plain(self) -> dict[str, Any]:
        return {"id": self.id, "type": int(self.type)}


@dataclass
class Client:
    """A client that is open; every call returns what the client's result object says, or raises Rejected."""

    name: str
    process: subprocess.Popen[str]
    lines: "queue.Queue[str | None]" = field(default_factory=queue.Queue)

    def call(self, name: str, **args: Any) -> Any:
        """Have the client do one thing; fail, naming it, when it neither resolves nor rejects."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"call": name, **args}) + "\n")
        self.process.stdin.flush()
        try:
            line = self.lines.get(timeout=CALL_SECONDS)
        except queue.Empty:
            pytest.fail(f"{self.name} hung in {name}")
        assert line is not None, f"{self.name} died in {name}"
        said = json.loads(line)
        if "unavailable" in said:
            pytest.skip(said["unavailable"])
        assert "thrown" not in said, f"{self.name} threw while it did {name}: {said['thrown']}"
        if "rejected" in said:
            raise Rejected(said["rejected"])
        return said["result"]

    def open(self, **args: Any) -> None:
        """Make the client, pointed at a server."""
        assert self.call("open", **args)["class"] == "VoiceProfileClient"

    def create(self, kind: Type, locale: str = "en-us") -> Profile:
        made = self.call("create", type=int(kind), locale=locale)
        assert made["class"] == "VoiceProfile"
        assert made["type"] == kind
        return Profile(made["profileId"], kind)

    def get(self, profile: Profile) -> Any:
        return _of("VoiceProfileEnrollmentResult", self.call("get", profile=profile.plain()))

    def list(self, kind: Type) -> Any:
        return [_of("VoiceProfileEnrollmentResult", row) for row in self.call("list", type=int(kind))]

    def phrases(self, kind: Type, locale: str = "en-us") -> Any:
        return _of("VoiceProfilePhraseResult", self.call("phrases", type=int(kind), locale=locale))

    def enroll(self, profile: Profile, **audio: Any) -> Any:
        said = self.call("enroll", profile=profile.plain(), audio=audio)
        return _of("VoiceProfileEnrollmentResult", said)

    def verify(self, profile: Profile, **audio: Any) -> Any:
        said = self.call("verify", profile=profile.plain(), audio=audio)
        return _of("SpeakerRecognitionResult", said)

    def identify(self, *profiles: Profile, **audio: Any) -> Any:
        said = self.call("identify", profiles=[profile.plain() for profile in profiles], audio=audio)
        return _of("SpeakerRecognitionResult", said)

    def reset(self, profile: Profile) -> Any:
        return _of("VoiceProfileResult", self.call("reset", profile=profile.plain()))

    def delete(self, profile: Profile) -> Any:
        return _of("VoiceProfileResult", self.call("delete", profile=profile.plain()))


def _of(kind: str, said: Any) -> Any:
    assert said["class"] == kind
    return said


@contextmanager
def npm_client(
    clients: Path,
    version: str,
    *,
    how: str,
    url: str,
    key: str,
    properties: dict[str, str] | None = None,
    browser: bool = False,
) -> Iterator[Client]:
    """Open the client of `clients`/node_modules.

    `how` is host, endpoint, or property (1.18's only way); `browser` leaves it the WebSocket of the platform.
    """
    with _driven(f"npm {version}", [npm.node(), str(HERE / "drive.js"), str(clients)]) as client:
        package = f"sdk-{version}"
        properties = properties or {}
        client.open(version=package, how=how, url=url, key=key, properties=properties, browser=browser)
        yield client


@contextmanager
def native_core(home: Path) -> Iterator[Client]:
    """The native core beside a server of its own on `home`, in a network that nobody else sees.

    It is not opened yet: `open(key=...)` does that, and skips the test where there can be no such network.
    """
    with _driven("native core", [sys.executable, str(HERE / "drive_native.py"), str(home)]) as client:
        yield client


@contextmanager
def _driven(name: str, command: list[str]) -> Iterator[Client]:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    client = Client(name, process)
    threading.Thread(target=_read, args=(process, client.lines), daemon=True).start()
    try:
        yield client
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _read(process: subprocess.Popen[str], lines: "queue.Queue[str | None]") -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            lines.put(line)
    lines.put(None)
