"""API keys: told once, stored hashed, with no more roles than their maker has, good until their very end."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from threading import Barrier
from typing import ClassVar
from uuid import uuid4

import pytest
import sqlalchemy as sa

from earmark.errors import InvalidRequest, KeyInvalid, KeyNotFound, PermissionDenied, TenantNotFound
from earmark.service import keys
from earmark.service.actor import ROLES, Actor, Permission, local_actor
from earmark.service.keys import (
    NewKey,
    authenticate,
    create_key,
    ensure_first_key,
    list_keys,
    revoke_key,
    rotate_key,
)
from earmark.service.tenants import delete_tenant
from earmark.storage import api_keys as stored_keys
from earmark.storage.schema import api_keys
from earmark.storage.store import DEFAULT_TENANT, Store, open_store

pytestmark = pytest.mark.databases("sqlite", "postgres")

RECOGNISE, ENROL, MANAGE, AUDIT = Permission.RECOGNISE, Permission.ENROL, Permission.MANAGE, Permission.AUDIT
Clock = Callable[[datetime], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the time that keys are judged by."""

    class Stopped(datetime):
        moment: ClassVar[datetime]

        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            assert tz is UTC
            return cls.moment

    def set_to(time: datetime) -> None:
        Stopped.moment = time
        monkeypatch.setattr(keys, "datetime", Stopped)
        monkeypatch.setattr(stored_keys, "datetime", Stopped)

    return set_to


def refused(store: Store, secret: str | None) -> str:
    with pytest.raises(KeyInvalid) as caught:
        authenticate(store, secret)
    return str(caught.value)


def lingering(home: Path, *texts: str) -> list[str]:
    content = b"".join(path.read_bytes() for path in home.iterdir())
    return [text for text in texts if text.encode() in content]


def test_a_key_is_its_tenant_and_its_roles(actor: Actor, stranger: Actor, store: Store) -> None:
    ours = create_key(actor, store, roles={RECOGNISE, ENROL}, name="kiosk")
    theirs = create_key(stranger, store, roles=[AUDIT])
    assert authenticate(store, ours.secret) == Actor(DEFAULT_TENANT, frozenset({RECOGNISE, ENROL}))
    assert authenticate(store, theirs.secret) == Actor("elsewhere", frozenset({AUDIT}))
    assert (ours.key.name, ours.key.expires) == ("kiosk", None)
    assert ours.key.roles == {RECOGNISE, ENROL}
    assert ours.key.created.utcoffset() == timedelta(0)
    assert ours.secret[-4:] == ours.key.hint
    assert len({create_key(actor, store, roles=[AUDIT]).secret for _ in range(20)}) == 20
    assert ours.secret.startswith("em_")
    assert len(ours.secret) >= 3 + 43  # 256 bits


@pytest.mark.databases("sqlite")  # looks into the files
def test_the_secret_is_nowhere_in_the_store(home: Path, actor: Actor, store: Store) -> None:
    made = create_key(actor, store, roles=[MANAGE])
    rotated = rotate_key(actor, store, made.key.id, overlap=timedelta(days=1))
    for moment in ("in the log", "after closing"):
        secrets = [
            part for new in (made, rotated) for part in (new.secret, new.secret[3:23], new.secret[20:36])
        ]
        assert lingering(home, *secrets) == [], moment
        assert lingering(home, made.key.hint) == [made.key.hint], "looked in the wrong files"
        store.close()
    with store.reading() as connection:
        hashes = set(connection.scalars(sa.select(api_keys.c.hash)))
    assert hashes == {sha256(new.secret.encode()).digest() for new in (made, rotated)}
    assert made.secret not in repr(list_keys(actor, store))


def test_one_message_for_all_that_is_wrong(actor: Actor, stranger: Actor, store: Store, clock: Clock) -> None:
    now = datetime.now(UTC)
    expired = create_key(actor, store, roles=[ENROL], expires=now + timedelta(hours=1))
    revoked, orphan = create_key(actor, store, roles=[ENROL]), create_key(stranger, store, roles=[ENROL])
    good = create_key(actor, store, roles=[ENROL]).secret
    revoke_key(actor, store, revoked.key.id)
    delete_tenant(actor, store, stranger.tenant)
    clock(now + timedelta(hours=2))
    wrong = [
        None, "", " ", good[:-1], good + "x", good.lower(), good.upper(), f" {good}", "\ud800", "\0",
        "x" * 100_000, expired.secret, revoked.secret, orphan.secret, str(expired.key.id), expired.key.hint,
        sha256(good.encode()).hexdigest(),
    ]  # fmt: skip
    [message] = {refused(store, secret) for secret in wrong}
    assert "earmark keys create" in message
    assert authenticate(store, good).tenant == DEFAULT_TENANT


