"""The first bytes of a recording to its format; a file's name and extension are never asked.

Only known beginnings are handed to a decoder. Libraries that guess take noise for MP3, and FFmpeg takes
a text for a playlist or a call description (SDP) and opens sockets for it.
"""

from dataclasses import dataclass
from typing import BinaryIO, Literal

from earmark.errors import AudioNotRecognised, AudioTruncated


@dataclass(frozen=True)
class Format:
    """A format, the library that reads it and, for PyAV, the demuxer to use."""

    name: str
    reader: Literal["soundfile", "pyav"]
    demuxer: str = ""


WAV = Format("WAV", "soundfile")
WAV_OTHER = Format("WAV", "pyav", "wav")
FLAC = Format("FLAC", "soundfile")
MP3 = Format("MP3", "soundfile")
OGG = Format("Ogg", "soundfile")
OGG_OTHER = Format("Ogg", "pyav", "ogg")
AIFF = Format("AIFF", "soundfile")
MATROSKA = Format("WebM", "pyav", "matroska")
MP4 = Format("MP4", "pyav", "mov")
AMR = Format("AMR", "pyav", "amr")
ADTS = Format("AAC", "pyav", "aac")

BEGINNINGS = {
    b"RF64": WAV,
    b"RIFX": WAV,
    b"fLaC": FLAC,
    b"riff\x2e\x91\xcf\x11": Format("W64", "soundfile"),
    b".snd": Format("AU", "soundfile"),
    b"caff": Format("CAF", "soundfile"),
    b"NIST_1A\n": Format("NIST", "soundfile"),
    b"\x1aE\xdf\xa3": MATROSKA,
    b"#!AMR\n": AMR,
    b"#!AMR-WB\n": AMR,
}
MP4_BOXES = {b"ftyp", b"moov", b"moof", b"styp", b"mdat", b"wide"}
OGG_CODECS = (b"OpusHead", b"\x01vorbis", b"\x7fFLAC")  # what libsndfile knows; the rest is for PyAV
TEXTS = (b"v=0", b"#EXTM3U", b"ffconcat", b"<", b"{", b"[", b"#!/")


def sniff(file: BinaryIO) -> Format:
    """Name the format of a seekable file; it is left at its beginning.

    Raises AudioNotRecognised, or AudioTruncated when nothing follows an ID3 tag.
    """
    file.seek(0)
    head = file.read(64)
    if head.startswith(b"ID3"):
        # An ID3v2 tag may stand before MP3, AAC and FLAC; its length has 7 bits a byte (id3.org, 3.1).
        size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=False))
        file.seek(10 + size)
        head = file.read(64)
        if not head:
            raise AudioTruncated("the recording ends within its ID3 tag: send the whole file")
    file.seek(0)
    if head[:4] == b"RIFF" and head[8:12] in (b"WAVE", b""):
        return WAV
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return AIFF
    if head[:4] == b"OggS":
        return OGG if any(codec in head for codec in OGG_CODECS) else OGG_OTHER
    if head[4:8] in MP4_BOXES:
        return MP4
    for beginning, known in BEGINNINGS.items():
        if head.startswith(beginning):
            return known
    return _frame_sync(head)


def _frame_sync(head: bytes) -> Format:
    """MPEG audio without a tag begins with a frame header (ISO/IEC 11172-3, 13818-7)."""
    if len(head) >= 4 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        layer = head[1] >> 1 & 3
        if layer == 0 and head[1] & 0xF0 == 0xF0:
            return ADTS
        version, bit_rate, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
        if layer and version != 1 and bit_rate not in (0, 15) and rate != 3:
            return MP3
    if head.lstrip().startswith(TEXTS):
        raise AudioNotRecognised("this is a text, not a recording: send the audio itself")
    raise AudioNotRecognised(
        "this is not a recording in a known format: use WAV, FLAC, MP3, Ogg, WebM, M4A or AMR; "
        "for PCM without a header state its encoding, sample rate and channels"
    )
