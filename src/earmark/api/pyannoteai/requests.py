"""What every route of pyannoteAI's API takes."""

from typing import Annotated

from fastapi import Depends

from earmark.api.access import actor_of
from earmark.api.door import Door, door_of
from earmark.service.actor import Actor

InDoor = Annotated[Door, Depends(door_of)]
Caller = Annotated[Actor, Depends(actor_of)]