def test_a_key_is_good_until_its_very_end(actor: Actor, store: Store, clock: Clock) -> None:
    end = datetime.now(UTC) + timedelta(days=1)
    made = create_key(actor, store, roles=[ENROL], expires=end)
    assert made.key.expires == end
    clock(end - timedelta(microseconds=1))
    assert authenticate(store, made.secret).permissions == {ENROL}
    for late in (timedelta(0), timedelta(microseconds=1), timedelta(days=400)):
        clock(end + late)
        refused(store, made.secret)
    assert [one.id for one in list_keys(actor, store)] == [made.key.id], "and is listed still"


def test_roles_that_may_be_given(actor: Actor, store: Store) -> None:
    clerk = Actor(DEFAULT_TENANT, frozenset({MANAGE, RECOGNISE}))
    assert create_key(clerk, store, roles=[MANAGE, RECOGNISE]).key.roles == {MANAGE, RECOGNISE}
    for who, roles in ((clerk, [ENROL]), (clerk, [MANAGE, AUDIT]), (actor, [Permission.OPERATE])):
        with pytest.raises(PermissionDenied):
            create_key(who, store, roles=roles)
    with pytest.raises(InvalidRequest):
        create_key(actor, store, roles=[])
    assert len(list_keys(actor, store)) == 1
    assert create_key(actor, store, roles=ROLES).key.roles == ROLES


def test_a_role_that_no_key_may_have_means_nothing(actor: Actor, store: Store) -> None:
    made = create_key(actor, store, roles=[ENROL])
    with store.writing() as connection:
        connection.execute(sa.update(api_keys).values(roles="enrol,operate"))
    assert authenticate(store, made.secret).permissions == {ENROL}


@pytest.mark.parametrize("name", ["", "x" * 101, "two\nlines", "bell\a", "\u202eright to left"])
def test_names_that_may_not_be(actor: Actor, store: Store, name: str) -> None:
    with pytest.raises(InvalidRequest):
        create_key(actor, store, roles=[ENROL], name=name)
    assert list_keys(actor, store) == []


def test_names_that_may_be(actor: Actor, store: Store) -> None:
    names = (None, "x" * 100, "Zo\u00eb's kiosk \u2116 7")
    assert tuple(create_key(actor, store, roles=[ENROL], name=name).key.name for name in names) == names
    assert tuple(one.name for one in list_keys(actor, store)) == names


def test_an_end_that_is_past(actor: Actor, store: Store, clock: Clock) -> None:
    now = datetime.now(UTC)
    clock(now)
    for end in (now, now - timedelta(days=1)):
        with pytest.raises(InvalidRequest):
            create_key(actor, store, roles=[ENROL], expires=end)
    create_key(actor, store, roles=[ENROL], expires=now + timedelta(microseconds=1))


def test_listing_and_revoking_are_the_tenants_own(actor: Actor, stranger: Actor, store: Store) -> None:
    made = [create_key(actor, store, roles=[ENROL], name=str(number)) for number in range(3)]
    theirs = create_key(stranger, store, roles=[ENROL])
    assert list_keys(actor, store) == [one.key for one in made]
    for attempt in (
        lambda: revoke_key(actor, store, theirs.key.id),
        lambda: rotate_key(actor, store, theirs.key.id),
        lambda: revoke_key(actor, store, uuid4()),
        lambda: rotate_key(actor, store, uuid4()),
    ):
        with pytest.raises(KeyNotFound):
            attempt()
    revoke_key(actor, store, made[1].key.id)
    refused(store, made[1].secret)
    with pytest.raises(KeyNotFound):
        revoke_key(actor, store, made[1].key.id)
    assert list_keys(actor, store) == [made[0].key, made[2].key]
    assert authenticate(store, theirs.secret).tenant == "elsewhere"
    with pytest.raises(TenantNotFound):
        create_key(replace(actor, tenant="nobody"), store, roles=[ENROL])


