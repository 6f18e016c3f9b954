"""What every route of the service needs: store, engine, workers and settings, made once at the start."""

from dataclasses import dataclass, field
from threading import Event
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from starlette.requests import HTTPConnection

from earmark.api.pool import Pool
from earmark.api.settings import Settings
from earmark.api.streams import Uploads
from earmark.service.jobs import Jobs
from earmark.service.media import MediaRules
from earmark.storage.store import Store
from earmark.voice.engine import Engine


@dataclass(frozen=True, eq=False)
class Door:
    """The service's parts; found at `app.state.door`."""

    store: Store
    engine: Engine
    pool: Pool
    settings: Settings
    jobs: Jobs
    media_rules: MediaRules = field(default_factory=MediaRules)
    uploads: Uploads = field(default_factory=Uploads)
    stopping: Event = field(default_factory=Event)  # set when the service begins to end: nothing waits on
    under_way: set[UUID] = field(default_factory=set)  # requests that are not to be carried out twice


def door_of(connection: HTTPConnection) -> Door:
    """Return the door that a request or WebSocket came through; a FastAPI dependency."""
    door: Door = connection.app.state.door
    return door


InDoor = Annotated[Door, Depends(door_of)]
