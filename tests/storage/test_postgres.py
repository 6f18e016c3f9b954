"""What is PostgreSQL's own: first starts at once, the key of several machines, turns of writers, errors."""

import base64
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from postgres_server import PASSWORD, USER, Postgres

from earmark.errors import (
    EarmarkError,
    InvalidRequest,
    MasterKeyMissing,
    ProfileNotFound,
    SealBroken,
    StoreBusy,
    StoreTooNew,
    StoreUnreadable,
)
from earmark.storage import postgres as engine
from earmark.storage.master_key import VARIABLE
from earmark.storage.profiles import change_profile, create_profile, find_profile, list_profiles
from earmark.storage.schema import metadata, profiles, tenants
from earmark.storage.store import DEFAULT_TENANT, Store, open_store
from earmark.storage.values import Profile

pytestmark = pytest.mark.databases("postgres")

ONE_KEY = base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.b64encode(bytes(range(1, 33))).decode()
SECRET = "a secret that was written"
OPEN = (
    "import sys; from pathlib import Path; from earmark.storage.store import open_store\n"
    "from earmark.errors import EarmarkError\n"
    "sys.stdin.readline()\n"
    "try:\n"
    "    with open_store(Path(sys.argv[1]), database_url=sys.argv[2]) as store:\n"
    "        print(store.vault.key_id.hex())\n"
    "except EarmarkError as error: print(error.code)\n"
)
HOLD = (
    "import sys; from pathlib import Path; from earmark.storage.store import open_store\n"
    "from earmark.storage.schema import tenants\n"
    "with open_store(Path(sys.argv[1]), database_url=sys.argv[2]) as store, store.writing() as connection:\n"
    "    connection.execute(tenants.update().values(keep_audio=False))\n"
    "    print('holds', flush=True)\n"
    "    sys.stdin.readline()\n"
)


@pytest.fixture
def empty(new_database: Callable[..., str]) -> str:
    """The URL of a database without a table."""
    return new_database(empty=True)