@pytest.mark.parametrize("overlap", [timedelta(0), timedelta(hours=1), timedelta(days=30)])
def test_rotation_with_an_overlap(actor: Actor, store: Store, clock: Clock, overlap: timedelta) -> None:
    now = datetime.now(UTC)
    end = now + timedelta(days=60)
    old = create_key(actor, store, roles=[ENROL, AUDIT], name="kiosk", expires=end)
    clock(now)
    new = rotate_key(actor, store, old.key.id, overlap=overlap)
    assert new.key.id != old.key.id
    assert replace(new.key, id=old.key.id, created=old.key.created, hint=old.key.hint) == old.key
    assert authenticate(store, new.secret).permissions == {ENROL, AUDIT}
    if overlap:
        clock(now + overlap - timedelta(microseconds=1))
        assert authenticate(store, old.secret).permissions == {ENROL, AUDIT}
    clock(now + overlap)
    refused(store, old.secret)
    clock(end - timedelta(microseconds=1))
    authenticate(store, new.secret)
    clock(end)
    refused(store, new.secret)


def test_an_overlap_makes_no_key_live_longer(actor: Actor, store: Store, clock: Clock) -> None:
    now = datetime.now(UTC)
    old = create_key(actor, store, roles=[ENROL], expires=now + timedelta(hours=1))
    rotate_key(actor, store, old.key.id, overlap=timedelta(hours=5))
    clock(now + timedelta(hours=1))
    refused(store, old.secret)


def test_rotations_that_may_not_be(actor: Actor, store: Store, clock: Clock) -> None:
    now = datetime.now(UTC)
    old = create_key(actor, store, roles=[ENROL], expires=now + timedelta(hours=1))
    for overlap in (timedelta(microseconds=-1), timedelta(days=30, microseconds=1)):
        with pytest.raises(InvalidRequest):
            rotate_key(actor, store, old.key.id, overlap=overlap)
    with pytest.raises(PermissionDenied):
        rotate_key(Actor(DEFAULT_TENANT, frozenset({MANAGE})), store, old.key.id)
    assert list_keys(actor, store) == [old.key]
    assert authenticate(store, old.secret)
    clock(now + timedelta(hours=1))
    with pytest.raises(InvalidRequest, match="expired"):
        rotate_key(actor, store, old.key.id)


def test_the_first_key_is_made_once(actor: Actor, store: Store) -> None:
    first = ensure_first_key(store)
    assert first is not None
    assert authenticate(store, first.secret) == Actor(DEFAULT_TENANT, ROLES)
    assert ensure_first_key(store) is None
    assert ensure_first_key(store, "another-key-that-comes-too-late") is None
    assert list_keys(actor, store) == [first.key]


def test_a_key_of_ones_own(home: Path, stranger: Actor, store: Store) -> None:
    create_key(stranger, store, roles=[ENROL])  # of another tenant: the default tenant has none still
    own = "0123456789abcdef0123456789abcdef"
    for wrong in (
        "",
        "x" * 15,
        "x" * 201,
        "with a space inside",
        "t\u00e4glich-ein-neuer",
        "a-line-more-here\n",
    ):
        with pytest.raises(InvalidRequest, match="EARMARK_BOOTSTRAP_KEY") as caught:
            ensure_first_key(store, wrong)
        assert not wrong or wrong not in str(caught.value)
    theirs = create_key(stranger, store, roles=[ENROL]).secret
    with pytest.raises(InvalidRequest, match="in use"):
        ensure_first_key(store, theirs)
    assert authenticate(store, theirs).tenant == stranger.tenant
    made = ensure_first_key(store, own)
    assert made is not None
    assert (made.secret, made.key.hint) == (own, "cdef")
    assert authenticate(store, own).permissions == ROLES
    assert lingering(home, own) == []


def test_many_threads_make_one_first_key(actor: Actor, store: Store) -> None:
    barrier = Barrier(8)

    def start(_: int) -> NewKey | None:
        barrier.wait()
        return ensure_first_key(store)

    with ThreadPoolExecutor(8) as pool:
        [made] = [one for one in pool.map(start, range(8)) if one]
    assert list_keys(actor, store) == [made.key]


def test_many_processes_make_one_first_key(home: Path, database_url: str | None) -> None:
    script = (
        "import sys; from pathlib import Path; from earmark.storage.store import open_store\n"
        "from earmark.service.keys import ensure_first_key\n"
        "sys.stdin.readline()\n"
        "with open_store(Path(sys.argv[1]), database_url=sys.argv[2], environ={}) as store:\n"
        "    made = ensure_first_key(store)\n"
        "print(made.secret if made else '')"
    )
    command = [sys.executable, "-c", script, str(home), database_url or ""]
    pipe = subprocess.PIPE
    children = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(3)]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    [secret] = [out.strip() for child in children if (out := child.communicate()[0]).strip()]
    assert [child.returncode for child in children] == [0] * 3
    with open_store(home, database_url=database_url, environ={}) as store:
        assert [one.hint for one in list_keys(local_actor(), store)] == [secret[-4:]]
        assert authenticate(store, secret).permissions == ROLES
