"""Tenants: made, named, deleted for good by their key, and free not to keep recordings."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from earmark.errors import EarmarkError, InvalidRequest, TenantNotFound, TenantTaken
from earmark.storage import tenants
from earmark.storage.answers import find_answer, keep_answer
from earmark.storage.api_keys import KeyRow, find_by_digest, insert_key
from earmark.storage.profiles import add_enrolments, find_profile, list_profiles
from earmark.storage.schema import (
    answers,
    api_keys,
    enrolment_audio,
    enrolments,
    metadata,
    profile_keys,
    profiles,
    tenant_keys,
)
from earmark.storage.store import DEFAULT_TENANT, Store, open_store
from earmark.storage.tenants import change_tenant, create_tenant, delete_tenant, find_tenant, list_tenants
from earmark.storage.values import Profile
from earmark.storage.voiceprints import load_record, load_voiceprint
from earmark.voice.features import Floats
from earmark.voice.voiceprint import Embedding

pytestmark = pytest.mark.databases("sqlite", "postgres")

Take = tuple[list[Floats], list[Embedding]]
ACME = "acme"
SEALED = (
    tenant_keys.c.wrapped,
    api_keys.c.hash,
    answers.c.body_sealed,
    profile_keys.c.wrapped,
    profiles.c.label_sealed,
    profiles.c.label_hash,
    enrolments.c.embedding_sealed,
    enrolment_audio.c.audio_sealed,
)
DIGEST = bytes(range(100, 132))
ANSWER = uuid4()


def pieces(store: Store, tenant: str) -> list[bytes]:
    """A part of every secret thing of a tenant."""
    found = []
    with store.reading() as connection:
        for column in SEALED:
            values = connection.scalars(sa.select(column).where(column.table.c.tenant == tenant)).all()
            assert values, f"nothing in {column}"
            found += [bytes(value[-20:]) for value in values]
    return found


def lingering(home: Path, wanted: list[bytes]) -> int:
    content = b"".join(path.read_bytes() for path in home.glob("earmark.db*"))
    return sum(piece in content for piece in wanted)


def rows(store: Store, tenant: str) -> dict[str, int]:
    with store.reading() as connection:
        return {
            table.name: connection.scalar(
                sa.select(sa.func.count()).select_from(table).where(table.c.tenant == tenant)
            )
            or 0
            for table in metadata.sorted_tables
            if "tenant" in table.c
        }


def settle(store: Store, people: Callable[..., Profile], tenant: str, digest: bytes = DIGEST) -> Profile:
    """Give a tenant something of everything."""
    keep_answer(tenant, store, ANSWER, b"{}", fingerprint=b"", lifetime=timedelta(days=1))
    row = KeyRow(uuid4(), tenant, None, ("enrol",), datetime.now(UTC), None, "abcd")
    insert_key(tenant, store, row, digest)
    return people("ada", tenant=tenant, number=3, seed=len(tenant), seconds=1.0)


@pytest.fixture
def ada(store: Store, people: Callable[..., Profile]) -> Profile:
    """The one profile of the tenant `acme`, who has everything else as well; so has the default tenant."""
    create_tenant(store, ACME)
    settle(store, people, DEFAULT_TENANT, bytes(range(32)))
    return settle(store, people, ACME)


def test_made_and_listed(store: Store) -> None:
    assert [one.id for one in list_tenants(store)] == [DEFAULT_TENANT]
    made = create_tenant(store, "zebra", keep_audio=False)
    assert create_tenant(store, ACME).keep_audio
    assert [one.id for one in list_tenants(store)] == [ACME, DEFAULT_TENANT, "zebra"]
    assert find_tenant(store, "zebra") == made
    assert not made.keep_audio
    assert made.created.utcoffset() == timedelta(0)
    with pytest.raises(TenantTaken):
        create_tenant(store, "zebra")
    assert find_tenant(store, "zebra") == made, "and is as it was"


@pytest.mark.parametrize("name", ["a", "0", "a-b", "x" * 64, "2026-eu-west"])
def test_names_that_may_be(store: Store, name: str) -> None:
    assert create_tenant(store, name).id == name


@pytest.mark.parametrize(
    "name", ["", "-a", "a-", "A", "a b", "a_b", "x" * 65, "\u00e4", "a\n", "../a", "a.b", "\u0661", "a\0"]
)
def test_names_that_may_not_be(store: Store, name: str) -> None:
    with pytest.raises(InvalidRequest, match="choose another"):
        create_tenant(store, name)
    assert len(list_tenants(store)) == 1


def test_who_is_not_there(store: Store) -> None:
    for call in (find_tenant, delete_tenant, partial(change_tenant, keep_audio=True)):
        with pytest.raises(TenantNotFound):
            call(store, "nobody")


def test_nothing_is_stored_for_a_tenant_that_is_not_there(store: Store) -> None:
    row = KeyRow(uuid4(), "nobody", None, (), datetime.now(UTC), None, "abcd")
    with pytest.raises(TenantNotFound):
        insert_key("nobody", store, row, DIGEST)
    with pytest.raises(TenantNotFound):
        keep_answer("nobody", store, ANSWER, b"", fingerprint=b"", lifetime=timedelta(1))


def test_the_default_tenant_stays(store: Store, ada: Profile) -> None:
    before = rows(store, DEFAULT_TENANT)
    with pytest.raises(InvalidRequest, match="default tenant"):
        delete_tenant(store, DEFAULT_TENANT)
    assert rows(store, DEFAULT_TENANT) == before


@pytest.mark.databases("sqlite")  # looks into the files
def test_a_deleted_tenant_leaves_no_bytes(home: Path, store: Store, ada: Profile) -> None:
    theirs, ours = pieces(store, ACME), pieces(store, DEFAULT_TENANT)
    kept = rows(store, DEFAULT_TENANT)
    assert lingering(home, theirs) == len(theirs)
    assert delete_tenant(store, ACME)
    assert set(rows(store, ACME).values()) == {0}
    assert lingering(home, [*theirs, ada.id.hex.encode(), ACME.encode()]) == 0
    assert rows(store, DEFAULT_TENANT) == kept
    assert lingering(home, ours) == len(ours)
    assert find_profile(DEFAULT_TENANT, store, "ada").label == "ada"
    assert find_answer(DEFAULT_TENANT, store, ANSWER).body == b"{}"
    assert [one.id for one in list_tenants(store)] == [DEFAULT_TENANT]
    with pytest.raises(TenantNotFound):
        delete_tenant(store, ACME)


def test_one_of_the_same_name_inherits_nothing(store: Store, ada: Profile) -> None:
    delete_tenant(store, ACME)
    create_tenant(store, ACME)
    assert list_profiles(ACME, store) == []
    assert find_by_digest(store, DIGEST) is None


@pytest.fixture
def cut_short(
    home: Path, store: Store, ada: Profile, monkeypatch: pytest.MonkeyPatch
) -> tuple[Profile, list[bytes], list[bytes]]:
    """A deletion that ends between key and data; returns the profile, pieces of the keys, and of the data."""
    theirs = pieces(store, ACME)
    before = rows(store, ACME)

    def cut(_: sa.Connection) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(tenants, "remove_leaving", cut)
        with pytest.raises(KeyboardInterrupt):
            delete_tenant(store, ACME)
    assert rows(store, ACME) == before | {"tenant_keys": 0, "api_keys": 0}
    return ada, theirs[:2], theirs[2:]


@pytest.mark.databases("sqlite")  # looks into the files
def test_a_deletion_cut_short_leaves_nothing_that_opens(
    home: Path, store: Store, cut_short: tuple[Profile, list[bytes], list[bytes]], take: Callable[..., Take]
) -> None:
    ada, keys, data = cut_short
    assert lingering(home, keys) == 0, "the key goes first"
    assert lingering(home, data) == len(data), "then the data"
    clips, embeddings = take(1)
    for attempt in (
        lambda: find_tenant(store, ACME),
        lambda: change_tenant(store, ACME, keep_audio=False),
        lambda: find_profile(ACME, store, ada.id),
        lambda: find_profile(ACME, store, "ada"),
        lambda: list_profiles(ACME, store),
        lambda: load_voiceprint(ACME, store, ada.id),
        lambda: load_record(ACME, store, ada.id),
        lambda: find_answer(ACME, store, ANSWER),
        lambda: add_enrolments(ACME, store, ada.id, clips=clips, embeddings=embeddings),
        lambda: insert_key(ACME, store, KeyRow(uuid4(), ACME, None, (), ada.created, None, "abcd"), DIGEST),
    ):
        with pytest.raises(TenantNotFound):
            attempt()
    assert find_by_digest(store, DIGEST) is None
    assert ACME not in {one.id for one in list_tenants(store)}


def reopen(home: Path, _: Store) -> None:
    open_store(home, environ={}).close()


def delete_again(_: Path, store: Store) -> None:
    assert delete_tenant(store, ACME)


def delete_another(_: Path, store: Store) -> None:
    create_tenant(store, "another")
    assert delete_tenant(store, "another")


def make_again(_: Path, store: Store) -> None:
    create_tenant(store, ACME)
    assert list_profiles(ACME, store) == []
    with pytest.raises(EarmarkError):
        find_answer(ACME, store, ANSWER)
    delete_tenant(store, ACME)


@pytest.mark.databases("sqlite")  # looks into the files
@pytest.mark.parametrize("then", [reopen, delete_again, delete_another, make_again])
def test_a_deletion_cut_short_is_finished(
    home: Path,
    store: Store,
    cut_short: tuple[Profile, list[bytes], list[bytes]],
    then: Callable[[Path, Store], None],
) -> None:
    ada, keys, data = cut_short
    then(home, store)
    assert set(rows(store, ACME).values()) == {0}
    assert find_profile(DEFAULT_TENANT, store, "ada").label == "ada"
    store.close()
    assert lingering(home, [*keys, *data, ada.id.hex.encode()]) == 0


@pytest.mark.databases("sqlite")  # looks into the files
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
@pytest.mark.parametrize("place", ["Store.forget_deleted", "remove_leaving"])
def test_killed_between_key_and_data(home: Path, store: Store, ada: Profile, place: str) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from earmark.storage import tenants\n"
        "from earmark.storage.store import open_store\n"
        "opened = open_store(Path(sys.argv[1]), environ={})\n"
        f"tenants.{place} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "tenants.delete_tenant(opened, 'acme')"
    )
    theirs = pieces(store, ACME)
    store.close()
    done = subprocess.run([sys.executable, "-c", script, str(home)], check=False, capture_output=True)
    assert done.returncode == -9, done.stderr
    with open_store(home, environ={}) as opened:
        assert set(rows(opened, ACME).values()) == {0}
        assert [one.id for one in list_tenants(opened)] == [DEFAULT_TENANT]
        assert find_profile(DEFAULT_TENANT, opened, "ada").label == "ada"
    assert lingering(home, theirs) == 0
