"""What an MP3 says of its length, and a copy that says "unknown" where a decoder would guess.

libsndfile takes the first frame's bit rate for all of them when there is no Xing header, and stops at the
length that follows from it: of a VBR stream of 15 s it gave 6 s without a word.
"""

import io
from dataclasses import dataclass
from typing import BinaryIO

# Sample rates by MPEG version bits (ISO/IEC 11172-3, 2.4.2.3; 13818-3; "2.5" is Fraunhofer's).
RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
UNKNOWN = b"\x7f\xff\xff\xff"  # frames; far beyond any limit, so that the decoder runs to the end


@dataclass(frozen=True)
class Mp3Header:
    """Where the first frame starts, its 4 bytes, and what a Xing header states (0: nothing)."""

    start: int
    frame: bytes
    frames: int
    bytes: int


def read_header(file: BinaryIO) -> Mp3Header:
    """Read past an ID3v2 tag (7 bits of its length a byte) and into the first frame."""
    file.seek(0)
    head = file.read(10)
    start = 0
    if head[:3] == b"ID3" and len(head) == 10:
        start = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
    file.seek(start)
    frame = file.read(256)
    at = max(frame[:64].find(b"Xing"), frame[:64].find(b"Info"))
    if at < 0 or len(frame) < at + 16:
        return Mp3Header(start, frame[:4], 0, 0)
    flags, place, stated = frame[at + 7], at + 8, [0, 0]
    for flag in (0, 1):
        if flags >> flag & 1:
            stated[flag] = int.from_bytes(frame[place : place + 4], "big")
            place += 4
    return Mp3Header(start, frame[:4], stated[0], stated[1])


def with_unknown_length(file: BinaryIO, header: Mp3Header) -> BinaryIO:
    """A copy with a Xing header in front that states no end; layers I and II are left as they are."""
    first = header.frame
    if len(first) < 4 or first[1] >> 1 & 3 != 1:
        return file
    version, rate_bits, mono = first[1] >> 3 & 3, first[2] >> 2 & 3, first[3] >> 6 == 3
    if version == 3:  # 128 kbit/s of MPEG 1, 64 of the others: a size that a Xing header fits in
        bits, size, side = 9, 144 * 128_000 // RATES[3][rate_bits], 17 if mono else 32
    else:
        bits, size, side = 8, 72 * 64_000 // RATES[version][rate_bits], 9 if mono else 17
    # No checksum (the lowest bit of byte 1), no padding: a frame of silence that holds the header.
    front = bytes([0xFF, first[1] | 1, bits << 4 | rate_bits << 2, first[3]]) + bytes(side)
    front += b"Xing\0\0\0\x01" + UNKNOWN
    file.seek(header.start)
    return io.BytesIO(front + bytes(size - len(front)) + file.read())
