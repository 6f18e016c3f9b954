"""Opening a home: fresh, twice at once, newer, foreign, damaged, without or with another key."""

import base64
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from earmark.errors import (
    EarmarkError,
    MasterKeyMissing,
    SealBroken,
    StoreBusy,
    StoreTooNew,
    StoreUnreadable,
)
from earmark.storage import sqlite
from earmark.storage.master_key import VARIABLE, make_master_key
from earmark.storage.profiles import find_profile, list_profiles
from earmark.storage.revision import MIGRATIONS
from earmark.storage.schema import REVISION, metadata
from earmark.storage.store import DEFAULT_TENANT, Store, default_home, open_store
from earmark.storage.values import Profile

posix = pytest.mark.skipif(os.name != "posix", reason="file modes are a matter of POSIX systems")

OTHER_KEY = base64.b64encode(bytes(range(32))).decode()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def files(home: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(home.iterdir())}


@posix
def test_a_fresh_home_is_private(home: Path, store: Store, people: Callable[..., Profile]) -> None:
    people("ada")
    assert mode(home) == 0o700
    assert {path.name: oct(mode(path)) for path in home.iterdir()} == {
        name: oct(0o600) for name in ("earmark.db", "earmark.db-wal", "earmark.db-shm", "master.key")
    }


@posix
def test_loosened_files_are_made_private_again(home: Path) -> None:
    open_store(home, environ={}).close()
    for name in ("earmark.db", "master.key"):
        (home / name).chmod(0o644)
    open_store(home, environ={}).close()
    assert mode(home / "earmark.db") == mode(home / "master.key") == 0o600


def test_pragmas_of_every_connection(store: Store) -> None:
    with store.reading() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "secure_delete", "temp_store")
        }
    assert values == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "synchronous": 2,
        "secure_delete": 1,
        "temp_store": 2,
    }


def test_migrations_make_the_schema(store: Store) -> None:
    with store.reading() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
        inspector = sa.inspect(connection)
        for table in metadata.sorted_tables:  # what compare_metadata does not look at
            assert set(inspector.get_pk_constraint(table.name)["constrained_columns"]) == set(
                table.primary_key.columns.keys()
            )
            ondelete = {key["options"].get("ondelete") for key in inspector.get_foreign_keys(table.name)}
            assert ondelete == {key.ondelete for key in table.foreign_key_constraints}


def test_there_is_one_newest_migration_and_the_schema_names_it() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [REVISION]


def test_the_schema_compiles_for_postgresql() -> None:
    for table in metadata.sorted_tables:
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))


def test_reopening_keeps_everything(home: Path, store: Store, people: Callable[..., Profile]) -> None:
    profile = people("ada")
    store.close()
    key = (home / "master.key").read_bytes()
    with open_store(home, environ={}) as again:
        assert find_profile(DEFAULT_TENANT, again, "ada") == profile
    assert (home / "master.key").read_bytes() == key


