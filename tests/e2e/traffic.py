"""Concurrent Azure clients -> requests to a server, and a ledger of what was asked and what was acknowledged.

The ledger says what may be there after a kill: what was acknowledged must be, what was on its way may be.
"""

import http.client
import json
import math
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

BASE = "/speaker-recognition/identification/text-independent/profiles"
VERSION = "api-version=2021-09-05"
V1 = "/spid/v1.0"
REQUESTS = ("create", "enrol", "reset", "delete")
MOST_ALIVE = 5  # profiles of one group: more are deleted again
MOST_CLIPS = 40  # of one profile: then it is emptied


class Killed(Exception):
    """No answer came."""


@dataclass(eq=False)
class Span:
    """When something was asked for, and when it was acknowledged."""

    begun: float
    ended: float = math.inf


@dataclass
class Entry:
    """What is known of one profile: enrolments that were there at the last check, and what came after."""

    group: str
    base: int = 0
    enrolled: list[Span] = field(default_factory=list)
    resets: list[Span] = field(default_factory=list)
    deletes: list[Span] = field(default_factory=list)

    def bounds(self) -> tuple[int, int]:
        """The least and the most enrolments that it can have now."""
        acknowledged = [span for span in self.resets if span.ended < math.inf]
        least = 0 if self.resets else self.base
        most = 0 if acknowledged else self.base
        for span in self.enrolled:
            stands = span.ended < math.inf and all(reset.ended < span.begun for reset in self.resets)
            gone = any(reset.begun > span.ended for reset in acknowledged)
            least, most = least + stands, most + (not gone)
        return least, most

    @property
    def erased(self) -> bool:
        """A delete was acknowledged."""
        return any(span.ended < math.inf for span in self.deletes)

    def settle(self, enrolments: int) -> None:
        """From here on this many enrolments are known to be there."""
        self.base = enrolments
        for spans in (self.enrolled, self.resets, self.deletes):
            spans.clear()


@dataclass
class Ledger:
    """Everything asked of the server since the beginning; threads share it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    alive: dict[str, Entry] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    creating: dict[str, int] = field(default_factory=lambda: defaultdict(int))  # a group's unanswered creates
    operations: dict[str, Span] = field(default_factory=dict)  # v1.0 operations: path, and what they enrol
    acknowledged: dict[str, int] = field(default_factory=lambda: dict.fromkeys(REQUESTS, 0))
    surprises: list[str] = field(default_factory=list)

    @property
    def answers(self) -> int:
        """How many requests were acknowledged."""
        return sum(self.acknowledged.values())


@dataclass
class Client:
    """One client of a group: it asks and asks until nobody answers. Clients of a group share its profiles."""

    ledger: Ledger
    group: str
    port: int
    key: str
    clip: bytes
    random: random.Random

    def run(self) -> None:
        """Work until the server is killed."""
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            while True:
                self.step()
        except Killed:
            return
        except Exception as error:
            self.ledger.surprises.append(f"{type(error).__name__}: {error}")
        finally:
            self.connection.close()

    def step(self) -> None:
        with self.ledger.lock:
            mine = {guid: entry for guid, entry in self.ledger.alive.items() if entry.group == self.group}
        guid = self.random.choice(sorted(mine)) if mine else ""
        draw = self.random.random()
        if not mine or (draw < 0.15 and len(mine) < MOST_ALIVE):
            self.create()
        elif draw < 0.7 and mine[guid].bounds()[1] < MOST_CLIPS:
            self.enrol(guid, mine[guid])
        elif draw < 0.85:
            self.reset(guid, mine[guid])
        else:
            self.delete(guid, mine[guid])

    def create(self) -> None:
        with self.ledger.lock:
            self.ledger.creating[self.group] += 1
        body = json.dumps({"locale": "en-US"}).encode()
        _, answer, _ = self.ask("POST", f"{BASE}?{VERSION}", body, expect=(201,))
        with self.ledger.lock:
            self.ledger.creating[self.group] -= 1
            self.ledger.acknowledged["create"] += 1
            self.ledger.alive[answer["profileId"]] = Entry(self.group)

    def enrol(self, guid: str, entry: Entry) -> None:
        """By either generation; two who enrol in one profile at once may both be heard, or one refused."""
        refusals = (404, 409)
        if self.random.random() < 0.3:
            path = f"{V1}/identificationProfiles/{guid}/enroll?shortAudio=true"
            with self.asking(entry.enrolled) as span:
                status, _, headers = self.ask("POST", path, self.clip, expect=(202, *refusals))
                if status != 202:
                    entry.enrolled.remove(span)
                    return
                where = V1 + headers["Operation-Location"].split(V1, 1)[1]
                self.ledger.operations[where] = span
        else:
            path = f"{BASE}/{guid}/enrollments?{VERSION}&ignoreMinLength=true"
            with self.asking(entry.enrolled) as span:
                status, _, _ = self.ask("POST", path, self.clip, expect=(201, *refusals))
                if status != 201:
                    entry.enrolled.remove(span)
                    return
        self.ledger.acknowledged["enrol"] += 1
        if any(delete.ended < span.begun for delete in entry.deletes):
            self.ledger.surprises.append("an erased profile took a recording")

    def reset(self, guid: str, entry: Entry) -> None:
        with self.asking(entry.resets) as span:
            status, _, _ = self.ask("POST", f"{BASE}/{guid}:reset?{VERSION}", b"", expect=(200, 404))
            if status != 200:
                entry.resets.remove(span)
                return
        self.ledger.acknowledged["reset"] += 1

    def delete(self, guid: str, entry: Entry) -> None:
        with self.asking(entry.deletes) as span:
            status, _, _ = self.ask("DELETE", f"{BASE}/{guid}?{VERSION}", b"", expect=(204, 404))
            if status != 204:
                entry.deletes.remove(span)
                return
        with self.ledger.lock:
            self.ledger.acknowledged["delete"] += 1
            self.ledger.erased.add(guid)
            self.ledger.alive.pop(guid, None)

    @contextmanager
    def asking(self, spans: list[Span]) -> Iterator[Span]:
        """Note when it was asked, and when it was answered, if ever."""
        span = Span(time.monotonic())
        spans.append(span)
        yield span
        span.ended = time.monotonic()

    def ask(
        self, method: str, path: str, body: bytes, *, expect: tuple[int, ...]
    ) -> tuple[int, Any, http.client.HTTPMessage]:
        try:
            self.connection.request(method, path, body, {"Ocp-Apim-Subscription-Key": self.key})
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            raise Killed from None
        if answer.status not in expect:
            raise AssertionError(f"{method} was answered with {answer.status}: {text[:200]!r}")
        return answer.status, json.loads(text) if text else None, answer.headers
