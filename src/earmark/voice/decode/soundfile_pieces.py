"""WAV, FLAC, MP3, Ogg and headerless PCM to blocks of samples, through libsndfile."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import soundfile

from earmark.errors import AudioCorrupt, AudioTooLong, AudioTruncated
from earmark.voice.decode.limits import BLOCK_SAMPLES, Floats, Limits, RawFormat, Sound, check_shape
from earmark.voice.decode.whole import size_of, too_long

SUBTYPES = {
    "s16le": "PCM_16",
    "s24le": "PCM_24",
    "s32le": "PCM_32",
    "u8": "PCM_U8",
    "f32le": "FLOAT",
    "alaw": "ALAW",
    "mulaw": "ULAW",
}
UNKNOWN_LENGTH = 1 << 40  # frames: libsndfile's SF_COUNT_MAX, or what mp3.py states


class _Forwards(soundfile.SoundFile):  # type: ignore[misc]
    """Reads from start to end: soundfile seeks after each block, which a FLAC of unknown length refuses."""

    def seekable(self) -> bool:
        return False


@contextmanager
def open_soundfile(file: BinaryIO, raw: RawFormat | None, limits: Limits) -> Iterator[Sound]:
    """A seekable file as a Sound whose blocks raise AudioCorrupt or AudioTruncated.

    Raises AudioTooLong at once where the header already says so.
    """
    file.seek(0)
    stated = (
        {}
        if raw is None
        else {
            "format": "RAW",
            "subtype": SUBTYPES[raw.encoding],
            "samplerate": raw.sample_rate,
            "channels": raw.channels,
            "endian": "LITTLE",
        }
    )
    try:
        opened = _Forwards(file, **stated)
    except Exception:
        raise AudioCorrupt("its header cannot be read: record or export it again") from None
    with opened:
        check_shape(opened.samplerate, opened.channels)
        if limits.seconds * opened.samplerate < opened.frames < UNKNOWN_LENGTH:
            raise AudioTooLong(too_long(limits))
        yield Sound(opened.samplerate, opened.channels, _blocks(opened, file))


def _blocks(opened: soundfile.SoundFile, file: BinaryIO) -> Iterator[Floats]:
    step, read = BLOCK_SAMPLES // opened.channels, 0
    while True:
        try:
            block: Floats = opened.read(step, dtype="float32", always_2d=True)
        except Exception:
            # libFLAC says "lost sync" for both: whoever reached the end was cut, the others are damaged.
            if file.tell() >= size_of(file):
                raise AudioTruncated(
                    "the recording was cut: it ends too early; send the whole file"
                ) from None
            raise AudioCorrupt("the recording is damaged: record or export it again") from None
        if not len(block):
            break
        read += len(block)
        yield block
    # Lossy decoders skip what they cannot read; a tenth of a second is within their padding.
    if opened.frames < UNKNOWN_LENGTH and read < opened.frames - opened.samplerate // 10:
        missing = (opened.frames - read) / opened.samplerate
        raise AudioTruncated(
            f"the recording was cut or damaged: {missing:.1f} s of it are missing; send it again"
        )
