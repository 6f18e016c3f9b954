"""A voice to a text that its owner keeps, and back; a text of another maker or model is refused.

The text is the base64 of `mark (6) | format (1) | length of the model's name (1) | model | net seconds of
speech (4) | numbers (2) | vector | CRC-32 (4)`, all little-endian. It is not sealed: whoever has the text has
the voice, as with any voiceprint that a caller keeps.
"""

import base64
import binascii
import re
import struct
import zlib

import numpy as np

from earmark.errors import VoiceprintForeign
from earmark.service.orders import LITTLE_ENDIAN, Voice

MARK = base64.b64decode("earmarkv")  # so that every text begins with this word
FORMAT = 1
HEAD = struct.Struct("<6sBB")
ABOUT = struct.Struct("<fH")
CHECK = struct.Struct("<I")
LONGEST_TEXT = 20_000  # characters; the contract's bound, section 3
HOSTED_BYTES = 1_024  # 256 numbers without a head: what the hosted service gives
NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")  # what may be repeated in an error
UNIT = 1e-3  # by which a vector may miss the length 1


def write_voiceprint(voice: Voice) -> str:
    """Return the text of a voice."""
    model = voice.model.encode()
    body = HEAD.pack(MARK, FORMAT, len(model)) + model
    body += ABOUT.pack(voice.seconds, len(voice.vector) // LITTLE_ENDIAN.itemsize) + voice.vector
    return base64.b64encode(body + CHECK.pack(zlib.crc32(body))).decode()


def read_voiceprint(text: str, *, model: str, dimension: int) -> Voice:
    """Return the voice of a text that `model` made, with a vector of `dimension` numbers.

    Raises VoiceprintForeign, whose message says which of all that it is.
    """
    if len(text) > LONGEST_TEXT:
        raise _foreign("was not made by Earmark")
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise _foreign("is not the text that was given: it is no base64") from None
    if not data.startswith(MARK):
        raise _foreign(
            "was made by the hosted pyannoteAI service, whose model is another"
            if len(data) == HOSTED_BYTES
            else "was not made by Earmark"
        )
    body, check = data[: -CHECK.size], data[-CHECK.size :]
    if len(data) < HEAD.size + ABOUT.size + CHECK.size or CHECK.pack(zlib.crc32(body)) != check:
        raise _foreign("is damaged, or not whole")
    _, form, length = HEAD.unpack_from(body)
    if form != FORMAT:
        raise _foreign("is of a newer format than this release reads")
    maker, rest = body[HEAD.size : HEAD.size + length], body[HEAD.size + length :]
    if maker != model.encode():
        name = maker.decode("ascii", "replace")
        known = f"the model {name}" if NAME.fullmatch(name) else "another model"
        raise _foreign(f"was made by {known}, and this service runs {model}")
    return _read_rest(rest, model, dimension)


def _read_rest(rest: bytes, model: str, dimension: int) -> Voice:
    if len(rest) < ABOUT.size:
        raise _foreign("is damaged")
    seconds, numbers = ABOUT.unpack_from(rest)
    voice = Voice(rest[ABOUT.size :], seconds, model)
    right = numbers == dimension and len(voice.vector) == dimension * LITTLE_ENDIAN.itemsize
    # A check sum keeps out accidents, not intent: numbers that no model gives must not get further.
    if not right or not np.isfinite(voice.numbers).all() or not 0.0 < seconds < 86_400.0:
        raise _foreign("is damaged")
    if abs(float(np.linalg.norm(voice.numbers)) - 1.0) > UNIT:
        raise _foreign("is damaged")
    return voice


def _foreign(what: str) -> VoiceprintForeign:
    return VoiceprintForeign(f"The voiceprint {what}: use the text as it was given, or make it anew here.")
