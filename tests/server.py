"""A real server process for tests: `python -m earmark serve` on a free port, with a known key."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

KEY = "a-key-of-the-tests-0123456789"


@dataclass(frozen=True)
class Server:
    """A running server; everything that it writes is collected."""

    urls: tuple[str, ...]  # in the order of its ports
    key: str
    home: Path
    process: subprocess.Popen[str]
    lines: list[str] = field(repr=False)  # of standard output and error
    database_url: str | None = None  # of PostgreSQL, where it is not the home's own file

    @property
    def url(self) -> str:
        return self.urls[0]

    @property
    def ws_url(self) -> str:
        return "ws" + self.url.removeprefix("http")

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def running_server(
    home: Path,
    *,
    args: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    ports: Sequence[int] = (0,),
    key: str = KEY,
    prefix: Sequence[str] = (),
    program: Sequence[str] = (sys.executable, "-m", "earmark"),
    database_url: str | None = None,
) -> Iterator[Server]:
    """Start a server on `home` and wait until it listens; it is stopped at the end.

    `args` go to `earmark serve`, `env` is added to the environment, `prefix` runs it under another command,
    and `program` is another one than this environment's.
    """
    asked = [part for port in ports for part in ("--port", str(port))]
    process = subprocess.Popen(
        [*prefix, *program, "serve", "--home", str(home), *asked, *args],
        env=os.environ
        | {"EARMARK_BOOTSTRAP_KEY": key, "OMP_NUM_THREADS": "1"}
        | ({"EARMARK_DATABASE_URL": database_url} if database_url else {})
        | dict(env or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: list[str] = []
    assert process.stdout is not None
    try:
        urls: list[str] = []
        expected = len(ports) + list(args).count("--plain-port")
        while len(urls) < expected:
            line = process.stdout.readline()
            assert line, f"the server did not start:\n{''.join(lines)}"
            lines.append(line)
            if line.startswith("Listening on "):
                urls.append(line.split()[-1])
        reader = threading.Thread(target=lines.extend, args=(process.stdout,), daemon=True)
        reader.start()
        yield Server(tuple(urls), key, home, process, lines, database_url)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
