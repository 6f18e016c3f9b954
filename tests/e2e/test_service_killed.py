"""SIGKILL of the service under load, many times: what it acknowledged is there, what it erased is not."""

import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import voices
from e2e.traffic import BASE, VERSION, Client, Entry, Ledger
from server import KEY, running_server

from earmark.storage.clips import decode_clip
from earmark.storage.profiles import list_profiles
from earmark.storage.store import DEFAULT_TENANT, open_store
from earmark.storage.voiceprints import load_record

ROUNDS = int(os.environ.get("EARMARK_TEST_KILLS", "100"))
NURSERY = Path(__file__).with_name("serve_until_killed.py")
SECONDS = 1.6  # of each recording
# Two clients that are alone with their profiles, and four who share theirs.
GROUPS = ("one", "two", "shared", "shared", "shared", "shared")
FILES = {"earmark.db", "earmark.db-wal", "earmark.db-shm", "master.key", "executor", "media"}

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no SIGKILL on Windows")

ORPHANS = {  # each must find nothing
    "an enrolment without its profile": """
        select e.id from enrolments e left join profiles p on p.tenant = e.tenant and p.id = e.profile_id
        where p.id is null""",
    "a data key without its profile": """
        select k.profile_id from profile_keys k left join profiles p
        on p.tenant = k.tenant and p.id = k.profile_id where p.id is null""",
    "a profile without its data key": """
        select p.id from profiles p left join profile_keys k on k.tenant = p.tenant and k.profile_id = p.id
        where k.profile_id is null""",
    "audio without its enrolment": """
        select a.enrolment_id from enrolment_audio a left join enrolments e
        on e.tenant = a.tenant and e.id = a.enrolment_id where e.id is null""",
    "an enrolment without the audio that it says is kept": """
        select e.id from enrolments e left join enrolment_audio a
        on a.tenant = e.tenant and a.enrolment_id = e.id where (a.enrolment_id is null) = e.audio_kept""",
    "positions with a gap": """
        select profile_id from enrolments group by tenant, profile_id
        having min(position) != 0 or max(position) != count(*) - 1""",
    "a state that the enrolments do not bear out": """
        select p.id from profiles p where (p.state = 'enrolled') != exists
        (select 1 from enrolments e where e.tenant = p.tenant and e.profile_id = p.id)""",
}


