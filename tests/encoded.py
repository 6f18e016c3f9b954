"""A voice-like signal to recordings in every format that Earmark reads, made in memory."""

import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

RATE = 16_000
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}


def voice(seconds: float = 3.0, rate: int = RATE) -> NDArray[np.float32]:
    """Pulses of a moving pitch through three resonances, in syllables: it correlates through any codec."""
    time = np.arange(int(seconds * RATE)) / RATE
    pitch = 120 + 25 * np.sin(2 * np.pi * 0.7 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    harmonics = np.arange(1, 26)[:, None]
    gains = sum(np.exp(-(((harmonics * 120 - centre) / 250) ** 2)) for centre in (500, 1_400, 2_400))
    sound = (gains * np.sin(harmonics * phase)).sum(axis=0) * (0.55 + 0.45 * np.sin(2 * np.pi * 3.1 * time))
    sound = (0.5 * sound / np.abs(sound).max()).astype(np.float32)
    return np.asarray(sound if rate == RATE else soxr.resample(sound, RATE, rate), np.float32)


def by_soundfile(
    samples: NDArray[Any],
    rate: int,
    form: str,
    subtype: str | None = None,
    endian: str | None = None,
    *,
    vbr: bool = False,
) -> bytes:
    """Encode (samples,) or (samples, channels) with libsndfile."""
    buffer = io.BytesIO()
    channels = samples.shape[1] if samples.ndim == 2 else 1
    mode = "VARIABLE" if vbr else None
    with soundfile.SoundFile(
        buffer,
        "w",
        rate,
        channels,
        subtype,
        endian,
        form,
        bitrate_mode=mode,
        compression_level=0.5 if vbr else None,
    ) as out:
        for start in range(0, len(samples), 16_000):  # libsndfile overflows its stack on long Vorbis blocks
            out.write(samples[start : start + 16_000])
    return buffer.getvalue()


class _Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def seek(self, *_: object) -> int:
        raise OSError("a pipe")


def by_pyav(
    samples: NDArray[Any],
    rate: int,
    container: str,
    codec: str,
    *,
    options: dict[str, str] | None = None,
    streamed: bool = False,
) -> bytes:
    """Encode (samples,) or (samples, channels) with FFmpeg.

    `streamed`: into a pipe, so that no length is written back.
    """
    columns = samples.reshape(len(samples), -1)
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[columns.shape[1]]
    buffer: io.BytesIO = _Pipe() if streamed else io.BytesIO()
    with av.open(buffer, "w", format=container, options=options or {}) as output:
        stream: Any = output.add_stream(codec, rate=rate, layout=layout)
        packed = (columns * 32_767).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=layout)
        frame.sample_rate = rate
        context = stream.codec_context
        resampler = av.AudioResampler(format=context.format, layout=layout, rate=rate)
        fifo = av.AudioFifo()
        for converted in resampler.resample(frame):
            fifo.write(converted)
        while (piece := fifo.read(context.frame_size or 1_024, partial=True)) is not None:
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def amr_nb(container: str) -> bytes:
    """`voice(rate=8_000)` in AMR-NB, kept on disk, since PyAV 19 decodes it but no longer encodes it."""
    return (Path(__file__).parent / "recorded" / f"voice.{container}").read_bytes()


def video(container: str, sound: NDArray[np.float32] | None = None) -> bytes:
    """Five pictures, with or without sound at 16 kHz (as AAC)."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        pictures: Any = output.add_stream("mpeg4", rate=5)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        track: Any = None if sound is None else output.add_stream("aac", rate=RATE, layout="mono")
        for shade in range(5):
            picture = np.full((48, 64, 3), 40 * shade, np.uint8)
            output.mux(pictures.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(pictures.encode(None))
        if sound is not None:
            for start in range(0, len(sound) - 1_023, 1_024):
                piece = np.ascontiguousarray(sound[None, start : start + 1_024])
                frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
                frame.sample_rate, frame.pts = RATE, start
                output.mux(track.encode(frame))
            output.mux(track.encode(None))
    return buffer.getvalue()


def likeness(clip: NDArray[Any], source: NDArray[Any], most_delay: int = 800) -> float:
    """Highest correlation of two signals over shifts of up to `most_delay` samples, as codecs delay."""
    size = min(len(clip), len(source))
    first, second = clip[:size].astype(np.float64), source[:size].astype(np.float64)
    spectrum = np.fft.rfft(first, 2 * size) * np.conj(np.fft.rfft(second, 2 * size))
    shifts = np.fft.irfft(spectrum)
    best = max(shifts[: most_delay + 1].max(), shifts[-most_delay:].max())
    return float(best / (np.linalg.norm(first) * np.linalg.norm(second) + 1e-12))
