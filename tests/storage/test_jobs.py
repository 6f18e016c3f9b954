"""Jobs as rows: turns in the queue, limits, an end that comes once, pages, and what is forgotten."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from earmark.errors import JobNotFound, QueueFull, SealBroken, TenantNotFound
from earmark.storage import jobs
from earmark.storage.schema import jobs as table
from earmark.storage.store import DEFAULT_TENANT, Store
from earmark.storage.tenants import create_tenant, delete_tenant
from earmark.storage.values import Job, JobKind, JobState

pytestmark = pytest.mark.databases("sqlite", "postgres")

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def add(
    store: Store,
    *,
    tenant: str = DEFAULT_TENANT,
    at: datetime = NOW,
    most: int = 100,
    most_all: int = 1_000,
    order: bytes = b"what was asked",
    to_tell: bool = False,
    door: str = "native",
) -> tuple[UUID, int]:
    """A new job's identifier and turn."""
    job = Job(uuid4(), JobKind.DIARIZE, door, JobState.CREATED, 0.0, at, at, None)
    turn = jobs.insert_job(
        tenant,
        store,
        job,
        order,
        media_id=None,
        to_tell=to_tell,
        most=most,
        most_all=most_all,
        enqueue=lambda _connection, _turn: None,
    )
    return job.id, turn


def end(store: Store, job_id: UUID, state: JobState = JobState.SUCCEEDED, *, at: datetime = NOW) -> bool:
    return jobs.end_job(DEFAULT_TENANT, store, job_id, state, b"what came of it", now=at)


def test_a_newcomers_first_job_goes_before_a_floods_second(store: Store) -> None:
    for tenant in ("flood", "newcomer"):
        create_tenant(store, tenant)
    flood = [add(store, tenant="flood") for _ in range(20)]
    assert [turn for _, turn in flood] == list(range(1, 21))
    for job_id, _ in flood[:7]:
        assert jobs.begin_job("flood", store, job_id, now=NOW)
        jobs.end_job("flood", store, job_id, JobState.SUCCEEDED, None, now=NOW)
    # The queue has come to the eighth turn: not before it, or newcomers would hold up the flood for ever.
    turns = [add(store, tenant="newcomer")[1] for _ in range(3)]
    assert turns == [8, 9, 10]
    assert add(store, tenant="flood")[1] == 21


def test_turns_begin_anew_when_nobody_waits(store: Store) -> None:
    for _ in range(3):
        job_id, turn = add(store)
        assert turn == 1
        end(store, job_id)


def test_a_tenant_and_all_together_have_so_many_unfinished_jobs(store: Store) -> None:
    create_tenant(store, "acme")
    first, _ = add(store, most=2)
    add(store, most=2)
    with pytest.raises(QueueFull, match="2 jobs are unfinished") as full:
        add(store, most=2)
    assert full.value.retry_after > 0
    with pytest.raises(QueueFull, match="As many jobs"):
        add(store, tenant="acme", most_all=2)
    end(store, first)
    add(store, most=2)
    add(store, tenant="acme")


def test_a_limit_holds_when_many_come_at_once(store: Store) -> None:
    def attempt(_: int) -> bool:
        try:
            add(store, most=5)
        except QueueFull:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert Counter(threads.map(attempt, range(24)))[True] == 5


def test_what_cannot_be_queued_was_not_accepted(store: Store) -> None:
    def refuse(_connection: object, _turn: int) -> None:
        raise RuntimeError("the queue is gone")

    job = Job(uuid4(), JobKind.DIARIZE, "native", JobState.CREATED, 0.0, NOW, NOW, None)
    with pytest.raises(RuntimeError):
        jobs.insert_job(
            DEFAULT_TENANT,
            store,
            job,
            b"",
            media_id=None,
            to_tell=False,
            most=9,
            most_all=9,
            enqueue=refuse,
        )
    with pytest.raises(JobNotFound):
        jobs.find_job(DEFAULT_TENANT, store, job.id)


def test_a_job_ends_once_however_many_end_it(store: Store) -> None:
    job_id, _ = add(store)
    states = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELED) * 4
    with ThreadPoolExecutor(8) as threads:
        firsts = list(threads.map(lambda state: end(store, job_id, state), states))
    assert sum(firsts) == 1
    found = jobs.find_job(DEFAULT_TENANT, store, job_id)
    assert found.state is states[firsts.index(True)]
    assert found.ended == NOW
    assert not jobs.report_progress(DEFAULT_TENANT, store, job_id, 0.5, now=NOW)
    assert jobs.begin_job(DEFAULT_TENANT, store, job_id, now=NOW) is None
    assert not jobs.put_off_job(DEFAULT_TENANT, store, job_id, now=NOW)
    assert jobs.find_job(DEFAULT_TENANT, store, job_id) == found


def test_attempts_count_those_that_nobody_put_off(store: Store) -> None:
    job_id, _ = add(store)
    assert jobs.begin_job(DEFAULT_TENANT, store, job_id, now=NOW) == 1
    assert jobs.report_progress(DEFAULT_TENANT, store, job_id, 0.25, now=NOW)
    running = jobs.find_job(DEFAULT_TENANT, store, job_id)
    assert (running.state, running.progress, running.ended) == (JobState.RUNNING, 0.25, None)
    assert jobs.begin_job(DEFAULT_TENANT, store, job_id, now=NOW) == 2
    assert jobs.put_off_job(DEFAULT_TENANT, store, job_id, now=NOW)
    assert jobs.find_job(DEFAULT_TENANT, store, job_id).state is JobState.CREATED
    assert jobs.begin_job(DEFAULT_TENANT, store, job_id, now=NOW) == 2


