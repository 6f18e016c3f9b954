"""Pieces of a live stream to one recording, on a real pool."""

import asyncio
from collections.abc import Iterator

import pytest
import voices
from hypothesis import given
from hypothesis import strategies as st

from earmark.api.azure import websocket_stream
from earmark.api.azure.audio import PCM
from earmark.api.azure.websocket_stream import Stream, without_header
from earmark.api.door import Door
from earmark.api.settings import load_settings
from earmark.api.start import open_door
from earmark.errors import AudioEmpty, AudioTooLong, AudioUnsupported

HANGS = 60  # seconds; nothing here waits for anything but a listener


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    home = tmp_path_factory.mktemp("home")
    with open_door(home, load_settings(home, workers=1, queue=4, job_workers=0)) as (opened, _):
        yield opened


@pytest.fixture(autouse=True)
def stalls_never(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that is decided only because nothing comes any more fails here, instead of being slow."""
    monkeypatch.setattr(websocket_stream, "STALLED", 10.0 * HANGS)


def collected(door: Door, *pieces: bytes, needed: float = 4.0, most: float = 120.0) -> bytes:
    """What comes of a stream whose first piece is heard while the others arrive."""

    async def run() -> bytes:
        stream = Stream(door, PCM, most_seconds=most)
        stream.take(pieces[0])
        asked = asyncio.create_task(stream.collect(needed_seconds=needed))
        await asyncio.sleep(0)  # it begins, and listens in a thread if there is enough to listen to
        for piece in pieces[1:]:
            stream.take(piece)
        async with asyncio.timeout(HANGS):
            samples, raw = await asked
        assert raw == PCM
        return samples

    return asyncio.run(run())


def test_what_comes_while_it_listens_is_heard_next(door: Door) -> None:
    everything = voices.pcm("gwen", 1, 2, 3, 4, 5)
    first = 9 * voices.RATE  # 4.5 s in 16 bit: enough, but in the middle of a sentence
    assert collected(door, everything[:first], everything[first:]) == everything


def test_a_pause_after_enough_is_the_end(door: Door) -> None:
    sound = voices.pcm("gwen", 5) + bytes(4 * voices.RATE)
    assert collected(door, sound) == sound


def test_the_end_mark_is_the_end(door: Door) -> None:
    sound = voices.pcm("gwen", 1, seconds=2)
    assert collected(door, sound, b"") == sound
    assert collected(door, sound, b"", sound, b"") == sound
    assert collected(door, sound + b"\x00", b"") == sound


def test_nothing_at_all(door: Door) -> None:
    with pytest.raises(AudioEmpty):
        collected(door, b"")


def test_more_than_may_be(door: Door) -> None:
    silence = bytes(11 * 2 * voices.RATE)
    with pytest.raises(AudioTooLong):
        collected(door, silence[:3_200], silence[3_200:], most=10.0)


def test_more_than_may_be_is_cut_where_it_is_enough(door: Door) -> None:
    """A passphrase: 10 s may be given, and somebody who talks on has given enough by then."""
    everything = voices.pcm("gwen", 1, 2, 3, 4, 5)
    tenth = 3_200
    pieces = [everything[start : start + tenth] for start in range(0, len(everything), tenth)]
    samples = collected(door, *pieces, needed=0.0, most=10.0)
    assert everything.startswith(samples)
    assert 1.0 <= len(samples) / 2 / voices.RATE <= 10.1


@given(st.binary(max_size=300))
def test_samples_are_whole(data: bytes) -> None:
    if not data.startswith(b"RIFF"):
        assert without_header(data, PCM) == (data[: len(data) // 2 * 2], PCM)


def test_a_header_at_the_start_is_skipped() -> None:
    sound = voices.pcm("ada", 1)
    assert without_header(voices.wav("ada", 1), PCM) == (sound, PCM)
    assert without_header(voices.wav("ada", 1)[:-1], PCM) == (sound[:-2], PCM)
    samples, raw = without_header(voices.as_wav(sound, rate=8_000, channels=2), PCM)
    assert (raw.sample_rate, raw.channels) == (8_000, 2)
    assert len(samples) % 4 == 0
    eight = bytearray(voices.wav("ada", 1))
    eight[34] = 8
    with pytest.raises(AudioUnsupported):
        without_header(bytes(eight), PCM)
