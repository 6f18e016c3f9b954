"""A server and a worker on one home folder, killed at random points of many jobs: each ends once."""

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import voices
from elsewhere import Elsewhere, running_elsewhere
from jobbing import open_queue

from earmark.service.retention import LEFT_LYING
from earmark.storage.store import open_store
from earmark.voice.engine import Engine

JOBS = int(os.environ.get("EARMARK_TEST_KILLED_JOBS", "200"))
KILLS = 8
PATIENCE = 300.0  # seconds: proves only that nothing hangs
KEY = "a-key-of-the-tests-0123456789"
ENV = {
    "EARMARK_BOOTSTRAP_KEY": KEY,
    "EARMARK_OUTGOING": "any",
    "EARMARK_WEBHOOK_PLAIN_HTTP": "true",
    "EARMARK_WEBHOOK_WAITS": "0,0.2,0.2",
    "EARMARK_MOST_JOBS": "1000",
    "OMP_NUM_THREADS": "1",
}
# A job that ends more than once, or goes on after its end, is seen by the database itself.
WITNESS = """
CREATE TABLE ends (id TEXT, became TEXT);
CREATE TRIGGER witness AFTER UPDATE OF state ON jobs
WHEN NEW.state NOT IN ('created', 'running') OR OLD.state NOT IN ('created', 'running')
BEGIN INSERT INTO ends VALUES (OLD.id, NEW.state); END;
"""
ACTIVE = "SELECT count(*) FROM workflow_status WHERE status IN ('ENQUEUED', 'DELAYED', 'PENDING')"
UP = {"serve": "Listening on", "worker": "Working on jobs"}  # what they say when they are
UNFINISHED = "SELECT count(*) FROM jobs WHERE state IN ('created', 'running')"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")