def test_many_processes_open_a_fresh_home_at_once(home: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from earmark.storage.store import open_store\n"
        "sys.stdin.readline()\n"
        "with open_store(Path(sys.argv[1]), environ={}) as store: print(store.vault.key_id.hex())"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    results = [child.communicate() for child in children]
    assert [child.returncode for child in children] == [0] * 3, results
    assert len({out for out, _ in results}) == 1, "they disagree on the master key"
    with open_store(home, environ={}) as store:
        assert list_profiles(DEFAULT_TENANT, store) == []


def test_a_store_from_a_newer_release_is_left_alone(home: Path, store: Store) -> None:
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    before = files(home)
    with pytest.raises(StoreTooNew, match="9999"):
        open_store(home, environ={})
    assert files(home) == before


def make_garbage(path: Path) -> None:
    path.write_bytes(b"no database at all, but long enough to be one" * 100)


def make_short_garbage(path: Path) -> None:
    path.write_bytes(b"x")


def make_foreign(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE recipes (name TEXT)")
    database.close()


def make_corrupt(path: Path) -> None:
    open_store(path.parent, environ={}).close()
    (path.parent / "master.key").unlink()
    content = bytearray(path.read_bytes())
    content[100:5_000] = b"\xff" * 4_900
    path.write_bytes(content)


@pytest.mark.parametrize("make", [make_garbage, make_short_garbage, make_foreign, make_corrupt])
def test_what_is_no_store_is_left_as_it_is(home: Path, make: Callable[[Path], None]) -> None:
    home.mkdir()
    make(home / "earmark.db")
    before = files(home)
    with pytest.raises(StoreUnreadable):
        open_store(home, environ={})
    assert files(home) == before


def test_a_folder_in_place_of_the_file_or_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "one" / "earmark.db").mkdir(parents=True)
    with pytest.raises(StoreUnreadable):
        open_store(tmp_path / "one", environ={})
    (tmp_path / "two").write_text("a file")
    with pytest.raises(StoreUnreadable):
        open_store(tmp_path / "two", environ={})


def test_damage_that_is_found_later_is_an_error_of_ours(
    home: Path, store: Store, people: Callable[..., Profile]
) -> None:
    for seed in range(20):
        people(None, seed=seed)
    store.close()
    path = home / "earmark.db"
    content = path.read_bytes()
    page = content.index(b"test@1") // 4096
    path.write_bytes(content[: page * 4096] + b"\xff" * 4096 + content[(page + 1) * 4096 :])
    with pytest.raises(StoreUnreadable), open_store(home, environ={}) as opened:
        list_profiles(DEFAULT_TENANT, opened)


def test_a_lost_key_is_never_replaced(home: Path, store: Store, people: Callable[..., Profile]) -> None:
    people("ada")
    store.close()
    kept = (home / "master.key").rename(home.parent / "kept.key")
    with pytest.raises(MasterKeyMissing, match="backup"):
        open_store(home, environ={})
    assert not (home / "master.key").exists()
    shutil.copy(kept, home / "master.key")
    with open_store(home, environ={}) as again:
        assert find_profile(DEFAULT_TENANT, again, "ada").label == "ada"


def test_a_lost_key_of_an_empty_store_is_made_anew(home: Path) -> None:
    open_store(home, environ={}).close()
    (home / "master.key").unlink()
    open_store(home, environ={}).close()
    assert (home / "master.key").exists()


@pytest.mark.parametrize("text", ["", "not base64!", "c2hvcnQ=", "\xff"])
def test_a_damaged_key_file_is_an_error(home: Path, text: str) -> None:
    open_store(home, environ={}).close()
    (home / "master.key").write_text(text, "latin-1")
    with pytest.raises(MasterKeyMissing):
        open_store(home, environ={})
    assert (home / "master.key").read_text("latin-1") == text


def test_another_key_is_told_at_opening(home: Path, store: Store, people: Callable[..., Profile]) -> None:
    people("ada")
    store.close()
    with pytest.raises(SealBroken, match="another master key"):
        open_store(home, environ={VARIABLE: OTHER_KEY})


def test_the_key_of_the_environment_leaves_no_file(home: Path, tmp_path: Path) -> None:
    with open_store(home, environ={VARIABLE: OTHER_KEY}) as store:
        key_id = store.vault.key_id
    assert not (home / "master.key").exists()
    with open_store(home, environ={VARIABLE: OTHER_KEY + "\n"}) as store:
        assert store.vault.key_id == key_id
    with pytest.raises(MasterKeyMissing, match=VARIABLE) as caught:
        open_store(home, environ={VARIABLE: "c2VjcmV0"})
    assert "c2VjcmV0" not in str(caught.value)


def test_the_key_file_is_made_once(tmp_path: Path) -> None:
    assert make_master_key(tmp_path) == make_master_key(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]


def test_a_writer_that_never_ends_is_a_clear_error(
    home: Path, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    with open_store(home, environ={}) as other, store.writing(), pytest.raises(StoreBusy), other.writing():
        pass


def test_readers_do_not_wait_for_a_writer(store: Store, people: Callable[..., Profile]) -> None:
    people("ada")
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE profiles SET locale = 'en-GB'")
        assert find_profile(DEFAULT_TENANT, store, "ada").locale is None


def test_the_home_is_the_variable_or_the_platforms_folder() -> None:
    assert default_home({"EARMARK_HOME": "here"}) == Path("here")
    assert default_home({}).name == "earmark"


def test_errors_hide_what_was_written(store: Store) -> None:
    with pytest.raises(EarmarkError) as caught, store.writing() as connection:
        connection.execute(sa.text("INSERT INTO nowhere VALUES (:secret)"), {"secret": "a secret"})
    assert "a secret" not in f"{caught.value}{caught.value.__cause__}"
