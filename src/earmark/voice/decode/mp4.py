"""The boxes of an MP4, M4A, 3GP or MOV file to a refusal: cut, or with an index that eats memory.

Source: ISO/IEC 14496-12. FFmpeg expands the index when it opens a file, before a limit on decoded sound
can hold: 27 KB with a changed `stsz` or `trun` took 2.1 GB. So its tables are counted here.
"""

import re
from typing import BinaryIO

from earmark.errors import AudioCorrupt, AudioTruncated, AudioUnsupported

PASSED_OVER = {b"mdat", b"free", b"skip"}
MOST_BOXES = 100_000
# FFmpeg obeys a table wherever it stands, so the bytes are searched, not the tree; `cmvd` is a zipped index.
TABLE = re.compile(rb"stsz|stz2|trun|stts|ctts|cmvd")
COUNT_AT = {b"stsz": 8, b"stz2": 8, b"trun": 4}  # where a table counts its samples, after its name


def check(file: BinaryIO, size: int, *, most_samples: int) -> None:
    """Raise AudioTruncated, AudioCorrupt or AudioUnsupported for a file that FFmpeg should not open."""
    names: set[bytes] = set()
    start = samples = 0
    for _ in range(MOST_BOXES):
        file.seek(start)
        head = file.read(16)
        if len(head) < 8:
            break
        name, length, header = head[4:8], int.from_bytes(head[:4], "big"), 8
        if length == 1:
            length, header = int.from_bytes(head[8:16], "big"), 16
        length = length or size - start  # 0: to the end of the file
        if length < header:
            raise AudioCorrupt("a box is shorter than its own header: export the recording again")
        if start + length > size:
            raise AudioTruncated(
                "the recording was cut: its last box ends after the file does; send it again"
            )
        names.add(name)
        if name not in PASSED_OVER:
            file.seek(start)
            samples += claimed(file.read(length), most_samples - samples)
        start += length
    if start < size - 8 or samples > most_samples:
        raise AudioUnsupported("its index claims more than a recording can hold: convert it to WAV or FLAC")
    if b"moov" not in names:
        raise AudioTruncated(
            "the recording was cut: its index (moov) is missing; stop the recorder, then send it"
        )


def claimed(data: bytes, most: int) -> int:
    """Samples that the tables in these bytes claim; counting stops beyond `most`."""
    samples = 0
    for table in TABLE.finditer(data):
        name, at = table.group(), table.end()
        if name == b"cmvd":
            return most + 1
        if name in COUNT_AT:
            samples += int.from_bytes(data[at + COUNT_AT[name] : at + COUNT_AT[name] + 4], "big")
        else:  # runs of (count, value)
            end = min(len(data), at + 8 + 8 * int.from_bytes(data[at + 4 : at + 8], "big"))
            for run in range(at + 8, end, 8):
                samples += max(1, int.from_bytes(data[run : run + 4], "big"))
                if samples > most:
                    break
        if samples > most:
            break
    return samples
