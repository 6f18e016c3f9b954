"""A container's own arithmetic to an answer: is this file whole, or was it cut?

Each check reads headers only. Where a format cannot tell (WebM as browsers stream it, MP3 without a
Xing header, CAF, W64), nothing is refused, and the decoder decides; an MP3 may lose its last frame.
"""

from typing import BinaryIO

from earmark.errors import AudioCorrupt, AudioTooLong, AudioTruncated
from earmark.voice.decode import mp3, mp4, riff, sniff
from earmark.voice.decode.limits import Limits

CUT = "the recording was cut: {}; send the whole file"
MP3_FRAME = 1_441  # bytes of the longest frame, which encoders may leave unfinished
MP4_SAMPLES = 600_000  # all tables of all tracks together; ten minutes of video and sound have about 150,000
AMR_FRAMES = {  # payload bytes by frame type, 3GPP TS 26.101 table 1a and TS 26.201 table 2
    b"#!AMR\n": (12, 13, 15, 17, 19, 20, 26, 31, 5, 0, 0, 0, 0, 0, 0, 0),
    b"#!AMR-WB\n": (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, 0, 0, 0, 0, 0, 0),
}


def size_of(file: BinaryIO) -> int:
    """Bytes in a seekable file, which is left where it stood."""
    here = file.tell()
    size = file.seek(0, 2)
    file.seek(here)
    return size


def check_whole(file: BinaryIO, form: sniff.Format, limits: Limits) -> None:
    """Raise AudioTruncated for a cut file, AudioCorrupt or AudioTooLong where the headers show it.

    `file` is left at its beginning.
    """
    size = size_of(file)
    match form.name:
        case "WAV":
            _riff(file, size)
        case "FLAC":
            _flac(size)
        case "MP3":
            _mp3(file, size)
        case "Ogg":
            _ogg(file, size)
        case "WebM":
            _matroska(file, size)
        case "MP4":
            mp4.check(file, size, most_samples=max(MP4_SAMPLES, int(limits.seconds * 1_000)))
        case "AMR":
            _amr(file, limits)
        case "AIFF":
            _aiff(file, size)
    file.seek(0)


def _riff(file: BinaryIO, size: int) -> None:
    header = riff.read_header(file)
    if not header.streamed and header.data_start + header.data_size > size:
        raise AudioTruncated(
            CUT.format(f"its header promises {header.data_size:,} bytes of sound, "
                       f"{max(0, size - header.data_start):,} are there")
        )  # fmt: skip


def _flac(size: int) -> None:
    if size < 42:  # the marker and STREAMINFO, which every FLAC has
        raise AudioTruncated(CUT.format("it ends within its header"))


def _mp3(file: BinaryIO, size: int) -> None:
    header = mp3.read_header(file)
    there = size - header.start
    if header.bytes > there + MP3_FRAME:
        raise AudioTruncated(CUT.format(f"its header promises {header.bytes:,} bytes, {there:,} are there"))


def _ogg(file: BinaryIO, size: int) -> None:
    """The last page (RFC 3533, section 6) is complete and says that the stream ends."""
    file.seek(max(0, size - (1 << 17)))
    tail = file.read(1 << 17)
    page = tail.rfind(b"OggS\0")
    if page < 0:
        raise AudioCorrupt("no Ogg page was found at its end: record or export it again")
    segments = tail[page + 27 : page + 27 + tail[page + 26]] if len(tail) > page + 26 else b""
    complete = len(tail) > page + 26 and len(tail) >= page + 27 + tail[page + 26] + sum(segments)
    if not (complete and tail[page + 5] & 4):
        raise AudioTruncated(CUT.format("its last page does not end the stream"))


def _matroska(file: BinaryIO, size: int) -> None:
    """A Segment with a stated size (RFC 8794) reaches no further than the file."""
    file.seek(4)
    header = _ebml_size(file)
    if header is None or header > 1 << 16:
        raise AudioCorrupt("its EBML header cannot be read: record or export it again")
    file.seek(header, 1)
    element = file.read(4)
    if file.tell() >= size:
        raise AudioTruncated(CUT.format("it ends with its header"))
    if element != b"\x18S\x80g":
        return
    segment = _ebml_size(file)
    if segment is not None and file.tell() + segment > size:
        raise AudioTruncated(
            CUT.format(f"its header promises {segment:,} bytes, {size - file.tell():,} are there")
        )


def _ebml_size(file: BinaryIO) -> int | None:
    """A variable-length size; None where it says "unknown" or cannot be read."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    length = 9 - first[0].bit_length()
    rest = file.read(length - 1)
    value = int.from_bytes(bytes([first[0] & ((1 << (8 - length)) - 1)]) + rest, "big")
    return None if value == (1 << 7 * length) - 1 or len(rest) < length - 1 else value


def _amr(file: BinaryIO, limits: Limits) -> None:
    """Frames of 20 ms follow each other without gaps; a frame of one byte may stand for silence."""
    head = file.read(9)
    magic = next(known for known in AMR_FRAMES if head.startswith(known))
    sizes = AMR_FRAMES[magic]
    file.seek(len(magic))
    data = file.read()
    at = frames = 0
    while at < len(data):
        at += 1 + sizes[data[at] >> 3 & 15]
        frames += 1
        if frames > limits.seconds * 50:
            raise AudioTooLong(too_long(limits))
    if at > len(data):
        raise AudioTruncated(CUT.format("it ends within a frame"))


def _aiff(file: BinaryIO, size: int) -> None:
    for _, start, length in riff.chunks(file, 12, "big"):
        if start + length > size:
            raise AudioTruncated(CUT.format(f"a chunk of {length:,} bytes ends after the file does"))


def too_long(limits: Limits) -> str:
    """What to say of a recording that is longer than its limit."""
    return f"the recording is longer than the limit of {limits.seconds:,.0f} s: cut it, or raise the limit"
