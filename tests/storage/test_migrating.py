"""Stores of 0.1 (revision 0001, data keys under the master key itself) are taken over at their opening.

What 0.1 wrote is repeated here by hand, byte for byte: it is history, and today's code may change.
"""

import hashlib
import hmac
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from earmark.errors import MasterKeyMissing, SealBroken
from earmark.storage import sqlite, store
from earmark.storage.clips import decode_clip, encode_clip
from earmark.storage.master_key import make_master_key
from earmark.storage.profiles import add_enrolments, find_profile, list_profiles
from earmark.storage.revision import MIGRATIONS
from earmark.storage.schema import REVISION, jobs, secrets
from earmark.storage.store import DEFAULT_TENANT, Store, open_store
from earmark.storage.tenants import delete_tenant, list_tenants
from earmark.storage.values import ProfileKind, ProfileState
from earmark.storage.vault import Vault
from earmark.storage.voiceprints import load_record, load_voiceprint
from earmark.voice.engine import Engine
from earmark.voice.features import Floats
from earmark.voice.samples import sample_speakers
from earmark.voice.voiceprint import Embedding

Take = tuple[list[Floats], list[Embedding]]
MADE = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
WHEN = "2026-03-04 05:06:07.000000"  # as SQLite holds it
OTHER = "acme"

posix = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")


@dataclass(frozen=True, eq=False)
class Person:
    """Somebody whom 0.1 enrolled."""

    tenant: str
    id: UUID
    label: str | None
    clips: list[Floats]
    embeddings: list[Embedding]
    wrapped: bytes  # the data key, under the master key


def derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(master)


def key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"earmark key id" + key).digest()[:8]


def seal(key: bytes, plain: bytes, tenant: str, kind: str, profile: UUID, record: UUID) -> bytes:
    place = b"%d:%b%d:%b%b%b" % (
        len(tenant), tenant.encode(), len(kind), kind.encode(), profile.bytes, record.bytes,
    )  # fmt: skip
    nonce = os.urandom(12)
    header = b"\x01" + key_id(key) + nonce
    return header + AESGCM(key).encrypt(nonce, plain, header + place)


def insert(database: sqlite3.Connection, table: str, **row: object) -> None:
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))


def insert_person(
    database: sqlite3.Connection, master: bytes, tenant: str, label: str | None, taken: Take
) -> Person:
    guid, data_key = uuid4(), os.urandom(32)
    hashed = sealed = None
    if label is not None:
        keyed = b"%d:%b%b" % (len(tenant), tenant.encode(), label.encode())
        hashed = hmac.digest(derive(master, b"earmark find labels"), keyed, "sha256")
        sealed = seal(data_key, label.encode(), tenant, "label", guid, guid)
    insert(
        database, "profiles", tenant=tenant, id=guid.hex, label_hash=hashed, label_sealed=sealed,
        kind="text-independent", locale="en-GB", state="enrolled", model=taken[1][0].model,
        created=WHEN, updated=WHEN,
    )  # fmt: skip
    wrapped = seal(derive(master, b"earmark wrap data keys"), data_key, tenant, "key", guid, guid)
    insert(database, "profile_keys", tenant=tenant, profile_id=guid.hex, wrapped=wrapped)
    for position, (clip, embedding) in enumerate(zip(*taken, strict=True)):
        one = uuid4()
        vector = seal(data_key, embedding.vector.tobytes(), tenant, "embedding", guid, one)
        insert(
            database, "enrolments", tenant=tenant, id=one.hex, profile_id=guid.hex, position=position,
            created=WHEN, embedding_sealed=vector,
            **dict(zip(("speech_seconds", "total_seconds", "snr_db", "clipped", "bandwidth_hz", "level_dbfs",
                        "several_voices"), astuple(embedding.quality), strict=True)),
        )  # fmt: skip
        audio = seal(data_key, encode_clip(clip), tenant, "audio", guid, one)
        insert(database, "enrolment_audio", tenant=tenant, enrolment_id=one.hex, audio_sealed=audio)
    return Person(tenant, guid, label, *taken, wrapped)


@pytest.fixture
def old(home: Path, take: Callable[..., Take]) -> list[Person]:
    """A home of 0.1 with three people of the default tenant and one of another."""
    ada, nobody, zoe, other_ada = (take(number, seed=seed) for seed, number in enumerate((3, 1, 2, 2)))
    people = [(DEFAULT_TENANT, "Ada", ada), (DEFAULT_TENANT, None, nobody), (DEFAULT_TENANT, "Zo\u00eb", zoe)]
    return make_old(home, [*people, (OTHER, "Ada", other_ada)])


