"""Answers: kept sealed for a while, replaced, found by their tenant alone, and gone in time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from earmark.errors import OperationNotFound
from earmark.storage.answers import find_answer, keep_answer
from earmark.storage.schema import answers
from earmark.storage.store import DEFAULT_TENANT, Store, open_store
from earmark.storage.tenants import create_tenant
from earmark.storage.values import Answer

pytestmark = pytest.mark.databases("sqlite", "postgres")

DAY = timedelta(days=1)
OTHER = "other"


def keep(store: Store, body: bytes = b"{}", *, answer_id: UUID | None = None, **more: object) -> Answer:
    options = {"tenant": DEFAULT_TENANT, "fingerprint": b"", "lifetime": DAY} | more
    return keep_answer(store=store, answer_id=answer_id or uuid4(), body=body, **options)  # type: ignore[arg-type]


def stored(store: Store) -> set[UUID]:
    with store.reading() as connection:
        return set(connection.scalars(sa.select(answers.c.id)))


def end(store: Store, answer_id: UUID, at: datetime) -> None:
    with store.writing() as connection:
        connection.execute(sa.update(answers).where(answers.c.id == answer_id).values(expires=at))


@pytest.mark.parametrize("body", [b"", b"\0", b'{"status": "succeeded"}', bytes(range(256)) * 4_000])
def test_what_is_kept_is_found(home: Path, store: Store, database_url: str | None, body: bytes) -> None:
    kept = keep(store, body, fingerprint=b"\xfe" * 32, lifetime=timedelta(hours=3))
    assert (kept.body, kept.fingerprint) == (body, b"\xfe" * 32)
    assert kept.expires - kept.created == timedelta(hours=3)
    assert kept.created.utcoffset() == timedelta(0)
    assert find_answer(DEFAULT_TENANT, store, kept.id) == kept
    store.close()
    with open_store(home, database_url=database_url, environ={}) as again:
        assert find_answer(DEFAULT_TENANT, again, kept.id) == kept


def test_a_second_one_takes_its_place(store: Store) -> None:
    first, other = keep(store, b"first", fingerprint=b"1"), keep(store, b"other")
    second = keep(store, b"second", answer_id=first.id, fingerprint=b"2")
    assert find_answer(DEFAULT_TENANT, store, first.id) == second
    assert find_answer(DEFAULT_TENANT, store, other.id).body == b"other"
    assert stored(store) == {first.id, other.id}


def test_nothing_is_found_of_what_was_never_kept(store: Store) -> None:
    keep(store)
    with pytest.raises(OperationNotFound):
        find_answer(DEFAULT_TENANT, store, uuid4())


def test_another_tenant_finds_nothing(store: Store) -> None:
    create_tenant(store, OTHER)
    ours = keep(store, b"ours")
    with pytest.raises(OperationNotFound):
        find_answer(OTHER, store, ours.id)
    theirs = keep(store, b"theirs", answer_id=ours.id, tenant=OTHER)
    assert find_answer(OTHER, store, ours.id) == theirs
    assert find_answer(DEFAULT_TENANT, store, ours.id) == ours, "and replaces nothing of ours"


def test_answers_end(store: Store) -> None:
    kept, stays = keep(store, b"soon"), keep(store, b"stays")
    end(store, kept.id, datetime.now(UTC) + timedelta(minutes=1))
    assert find_answer(DEFAULT_TENANT, store, kept.id).body == b"soon"
    end(store, kept.id, datetime.now(UTC) - timedelta(microseconds=1))
    with pytest.raises(OperationNotFound):
        find_answer(DEFAULT_TENANT, store, kept.id)
    assert find_answer(DEFAULT_TENANT, store, stays.id).body == b"stays"


def test_what_has_ended_goes_with_the_next(store: Store) -> None:
    create_tenant(store, OTHER)
    gone, stays = keep(store, tenant=OTHER), keep(store)
    end(store, gone.id, datetime.now(UTC) - timedelta(seconds=1))
    assert gone.id in stored(store)
    new = keep(store)
    assert stored(store) == {stays.id, new.id}


def test_one_that_has_ended_can_be_kept_again(store: Store) -> None:
    kept = keep(store, b"old", lifetime=-DAY)
    assert keep(store, b"new", answer_id=kept.id).body == b"new"
    assert find_answer(DEFAULT_TENANT, store, kept.id).body == b"new"


@pytest.mark.databases("sqlite")  # looks into the files
def test_the_body_stands_nowhere_in_clear(home: Path, store: Store) -> None:
    body = b"who was recognised and how likely it is"
    kept = keep(store, body, fingerprint=b"f" * 32)
    for moment in ("in the log", "after closing"):
        content = b"".join(path.read_bytes() for path in home.glob("earmark.db*"))
        assert kept.id.hex.encode() in content, "looked in the wrong files"
        assert b"f" * 32 in content
        for start in range(0, len(body) - 12, 6):
            assert body[start : start + 12] not in content, moment
        store.close()


def test_the_same_answer_is_sealed_differently_each_time(store: Store) -> None:
    keep(store, b"the same"), keep(store, b"the same")
    with store.reading() as connection:
        sealed = connection.scalars(sa.select(answers.c.body_sealed)).all()
    assert len({one[21:] for one in sealed}) == 2
