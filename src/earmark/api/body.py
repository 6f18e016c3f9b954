"""A request's body to bytes, within bounds that one route sets; the service's own bounds hold before it."""

from starlette.requests import Request

from earmark.errors import AudioTooLarge


async def read_body(request: Request, *, most: int) -> bytes:
    """Return the whole body of at most `most` bytes.

    Raises AudioTooLarge as soon as that is passed, RequestTooLarge and RequestTooSlow by the settings.
    """
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > most:
        raise _too_large(most)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise _too_large(most)
        parts.append(part)
    return b"".join(parts)


def _too_large(most: int) -> AudioTooLarge:
    return AudioTooLarge(f"The recording has more than {most:,} bytes: send a shorter one.")
