"""The service's composition root: a home folder and settings to a door and its application."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.types import ASGIApp

from earmark.api.app import make_app
from earmark.api.door import Door
from earmark.api.pool import Pool
from earmark.api.settings import Settings
from earmark.storage.store import open_store
from earmark.voice.engine import Engine


@contextmanager
def open_door(home: Path, settings: Settings) -> Iterator[tuple[Door, ASGIApp]]:
    """Load the model, open the store, start no thread yet; closed at the end."""
    engine = Engine(model=settings.model, home=home)
    with open_store(home) as store:
        pool = Pool(workers=settings.workers or os.cpu_count() or 1, queue=settings.queue)
        door = Door(store, engine, pool, settings)
        try:
            yield door, make_app(door)
        finally:
            pool.close()
