"""A multipart body to its parts, in memory: recordings to recognise may not touch a disk."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from earmark.errors import InvalidRequest

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MOST_PARTS = 1_200  # as many profiles as may be named, and recordings
HEADER_BYTES = 4_096


@dataclass(frozen=True)
class Part:
    """One part of a form."""

    name: str
    content_type: str
    data: bytes


def read_boundary(content_type: str | None) -> bytes | None:
    """Return the boundary of `multipart/form-data`; None for another type, or without one."""
    kind, options = parse_options_header(content_type)
    return (options.get(b"boundary") or None) if kind == b"multipart/form-data" else None


def read_parts(body: bytes, boundary: bytes) -> list[Part]:
    """Return the parts in their order; InvalidRequest when they cannot be told apart, or are too many.

    Some clients' boundaries hold blanks, so no strict grammar is asked of them.
    """
    reading = _Reading()
    try:
        parser = MultipartParser(boundary, reading.callbacks())
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise InvalidRequest(
            "The parts of the request's body cannot be told apart: check the boundary."
        ) from None
    reading.end()  # some leave the last boundary out; a recording that was cut off says so itself
    return reading.parts


class _Reading:
    """What the parser's calls have told so far."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._data, self._field, self._value = bytearray(), bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._header_bytes = 0
        self._open = False

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._head(self._field, data[start:end]),
            "on_header_value": lambda data, start, end: self._head(self._value, data[start:end]),
            "on_header_end": self._end_header,
            "on_part_data": self._take,
            "on_part_end": self.end,
        }

    def end(self) -> None:
        if not self._open:
            return
        self._open = False
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        kind = self._headers.get(b"content-type", b"").decode("latin-1")
        self.parts.append(Part(name, kind, bytes(self._data)))

    def _begin(self) -> None:
        if len(self.parts) >= MOST_PARTS:
            raise InvalidRequest(f"The request's body has more than {MOST_PARTS:,} parts: send fewer.")
        self._data, self._headers, self._header_bytes, self._open = bytearray(), {}, 0, True

    def _head(self, buffer: bytearray, data: bytes) -> None:
        self._header_bytes += len(data)
        if self._header_bytes > HEADER_BYTES:
            raise InvalidRequest("A part of the request's body has too long a header: shorten it.")
        buffer += data

    def _end_header(self) -> None:
        self._headers[bytes(self._field).lower()] = bytes(self._value)
        self._field, self._value = bytearray(), bytearray()

    def _take(self, data: bytes, start: int, end: int) -> None:
        self._data += memoryview(data)[start:end]
