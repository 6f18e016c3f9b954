"""Text to a label, or to a GUID: what a profile may be called, and which of both a caller means."""

import re
import unicodedata
from uuid import UUID

from earmark.errors import InvalidRequest

MAX_LABEL = 100
GUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


def parse_guid(text: str) -> UUID | None:
    """Return the GUID that `text` is, or None."""
    return UUID(text) if GUID.fullmatch(text) else None


def normalise_label(label: str) -> str:
    """Return the label in Unicode's composed form (NFC), so that one name typed two ways is one label.

    Letters, marks and digits of any script, single spaces between, and `. _ - @ + '`, at most 100 characters;
    the first is a letter or digit. No comma, since lists of labels are written with it; no GUID, since a
    profile answers to that too. Raises InvalidRequest.
    """
    text = unicodedata.normalize("NFC", label)
    if not 1 <= len(text) <= MAX_LABEL:
        raise InvalidRequest(
            f"A label has 1 to {MAX_LABEL} characters, this has {len(text)}: choose another."
        )
    if parse_guid(text):
        raise InvalidRequest("A label may not look like a profile identifier: choose another.")
    allowed = all(unicodedata.category(character)[0] in "LMN" or character in " ._-@+'" for character in text)
    if not allowed or unicodedata.category(text[0])[0] not in "LN" or text.endswith(" ") or "  " in text:
        raise InvalidRequest(
            "A label has letters, digits, single spaces and . _ - @ + ' only, and begins with a letter "
            "or digit: choose another."
        )
    return text
