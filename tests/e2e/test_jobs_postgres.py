"""A server and two workers on PostgreSQL, killed at random: each job ends once, and nothing is left.

Every process has a home of its own, as on machines of their own: they share the database, the master key and
the folder of recordings. Now and then the database cuts all connections. One worker is stopped in the end,
and wakes up when others have done its work.
"""

import base64
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import voices
from elsewhere import Elsewhere, running_elsewhere
from postgres_server import Postgres

from earmark.api.settings import load_settings
from earmark.api.workshop import open_jobs
from earmark.cli.exits import Exit
from earmark.storage.master_key import VARIABLE
from earmark.storage.store import open_store
from earmark.voice.engine import Engine

JOBS = 200
KILLS = 10
PATIENCE = 300.0  # seconds; proves only that nothing hangs
KEY = "a-key-of-the-tests-0123456789"
MASTER = base64.b64encode(bytes(range(32))).decode()
DATABASE = "jobs_killed"
UNFINISHED = "(state IN ('created', 'running'))"

ENDED = f"SELECT count(*) FROM jobs WHERE NOT {UNFINISHED}"
ACTIVE = "earmark_jobs.workflow_status WHERE status IN ('ENQUEUED', 'DELAYED', 'PENDING')"
CUT = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    f"WHERE datname = '{DATABASE}' AND pid != pg_backend_pid()"
)

# A job that ends more than once, or goes on after its end, is seen by the database itself.
WITNESS = """
CREATE TABLE ends (id uuid, was text, became text);
CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF OLD.state IS DISTINCT FROM NEW.state AND (
    NEW.state NOT IN ('created', 'running') OR OLD.state NOT IN ('created', 'running')
  ) THEN INSERT INTO ends VALUES (OLD.id, OLD.state, NEW.state); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER witness AFTER UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION witness();
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")


@dataclass
class Process:
    """One that can be killed, and started again as it was."""

    arguments: list[str]
    env: dict[str, str]
    log: Path
    running: subprocess.Popen[bytes] | None = None
    begun: int = 0  # where the log of its present life begins

    @property
    def at_work(self) -> bool:
        """Whether it has said that it listens, or works on jobs; one whose start failed is started again."""
        if self.running is not None and self.running.poll() == Exit.STORE:  # as a supervisor does
            self.start()
        said = self.log.read_bytes()[self.begun :]
        return b"Listening on" in said or b"Working on jobs" in said

    def start(self) -> None:
        self.begun = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                [sys.executable, "-m", "earmark", *self.arguments],
                env=os.environ | self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        assert self.running is not None
        ended = self.running.poll()  # the database may have cut it off while it started
        assert ended in (None, Exit.STORE), f"it ended by itself:\n{self.log.read_text()[-3_000:]}"
        self.running.send_signal(signal.SIGKILL)
        self.running.wait()

    def stop(self) -> None:
        if self.running is not None and self.running.poll() is None:
            self.running.terminate()
            assert self.running.wait(60) == 0, self.log.read_text()[-3_000:]


@dataclass
class Crew:
    """The processes, and what they share."""

    url: str  # of the server
    database_url: str
    media: Path
    server: Process
    workers: list[Process]
    homes: list[Path]
    accepted: dict[str, int] = field(default_factory=dict)  # identifier of a job -> its number

    @property
    def everybody(self) -> list[Process]:
        return [self.server, *self.workers]


@pytest.fixture
def crew(postgres: Postgres, tmp_path: Path) -> Iterator[Crew]:
    """A server and two workers that start at once on a database without a table."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    media = tmp_path / "media"
    homes = [tmp_path / name for name in ("server", "one", "two")]
    with postgres.database(DATABASE) as database_url:
        env = {
            VARIABLE: MASTER,
            "EARMARK_DATABASE_URL": database_url,
            "EARMARK_MEDIA_URL": str(media),
            "EARMARK_BOOTSTRAP_KEY": KEY,
            "EARMARK_OUTGOING": "any",
            "EARMARK_WEBHOOK_PLAIN_HTTP": "true",
            "EARMARK_WEBHOOK_WAITS": "0,0.2,0.2",
            "EARMARK_MOST_JOBS": str(2 * JOBS),
            "OMP_NUM_THREADS": "1",
        }
        logs = [home.with_suffix(".log") for home in homes]
        server = Process(["serve", "--home", str(homes[0]), "--port", str(port)], env, logs[0])
        workers = [
            Process(["worker", "--home", str(home)], env, log)
            for home, log in zip(homes[1:], logs[1:], strict=True)
        ]
        made = Crew(f"http://127.0.0.1:{port}", database_url, media, server, workers, homes)
        try:
            for process in made.everybody:
                process.start()
            wait_until("the server is ready", lambda: ready(made))
            yield made
        finally:
            for process in made.everybody:
                if process.running is not None:
                    process.running.kill()
                    process.running.wait()


