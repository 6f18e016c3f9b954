"""A recording's key to a link that carries its own permission, and a link to whom it lets in.

A link is `tenant | what it is for | when it ends | key` in JSON and the tenant's signature of that, both in
base64: it works without an API key, for one recording, one way, for an hour. It dies with its tenant.
"""

import base64
import binascii
import hmac
import json
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from earmark.errors import KeyInvalid, TenantNotFound
from earmark.service.actor import Actor, Permission, needs
from earmark.storage import links
from earmark.storage.store import Store

LIFETIME = timedelta(hours=1)
LONGEST = 2_048  # characters


class LinkUse(StrEnum):
    """What a link lets its holder do."""

    UPLOAD = "upload"
    DOWNLOAD = "download"


@needs(Permission.RECOGNISE)
def make_link(actor: Actor, store: Store, key: str, use: LinkUse, *, now: datetime | None = None) -> str:
    """Return a text, safe in addresses, that lets whoever has it upload or download one recording."""
    ends = (now or datetime.now(UTC)) + LIFETIME
    said = json.dumps([actor.tenant, use, int(ends.timestamp()), key], separators=(",", ":")).encode()
    return f"{_encode(said)}.{_encode(links.sign_link(actor.tenant, store, said))}"


def open_link(
    store: Store, link: str | None, use: LinkUse, *, now: datetime | None = None
) -> tuple[Actor, str]:
    """Return on whose behalf, and for which key, a link works.

    Raises KeyInvalid for one that was not made here, was changed, has ended, or is for another use.
    """
    said, _, signature = (link or "")[:LONGEST].partition(".")
    try:
        text = _decode(said)
        tenant, used, ends, key = json.loads(text)
        right = hmac.compare_digest(links.sign_link(str(tenant), store, text), _decode(signature))
    except (binascii.Error, ValueError, TypeError, RecursionError, TenantNotFound):
        raise _invalid() from None
    if not right or used != use or ends <= (now or datetime.now(UTC)).timestamp():
        raise _invalid()
    return Actor(tenant, frozenset({Permission.RECOGNISE})), key


def _invalid() -> KeyInvalid:
    return KeyInvalid("This link is not valid, or its hour has ended: ask for a new one.")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
