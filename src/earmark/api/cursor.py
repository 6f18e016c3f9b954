"""The last profile of a page to an opaque text from which the next page goes on, and back."""

import base64
import binascii
from uuid import UUID

from earmark.errors import InvalidArgument


def write_cursor(profile_id: UUID) -> str:
    """Return a text that says behind which profile a page begins."""
    return base64.urlsafe_b64encode(profile_id.bytes).decode().rstrip("=")


def parse_cursor(text: str | None) -> UUID | None:
    """Return what `write_cursor` was given; InvalidArgument for any other text."""
    if text is None:
        return None
    try:
        return UUID(bytes=base64.b64decode(text + "==", altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise InvalidArgument("The continuation token is not valid: take it from the page before.") from None
