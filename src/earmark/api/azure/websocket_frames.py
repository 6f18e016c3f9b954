"""Messages of the speech WebSocket to their parts and back (contract, section 4.2)."""

import json
import re
from dataclasses import dataclass
from typing import Any

MOST_HEADER = 4_096
REQUEST_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


class MalformedFrame(Exception):
    """A message is not as the protocol has it; the connection is closed."""


@dataclass(frozen=True)
class Message:
    """A message of the client."""

    path: str  # in small letters
    request_id: str
    body: dict[str, Any]  # of a text message
    payload: bytes | None = None  # of a binary one


def read_text(text: str) -> Message:
    """Read header lines, a blank line and JSON. Raises MalformedFrame."""
    head, blank, body = text.partition("\r\n\r\n")
    if not blank or len(head) > MOST_HEADER:
        raise MalformedFrame("no header")
    try:
        found = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError):
        raise MalformedFrame("no JSON") from None
    if not isinstance(found, dict):
        raise MalformedFrame("no object")
    headers = _read_headers(head)
    return Message(headers["path"].lower(), headers.get("x-requestid", ""), found)


def read_binary(data: bytes) -> Message:
    """Read the header's length (2 bytes, big-endian), header lines and payload. Raises MalformedFrame."""
    length = int.from_bytes(data[:2], "big")
    if len(data) < 2 + length or not 0 < length <= MOST_HEADER:
        raise MalformedFrame("header longer than the message")
    try:
        headers = _read_headers(data[2 : 2 + length].decode())
    except UnicodeDecodeError:
        raise MalformedFrame("no text") from None
    return Message(headers["path"].lower(), headers.get("x-requestid", ""), {}, data[2 + length :])


def write_text(path: str, request_id: str, body: dict[str, Any]) -> str:
    """Return a message of the server. JSON escapes line ends, so the first blank line is the header's end."""
    kind = "application/json; charset=utf-8"
    head = f"Path: {path}\r\nX-RequestId: {request_id}\r\nContent-Type: {kind}\r\n\r\n"
    return head + json.dumps(body)


def _read_headers(text: str) -> dict[str, str]:
    headers = {}
    for line in text.split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    if "path" not in headers or not REQUEST_ID.fullmatch(headers.get("x-requestid", "none")):
        raise MalformedFrame("no path, or no request id")
    return headers
