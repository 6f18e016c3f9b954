"""Audio arguments (files, folders, globs, `-`) to the list of recordings that they name."""

import glob
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from earmark.errors import FileMissing, InvalidRequest

if TYPE_CHECKING:
    from earmark.voice.audio import RawFormat

# What is picked up from a folder. A file that is named outright is tried whatever its name ends in.
AUDIO_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("wav", "wave", "flac", "mp3", "ogg", "oga", "opus", "webm", "weba", "mka", "m4a", "mp4", "aac"),
        *("3gp", "3g2", "amr", "awb", "caf", "aif", "aiff", "au", "snd", "w64", "sph"),
    )
)
RAW_SUFFIXES = frozenset([".raw", ".pcm", ".s16", ".ulaw", ".alaw"])
MAX_RECORDINGS = 100_000


@dataclass(frozen=True)
class Recording:
    """One recording to be read: how it is called in what we print, and where its bytes come from."""

    name: str
    source: Path | BinaryIO


def gather(arguments: Sequence[str], *, raw: bool = False) -> list[Recording]:
    """The recordings that the arguments name, in their order; inside a folder or a glob sorted by path.

    Raises FileMissing when an argument matches nothing, InvalidRequest for `-` given twice and for more
    than `MAX_RECORDINGS`.
    """
    found: dict[str, Recording] = {}  # by name: a file that two arguments reach counts once
    for argument in arguments:
        if argument == "-":
            if "-" in found:
                raise InvalidRequest("Standard input (-) can be read once only: leave one - out.")
            found["-"] = Recording("-", sys.stdin.buffer)
            continue
        for name in _expand(argument, raw=raw):
            found.setdefault(name, Recording(name, Path(name)))
            if len(found) > MAX_RECORDINGS:
                raise InvalidRequest(
                    f"More than {MAX_RECORDINGS:,} recordings at once: hand them over in several runs."
                )
    return list(found.values())


def is_outright(arguments: Sequence[str], recordings: Sequence[Recording]) -> bool:
    """Whether one recording was asked for by its own name; a folder that holds only one is still a folder."""
    return list(arguments) == [recording.name for recording in recordings] and len(recordings) == 1


def _expand(argument: str, *, raw: bool) -> Iterator[str]:
    path = Path(argument)
    if path.is_dir():
        yield from map(str, _folder(path, raw=raw))
    elif path.exists():
        yield argument
    elif glob.has_magic(argument):
        # The shell leaves a pattern to us when it is quoted, and always on Windows. Path.glob takes no
        # absolute pattern.
        matches = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207
        if not matches:
            raise FileMissing(f"No file matches {argument}: check the pattern.")
        for match in matches:
            yield from map(str, _folder(Path(match), raw=raw)) if Path(match).is_dir() else (match,)
    else:
        raise FileMissing(f"There is no file {argument}: check the path.")


def _folder(folder: Path, *, raw: bool) -> list[Path]:
    suffixes = AUDIO_SUFFIXES | RAW_SUFFIXES if raw else AUDIO_SUFFIXES
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file()
    )
    if not files:
        raise FileMissing(f"The folder {folder} holds no recording: name its files, or another folder.")
    return files


def parse_raw(text: str | None) -> "RawFormat | None":
    """`s16le:8000:1` to a raw PCM format: encoding, samples a second, channels (1 when left out).

    Raises InvalidRequest when it does not read so.
    """
    if text is None:
        return None
    from typing import cast, get_args

    from earmark.voice.audio import Encoding, RawFormat

    encodings = get_args(Encoding)
    encoding, _, rest = text.partition(":")
    rate, _, channels = rest.partition(":")
    if encoding not in encodings or not rate.isdecimal() or not (channels or "1").isdecimal():
        raise InvalidRequest(
            f"--raw {text} is not a raw format: write ENCODING:RATE or ENCODING:RATE:CHANNELS, as in "
            f"s16le:8000:1. Encodings: {', '.join(encodings)}."
        )
    return RawFormat(
        encoding=cast("Encoding", encoding), sample_rate=int(rate), channels=int(channels or "1")
    )
