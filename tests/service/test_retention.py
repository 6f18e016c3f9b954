"""The clock moved on: what was asked, heard and uploaded is gone from every table and every file."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import meeting
import pytest
from elsewhere import Elsewhere, running_elsewhere
from jobbing import ended, open_queue
from synthesis import say

from earmark.errors import ChallengeNotFound, JobNotFound, MediaNotFound
from earmark.service.actor import Actor
from earmark.service.answers import keep_answer
from earmark.service.challenges import create_challenge
from earmark.service.enrol import enrol
from earmark.service.job_queue import JobQueue
from earmark.service.jobs import delete_job, find_job, read_order, read_outcome, submit_job
from earmark.service.looking_after import rescue
from earmark.service.media import find_media, put_media
from earmark.service.orders import Known, Order, Voice, Webhook
from earmark.service.retention import Swept
from earmark.service.tenants import create_tenant, delete_tenant
from earmark.storage import jobs as rows
from earmark.storage import media as recordings
from earmark.storage.challenges import find_challenge
from earmark.storage.executors import beat, claim, claim_silent
from earmark.storage.store import Store
from earmark.storage.values import JobKind, JobState
from earmark.voice.engine import Engine

LABEL, KEY, PATH, WEBHOOK = (
    "Ann Example of Nowhere",
    "meetings/board-42.wav",
    "private-token-77",
    "hook-token-88",
)
SOUND = meeting.meeting()
HOUR = timedelta(hours=1)
NOTHING = Swept(0, 0, 0, 0, 0, 0, 0, 0, 0)


@pytest.fixture
def queue(store: Store, engine: Engine) -> Iterator[JobQueue]:
    with open_queue(store, engine) as opened:
        yield opened


@pytest.fixture
def there() -> Iterator[Elsewhere]:
    with running_elsewhere() as found:
        found.files[PATH] = SOUND
        yield found


def in_files(home: Path, *needles: bytes) -> list[str]:
    """Which of some texts are found in the home folder, where."""
    return [
        f"{needle!r} in {path.relative_to(home)}"
        for path in sorted(home.rglob("*"))
        if path.is_file()
        for needle in needles
        if needle in path.read_bytes() or needle in str(path).encode()
    ]


def in_tables(home: Path, needle: str) -> list[str]:
    """In which columns of which tables, also of the job library's, a text is found."""
    found = []
    with sqlite3.connect(home / "earmark.db") as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            cursor = connection.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in cursor.description]
            for row in cursor:
                found += [
                    f"{table}.{name}" for name, value in zip(names, row, strict=True) if needle in str(value)
                ]
    return found


def forms(job_id: UUID) -> tuple[bytes, ...]:
    return str(job_id).encode(), job_id.hex.encode(), job_id.bytes


def test_nothing_is_left_in_time(
    actor: Actor, store: Store, queue: JobQueue, home: Path, there: Elsewhere, engine: Engine
) -> None:
    put_media(actor, store, queue.media, KEY, [SOUND], rules=queue.how.media_rules)
    vector = engine.embed(meeting.alone("ada")).vector.astype("<f4").tobytes()
    known = (Known(LABEL, Voice(vector, 9.0, engine.entry.id)),)
    webhook = Webhook(f"{there.url}/{WEBHOOK}")
    orders = [
        Order(JobKind.IDENTIFY, f"media://{KEY}", known=known, webhook=webhook),
        Order(JobKind.DIARIZE, f"{there.url}/files/{PATH}", extra={"label": LABEL}),
        Order(JobKind.DIARIZE, f"{there.url}/files/none-{PATH}"),
    ]
    ids = [submit_job(actor, store, queue, order, door="native").id for order in orders]
    states = [ended(actor, store, job_id).state for job_id in ids]
    assert states == [JobState.SUCCEEDED, JobState.SUCCEEDED, JobState.FAILED]
    there.wait(1, where=lambda got: WEBHOOK in got.path)
    plain = [LABEL.encode(), KEY.encode(), PATH.encode(), WEBHOOK.encode(), vector, SOUND[2_000:2_064]]
    assert in_files(home, *plain) == []  # not even now

    now = datetime.now(UTC)
    queue.sweep(now=now + 23 * HOUR)
    assert read_outcome(actor, store, ids[0]) is not None
    assert find_media(actor, store, KEY).size == len(SOUND)

    assert queue.sweep(now=now + 25 * HOUR).outputs == 3
    after = [find_job(actor, store, job_id).state for job_id in ids]
    assert after == [JobState.EXPIRED, JobState.EXPIRED, JobState.FAILED]
    for job_id in ids:
        assert read_order(actor, store, job_id) is None
        assert read_outcome(actor, store, job_id) is None
    assert find_media(actor, store, KEY).size == len(SOUND)

    assert queue.sweep(now=now + 49 * HOUR).recordings == 1
    with pytest.raises(MediaNotFound):
        find_media(actor, store, KEY)
    assert not [path for path in (home / "media").rglob("*") if path.is_file()]

    assert queue.sweep(now=now + 167 * HOUR).jobs == 0
    assert queue.sweep(now=now + 169 * HOUR).jobs == 3
    for job_id in ids:
        with pytest.raises(JobNotFound):
            find_job(actor, store, job_id)
        assert in_tables(home, str(job_id)) == in_tables(home, job_id.hex) == []
    traces = [form for job_id in ids for form in forms(job_id)]
    assert in_files(home, *plain, *traces) == []
    assert queue.sweep(now=now + 169 * HOUR) == NOTHING


