"""A recording's address to its bytes, piece by piece, within bounds of size and time."""

import ssl
import time
from collections.abc import Iterator
from http import HTTPStatus

import httpcore

from earmark.errors import AudioTooLarge, RecordingUnavailable
from earmark.service.outgoing import Policy, TooManyRedirects, request

MOST_REDIRECTS = 5
MOST_SECONDS = 900.0


def fetch(
    address: str, *, policy: Policy, most_bytes: int, most_seconds: float = MOST_SECONDS
) -> Iterator[bytes]:
    """Yield the bytes at an address.

    Raises AddressRefused, RecordingUnavailable (no answer, another status than 200, too slow, cut off),
    AudioTooLarge as soon as that is known. Messages carry no address: it may hold a token.
    """
    end = time.monotonic() + most_seconds
    try:
        with request("GET", address, policy=policy, seconds=most_seconds, redirects=MOST_REDIRECTS) as answer:
            if answer.status != HTTPStatus.OK:
                raise RecordingUnavailable(
                    f"The recording's address answers with status {answer.status}: it must be public, or "
                    "presigned and still valid."
                )
            said = answer.headers.get("content-length", "")
            if said.isdigit() and int(said) > most_bytes:
                raise AudioTooLarge(_too_large(most_bytes))
            size = 0
            for piece in answer.pieces:
                size += len(piece)
                if size > most_bytes:
                    raise AudioTooLarge(_too_large(most_bytes))
                if time.monotonic() > end:
                    raise TimeoutError
                yield piece
    except TimeoutError:
        raise RecordingUnavailable(
            f"The recording did not arrive within {most_seconds:.0f} s: upload it instead."
        ) from None
    except TooManyRedirects:
        raise RecordingUnavailable(
            f"The recording's address leads to another one more than {MOST_REDIRECTS} times: give the last."
        ) from None
    except ssl.SSLError:
        raise RecordingUnavailable(
            "The certificate of the recording's host is not valid: mend it, or upload the recording."
        ) from None
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
        raise RecordingUnavailable(
            "The recording's address does not answer, or broke off: check it, or upload the recording."
        ) from None


def _too_large(most_bytes: int) -> str:
    return f"The recording is larger than {most_bytes >> 20:,} MiB: send less, or a compressed format."
