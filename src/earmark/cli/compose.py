"""The command line's composition root: options to an engine, a store and an actor."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from earmark.cli.options import DEFAULT_TENANT

if TYPE_CHECKING:
    from earmark.service.actor import Actor
    from earmark.storage.store import Store
    from earmark.voice.engine import Engine


@dataclass(frozen=True)
class Parts:
    """What a use case is handed: who asks, where profiles are kept, and what listens."""

    actor: "Actor"
    store: "Store"
    engine: "Engine"


def make_engine(home: Path | None, *, model: str | None = None, threads: int = 1) -> "Engine":
    """The engine alone, for commands that touch no profile."""
    from earmark.voice.engine import Engine

    return Engine(model=model, home=home, threads=threads)


@contextmanager
def open_profiles(home: Path | None, *, tenant: str = DEFAULT_TENANT) -> Iterator[tuple["Actor", "Store"]]:
    """The store alone, for commands that listen to nothing; closed at the end. TenantNotFound."""
    from earmark.service.actor import local_actor
    from earmark.service.tenants import show_tenant
    from earmark.storage.store import default_home, open_store

    folder = home or default_home()
    with open_store(folder, database_url=_find_database(folder)) as store:
        actor = local_actor(tenant)
        if tenant != DEFAULT_TENANT:  # the other is always there
            show_tenant(actor, store)
        yield actor, store


def _find_database(folder: Path) -> str | None:
    """The setting `database_url`; what reads all settings is slow to import, and mostly for nothing."""
    if not os.environ.keys() & {"EARMARK_DATABASE_URL", "EARMARK_SETTINGS"} and not (
        (folder / "earmark.toml").exists()
    ):
        return None
    from earmark.api.settings import load_settings

    found = load_settings(folder).database_url
    return found.get_secret_value() if found else None


@contextmanager
def compose(
    home: Path | None, *, tenant: str = DEFAULT_TENANT, model: str | None = None, threads: int = 1
) -> Iterator[Parts]:
    """Everything, for commands that listen and compare; the engine first: a wrong model opens no store."""
    engine = make_engine(home, model=model, threads=threads)
    with open_profiles(home, tenant=tenant) as (actor, store):
        yield Parts(actor, store, engine)