def test_an_expired_challenge_is_gone(actor: Actor, store: Store, engine: Engine, queue: JobQueue) -> None:
    clips = [say("my voice is my passport verify me", "mary", take) for take in range(3)]
    known = enrol(actor, store, engine, "mary", clips, force=True).profile
    made = create_challenge(actor, store, known.id, seconds=60.0)
    assert queue.sweep(now=made.expires + timedelta(minutes=59)).challenges == 0
    assert queue.sweep(now=made.expires + timedelta(minutes=61)).challenges == 1
    with pytest.raises(ChallengeNotFound):
        find_challenge(actor.tenant, store, made.id)


def test_a_deleted_job_is_gone_at_once(actor: Actor, store: Store, queue: JobQueue, home: Path) -> None:
    put_media(actor, store, queue.media, KEY, [SOUND], rules=queue.how.media_rules)
    job_id = submit_job(actor, store, queue, Order(JobKind.DIARIZE, f"media://{KEY}"), door="native").id
    ended(actor, store, job_id)
    delete_job(actor, store, queue, job_id)
    assert in_tables(home, job_id.hex) == []
    queue.sweep(now=datetime.now(UTC) + HOUR)  # what the queue knew of it: its identifier
    assert in_files(home, *forms(job_id)) == []


def test_a_deleted_tenants_jobs_and_recordings_go_with_it(
    actor: Actor, store: Store, queue: JobQueue, home: Path
) -> None:
    create_tenant(actor, store, "acme")
    theirs = Actor("acme", actor.permissions)
    put_media(theirs, store, queue.media, KEY, [SOUND], rules=queue.how.media_rules)
    job_id = submit_job(theirs, store, queue, Order(JobKind.DIARIZE, f"media://{KEY}"), door="native").id
    ended(theirs, store, job_id)
    assert (home / "media" / "acme").is_dir()
    delete_tenant(actor, store, "acme", media=queue.media)
    assert not (home / "media" / "acme").exists()
    queue.sweep(now=datetime.now(UTC) + HOUR)
    assert in_tables(home, "acme") == []
    assert in_files(home, b"acme", *forms(job_id)) == []


def test_what_a_crash_left_is_mended(actor: Actor, store: Store, engine: Engine, home: Path) -> None:
    with open_queue(store, engine, workers=0) as queue:
        put_media(actor, store, queue.media, KEY, [SOUND], rules=queue.how.media_rules)
        order = Order(JobKind.DIARIZE, f"media://{KEY}")
        lost = submit_job(actor, store, queue, order, door="native").id
        queue._durable._client.delete_workflows(list(queue._durable.entries("jobs")))
        lying = home / "media" / "default" / "00000000-0000-0000-0000-000000000000"
        lying.mkdir()
        (lying / "000000").write_bytes(b"sealed")
        (home / "media" / "nobody" / "x").mkdir(parents=True)
        now = datetime.now(UTC)
        swept = queue.sweep(now=now)
        assert (swept.queued_again, swept.left_lying) == (0, 2)  # what was just begun is left alone
        assert queue.sweep(now=now + HOUR).queued_again == 1
        assert queue.sweep(now=now + HOUR) == NOTHING
    assert not lying.exists()
    assert not (home / "media" / "nobody").exists()
    with open_queue(store, engine):
        assert ended(actor, store, lost).state is JobState.SUCCEEDED


