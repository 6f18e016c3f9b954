"""Azure Speaker Recognition's APIs."""

from starlette.websockets import WebSocket

from earmark.api.family import Family

FAMILIES: tuple[Family, ...] = ()


async def WEBSOCKET(websocket: WebSocket) -> None:  # noqa: N802
    """To be written."""
    await websocket.close()
