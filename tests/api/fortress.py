"""A server under attack: how much memory it takes, and whether it still serves."""

from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from api import asking
from server import Server

FAULTS = ('"fault"', "Traceback", "ASGI")  # signs in lines of the log
MOST_MIB = 350  # beyond what it took when it had served its first requests


@dataclass
class Fortress:
    """A running server with narrow limits, and what it was like in peace."""

    server: Server
    guid: str = ""
    peace_mib: float = 0.0
    read: int = 0  # lines of the server's log that were there before this test

    def settle(self) -> None:
        """Let it serve once, words included, whose dictionary is read then; and remember its memory."""
        with asking.client(self.server) as client:
            asked = client.post("/v1/phrases/examine", json={"phrase": "my dog ate all of the cheese"})
            assert asked.status_code == 200, asked.text
            self.guid = asking.enrolled(client)
            assert asking.verify(client, self.guid).status_code == 200
        self.peace_mib = self.memory("VmRSS")

    def memory(self, name: str) -> float:
        rows = Path(f"/proc/{self.server.process.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(row.split()[1]) / 1024 for row in rows if row.startswith(name))

    def begin(self) -> None:
        """From here on the peak of memory and the faults in the log count."""
        self.read = len(self.server.lines)
        Path(f"/proc/{self.server.process.pid}/clear_refs").write_text("5", encoding="ascii")

    def check(self) -> None:
        """It stands: it serves as before, and its memory has never been beyond its bounds."""
        assert self.server.process.poll() is None, "it has fallen"
        with asking.client(self.server) as client:
            answer: httpx.Response = asking.verify(client, self.guid)
            assert answer.status_code == 200, answer.text
            assert answer.json()["recognitionResult"] == "Accept"
        peak = self.memory("VmHWM")
        assert peak < self.peace_mib + MOST_MIB, f"{peak:.0f} MiB at the peak, {self.peace_mib:.0f} in peace"
        lines = self.server.lines[self.read :]
        faults = [line for line in lines if any(sign in line for sign in FAULTS)]
        if faults:
            pytest.fail("".join(faults))
