"""A request to the address that its client reached the service by: what links in answers begin with."""

import re

from starlette.requests import Request

from earmark.api.door import Door

HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")


def base_url(request: Request, door: Door) -> str:
    """Return what the operator set (behind a proxy nobody else knows it), else the request's own origin."""
    given = door.settings.public_url
    return origin(request) if given is None else given.rstrip("/")


def origin(request: Request) -> str:
    """Return scheme and host of a request, for links: what the client wrote, if it can be a host."""
    host = request.headers.get("host", "")
    if not HOST.fullmatch(host):
        server = request.scope.get("server") or ("localhost", None)
        host = server[0] if server[1] is None else f"{server[0]}:{server[1]}"
    return f"{request.url.scheme}://{host}"