def at_once(url: str, homes: list[Path], *, environ: dict[str, str] | None = None) -> list[str]:
    """Open the store in several new processes at once; what each said."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, str(home), url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={name: value for name, value in os.environ.items() if name != VARIABLE} | (environ or {}),
        )
        for home in homes
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    return [child.communicate()[0].strip() for child in children]


def test_the_folder_holds_the_key_alone(home: Path, store: Store, people: Callable[..., Profile]) -> None:
    people("ada")
    assert [path.name for path in home.iterdir()] == ["master.key"]
    assert store.home == home


def test_settings_of_every_connection(store: Store) -> None:
    names = ("TimeZone", "transaction_isolation", "transaction_read_only", "application_name")
    with store.reading() as connection:
        found = [connection.scalar(sa.text(f"SHOW {name}")) for name in names]
        assert connection.scalar(sa.text("SHOW idle_in_transaction_session_timeout")) == "1min"
    assert found == ["UTC", "repeatable read", "on", "earmark"]
    with store.writing() as connection:
        found = [connection.scalar(sa.text(f"SHOW {name}")) for name in names]
        assert connection.scalar(sa.text("SHOW lock_timeout")) == "10s"
    assert found == ["UTC", "read committed", "off", "earmark"]
    with store.reading() as connection:  # the same connection again
        assert connection.scalar(sa.text("SHOW transaction_read_only")) == "on"
        assert connection.scalar(sa.text("SHOW lock_timeout")) == "0"


def test_migrations_make_the_schema(home: Path, empty: str) -> None:
    with open_store(home, database_url=empty, environ={}) as store, store.reading() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
        inspector = sa.inspect(connection)
        for table in metadata.sorted_tables:
            constraint = inspector.get_pk_constraint(table.name)
            assert set(constraint["constrained_columns"]) == set(table.primary_key.columns.keys())
            ondelete = {key["options"].get("ondelete") for key in inspector.get_foreign_keys(table.name)}
            assert ondelete == {key.ondelete for key in table.foreign_key_constraints}


def test_reopening_keeps_everything(
    home: Path, store: Store, database_url: str, people: Callable[..., Profile]
) -> None:
    profile = people("ada")
    with open_store(home, database_url=database_url, environ={}) as again:
        assert find_profile(DEFAULT_TENANT, again, "ada") == profile
        assert again.vault.key_id == store.vault.key_id


def test_a_url_of_any_usual_kind(home: Path, database_url: str, postgres: Postgres) -> None:
    open_store(home, database_url=database_url, environ={}).close()
    for scheme in ("postgres", "postgresql+psycopg", "postgresql+psycopg2"):
        url = scheme + database_url.removeprefix("postgresql")
        more = f"?application_name=mine&sslmode=disable&host=127.0.0.1:1&host=127.0.0.1:{postgres.port}"
        opened = open_store(home, database_url=url + more, environ={})
        with opened as store, store.reading() as connection:
            assert connection.scalar(sa.text("SHOW application_name")) == "mine"


def test_many_processes_open_an_empty_database_at_once(tmp_path: Path, empty: str) -> None:
    told = at_once(empty, [tmp_path / "home"] * 4)
    assert len(set(told)) == 1, "they disagree on the master key"
    assert len(told[0]) == 16
    with open_store(tmp_path / "home", database_url=empty, environ={}) as store:
        assert store.vault.key_id.hex() == told[0]
        assert list_profiles(DEFAULT_TENANT, store) == []


def test_several_machines_with_one_key(tmp_path: Path, empty: str) -> None:
    homes = [tmp_path / name for name in ("one", "two", "three")]
    told = at_once(empty, homes, environ={VARIABLE: ONE_KEY})
    assert len(set(told)) == 1
    assert len(told[0]) == 16
    assert all(list(home.iterdir()) == [] for home in homes)


def test_several_machines_without_a_key_do_not_make_two(tmp_path: Path, empty: str) -> None:
    homes = [tmp_path / name for name in ("one", "two", "three")]
    told = at_once(empty, homes)
    assert sorted(told)[1:] == ["master_key_missing"] * 2
    first = next(home for home, said in zip(homes, told, strict=True) if said != "master_key_missing")
    assert [home for home in homes if (home / "master.key").exists()] == [first]
    for home in homes:
        home.joinpath("master.key").write_bytes(first.joinpath("master.key").read_bytes())
        home.joinpath("master.key").chmod(0o600)
        open_store(home, database_url=empty, environ={}).close()


def test_a_key_is_never_replaced_although_nothing_is_stored(home: Path, database_url: str) -> None:
    open_store(home, database_url=database_url, environ={}).close()
    with pytest.raises(SealBroken, match="another master key"):
        open_store(home, database_url=database_url, environ={VARIABLE: OTHER_KEY})
    kept = (home / "master.key").rename(home / "kept.key")
    with pytest.raises(MasterKeyMissing, match="another machine"):
        open_store(home, database_url=database_url, environ={})
    assert not (home / "master.key").exists()
    kept.rename(home / "master.key")
    open_store(home, database_url=database_url, environ={}).close()


def test_a_store_from_a_newer_release_is_left_alone(home: Path, store: Store, database_url: str) -> None:
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreTooNew, match="9999"):
        open_store(home, database_url=database_url, environ={})


def test_a_database_of_another_program_is_left_alone(home: Path, empty: str, postgres: Postgres) -> None:
    name = urlsplit(empty).path[1:]
    with postgres.connect(name) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreUnreadable, match="EARMARK_DATABASE_URL"):
        open_store(home, database_url=empty, environ={})
    with postgres.connect(name) as connection:
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        assert connection.execute(query).fetchall() == [("recipes",)]
    assert not (home / "master.key").exists()


def test_tables_beside_those_of_another_program_in_a_schema_of_their_own(
    home: Path, empty: str, postgres: Postgres
) -> None:
    with postgres.connect(urlsplit(empty).path[1:]) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
        connection.execute("CREATE SCHEMA voices")
    url = empty + "?options=-csearch_path%3Dvoices"
    with open_store(home, database_url=url, environ={}) as store:
        create_profile(DEFAULT_TENANT, store, label="ada")
    with open_store(home, database_url=url, environ={}) as store:
        assert find_profile(DEFAULT_TENANT, store, "ada").label == "ada"
        with store.reading() as connection:
            assert set(sa.inspect(connection).get_table_names("voices")) > set(metadata.tables)
            assert sa.inspect(connection).get_table_names("public") == ["recipes"]


@pytest.mark.parametrize(
    "url",
    [
        "mysql://user:geheimnis@localhost/earmark",
        "sqlite:///geheimnis.db",
        "postgresql://user:geheimnis@localhost",
        "postgresql://user:geheim:nis@localhost:geheimnis/earmark",
        "geheimnis",
    ],
)
def test_what_is_no_url_is_told_without_its_password(home: Path, url: str) -> None:
    with pytest.raises(InvalidRequest, match="EARMARK_DATABASE_URL") as caught:
        open_store(home, database_url=url, environ={})
    assert "geheim" not in shown(caught.value)


def shown(error: BaseException) -> str:
    """All that a log could show of an error."""
    return "".join(traceback.format_exception(error)) + repr(error)


def test_servers_that_cannot_be_used_are_told_without_the_password(
    home: Path, postgres: Postgres, database_url: str, new_database: Callable[..., str]
) -> None:
    port = f":{postgres.port}/"
    latin = new_database(empty=True, options="TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    wrong = {
        "reached": database_url.replace(port, ":1/"),
        "refuses": database_url.replace(f"//{USER}:", f"//{USER}:geheimnis"),
        "check EARMARK_DATABASE_URL": postgres.url("nowhere"),
        "UTF8": latin,
        "cannot be used": database_url + "?nonsense=geheimnis",
    }
    for words, url in wrong.items():
        with pytest.raises(StoreUnreadable, match=words) as caught:
            open_store(home, database_url=url, environ={})
        text = shown(caught.value)
        assert "geheimnis" not in text
        assert PASSWORD not in text
        assert url.split("@")[0].split(":")[-1] not in text
    assert list(home.iterdir()) == []


def test_the_password_is_nowhere(store: Store, postgres: Postgres, people: Callable[..., Profile]) -> None:
    people("ada")
    assert PASSWORD not in f"{store!r} {store.database!r} {store.database.reader.url}"
    assert PASSWORD not in postgres.log()


@pytest.mark.parametrize(
    ("statement", "state"),
    [
        ("INSERT INTO tenants (id, created) VALUES (:secret, now()), (:secret, now())", "23505"),
        ("SELECT CAST(:secret AS uuid)", "22P02"),
        ("SELECT CAST(:secret AS int) FROM tenants", "22P02"),
        ("INSERT INTO nowhere VALUES (:secret)", "42P01"),
        ("INSERT INTO tenants (id, created) VALUES (repeat(:secret, 9), now())", "22001"),
    ],
)
def test_errors_hide_what_was_written(store: Store, statement: str, state: str) -> None:
    with pytest.raises(EarmarkError, match=state) as caught, store.writing() as connection:
        connection.execute(sa.text(statement), {"secret": SECRET})
    assert SECRET not in shown(caught.value)


def test_a_reader_sees_one_moment_and_waits_for_nobody(store: Store, people: Callable[..., Profile]) -> None:
    ada = people("ada")
    count = sa.select(sa.func.count()).select_from(profiles)
    with store.writing() as writer:
        writer.execute(profiles.update().values(locale="en-GB"))
        assert find_profile(DEFAULT_TENANT, store, "ada").locale is None
    with store.reading() as reader:
        assert reader.scalar(count) == 1
        change_profile(DEFAULT_TENANT, store, ada.id, label="grace", locale=None)
        people("bob", seed=1)
        assert reader.scalar(count) == 1
        assert reader.scalar(sa.select(profiles.c.locale)) == "en-GB"
    with pytest.raises(ProfileNotFound):
        find_profile(DEFAULT_TENANT, store, "ada")


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(StoreUnreadable), store.reading() as connection:
        connection.execute(tenants.update().values(keep_audio=False))
    with store.reading() as connection:
        assert connection.scalar(sa.select(tenants.c.keep_audio)) is True


def test_writers_come_one_after_another(home: Path, store: Store, database_url: str) -> None:
    """What each reads before it writes stays so: no addition is lost."""
    made = create_profile(DEFAULT_TENANT, store)
    failed: list[BaseException] = []

    def add(opened: Store) -> None:
        try:
            for _ in range(20):
                with opened.writing() as connection:
                    revision = connection.scalar(sa.select(profiles.c.revision)) or 0
                    connection.execute(profiles.update().values(revision=revision + 1))
        except BaseException as error:
            failed.append(error)

    with open_store(home, database_url=database_url, environ={}) as other:
        threads = [threading.Thread(target=add, args=(one,)) for one in (store, other) * 3]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []
    assert find_profile(DEFAULT_TENANT, store, made.id).revision == 6 * 20


def test_a_writer_that_never_ends_is_a_clear_error(
    home: Path, monkeypatch: pytest.MonkeyPatch, store: Store, database_url: str
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.05)
    with open_store(home, database_url=database_url, environ={}) as other:
        with store.writing(), pytest.raises(StoreBusy), other.writing():
            pass
        with other.writing() as connection:  # and after it, all is as before
            connection.execute(sa.select(tenants.c.id))


def test_as_many_connections_as_there_are_and_no_more(
    monkeypatch: pytest.MonkeyPatch, home: Path, database_url: str
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 1.0)
    monkeypatch.setattr(engine, "KEPT", 1)
    monkeypatch.setattr(engine, "MOST", 2)
    with open_store(home, database_url=database_url, environ={}) as store:
        with store.reading(), store.reading(), pytest.raises(StoreBusy, match="in use"), store.reading():
            pass
        with store.reading() as connection:
            connection.execute(sa.select(tenants.c.id))


def hold(home: Path, url: str) -> subprocess.Popen[str]:
    """Start a process that has written and does not end its transaction."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home), url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "holds\n"
    return process


