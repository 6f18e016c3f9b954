"""The service's composition root: a home folder and settings to a door and its application."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.types import ASGIApp

from earmark.api.app import make_app
from earmark.api.door import Door
from earmark.api.pool import Pool
from earmark.api.settings import Settings
from earmark.api.workshop import open_jobs
from earmark.errors import StoreAway
from earmark.storage.store import Store, open_store
from earmark.voice.engine import Engine
from earmark.voice.phrase.checker import load_recognisers

PATIENCE = 30.0  # seconds


@contextmanager
def open_door(home: Path, settings: Settings) -> Iterator[tuple[Door, ASGIApp]]:
    """Load the model, open the store, and begin to work on jobs; closed at the end."""
    engine = Engine(model=settings.model, home=home)
    load_recognisers(home)
    with open_service_store(home, settings) as store, open_jobs(store, engine, settings) as jobs:
        pool = Pool(workers=settings.workers or os.cpu_count() or 1, queue=settings.queue)
        door = Door(store, engine, pool, settings, jobs, jobs.how.media_rules)
        try:
            yield door, make_app(door)
        finally:
            pool.close()


def open_service_store(home: Path, settings: Settings) -> Store:
    """Open the store that the settings name; a database that is being started has a while to come."""
    database = settings.database_url
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return open_store(home, database_url=database.get_secret_value() if database else None)
        except StoreAway:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
