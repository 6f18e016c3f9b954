"""`earmark worker`: works on jobs beside a service, on this machine or another, until it is told to stop."""

import signal
import threading
from typing import Annotated

import typer

from earmark.cli.exits import Exit
from earmark.cli.options import Home, Model
from earmark.cli.output import say

EPILOG = """\b
Examples:
  earmark worker                          beside `earmark serve`, of the same home folder
  EARMARK_DATABASE_URL=postgresql://... EARMARK_MEDIA_URL=s3://bucket/path earmark worker --at-once 4

A service works on jobs by itself: EARMARK_JOB_WORKERS=0 leaves them to workers. Any number of workers may
run; they need the service's database, master key and place for recordings. What a worker has begun when it
dies is begun anew by another after half a minute.
"""

AtOnce = Annotated[
    int | None,
    typer.Option(
        "--at-once",
        metavar="N",
        min=1,
        max=64,
        help="Jobs at once; processes that share a database share the number.  [default: job_workers, or 1]",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("worker", epilog=EPILOG)(worker)


def worker(at_once: AtOnce = None, model: Model = None, home: Home = None) -> int:
    """Work on jobs that a service accepts, until stopped."""
    from earmark.api.settings import load_settings
    from earmark.storage.store import default_home

    folder = home or default_home()
    settings = load_settings(folder, model=model)
    from earmark.api.start import open_service_store
    from earmark.api.workshop import open_jobs
    from earmark.telemetry.logs import set_up_logs
    from earmark.voice.engine import Engine
    from earmark.voice.phrase.checker import load_recognisers

    set_up_logs(level=settings.log_level, form=settings.log_format)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    workers = at_once or settings.job_workers or 1
    engine = Engine(model=settings.model, home=folder)
    load_recognisers(folder)
    with (
        open_service_store(folder, settings) as store,
        open_jobs(store, engine, settings, workers=workers),
    ):
        say(f"Working on jobs, {workers} at a time.")
        while not stop.wait(1.0):  # Windows hears Ctrl-C only between waits
            pass
    return Exit.OK
