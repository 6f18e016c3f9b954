"""Pieces of audio to one recording: whole at its end mark, or when it is enough, or when it stalls."""

import asyncio

import numpy as np

from earmark.api.door import Door
from earmark.errors import AudioEmpty, AudioTooLong
from earmark.service.listening import listen
from earmark.voice.audio import RawFormat, load_clip

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

    async def collect(self, *, needed_seconds: float) -> tuple[bytes, RawFormat | None]:
        """Wait for enough audio and return it, with its format when it has no header.

        Raises AudioTooLong as soon as there is more than may be, AudioEmpty when there is none.
        """
        look_at = self._bytes(needed_seconds)
        while not self._ended:
            if self._over:
                raise AudioTooLong("The recording is longer than may be: send a shorter one.")
            if len(self._audio) >= look_at:
                # What is known by the time the answer comes, not by the time it was asked.
                heard = await self._door.pool.run(self._listen, bytes(self._audio), needed_seconds)
                if heard is None:
                    break
                look_at = len(self._audio) + self._bytes(heard)
                continue
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), STALLED)
            except TimeoutError:
                break
        if not self._audio:
            raise AudioEmpty("There is no audio in the stream: check the microphone.")
        audio = bytes(self._audio)
        if audio.startswith(b"RIFF"):
            return audio, None
        return audio[: len(audio) // 2 * 2], self._raw

    def _listen(self, audio: bytes, needed_seconds: float) -> float | None:
        """Return None when it is enough, else for how many seconds more to wait."""
        if audio.startswith(b"RIFF"):
            audio = audio[44:]  # close enough to look for speech in; the recording is read by its header
        samples = np.frombuffer(audio[: len(audio) // 2 * 2], "<i2")
        clip = load_clip(samples, sample_rate=self._raw.sample_rate)
        heard = listen(clip, needed_seconds=needed_seconds)
        return None if heard.enough else heard.wait_seconds

    def _bytes(self, seconds: float) -> int:
        return int(max(seconds, 0.5) * self._raw.sample_rate) * 2
