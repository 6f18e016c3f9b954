"""Answers that are kept for a day, for the tenant alone that was given them."""

from datetime import timedelta
from uuid import uuid4

import pytest

from earmark.errors import OperationNotFound, PermissionDenied
from earmark.service.actor import Actor, Permission
from earmark.service.answers import find_answer, keep_answer
from earmark.storage.store import DEFAULT_TENANT, Store

pytestmark = pytest.mark.databases("sqlite", "postgres")


def test_kept_for_a_day(actor: Actor, store: Store) -> None:
    asked = uuid4()
    kept = keep_answer(actor, store, asked, b'{"status": "succeeded"}', fingerprint=b"of the request")
    assert kept.expires - kept.created == timedelta(hours=24)
    assert (kept.id, kept.body) == (asked, b'{"status": "succeeded"}')
    assert find_answer(actor, store, asked) == kept
    assert find_answer(actor, store, asked).fingerprint == b"of the request"
    assert keep_answer(actor, store, asked, b"{}").fingerprint == b"", "a new one takes its place whole"
    assert find_answer(actor, store, asked).body == b"{}"


def test_of_nobody_else(actor: Actor, stranger: Actor, store: Store) -> None:
    ours = keep_answer(actor, store, uuid4(), b"ours")
    for who, asked in ((stranger, ours.id), (actor, uuid4())):
        with pytest.raises(OperationNotFound):
            find_answer(who, store, asked)
    theirs = keep_answer(stranger, store, ours.id, b"theirs")
    assert find_answer(stranger, store, ours.id) == theirs
    assert find_answer(actor, store, ours.id) == ours


@pytest.mark.parametrize("role", list(Permission))
def test_whoever_may_ask_may_hear(actor: Actor, store: Store, role: Permission) -> None:
    kept = keep_answer(actor, store, uuid4(), b"{}")
    someone = Actor(DEFAULT_TENANT, frozenset({role}))
    if role in (Permission.RECOGNISE, Permission.ENROL, Permission.MANAGE):
        assert find_answer(someone, store, kept.id) == kept
        keep_answer(someone, store, kept.id, b"again")
    else:
        with pytest.raises(PermissionDenied):
            find_answer(someone, store, kept.id)
        with pytest.raises(PermissionDenied):
            keep_answer(someone, store, kept.id, b"again")
        assert find_answer(actor, store, kept.id) == kept
