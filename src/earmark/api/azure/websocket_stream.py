"""Pieces of audio to one recording: whole at its end mark, or when it is enough, or when it stalls."""

import asyncio
import io

from earmark.api.azure.audio import PCM_TAG
from earmark.api.door import Door
from earmark.errors import AudioEmpty, AudioTooLong, AudioUnsupported
from earmark.service.listening import listen
from earmark.voice.audio import RawFormat, load_clip
from earmark.voice.decode.riff import read_header

STALLED = 10.0  # seconds without a piece: the client has stopped and will not say so
SLACK = 1_024  # bytes beyond the longest recording: a WAV header that a client leaves in the stream


class Stream:
    """The audio of one request, in memory only."""

    def __init__(self, door: Door, raw: RawFormat, *, most_seconds: float) -> None:
        self._door = door
        self._raw = raw
        self._most = int(most_seconds * raw.sample_rate * 2) + SLACK
        self._audio = bytearray()
        self._over = False
        self._ended = False
        self._news = asyncio.Event()

    def take(self, piece: bytes) -> None:
        """Add a piece; an empty one is the end."""
        if self._ended or self._over:
            return
        if not piece:
            self._ended = True
        elif len(self._audio) + len(piece) > self._most:
            self._over = True
        else:
            self._audio += piece
        self._news.set()

    def end(self) -> None:
        """Decide with what there is."""
        self._ended = True
        self._news.set()

    def drop(self) -> None:
        """Forget the audio."""
        self._ended = True
        self._audio = bytearray()
        self._news.set()

    async def collect(self, *, needed_seconds: float) -> tuple[bytes, RawFormat]:
        """Wait for enough audio and return its samples with their format.

        Raises AudioTooLong when there is more than may be and that is not enough, AudioEmpty when none came.
        """
        look_at = self._bytes(needed_seconds)
        while not self._ended:
            if self._over or len(self._audio) >= look_at:
                over, heard = self._over, len(self._audio)
                wait = await self._door.pool.run(self._listen, bytes(self._audio), needed_seconds)
                if wait is None:
                    break
                if over:
                    raise AudioTooLong("The recording is longer than may be: send a shorter one.")
                look_at = heard + self._bytes(wait)  # what came while we listened was not heard
                continue
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), STALLED)
            except TimeoutError:
                break
        if not self._audio:
            raise AudioEmpty("There is no audio in the stream: check the microphone.")
        return without_header(bytes(self._audio), self._raw)

    def _listen(self, audio: bytes, needed_seconds: float) -> float | None:
        """Return None when it is enough, else for how many seconds more to wait."""
        samples, raw = without_header(audio, self._raw)
        heard = listen(load_clip(samples, raw=raw), needed_seconds=needed_seconds)
        return None if heard.enough else heard.wait_seconds

    def _bytes(self, seconds: float) -> int:
        return int(max(seconds, 0.5) * self._raw.sample_rate) * 2


def without_header(audio: bytes, raw: RawFormat) -> tuple[bytes, RawFormat]:
    """Return whole samples and their format: a stream may begin with a WAV's header, and end anywhere.

    The header's own length is not asked: a stream that is enough is cut. Raises AudioUnsupported for a WAV
    of anything but 16 bit PCM.
    """
    if audio.startswith(b"RIFF"):
        header = read_header(io.BytesIO(audio))
        start = audio.find(b"fmt ", 12) + 8
        bits = int.from_bytes(audio[start + 14 : start + 16], "little")
        if header.tag != PCM_TAG or bits != 16:
            raise AudioUnsupported("The audio must be PCM of 16 bit: convert it.")
        raw = RawFormat("s16le", header.sample_rate, header.channels)
        audio = audio[header.data_start :]
    whole = 2 * raw.channels
    return audio[: len(audio) // whole * whole], raw