class Nursery:
    """Starts servers on one home, one after the other."""

    def __init__(self, home: Path, temporary: Path, log: Path) -> None:
        self.home = home
        environment = os.environ | {
            "EARMARK_BOOTSTRAP_KEY": KEY,
            "TMPDIR": str(temporary),
            "EARMARK_LOG_LEVEL": "warning",
            "EARMARK_QUEUE": "1000",
            "OMP_NUM_THREADS": "1",  # so that forking is safe
            "OPENBLAS_NUM_THREADS": "1",
        }
        with log.open("wb") as written:
            self.process = subprocess.Popen(
                [sys.executable, str(NURSERY), str(home)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=written,
                text=True,
                env=environment,
            )

    def start(self) -> tuple[int, int]:
        """Return the process id and the port of a new server that listens."""
        assert self.process.stdin is not None
        self.process.stdin.write("start\n")
        self.process.stdin.flush()
        process = int(self.read())
        while not (line := self.read()).startswith("Listening on "):
            assert line != "dead\n", "the server did not start"
        return process, int(line.rsplit(":", 1)[1])

    def kill(self, process: int) -> None:
        os.kill(process, signal.SIGKILL)
        while self.read() != "dead\n":
            pass

    def read(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the nursery died"
        return line


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    (tmp_path / "temporary").mkdir()
    found = Nursery(tmp_path / "home", tmp_path / "temporary", tmp_path / "log")
    with found.process as process:
        yield found
        assert process.stdin is not None
        process.stdin.close()


def load(port: int, ledger: Ledger, seed: int) -> list[threading.Thread]:
    """Set all clients on the server; they end when it does."""
    clip = voices.wav("ben", 1, seconds=SECONDS)
    threads = []
    for number, group in enumerate(GROUPS):
        client = Client(ledger, group, port, KEY, clip, random.Random(100 * seed + number))
        threads.append(threading.Thread(target=client.run))
        threads[-1].start()
    return threads


def get(port: int, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers={"Ocp-Apim-Subscription-Key": KEY})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, f"{answer.status}: {text[:200]!r}"
        return json.loads(text)
    finally:
        connection.close()


def check_answers(port: int, ledger: Ledger) -> None:
    """What the restarted server tells agrees with the ledger, which then begins anew from what it tells."""
    for path, span in ledger.operations.items():
        told = get(port, path)
        assert told["status"] == "succeeded", "an accepted operation changed its mind"
        assert span.ended < float("inf")
    ledger.operations.clear()
    listed = get(port, f"{BASE}?{VERSION}&maxpagesize=500")
    assert "nextLink" not in listed
    there = {one["profileId"]: one["enrollmentsCount"] for one in listed["value"]}
    assert not ledger.erased & set(there), "an erased profile is back"
    for guid, entry in list(ledger.alive.items()):
        least, most = entry.bounds()
        if guid not in there:
            assert entry.deletes, "an acknowledged profile is lost"
            ledger.erased.add(guid)  # its delete was on its way: it may not come back either
            del ledger.alive[guid]
            continue
        assert least <= there[guid] <= most, f"{there[guid]} enrolments, and {least} to {most} can be"
        entry.settle(there[guid])
    unasked = sorted(set(there) - set(ledger.alive))
    assert len(unasked) <= sum(ledger.creating.values()), "a profile that nobody made"
    for guid in unasked:
        assert there[guid] == 0
        group = next(name for name, count in ledger.creating.items() if count)
        ledger.creating[group] -= 1
        ledger.alive[guid] = Entry(group)
    ledger.creating.clear()


def check_files(home: Path, temporary: Path, ledger: Ledger) -> None:
    """Nothing lies about: neither in the tables nor in the folders. Between a kill and the next start."""
    left = {path.name for path in home.iterdir() if not path.name.startswith(".master.key.")}
    assert left <= FILES, "a file was left behind"
    assert list(temporary.iterdir()) == [], "a file was left behind"
    with sqlite3.connect(f"file:{home / 'earmark.db'}?mode=ro", uri=True) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert connection.execute("pragma foreign_key_check").fetchall() == []
        for what, query in ORPHANS.items():
            assert connection.execute(query).fetchall() == [], what
        ids = {row[0] for row in connection.execute("select id from profiles")}
    connection.close()
    assert not ids & {guid.replace("-", "") for guid in ledger.erased}, "an erased profile has a row"


def check_seals(home: Path) -> int:
    """Every recording and voiceprint opens with the key that its profile has now; returns how many."""
    count = 0
    with open_store(home, environ={}) as store:
        for profile in list_profiles(DEFAULT_TENANT, store):
            for record in load_record(DEFAULT_TENANT, store, profile.id).records:
                assert record.audio is not None
                assert decode_clip(record.audio).size == round(SECONDS * voices.RATE)
                count += 1
    return count


def test_killed_under_load(nursery: Nursery, tmp_path: Path) -> None:
    moments = random.Random(4)
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    ledger = Ledger()
    for number in range(ROUNDS):
        process, port = nursery.start()
        check_answers(port, ledger)
        enough = ledger.answers + moments.randrange(10)  # answers, not seconds: a slow machine proves as much
        threads = load(port, ledger, number)
        while ledger.answers < enough and any(thread.is_alive() for thread in threads):
            time.sleep(0.005)
        time.sleep(moments.uniform(0.05, 0.3))
        nursery.kill(process)
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive(), "a client hangs although the server is gone"
        assert ledger.surprises == []
        check_files(home, temporary, ledger)
        if number % 10 == 9:
            check_seals(home)
    # At last a server that was started as everybody does, stopped as everybody does.
    with running_server(home, env={"TMPDIR": str(temporary)}) as server:
        check_answers(server.port, ledger)
        assert server.stop() == 0
    check_files(home, temporary, ledger)
    assert check_seals(home) == sum(entry.base for entry in ledger.alive.values())
    assert all(ledger.acknowledged.values()), "one kind of request was never answered"
    assert ledger.answers >= 3 * ROUNDS, "too little happened to prove anything"
    assert (tmp_path / "log").read_text() == "", "the service complained"