def test_an_upload_that_broke_off_with_its_process_goes(actor: Actor, store: Store, queue: JobQueue) -> None:
    class Killed(BaseException):
        pass

    def breaks() -> Iterator[bytes]:
        yield SOUND
        raise Killed

    removed = recordings.remove_media
    recordings.remove_media = lambda *_: None  # a killed process removes nothing
    try:
        with pytest.raises(Killed):
            put_media(actor, store, queue.media, KEY, breaks(), rules=queue.how.media_rules)
    finally:
        recordings.remove_media = removed
    now = datetime.now(UTC)
    assert queue.sweep(now=now + 5 * HOUR).recordings == 0
    assert queue.sweep(now=now + 7 * HOUR).recordings == 1


def test_a_job_of_a_process_that_vanished_ends(actor: Actor, store: Store, engine: Engine) -> None:
    with open_queue(store, engine, workers=0) as queue:
        put_media(actor, store, queue.media, KEY, [SOUND], rules=queue.how.media_rules)
        order = Order(JobKind.DIARIZE, f"media://{KEY}")
        job_id = submit_job(actor, store, queue, order, door="native").id
        now = datetime.now(UTC)
        rows.begin_job(actor.tenant, store, job_id, now=now)
        assert queue.sweep(now=now + 24 * HOUR).stopped == 0
        assert queue.sweep(now=now + 26 * HOUR).stopped == 1
        outcome = read_outcome(actor, store, job_id)
        assert outcome is not None
        assert outcome.code == "job_timed_out"


def test_expired_answers_go(actor: Actor, store: Store, queue: JobQueue) -> None:
    keep_answer(actor, store, UUID(int=7), b"who it was")
    now = datetime.now(UTC)
    assert queue.sweep(now=now + 23 * HOUR).answers == 0
    assert queue.sweep(now=now + 25 * HOUR).answers == 1


class Begun:
    """Work of processes, as the queue would tell of it."""

    def __init__(self, **begun: list[str]) -> None:
        self.begun, self.taken = begun, list[str]()

    def begun_by(self) -> dict[str, list[str]]:
        return self.begun

    def take_over(self, begun: list[str]) -> None:
        self.taken += begun

    def sweep(self, *, now: datetime) -> object:
        raise NotImplementedError


@pytest.mark.databases("sqlite", "postgres")
def test_the_silent_are_taken_over_by_one(store: Store) -> None:
    now = datetime.now(UTC)
    for executor in ("me", "dead", "alive"):
        beat(store, executor, now=now - timedelta(seconds=60))
    for executor in ("me", "alive"):
        beat(store, executor, now=now - timedelta(seconds=5))
    begun = Begun(me=["1"], dead=["2", "3"], alive=["4"], unheard=["5"])
    assert rescue(store, begun, "me", silent=30, now=now) == 1
    assert begun.taken == ["2", "3"]
    rescue(store, begun, "other", silent=30, now=now)  # who saw the same a moment later
    assert begun.taken == ["2", "3"]
    rescue(store, begun, "me", silent=30, now=now + timedelta(seconds=31))
    assert sorted(begun.taken[2:]) == ["2", "3", "4", "5"]


@pytest.mark.databases("sqlite", "postgres")
def test_a_lease_is_one_processs(store: Store) -> None:
    now = datetime.now(UTC)
    assert claim(store, "sweep", since=now - HOUR, now=now)
    assert not claim(store, "sweep", since=now - HOUR, now=now)
    assert claim(store, "sweep", since=now + HOUR, now=now + 2 * HOUR)
    assert not claim_silent(store, "nobody", since=now, now=now)