def make_old(home: Path, people: list[tuple[str, str | None, Take]]) -> list[Person]:
    home.mkdir(mode=0o700)
    master = make_master_key(home)
    engine = sqlite.make_engine(home / "earmark.db")
    sqlite.use_write_ahead_log(engine)
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.upgrade(config, "0001")
    engine.dispose()
    database = sqlite3.connect(home / "earmark.db")
    with database:
        named = key_id(derive(master, b"earmark name of the master key"))
        insert(database, "master_keys", key_id=named, created=WHEN)
        for tenant in sorted({DEFAULT_TENANT, *(tenant for tenant, _, _ in people)}):
            insert(database, "tenants", id=tenant, created=WHEN)
        made = [insert_person(database, master, *person) for person in people]
    database.close()
    return made


def dump(home: Path) -> list[str]:
    """Everything in the database, as SQL."""
    database = sqlite3.connect(home / "earmark.db")
    try:
        return list(database.iterdump())
    finally:
        database.close()


def revision(home: Path) -> str:
    return next(line for line in dump(home) if line.startswith('INSERT INTO "alembic_version"'))[-7:-3]


def check(opened: Store, people: list[Person]) -> None:
    """Everybody is there with everything."""
    for tenant in {person.tenant for person in people}:
        expected = {person.id for person in people if person.tenant == tenant}
        assert {profile.id for profile in list_profiles(tenant, opened)} == expected
    for person in people:
        profile = find_profile(person.tenant, opened, person.label or person.id)
        assert (profile.id, profile.label, profile.locale) == (person.id, person.label, "en-GB")
        assert (profile.created, profile.updated, profile.revision, profile.phrase) == (MADE, MADE, 0, None)
        assert (profile.kind, profile.state) == (ProfileKind.TEXT_INDEPENDENT, ProfileState.ENROLLED)
        assert [one.quality for one in profile.enrolments] == [one.quality for one in person.embeddings]
        assert all(one.audio_kept for one in profile.enrolments)
        record = load_record(person.tenant, opened, person.id)
        for kept, clip, embedding in zip(record.records, person.clips, person.embeddings, strict=True):
            np.testing.assert_array_equal(kept.vector, embedding.vector)
            assert kept.audio is not None
            np.testing.assert_allclose(decode_clip(kept.audio), clip, atol=2**-15)
    with opened.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def test_everything_of_an_old_store_is_there(home: Path, old: list[Person]) -> None:
    assert revision(home) == "0001"
    with open_store(home, environ={}) as opened:
        check(opened, old)
        tenants = list_tenants(opened)
    assert [(one.id, one.created, one.keep_audio) for one in tenants] == [
        (OTHER, MADE, True),
        (DEFAULT_TENANT, MADE, True),
    ]
    after = dump(home)
    assert revision(home) == REVISION
    with open_store(home, environ={}) as opened:
        check(opened, old)
    assert dump(home) == after, "a second opening changes nothing"


def test_an_old_store_takes_more(home: Path, old: list[Person], take: Callable[..., Take]) -> None:
    clips, embeddings = take(1, seed=9)
    with open_store(home, environ={}) as opened:
        more = add_enrolments(DEFAULT_TENANT, opened, old[0].id, clips=clips, embeddings=embeddings)
        assert (len(more.enrolments), more.revision, more.label) == (4, 1, "Ada")
        voiceprint = load_voiceprint(DEFAULT_TENANT, opened, old[0].id)
    np.testing.assert_array_equal(voiceprint.embeddings[3].vector, embeddings[0].vector)


def test_whom_an_old_store_knew_is_recognised(home: Path) -> None:
    engine = Engine(home=home)
    people = sample_speakers()
    taken = [engine.embed(path) for path in people["ada"][:3]]
    [ada] = make_old(home, [(DEFAULT_TENANT, "ada", ([np.zeros(400, np.float32)] * 3, taken))])
    with open_store(home, environ={}) as opened:
        voiceprint = load_voiceprint(DEFAULT_TENANT, opened, ada.id)
        assert engine.verify(voiceprint, people["ada"][4]).accepted
        assert not engine.verify(voiceprint, people["dima"][4]).accepted


