"""A path, bytes or stream to a seekable file, and that file to the reader which knows its format."""

import io
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import BinaryIO, TypeGuard

from earmark.errors import (
    AudioEmpty,
    AudioError,
    AudioTooLarge,
    AudioTruncated,
    AudioUnreadable,
    FileMissing,
    InvalidRequest,
)
from earmark.voice.decode import mp3, riff, sniff, whole
from earmark.voice.decode.limits import Limits, RawFormat, Sound
from earmark.voice.decode.soundfile_pieces import open_soundfile

PIECE = 1 << 20  # bytes read from a stream at a time
WIDTH = {"s16le": 2, "s24le": 3, "s32le": 4, "u8": 1, "f32le": 4, "alaw": 1, "mulaw": 1}
# Formats whose beginning is too distinct to be the first samples of headerless PCM.
NOT_RAW = {"WAV", "FLAC", "Ogg", "WebM", "MP4", "AMR", "AIFF"}


@contextmanager
def open_source(source: object, limits: Limits) -> Iterator[BinaryIO]:
    """A path, bytes-like value or binary stream as a seekable file of 1 to `limits.bytes_in` bytes.

    Regular files are read in place, given as a path or opened for reading and not begun; pipes and
    streams are read in pieces, into memory, up to the limit.
    Raises FileMissing, AudioUnreadable, AudioEmpty, AudioTooLarge, InvalidRequest.
    """
    if isinstance(source, (str, os.PathLike)):
        with _open_path(source) as file:
            yield _checked(file if file.seekable() else _spool(file, limits), limits)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        if memoryview(source).nbytes > limits.bytes_in:
            raise AudioTooLarge(_too_large(limits))
        yield _checked(io.BytesIO(source), limits)
    elif is_in_place(source):
        try:
            yield _checked(source, limits)
        finally:
            source.seek(0)  # whoever opened it may read it again
    elif hasattr(source, "read"):
        yield _checked(_spool(source, limits), limits)
    else:
        raise InvalidRequest("a recording is a path, bytes, a binary stream or a NumPy array")


def is_in_place(source: object) -> TypeGuard[io.BufferedReader]:
    """Whether a stream can be read where it lies, as often as needed: an open file at its beginning."""
    if not isinstance(source, io.BufferedReader):
        return False
    try:
        return source.seekable() and source.tell() == 0
    except (OSError, ValueError):
        return False


def open_sound(file: BinaryIO, raw: RawFormat | None, limits: Limits) -> AbstractContextManager[Sound]:
    """The reader for a seekable file: by its content, or as headerless PCM of the stated format.

    Raises the errors of `sniff`, `check_whole` and of the readers.
    """
    if raw is not None:
        _check_raw(file, raw)
        return open_soundfile(file, raw, limits)
    form = sniff.sniff(file)
    whole.check_whole(file, form, limits)
    if form == sniff.WAV:
        header = riff.read_header(file)
        if header.tag not in riff.SOUNDFILE_TAGS:
            form = sniff.WAV_OTHER
        elif header.streamed and not header.data_size:
            file = riff.with_length(file, header)
    if form == sniff.MP3 and not (tag := mp3.read_header(file)).frames:
        file = mp3.with_unknown_length(file, tag)
    if form.reader == "soundfile":
        return open_soundfile(file, None, limits)
    from earmark.voice.decode.pyav_pieces import open_pyav

    return open_pyav(file, form.demuxer, limits)


def _open_path(path: "str | os.PathLike[str]") -> BinaryIO:
    try:
        return open(path, "rb")  # noqa: PTH123 -- the caller closes it
    except (FileNotFoundError, NotADirectoryError):
        raise FileMissing("there is no file of this name: check the path") from None
    except IsADirectoryError:
        raise AudioUnreadable("this is a folder: name a recording in it") from None
    except PermissionError:
        raise AudioUnreadable("the file may not be read: check its permissions") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a valid path"
        raise AudioUnreadable(f"the file cannot be opened ({reason}): check the path and the disk") from None


def _spool(stream: object, limits: Limits) -> BinaryIO:
    """Read a stream to its end in bounded pieces."""
    kept = bytearray()
    while True:
        try:
            piece = stream.read(PIECE)  # type: ignore[attr-defined]
        except Exception:
            raise AudioUnreadable("the stream broke while it was read: send the recording again") from None
        if not isinstance(piece, (bytes, bytearray, memoryview)):
            raise InvalidRequest("a stream must give bytes: open it in binary mode, and as blocking")
        if not piece:
            return io.BytesIO(kept)
        kept += piece
        if len(kept) > limits.bytes_in:
            raise AudioTooLarge(_too_large(limits))


def _checked(file: BinaryIO, limits: Limits) -> BinaryIO:
    try:
        size = whole.size_of(file)
    except OSError:
        raise AudioUnreadable("the file cannot be read: check the disk") from None
    if size == 0:
        raise AudioEmpty("the recording is empty (0 bytes): record it again")
    if size > limits.bytes_in:
        raise AudioTooLarge(_too_large(limits))
    return file


def _too_large(limits: Limits) -> str:
    return (
        f"the recording is larger than the limit of {limits.bytes_in:,} bytes: cut it, or send it compressed"
    )


def _check_raw(file: BinaryIO, raw: RawFormat) -> None:
    """Headerless PCM holds whole samples, and is not a file with a header."""
    with suppress(AudioError):
        form = sniff.sniff(file)
        if form.name in NOT_RAW:
            raise InvalidRequest(
                f"a raw format was stated, but this is {form.name}: leave the raw format out"
            )
    unit = WIDTH[raw.encoding] * raw.channels
    if whole.size_of(file) % unit:
        raise AudioTruncated(
            f"raw {raw.encoding} of {raw.channels} channels comes in units of {unit} bytes, and this ends "
            "within one: it was cut, or has another format"
        )
