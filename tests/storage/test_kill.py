"""SIGKILL at random moments while profiles are stored: each enrolment is whole or absent, the store opens."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from earmark.storage.clips import decode_clip
from earmark.storage.profiles import create_profile, find_profile, list_profiles
from earmark.storage.store import DEFAULT_TENANT, Store, open_store
from earmark.storage.voiceprints import load_record
from earmark.voice.quality import Quality
from earmark.voice.voiceprint import Embedding

NURSERY = Path(__file__).with_name("enrol_until_killed.py")
ENROLMENTS = 200
KILLS = 20

Nursery = subprocess.Popen[str]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")


@pytest.fixture
def nursery(home: Path, database_url: str | None) -> Iterator[Nursery]:
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # so that forking is safe
    with subprocess.Popen(
        [sys.executable, str(NURSERY), str(home), database_url or ""],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | one_thread,
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def enrol_and_kill(nursery: Nursery, *, seed: int, confirmed: int, then_seconds: float) -> dict[UUID, int]:
    """Return what the process confirmed before it was killed: GUIDs with their number of enrolments."""
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    nursery.stdin.write(f"{seed}\n")
    nursery.stdin.flush()
    process = int(nursery.stdout.readline())
    lines = [nursery.stdout.readline() for _ in range(confirmed)]
    time.sleep(then_seconds)
    os.kill(process, signal.SIGKILL)
    while (line := nursery.stdout.readline()) != "dead\n":
        assert line, "the nursery died"
        lines.append(line)
    return {UUID(guid): int(number) for guid, number in (line.split() for line in lines)}


def check_all(store: Store, confirmed: dict[UUID, int]) -> int:
    """Every profile is whole, every confirmed one is there; returns how many enrolments there are."""
    if not store.database.shared:
        with store.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    everybody = {profile.id: profile for profile in list_profiles(DEFAULT_TENANT, store)}
    for guid, number in confirmed.items():
        assert guid in everybody, "a confirmed enrolment is lost"
        assert len(everybody[guid].enrolments) >= number, "a confirmed addition is lost"
    for profile in everybody.values():
        assert len(profile.enrolments) in (3, 5), "an enrolment is there in part"
        assert profile.label is not None
        assert find_profile(DEFAULT_TENANT, store, profile.label) == profile
        record = load_record(DEFAULT_TENANT, store, profile.id)
        assert len(record.records) == len(profile.enrolments)
        for one in record.records:
            assert one.audio is not None
            assert decode_clip(one.audio).shape == (2_000,)
            np.testing.assert_array_equal(one.vector, np.full(16, 0.25, np.float32))
    return sum(len(profile.enrolments) for profile in everybody.values())


@pytest.mark.databases("sqlite", "postgres")
def test_killed_at_random_moments(home: Path, database_url: str | None, nursery: Nursery) -> None:
    moments = random.Random(2)
    confirmed: dict[UUID, int] = {}
    stored = kills = 0
    while stored < ENROLMENTS or kills < KILLS:
        kills += 1
        confirmed |= enrol_and_kill(
            nursery, seed=kills, confirmed=moments.randrange(8), then_seconds=moments.uniform(0, 0.03)
        )
        with open_store(home, database_url=database_url, environ={}) as store:
            stored = len(list_profiles(DEFAULT_TENANT, store)) * 3  # at least; counted exactly at the end
    with open_store(home, database_url=database_url, environ={}) as store:
        stored = check_all(store, confirmed)
        assert stored >= ENROLMENTS
        # And it still takes more.
        quality = Quality(4.5, 5.0, 20.0, 0.0, 7_800.0, -20.0, False)
        embedding = Embedding(np.full(16, 0.25, np.float32), quality, "test@1")
        clips = [np.zeros(2_000, np.float32)] * 3
        create_profile(DEFAULT_TENANT, store, clips=clips, embeddings=[embedding] * 3, label="after all")
        assert check_all(store, confirmed) == stored + 3
    if (home / "master.key").exists():  # a draft of the key may be left by a kill, but holds nothing then
        assert {path.name for path in home.iterdir() if not path.name.startswith(".master.key.")} <= {
            "master.key", "earmark.db", "earmark.db-wal", "earmark.db-shm",
        }  # fmt: skip