def test_pages_are_newest_first_and_of_one_tenant(store: Store) -> None:
    create_tenant(store, "acme")
    add(store, tenant="acme")
    made = [add(store, at=NOW + timedelta(seconds=place // 2))[0] for place in range(6)]  # pairs at once
    add(store, door="pyannoteai")
    seen: list[UUID] = []
    after = None
    while True:
        page, total = jobs.list_jobs(
            DEFAULT_TENANT, store, states=None, door="native", limit=2, after=after, skip=0
        )
        assert total == 6
        if not page:
            break
        seen += [job.id for job in page]
        after = seen[-1]
    assert sorted(seen) == sorted(made)
    assert [made.index(one) // 2 for one in seen] == [2, 2, 1, 1, 0, 0]
    skipped, _ = jobs.list_jobs(
        DEFAULT_TENANT, store, states=None, door="native", limit=9, after=None, skip=4
    )
    assert [job.id for job in skipped] == seen[4:]
    end(store, made[3])
    for state, count in ((JobState.SUCCEEDED, 1), (JobState.CREATED, 5), (JobState.FAILED, 0)):
        page, total = jobs.list_jobs(
            DEFAULT_TENANT, store, states=[state], door="native", limit=9, after=None, skip=0
        )
        assert len(page) == total == count
    with pytest.raises(JobNotFound):
        jobs.list_jobs(DEFAULT_TENANT, store, states=None, door=None, limit=9, after=uuid4(), skip=0)


def test_another_tenant_neither_sees_nor_changes_a_job(store: Store) -> None:
    create_tenant(store, "acme")
    job_id, _ = add(store)
    for reads in (jobs.find_job, jobs.read_order, jobs.read_outcome, jobs.delete_job):
        with pytest.raises(JobNotFound):
            reads("acme", store, job_id)
    assert jobs.begin_job("acme", store, job_id, now=NOW) is None
    assert not jobs.end_job("acme", store, job_id, JobState.CANCELED, None, now=NOW)
    assert not jobs.is_to_tell("acme", store, job_id)
    assert jobs.find_job(DEFAULT_TENANT, store, job_id).state is JobState.CREATED


def test_order_and_outcome_are_sealed_in_their_own_row(store: Store, home: Path) -> None:
    one, _ = add(store, order=b"label of a person " * 20)
    other, _ = add(store)
    end(store, one)
    assert jobs.read_order(DEFAULT_TENANT, store, one) == b"label of a person " * 20
    assert jobs.read_outcome(DEFAULT_TENANT, store, one) == b"what came of it"
    assert jobs.read_outcome(DEFAULT_TENANT, store, other) is None
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"label of a person" not in kept
    with store.writing() as connection:  # another job's order, moved by hand
        sealed = connection.scalar(
            table.select().with_only_columns(table.c.order_sealed).where(table.c.id == one)
        )
        connection.execute(table.update().where(table.c.id == other).values(order_sealed=sealed))
    with pytest.raises(SealBroken):
        jobs.read_order(DEFAULT_TENANT, store, other)


def test_outputs_expire_and_rows_go(store: Store) -> None:
    ids = {state: add(store, to_tell=True)[0] for state in (JobState.SUCCEEDED, JobState.FAILED)}
    waiting, _ = add(store)
    for state, job_id in ids.items():
        end(store, job_id, state)
    assert jobs.expire_outputs(store, NOW - timedelta(seconds=1)) == 0
    assert {row.id for row in jobs.list_untold(store)} == set(ids.values())
    assert jobs.expire_outputs(store, NOW) == 2
    assert jobs.expire_outputs(store, NOW) == 0
    assert jobs.list_untold(store) == []
    after = {state: jobs.find_job(DEFAULT_TENANT, store, job_id).state for state, job_id in ids.items()}
    assert after == {JobState.SUCCEEDED: JobState.EXPIRED, JobState.FAILED: JobState.FAILED}
    for job_id in ids.values():
        assert jobs.read_order(DEFAULT_TENANT, store, job_id) is None
        assert jobs.read_outcome(DEFAULT_TENANT, store, job_id) is None
    assert jobs.delete_ended(store, NOW) == 2
    assert [row.id for row in jobs.list_unfinished(store)] == [waiting]


def test_jobs_that_run_too_long_are_found(store: Store) -> None:
    job_id, _ = add(store)
    jobs.begin_job(DEFAULT_TENANT, store, job_id, now=NOW)
    jobs.begin_job(DEFAULT_TENANT, store, job_id, now=NOW + timedelta(hours=1))  # the first time counts
    assert [row.id for row in jobs.list_overdue(store, NOW + timedelta(seconds=1))] == [job_id]
    assert jobs.list_overdue(store, NOW) == []


def test_a_tenants_jobs_go_with_it(store: Store) -> None:
    create_tenant(store, "acme")
    job_id, _ = add(store, tenant="acme")
    delete_tenant(store, "acme")
    assert jobs.list_unfinished(store) == []
    with pytest.raises(TenantNotFound):
        add(store, tenant="acme")
    with pytest.raises(TenantNotFound):
        jobs.end_job("acme", store, job_id, JobState.SUCCEEDED, b"late", now=NOW)
