"""The chunks of a WAV file to its format, its length and the library that reads it.

Source: "Multimedia Programming Interface and Data Specifications 1.0", RIFF; EBU Tech 3306 for RF64.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

from earmark.errors import AudioCorrupt, AudioTruncated
from earmark.voice.decode.limits import check_shape

# Writers that cannot seek back leave 0 or a huge number where the length belongs.
PLACEHOLDER = 0x7FFF_0000
MOST_CHUNKS = 4_096
EXTENSIBLE = 0xFFFE
# Format tags that libsndfile reads: PCM, ADPCM (Microsoft, IMA), float, A-law, mu-law, GSM 6.10, MP3.
SOUNDFILE_TAGS = {0x01, 0x02, 0x03, 0x06, 0x07, 0x11, 0x31, 0x55}


@dataclass(frozen=True)
class WavHeader:
    """What a WAV file says of itself; sizes in bytes."""

    tag: int
    sample_rate: int
    channels: int
    data_start: int
    data_size: int
    streamed: bool  # the length is a placeholder: read to the end of the file
    order: Literal["little", "big"]


def chunks(file: BinaryIO, start: int, order: Literal["little", "big"]) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and length of each chunk's content, from `start` to the end of the file."""
    for _ in range(MOST_CHUNKS):
        file.seek(start)
        head = file.read(8)
        if len(head) < 8:
            return
        length = int.from_bytes(head[4:], order)
        yield head[:4], start + 8, length
        start += 8 + length + (length & 1)
    raise AudioCorrupt(f"more than {MOST_CHUNKS:,} chunks before any sound: export the recording again")


def read_header(file: BinaryIO) -> WavHeader:
    """Read up to the `data` chunk of a seekable WAV, RIFX or RF64 file.

    Raises AudioTruncated without a data chunk, AudioCorrupt without a format before it, and
    AudioUnsupported for an absurd sample rate or channel count.
    """
    file.seek(0)
    head = file.read(12)
    order: Literal["little", "big"] = "big" if head[:4] == b"RIFX" else "little"
    riff_size = int.from_bytes(head[4:8], order)
    form, long_size = b"", 0
    for name, start, length in chunks(file, 12, order):
        if name == b"ds64":
            file.seek(start)
            long_size = int.from_bytes(file.read(16)[8:], order)
        elif name == b"fmt ":
            file.seek(start)
            form = file.read(min(length, 40))
        elif name == b"data":
            if len(form) < 16:
                raise AudioCorrupt("a WAV file without a format before its sound: export it again")
            break
    else:
        raise AudioTruncated("the recording was cut: a WAV file without sound; send the whole file")
    tag, channels, rate = (int.from_bytes(form[a:b], order) for a, b in ((0, 2), (2, 4), (4, 8)))
    if tag == EXTENSIBLE:
        tag = int.from_bytes(form[24:26], order)
    check_shape(rate, channels)
    if head[:4] == b"RF64" and length == 0xFFFF_FFFF:
        length = long_size
        streamed = False
    else:
        end = file.seek(0, 2)
        forgotten = length == 0 and (riff_size == 0xFFFF_FFFF or end > 9 + riff_size)
        streamed = length >= PLACEHOLDER or (forgotten and end > start)
    return WavHeader(tag, rate, channels, start, length, streamed, order)


def with_length(file: BinaryIO, header: WavHeader) -> BinaryIO:
    """A WAV whose length was left at 0, as a copy that says "to the end": libsndfile reads 0 as empty."""
    data = bytearray()
    file.seek(0)
    data += file.read()
    data[4:8] = data[header.data_start - 4 : header.data_start] = b"\xff" * 4
    return io.BytesIO(data)
