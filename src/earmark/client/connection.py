"""An address and a key to the options of a connection; both may come from the environment."""

import os
import ssl
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx

from earmark.errors import FileMissing, InvalidRequest

URL_VARIABLE = "EARMARK_URL"
KEY_VARIABLE = "EARMARK_API_KEY"
DEFAULT_URL = "http://127.0.0.1:8080"
CONNECT_SECONDS = 5.0
PAGE = 100  # profiles that are asked for at once


def connection_options(
    url: str | None, key: str | None, *, timeout: float, tls_ca: str | Path | None
) -> dict[str, Any]:
    """Return what httpx is told. Raises InvalidRequest, FileMissing for a certificate that is not there."""
    url = url or os.environ.get(URL_VARIABLE) or DEFAULT_URL
    key = key or os.environ.get(KEY_VARIABLE)
    if not key:
        raise InvalidRequest(f"There is no API key: give one, or set {KEY_VARIABLE}.")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise InvalidRequest("The API key has characters that no key has: copy it again.")
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL("")
    if address.scheme not in ("http", "https") or not address.host:
        raise InvalidRequest("The address of the service is none: write it as http://127.0.0.1:8080.")
    headers = {"Authorization": f"Bearer {key}", "User-Agent": f"earmark/{version('earmark')}"}
    return {
        "base_url": address,
        "headers": headers,
        "timeout": httpx.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)),
        "verify": True if tls_ca is None else _trust(tls_ca),
    }


def _trust(tls_ca: str | Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=tls_ca)
    except (OSError, ssl.SSLError) as error:
        raise FileMissing(
            f"The certificate {tls_ca} cannot be read ({error.strerror}): check the path."
        ) from None