def test_the_old_wrapping_lives_on_nowhere(home: Path, old: list[Person]) -> None:
    """Destroying a tenant's key would destroy nothing if a data key could be had by the master key alone."""
    assert any(old[3].wrapped in path.read_bytes() for path in home.glob("earmark.db*"))
    with open_store(home, environ={}) as opened:
        assert delete_tenant(opened, OTHER)
        for path in home.glob("earmark.db*"):
            content = path.read_bytes()
            for person in old:
                assert person.wrapped[9:40] not in content, path.name
        check(opened, old[:3])


@pytest.mark.parametrize("moment", [1, 3, 4])
def test_a_failure_on_the_way_changes_nothing(
    home: Path, old: list[Person], monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    before, calls, rewrap = dump(home), iter(range(1, 9)), Vault.rewrap

    def fail(*args: object) -> bytes:
        if next(calls) == moment:
            raise OSError("no more")
        return rewrap(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Vault, "rewrap", fail)
        with pytest.raises(OSError, match="no more"):
            open_store(home, environ={})
    assert dump(home) == before
    with open_store(home, environ={}) as opened:
        check(opened, old)


OPEN = "from pathlib import Path; from earmark.storage import store; import os, signal, sys\n"
KILL = "lambda *_: os.kill(os.getpid(), signal.SIGKILL)"


@posix
@pytest.mark.parametrize(
    "place", ["store.Vault.rewrap", "store.complete_tenant_keys", "store.remove_leaving"]
)
def test_killed_on_the_way(home: Path, old: list[Person], place: str) -> None:
    script = OPEN + f"{place} = {KILL}\nstore.open_store(Path(sys.argv[1]), environ={{}})"
    assert hasattr(store, place.split(".")[1])
    done = subprocess.run([sys.executable, "-c", script, str(home)], check=False, capture_output=True)
    assert done.returncode == -9, done.stderr
    assert revision(home) == "0001"
    with open_store(home, environ={}) as opened:
        check(opened, old)


def test_many_processes_open_an_old_store_at_once(home: Path, old: list[Person]) -> None:
    script = OPEN + (
        "from earmark.storage.profiles import list_profiles\n"
        "sys.stdin.readline()\n"
        "with store.open_store(Path(sys.argv[1]), environ={}) as opened:\n"
        "    print(*(one.label for one in list_profiles('default', opened)), sep=',')"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    children = [subprocess.Popen([sys.executable, "-c", script, str(home)], **pipes) for _ in range(3)]  # type: ignore[call-overload]
    for child in children:
        child.stdin.write(b"go\n")
        child.stdin.flush()
    results = [child.communicate() for child in children]
    assert [child.returncode for child in children] == [0] * 3, results
    assert len({out for out, _ in results}) == 1
    with open_store(home, environ={}) as opened:
        check(opened, old)


def test_without_its_master_key_an_old_store_stays_as_it_is(home: Path, old: list[Person]) -> None:
    before = dump(home)
    kept = (home / "master.key").rename(home.parent / "kept.key")
    with pytest.raises(MasterKeyMissing):
        open_store(home, environ={})
    make_master_key(home)
    with pytest.raises(SealBroken, match="another master key"):
        open_store(home, environ={})
    assert dump(home) == before
    kept.replace(home / "master.key")
    with open_store(home, environ={}) as opened:
        check(opened, old)


def test_what_must_be_erasable_is_put_aside(tmp_path: Path) -> None:
    """Rows of revision 0003 get their page of zeros; what is not there stays so."""
    engine = sqlite.make_engine(tmp_path / "earmark.db")
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.upgrade(config, "0003")
    job = {"kind": "diarize", "door": "native", "state": "created", "progress": 0.0, "turn": 0, "attempts": 0}
    database = sqlite3.connect(tmp_path / "earmark.db")
    with database:
        insert(database, "tenants", id=OTHER, created=WHEN)
        insert(database, "tenant_keys", tenant=OTHER, wrapped=b"key of the tenant")
        for name in ("one", "two"):
            insert(database, "secrets", tenant=OTHER, name=name, sealed=name.encode())
        insert(
            database, "jobs", tenant=OTHER, id=uuid4().hex, created=WHEN, updated=WHEN, to_tell=False,
            order_sealed=b"order", **job,
        )  # fmt: skip
    database.close()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        assert connection.execute(sa.text("SELECT wrapped FROM tenant_keys")).scalars().all() == [
            bytes(4_096) + b"key of the tenant"
        ]
        assert sorted(connection.scalars(sa.select(secrets.c.sealed))) == [b"one", b"two"]
        found = connection.execute(sa.select(jobs.c.order_sealed, jobs.c.outcome_sealed)).one()
        assert found == (b"order", None)
    engine.dispose()
