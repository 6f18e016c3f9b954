"""Processes that work on jobs to rows with a sign of life, and silence to a lease that one other gets."""

from datetime import datetime

import sqlalchemy as sa

from earmark.storage.schema import executors
from earmark.storage.store import Store


def beat(store: Store, executor: str, *, now: datetime) -> None:
    """Give a sign of life."""
    if not _touch(store, executor, sa.true(), now):
        _insert(store, executor, now)


def list_silent(store: Store, known: set[str], *, since: datetime, now: datetime) -> set[str]:
    """Return those of some executors that have given no sign of life since then.

    One that was never heard of is given until it would have been silent for as long.
    """
    with store.reading() as connection:
        seen = {row.id: row.seen for row in connection.execute(sa.select(executors))}
    for executor in known - seen.keys():
        _insert(store, executor, now)
    return {executor for executor in known & seen.keys() if seen[executor] < since}


def claim(store: Store, name: str, *, since: datetime, now: datetime) -> bool:
    """Take a name that nobody has touched since then, or ever; of several who try at once one succeeds."""
    return claim_silent(store, name, since=since, now=now) or _insert(store, name, now)


def claim_silent(store: Store, executor: str, *, since: datetime, now: datetime) -> bool:
    """Take the place of an executor that has been silent since then; of several who try one succeeds."""
    return _touch(store, executor, executors.c.seen < since, now)


def forget_executors(store: Store, *, before: datetime) -> None:
    """Remove those that have been silent since then."""
    with store.writing() as connection:
        connection.execute(sa.delete(executors).where(executors.c.seen < before))


def _touch(store: Store, name: str, which: sa.ColumnElement[bool], now: datetime) -> bool:
    with store.writing() as connection:
        changed = sa.update(executors).where((executors.c.id == name) & which).values(seen=now)
        return connection.execute(changed).rowcount > 0


def _insert(store: Store, name: str, now: datetime) -> bool:
    with store.writing() as connection:  # one at a time, so nobody comes in between
        known = connection.scalar(sa.select(executors.c.id).where(executors.c.id == name))
        if known is None:
            connection.execute(sa.insert(executors).values(id=name, seen=now))
        return known is None
