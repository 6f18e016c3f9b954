"""A request's body to a recording, in all shapes that Azure's clients send (contract, sections 0.3 and 1)."""

import io

from starlette.requests import Request

from earmark.api.body import read_body
from earmark.api.parts import read_boundary, read_parts
from earmark.errors import AudioEmpty, AudioNotRecognised, AudioUnsupported
from earmark.voice.audio import RawFormat
from earmark.voice.decode.riff import read_header
from earmark.voice.decode.sniff import BEGINNINGS

# What the native core sends: the samples of a WAV file without its header.
PCM = RawFormat("s16le", 16_000, 1)
PCM_TAG = 1
OTHER_FORMATS = (*BEGINNINGS, b"OggS", b"FORM", b"ID3", b"<", b"{")


async def read_audio(request: Request, *, most: int, headerless: bool) -> tuple[bytes, RawFormat | None]:
    """Return the recording that a request carries, and its format when it has no header.

    The content type decides nothing but whether the body has parts: clients send WAV under any type, and
    `multipart/form-data` without a boundary means the WAV itself. Raises AudioEmpty, AudioTooLarge,
    AudioNotRecognised (no WAV, where PCM without a header is not taken), AudioUnsupported (not PCM of
    16 kHz, 16 bit, mono), InvalidRequest for parts that cannot be read.
    """
    body = await read_body(request, most=most)
    boundary = read_boundary(request.headers.get("content-type"))
    # A WAV under a stale type with a boundary would be lost in a parser: look at it first.
    if boundary and not body.startswith(b"RIFF"):
        parts = read_parts(body, boundary)
        body = parts[0].data if parts else b""
    if not body:
        raise AudioEmpty("The request has no audio in its body: send a WAV file.")
    if body.startswith(b"RIFF"):
        check_wav(body)
        return body, None
    if not headerless or body.startswith(OTHER_FORMATS) or body[4:8] == b"ftyp":
        raise AudioNotRecognised("Not a valid WAVE file - No RIFF header")
    return body[: len(body) // 2 * 2], PCM


def check_wav(wav: bytes) -> None:
    """Raise AudioUnsupported unless a WAV file is PCM of 16 kHz, 16 bit, mono: nothing is resampled."""
    header = read_header(io.BytesIO(wav))
    start = wav.find(b"fmt ", 12) + 8
    bits = int.from_bytes(wav[start + 14 : start + 16], "little")
    if (header.tag, header.sample_rate, header.channels, bits) != (PCM_TAG, 16_000, 1, 16):
        raise AudioUnsupported("The audio must be WAV with PCM of 16 kHz, 16 bit, mono: convert it.")