class Crew:
    """A server and a worker, which are killed and started again."""

    def __init__(self, home: Path, logs: Path) -> None:
        self.home, self.logs = home, logs
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def log(self, which: str) -> Path:
        return self.logs / which  # of the latest start

    def start(self, which: str) -> None:
        more = ["--port", str(self.port)] if which == "serve" else []
        with self.log(which).open("wb") as log:
            self.running[which] = subprocess.Popen(
                [sys.executable, "-m", "earmark", which, "--home", str(self.home), *more],
                env=os.environ | ENV,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def is_up(self, which: str) -> bool:
        return UP[which] in self.log(which).read_text()

    def kill(self, which: str) -> None:
        process = self.running[which]
        assert process.poll() is None, f"it ended by itself:\n{self.log(which).read_text()[-3_000:]}"
        process.send_signal(signal.SIGKILL)
        process.wait()

    def value(self, query: str) -> int:
        with closing(
            sqlite3.connect(f"file:{self.home / 'earmark.db'}?mode=ro", uri=True, timeout=60)
        ) as one:
            found: int = one.execute(query).fetchone()[0]
            return found

    def ask(self, address: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask the server until it answers: it may be dead at the moment."""
        end = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < end, "the server never answered"
            try:
                answer = httpx.post(
                    self.url + address,
                    json=body,
                    headers={"Authorization": f"Bearer {KEY}"},
                    timeout=30,
                    trust_env=False,
                )
            except httpx.TransportError:
                time.sleep(0.1)
                continue
            assert answer.status_code in (200, 201), answer.text
            found: dict[str, Any] = answer.json()
            return found


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    made = Crew(tmp_path / "home", tmp_path)
    try:
        made.start("serve")
        made.start("worker")
        yield made
    finally:
        for process in made.running.values():
            process.kill()
            process.wait()


@pytest.fixture
def receiver() -> Iterator[Elsewhere]:
    with running_elsewhere() as running:
        running.files["ben.wav"] = voices.wav("ben", 1)
        yield running


def wait_until(what: str, done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, f"it never came to this: {what}"
        time.sleep(0.1)


def test_killed_at_random_points_of_many_jobs(crew: Crew, receiver: Elsewhere) -> None:
    link = crew.ask("/v1/media/input", {"url": "media://ada"})["url"]
    assert httpx.put(link, content=voices.wav("ada", 1), trust_env=False).status_code == 200
    with closing(sqlite3.connect(crew.home / "earmark.db", timeout=60)) as connection:
        connection.executescript(WITNESS)
    accepted: dict[str, int] = {}

    def submit_all() -> None:
        for number in range(JOBS):
            source = "media://ada" if number % 2 else f"{receiver.url}/files/ben.wav"
            address = "/v1/diarize" if number % 5 == 0 else "/v1/voiceprint"
            body = {"url": source, "webhook": f"{receiver.url}/hook/{number}"}
            accepted[crew.ask(address, body)["jobId"]] = number

    sending = threading.Thread(target=submit_all, daemon=True)
    sending.start()
    moments = random.Random(4)
    for number in range(KILLS):
        victim = ("serve", "worker")[number % 2]
        if number % 4 < 3:  # else it may still be starting
            wait_until(f"{victim} is up", partial(crew.is_up, victim))
        time.sleep(moments.uniform(0.0, 3.0))
        crew.kill(victim)
        crew.start(victim)
    sending.join()
    assert len(accepted) == JOBS
    wait_until("the worker is up", partial(crew.is_up, "worker"))
    crew.kill("worker")  # and it never comes back: what it had begun is the server's

    wait_until("every job has ended", lambda: crew.value(UNFINISHED) == 0)
    wait_until(
        "nobody is left to be told", lambda: crew.value("SELECT count(*) FROM jobs WHERE to_tell") == 0
    )
    wait_until("the queues are empty", lambda: crew.value(ACTIVE) == 0)
    check_ends(crew, accepted)
    check_told(receiver, accepted)
    wait_until("the server is up", partial(crew.is_up, "serve"))
    crew.running["serve"].terminate()
    assert crew.running["serve"].wait(60) == 0, crew.log("serve").read_text()[-3_000:]
    check_files(crew)


def check_ends(crew: Crew, accepted: dict[str, int]) -> None:
    """All that was accepted has succeeded, once."""
    with closing(sqlite3.connect(crew.home / "earmark.db", timeout=60)) as connection:
        states = dict(connection.execute("SELECT id, state FROM jobs").fetchall())
        ends = [row[0] for row in connection.execute("SELECT id FROM ends").fetchall()]
    assert {job.replace("-", "") for job in accepted} <= states.keys(), "an accepted job is lost"
    assert set(states.values()) == {"succeeded"}
    assert sorted(ends) == sorted(states), "a job ended more than once"


def check_told(receiver: Elsewhere, accepted: dict[str, int]) -> None:
    """The end of each was told at least once, and always the same."""
    told: dict[str, list[Any]] = defaultdict(list)
    for got in list(receiver.got):
        if got.method == "POST":
            body = json.loads(got.body)
            told[body["jobId"]].append(body)
            if body["jobId"] in accepted:
                assert got.path == f"/hook/{accepted[body['jobId']]}"
    assert accepted.keys() <= told.keys()
    for bodies in told.values():
        assert all(body == bodies[0] for body in bodies)
        assert bodies[0]["status"] == "succeeded"


def check_files(crew: Crew) -> None:
    """Of all recordings only the one that was uploaded is left, and a killed process left no file.

    A process that dies between a job's end and the removal of what it fetched leaves that to the sweep.
    """
    with open_store(crew.home, environ={}) as store, open_queue(store, Engine()) as queue:
        queue.sweep(now=datetime.now(UTC) + LEFT_LYING + timedelta(hours=1))
    kept = {path.parent for path in (crew.home / "media").rglob("*") if path.is_file()}
    with closing(sqlite3.connect(crew.home / "earmark.db")) as connection:
        rows = connection.execute("SELECT id, key_hash IS NULL FROM media").fetchall()
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    assert [unnamed for _, unnamed in rows] == [0]
    assert {path.name.replace("-", "") for path in kept} == {rows[0][0]}
    assert {path.name for path in crew.home.iterdir()} <= {"earmark.db", "master.key", "executor", "media"}
