"""Azure Speaker Recognition as its clients speak it: three generations of REST, and a WebSocket."""

from earmark.api.azure import rest, v1
from earmark.api.azure.errors import respond, respond_v1
from earmark.api.azure.websocket import WEBSOCKET
from earmark.api.family import Family

__all__ = ["FAMILIES", "WEBSOCKET"]

FAMILIES = (
    Family("azure v1.0", ("/spid",), (v1.make_router(),), respond_v1),
    Family("azure v2.0", ("/speaker",), (rest.make_router(rest.V2),), respond),
    Family("azure 2021-09-05", ("/speaker-recognition",), (rest.make_router(rest.GA),), respond),
)