@pytest.fixture
def receiver() -> Iterator[Elsewhere]:
    with running_elsewhere() as running:
        running.files["ben.wav"] = voices.wav("ben", 1)
        yield running


def ready(crew: Crew) -> bool:
    try:
        return httpx.get(f"{crew.url}/ready").status_code == 200
    except httpx.TransportError:
        return False


def wait_until(what: str, done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, f"it never came to this: {what}"
        time.sleep(0.3)


def ask(crew: Crew, address: str, body: dict[str, Any]) -> dict[str, Any]:
    """Ask the server until it answers: it may be dead at the moment."""
    end = time.monotonic() + PATIENCE
    while True:
        assert time.monotonic() < end, "the server never answered"
        try:
            headers = {"Authorization": f"Bearer {KEY}"}
            answer = httpx.post(crew.url + address, json=body, headers=headers, timeout=30)
        except httpx.TransportError:
            time.sleep(0.1)
            continue
        if answer.status_code == 503:  # its connection to the database was cut
            time.sleep(0.1)
            continue
        assert answer.status_code in (200, 201), answer.text
        found: dict[str, Any] = answer.json()
        return found


def submit_all(crew: Crew, receiver: Elsewhere) -> None:
    """Send jobs on an upload and on addresses; those whose answer came are accepted."""
    for number in range(JOBS):
        source = "media://ada" if number % 2 else f"{receiver.url}/files/ben.wav"
        address = "/v1/diarize" if number % 5 == 0 else "/v1/voiceprint"
        made = ask(crew, address, {"url": source, "webhook": f"{receiver.url}/hook/{number}"})
        crew.accepted[made["jobId"]] = number


def value(postgres: Postgres, query: str) -> Any:
    with postgres.connect(DATABASE) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


def kill_at_random(crew: Crew, postgres: Postgres, moments: random.Random) -> None:
    """Kill one after another, mostly at work and now and then while it starts; cut all off now and then."""
    for number in range(KILLS):
        so_many = number * JOBS // (KILLS + 1)
        wait_until("more jobs have ended", lambda most=so_many: value(postgres, ENDED) >= most)  # type: ignore[misc]
        if number % 4 == 2:
            value(postgres, CUT)
        victim = moments.choice(crew.everybody)
        if number % 4:
            wait_until("it is at work again", lambda one=victim: one.at_work)  # type: ignore[misc]
        time.sleep(moments.uniform(0.0, 1.5))
        victim.kill()
        time.sleep(moments.uniform(0.0, 0.5))
        victim.start()


def test_killed_at_random_points_of_many_jobs(crew: Crew, receiver: Elsewhere, postgres: Postgres) -> None:
    with postgres.connect(DATABASE) as connection:
        connection.execute(WITNESS)
    link = ask(crew, "/v1/media/input", {"url": "media://ada"})["url"]
    assert httpx.put(link, content=voices.wav("ada", 1)).status_code in (200, 201, 204)

    sending = threading.Thread(target=submit_all, args=(crew, receiver), daemon=True)
    sending.start()
    kill_at_random(crew, postgres, random.Random(4))
    sleeper = fall_asleep(crew, postgres)
    sending.join(PATIENCE)
    assert len(crew.accepted) == JOBS

    wait_until(
        "every job has ended", lambda: value(postgres, f"SELECT count(*) FROM jobs WHERE {UNFINISHED}") == 0
    )
    wait_until(
        "nobody is left to be told", lambda: value(postgres, "SELECT count(*) FROM jobs WHERE to_tell") == 0
    )
    sleeper.send_signal(signal.SIGCONT)  # and goes on with what others have finished meanwhile
    time.sleep(2.0)
    wait_until("the queues are empty", lambda: value(postgres, f"SELECT count(*) FROM {ACTIVE}") == 0)
    check_ends(crew, postgres)
    check_told(crew, receiver)
    for process in crew.everybody:
        process.stop()
    check_nothing_is_left(crew, postgres)


def fall_asleep(crew: Crew, postgres: Postgres) -> subprocess.Popen[bytes]:
    """Stop a worker in the middle of a job for as long as others work: they take over what it had begun."""
    worker, home = crew.workers[-1], crew.homes[-1]
    wait_until("it is at work again", lambda: worker.at_work)
    name = (home / "executor").read_text().strip()
    working = f"SELECT count(*) FROM {ACTIVE} AND queue_name = 'jobs' AND executor_id = '{name}'"
    left = f"SELECT count(*) FROM jobs WHERE {UNFINISHED}"
    wait_until("it has a job", lambda: value(postgres, working) or not value(postgres, left))
    assert worker.running is not None
    worker.running.send_signal(signal.SIGSTOP)
    return worker.running


def check_ends(crew: Crew, postgres: Postgres) -> None:
    """All that was accepted has succeeded, once."""
    with postgres.connect(DATABASE) as connection:
        found = connection.execute("SELECT id, state FROM jobs").fetchall()
        states = {str(job): state for job, state in found}
        ends = [str(row[0]) for row in connection.execute("SELECT id FROM ends").fetchall()]
    assert set(crew.accepted) <= set(states), "an accepted job is lost"
    assert set(states.values()) == {"succeeded"}
    assert sorted(ends) == sorted(states), "a job ended more than once"


def check_told(crew: Crew, receiver: Elsewhere) -> None:
    """The end of each was told at least once, and always the same."""
    told: dict[str, list[Any]] = defaultdict(list)
    for got in list(receiver.got):
        if got.method == "POST":
            body = json.loads(got.body)
            told[body["jobId"]].append(body)
            if body["jobId"] in crew.accepted:
                assert got.path == f"/hook/{crew.accepted[body['jobId']]}"
    assert set(crew.accepted) <= set(told)
    for bodies in told.values():
        assert all(body == bodies[0] for body in bodies)
        assert bodies[0]["status"] == "succeeded"


def check_nothing_is_left(crew: Crew, postgres: Postgres) -> None:
    """After the time for which jobs are kept there is no trace of one: in no table, and in no file."""
    with postgres.connect(DATABASE) as connection:
        connection.execute("DROP TRIGGER witness ON jobs; DROP TABLE ends")
    assert any(crew.media.rglob("*.*")) or any(path.is_file() for path in crew.media.rglob("*"))
    settings = load_settings(crew.homes[0], media_url=str(crew.media), job_workers=0)
    environ = {VARIABLE: MASTER}
    with (
        open_store(crew.homes[0], database_url=crew.database_url, environ=environ) as store,
        open_jobs(store, Engine(), settings) as jobs,
    ):
        jobs.sweep(now=datetime.now(UTC) + timedelta(hours=25))
        assert value(postgres, "SELECT count(*) FROM jobs WHERE state = 'expired'") >= JOBS
        swept = jobs.sweep(now=datetime.now(UTC) + timedelta(days=8))
        assert swept.jobs >= JOBS
    text = dump(postgres)
    for job in crew.accepted:
        assert job not in text
        assert job.replace("-", "") not in text
    assert [path for path in crew.media.rglob("*") if path.is_file()] == []


def dump(postgres: Postgres) -> str:
    """Every row of every table of the database, as text."""
    query = (
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    rows: list[str] = []
    with postgres.connect(DATABASE) as connection:
        for (table,) in connection.execute(query).fetchall():
            found = connection.execute(f"SELECT one::text FROM {table} AS one").fetchall()
            rows += [f"{table}: {row[0]}" for row in found]
    assert any(row.startswith("public.tenants") for row in rows), "looked in the wrong place"
    return "\n".join(rows)