def kept_audio(store: Store) -> bool | None:
    with store.writing() as connection:
        return connection.scalar(sa.select(tenants.c.keep_audio))


def test_a_killed_writer_leaves_its_turn_and_nothing_else(
    home: Path, store: Store, database_url: str
) -> None:
    with hold(home, database_url) as process:
        process.send_signal(signal.SIGKILL)
        assert kept_audio(store) is True


def test_a_writer_that_hangs_loses_its_turn(
    home: Path, store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = engine.SETTINGS | {"idle_in_transaction_session_timeout": "300ms"}
    monkeypatch.setattr(engine, "SETTINGS", quick)

    def hang() -> None:
        with hanging.writing() as connection:
            connection.execute(tenants.update().values(keep_audio=False))
            assert kept_audio(store) is True  # waits until the server has had enough of the other

    with open_store(home, database_url=database_url, environ={}) as hanging:
        with pytest.raises(StoreUnreadable):
            hang()
        assert kept_audio(hanging) is True


def test_a_server_that_was_restarted_is_met_again(store: Store, postgres: Postgres) -> None:
    ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'earmark'"

    def write() -> None:
        with store.writing() as writer, postgres.connect() as connection:
            writer.execute(profiles.delete())
            connection.execute(ends)

    create_profile(DEFAULT_TENANT, store, label="ada")
    with postgres.connect() as connection:
        connection.execute(ends)
    assert find_profile(DEFAULT_TENANT, store, "ada").label == "ada"
    with pytest.raises(StoreUnreadable):
        write()
    assert find_profile(DEFAULT_TENANT, store, "ada").label == "ada"
