"""`load_clip` over sources, channels, arrays and limits."""

import io
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pytest
import soxr
from encoded import by_pyav, by_soundfile, likeness, voice
from numpy.typing import NDArray

from earmark.errors import (
    AudioEmpty,
    AudioTooLarge,
    AudioTooLong,
    AudioUnreadable,
    AudioUnsupported,
    FileMissing,
    InvalidRequest,
)
from earmark.voice.audio import Limits, RawFormat, load_clip

WAV = by_soundfile(voice(), 16_000, "WAV", "PCM_16")
FLAC_48 = by_soundfile(voice(rate=48_000), 48_000, "FLAC")


class Pipe(io.RawIOBase):
    """A stream that cannot seek, gives odd pieces, and knows how much was asked for."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.data, self.at, self.most = data, 0, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1) -> bytes:
        assert size > 0, "a stream must be read in bounded pieces"
        self.most = max(self.most, size)
        piece = self.data[self.at : self.at + min(size, 4_093)]
        self.at += len(piece)
        return piece


def pipe(data: bytes) -> BinaryIO:
    return cast(BinaryIO, Pipe(data))


def test_a_clip_is_float32_mono_at_16_khz() -> None:
    clip = load_clip(WAV)
    assert clip.dtype == np.float32
    assert clip.shape == (48_000,)
    assert np.abs(clip - voice()).max() < 2 / 32_768


@pytest.mark.parametrize("data", [WAV, FLAC_48], ids=["wav", "flac48"])
def test_every_source_gives_the_same_clip(data: bytes, tmp_path: Path) -> None:
    expected = load_clip(data)
    path = tmp_path / "clip.mp3"  # a wrong extension is not asked
    path.write_bytes(data)
    moved = io.BytesIO(b"skipped" + data)
    moved.seek(7)
    with path.open("rb") as file:
        sources: list[Any] = [
            str(path),
            path,
            bytearray(data),
            memoryview(data),
            io.BytesIO(data),
            moved,
            pipe(data),
            file,
        ]
        for source in sources:
            assert np.array_equal(load_clip(source), expected), type(source)


def test_a_webm_comes_through_a_pipe_and_a_path(tmp_path: Path) -> None:
    data = by_pyav(voice(rate=48_000), 48_000, "webm", "libopus", streamed=True)
    path = tmp_path / "clip"
    path.write_bytes(data)
    assert np.array_equal(load_clip(path), load_clip(data))
    assert np.array_equal(load_clip(pipe(data)), load_clip(data))


def test_a_named_pipe_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(WAV,))
    writer.start()
    clip = load_clip(path)
    writer.join()
    assert np.array_equal(clip, load_clip(WAV))


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000])
def test_rates(rate: int) -> None:
    samples = voice(rate=rate)
    clip = load_clip(samples, sample_rate=rate)
    assert abs(clip.size - 48_000) <= 2
    assert likeness(clip, voice(), most_delay=2) > 0.995
    one_shot = soxr.resample(samples, rate, 16_000)
    assert np.abs(clip - one_shot[: clip.size]).max() < 1e-5, "blocks must join without a seam"


@pytest.mark.parametrize("channels", [1, 2, 6, 64])
def test_channels_are_averaged(channels: int) -> None:
    samples = voice(1.0)
    spread = np.linspace(0.6, 1.4, channels) if channels > 1 else np.ones(1)
    many = (samples[:, None] * spread).astype(np.float32)
    assert np.allclose(load_clip(many), samples, atol=1e-6)
    assert np.allclose(load_clip(by_soundfile(many, 16_000, "WAV", "FLOAT")), samples, atol=1e-6)


@pytest.mark.parametrize("seconds", [1.0, 9.0])
def test_an_inverted_channel_does_not_cancel_the_voice(seconds: float) -> None:
    samples = voice(seconds)
    stereo = np.stack([samples, -0.95 * samples], axis=1)
    for source in (
        stereo,
        by_soundfile(stereo, 16_000, "WAV", "FLOAT"),
        pipe(by_soundfile(stereo, 16_000, "WAV", "FLOAT")),
    ):
        assert np.allclose(load_clip(source), samples, atol=1e-6)


def test_one_voice_among_silent_channels_keeps_its_level() -> None:
    many = np.zeros((16_000, 6), np.float32)
    many[:, 4] = voice(1.0)
    assert np.allclose(load_clip(many), voice(1.0))


@pytest.mark.parametrize("kind", ["float16", "float64", "int8", "uint8", "int16", "int32", ">i2"])
def test_array_types_are_scaled(kind: str) -> None:
    samples = voice(1.0)
    dtype = np.dtype(kind)
    scale = 1.0 if dtype.kind == "f" else 2.0 ** (8 * dtype.itemsize - 1)
    array = samples.astype(np.float64) * scale + (128 if kind == "uint8" else 0)
    clip = load_clip(array.astype(dtype) if dtype.kind == "f" else np.floor(array).astype(dtype))
    assert np.abs(clip - samples).max() <= max(
        1 / scale if scale > 1 else 0, 1e-3 if kind == "float16" else 1e-4
    )


def test_strided_arrays_and_the_caller_s_samples_stay_as_they_are() -> None:
    loud = (3 * voice(1.0))[::-1]
    before = loud.copy()
    clip = load_clip(loud)
    assert np.array_equal(loud, before), "the caller's array is not changed"
    assert clip.max() <= 1
    assert clip.min() >= -1


@pytest.mark.parametrize(
    ("array", "error"),
    [
        (np.zeros((2, 48_000), np.float32), AudioUnsupported),
        (np.zeros((4, 4, 4), np.float32), AudioUnsupported),
        (np.array(1.0, np.float32), AudioUnsupported),
        (np.zeros(100, np.int64), AudioUnsupported),
        (np.zeros(100, np.uint16), AudioUnsupported),
        (np.zeros(100, bool), AudioUnsupported),
        (np.zeros(100, complex), AudioUnsupported),
        (np.array(["a", "b"]), AudioUnsupported),
        (np.array([None]), AudioUnsupported),
        (np.full(100, np.nan), AudioUnsupported),
        (np.full(100, -np.inf), AudioUnsupported),
        (np.full(100, 1e300), AudioUnsupported),
        (np.full(100, 12_000.0), AudioUnsupported),
        (np.zeros((100, 65)), AudioUnsupported),
        (np.zeros(0, np.float32), AudioEmpty),
        (np.zeros((0, 2), np.float32), AudioEmpty),
        (np.zeros((5, 0), np.float32), AudioEmpty),
    ],
    ids=lambda value: f"{value.dtype}{value.shape}" if isinstance(value, np.ndarray) else value.__name__,
)
def test_arrays_that_are_no_clip(array: NDArray[Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        load_clip(array)


@pytest.mark.parametrize("rate", [0, -1, 1, 7_999, 192_001, 1_000_000])
def test_absurd_rates_of_arrays(rate: int) -> None:
    with pytest.raises(AudioUnsupported, match="sample rate"):
        load_clip(voice(1.0), sample_rate=rate)


def test_arguments_that_do_not_fit() -> None:
    raw = RawFormat("s16le", 16_000)
    with pytest.raises(InvalidRequest, match="sample_rate"):
        load_clip(voice(1.0), raw=raw)
    with pytest.raises(InvalidRequest, match="raw"):
        load_clip(WAV, sample_rate=16_000)
    no_recordings: list[Any] = [None, 5, [0.0, 0.1], io.StringIO("text"), {"a": 1}]
    for source in no_recordings:
        with pytest.raises(InvalidRequest):
            load_clip(source)
    for limits in ({"seconds": 0}, {"seconds": float("nan")}, {"bytes_in": 0}, {"seconds": float("inf")}):
        with pytest.raises(InvalidRequest):
            Limits(**limits)


def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    for missing in (tmp_path / "none.wav", str(tmp_path / "none.wav"), tmp_path / "a" / "b.wav", ""):
        with pytest.raises(FileMissing):
            load_clip(missing)
    for odd in (tmp_path, "a\0b.wav", "x" * 5_000):
        with pytest.raises(AudioUnreadable):
            load_clip(odd)
    path = tmp_path / "file"
    path.write_bytes(WAV)
    with pytest.raises(FileMissing):
        load_clip(path / "inside.wav")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_forbidden_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(WAV)
    path.chmod(0)
    with pytest.raises(AudioUnreadable, match="permissions"):
        load_clip(path)


def test_a_stream_that_breaks() -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise ConnectionResetError("peer of 10.0.0.1 is gone")

    with pytest.raises(AudioUnreadable) as caught:
        load_clip(Broken())  # type: ignore[arg-type]
    assert "10.0.0.1" not in str(caught.value)


def test_bytes_are_limited_while_they_are_read(tmp_path: Path) -> None:
    class Endless(Pipe):
        def read(self, size: int = -1) -> bytes:
            self.at += size
            return bytes(size)

    limits = Limits(bytes_in=3 << 20)
    endless = Endless(b"")
    with pytest.raises(AudioTooLarge, match="3,145,728"):
        load_clip(cast(BinaryIO, endless), limits=limits)
    assert endless.at <= limits.bytes_in + (1 << 20)
    large = bytes(limits.bytes_in + 1)
    path = tmp_path / "large"
    path.write_bytes(large)
    for source in (large, path, io.BytesIO(large)):
        with pytest.raises(AudioTooLarge):
            load_clip(source, limits=limits)
    load_clip(WAV, limits=Limits(bytes_in=len(WAV)))


@pytest.mark.parametrize("source", [WAV, FLAC_48, voice()], ids=["wav", "flac", "array"])
def test_seconds_are_limited(source: Any) -> None:
    with pytest.raises(AudioTooLong, match="limit of 2 s"):
        load_clip(source, limits=Limits(seconds=2))
    assert load_clip(source, limits=Limits(seconds=3)).size == 48_000


def test_the_limit_holds_where_no_header_states_a_length() -> None:
    data = by_pyav(voice(rate=48_000), 48_000, "webm", "libopus", streamed=True)
    with pytest.raises(AudioTooLong):
        load_clip(data, limits=Limits(seconds=2.5))
    load_clip(data, limits=Limits(seconds=3.1))


def test_an_expanding_recording_takes_little_memory() -> None:
    """An hour of silence, 230 MB as float32, in half a megabyte whose header states no length."""
    script = """
        import io, resource, struct
        import numpy as np, soundfile
        from earmark.errors import AudioTooLong
        from earmark.voice.audio import Limits, load_clip

        buffer = io.BytesIO()
        with soundfile.SoundFile(buffer, "w", 16_000, 1, format="FLAC") as file:
            for _ in range(360):
                file.write(np.zeros(160_000, np.int16))
        data = bytearray(buffer.getvalue())
        data[21] &= 0xF0
        data[22:26] = bytes(4)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            load_clip(bytes(data), limits=Limits(seconds=30))
        except AudioTooLong:
            print(len(data), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    size, megabytes = (int(word) for word in done.stdout.split())
    assert size < 1 << 20
    assert megabytes < 40


def test_importing_and_decoding_wav_does_not_import_pyav() -> None:
    script = "import sys, earmark.voice.audio as a; a.load_clip(sys.stdin.buffer); print('av' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], input=WAV, capture_output=True, check=True)
    assert done.stdout.strip() == b"False"
