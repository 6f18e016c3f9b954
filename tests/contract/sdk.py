"""A Python call -> the same call of one version of pyannoteAI's SDK, in a process of its own."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sdks
from server import Server

HERE = Path(__file__).parent
CALL_SECONDS = 120  # the worst machine, not the usual one; a client that hangs is ended by then


@dataclass
class Raised(Exception):
    """The SDK raised."""

    kind: str  # name of the exception's class
    text: str
    body: str | None  # of the answer that it got, where it says


@dataclass
class Sdk:
    """A client that is open."""

    version: str
    process: subprocess.Popen[str]

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            asked = {"call": name, "args": args, "kwargs": kwargs}
            self.process.stdin.write(json.dumps(asked, default=str) + "\n")
            self.process.stdin.flush()
            alarm = threading.Timer(CALL_SECONDS, self.process.kill)
            alarm.start()
            try:
                line = self.process.stdout.readline()
            finally:
                alarm.cancel()
            assert line, f"SDK {self.version} hung or died in {name}"
            said = json.loads(line)
            if "raised" in said:
                raise Raised(said["raised"], said["text"], said["body"])
            return said["returned"]

        return call


@contextmanager
def running_sdk(version: str, server: Server, *, base: str = "/v1", key: str | None = None) -> Iterator[Sdk]:
    """Start an SDK that is pointed at a server; it is opened with a key unless that is empty."""
    try:
        folder = sdks.installed(version)
    except sdks.SdkUnavailable as error:
        pytest.skip(str(error))
    with subprocess.Popen(
        [sys.executable, str(HERE / "drive_sdk.py"), f"{server.url}{base}"],
        env={name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        | {"PYTHONPATH": str(folder), "NO_PROXY": "127.0.0.1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            sdk = Sdk(version, process)
            if key != "":
                sdk.open(key or server.key)
            yield sdk
        finally:
            process.kill()
