"""Clip to degraded clip: rooms, codecs, noise and speed, as training and evaluation apply them."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
import soxr

from earmark.voice.features import SAMPLE_RATE, Floats


@dataclass(frozen=True)
class Codec:
    """An encoder to send speech through and back."""

    name: str
    encoder: str
    container: str
    rate: int
    bit_rate: int = 0


CODECS = {
    codec.name: codec
    for codec in (
        Codec("g711-mu", "pcm_mulaw", "wav", 8_000),
        Codec("g711-a", "pcm_alaw", "wav", 8_000),
        Codec("amr-4k75", "libopencore_amrnb", "amr", 8_000, 4_750),
        Codec("amr-7k95", "libopencore_amrnb", "amr", 8_000, 7_950),
        Codec("amr-12k2", "libopencore_amrnb", "amr", 8_000, 12_200),
        Codec("opus-6k", "libopus", "ogg", 16_000, 6_000),
        Codec("opus-9k", "libopus", "ogg", 16_000, 9_000),
        Codec("opus-8k-narrow", "libopus", "ogg", 8_000, 8_000),
        Codec("opus-16k", "libopus", "ogg", 16_000, 16_000),
        Codec("mp3-16k", "libmp3lame", "mp3", 16_000, 16_000),
        Codec("mp3-8k", "libmp3lame", "mp3", 8_000, 8_000),
    )
}


def through_codec(clip: Floats, codec: Codec) -> Floats:
    """Encode and decode a 16 kHz clip; the result has the length of the input."""
    narrow = soxr.resample(clip, SAMPLE_RATE, codec.rate).astype(np.float32)
    pcm = (np.clip(narrow, -1, 1) * 32_767).astype(np.int16)[None]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=codec.container) as container:
        stream: Any = container.add_stream(codec.encoder, rate=codec.rate, layout="mono")
        if codec.bit_rate:
            stream.bit_rate = codec.bit_rate
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate = codec.rate
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=codec.rate)
        fifo = av.AudioFifo()
        for converted in resampler.resample(frame):
            fifo.write(converted)
        size = stream.codec_context.frame_size or 1_024
        while (piece := fifo.read(size, partial=True)) is not None:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    buffer.seek(0)
    with av.open(buffer, "r") as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        pieces = [
            out.to_ndarray()[0] for decoded in container.decode(stream) for out in resampler.resample(decoded)
        ]
        pieces += [out.to_ndarray()[0] for out in resampler.resample(None)]
    back = np.concatenate(pieces)[: clip.size].astype(np.float32)
    return np.asarray(np.pad(back, (0, clip.size - back.size)), np.float32)


def change_speed(clip: Floats, factor: float) -> Floats:
    """Play `factor` times as fast: pitch and formants move with it, as in another, smaller person."""
    return np.asarray(soxr.resample(clip, SAMPLE_RATE * factor, SAMPLE_RATE), np.float32)


def read_rooms(folder: Path) -> list[Floats]:
    """Room impulse responses, each cut to 0.7 s from its direct sound and scaled to unit energy."""
    rooms = []
    for path in sorted(folder.glob("*.flac")):
        response, rate = soundfile.read(path, dtype=np.float32, always_2d=True)
        mono = soxr.resample(response[:, 0], rate, SAMPLE_RATE)
        start = max(0, int(np.argmax(np.abs(mono))) - 16)
        cut = mono[start : start + int(0.7 * SAMPLE_RATE)]
        rooms.append((cut / np.sqrt(np.sum(cut**2) + 1e-12)).astype(np.float32))
    return rooms


def in_room(clip: Floats, room: Floats) -> Floats:
    """The clip as heard in a room, at the level and length of the original."""
    size = 1 << (clip.size + room.size - 1).bit_length()
    wet = np.fft.irfft(np.fft.rfft(clip, size) * np.fft.rfft(room, size), size)[: clip.size]
    gain = np.sqrt(np.mean(clip**2) / (np.mean(wet**2) + 1e-12))
    return np.asarray(wet * min(gain, 0.99 / (np.max(np.abs(wet)) + 1e-9)), np.float32)


def add_noise(clip: Floats, noise: Floats, snr_db: float) -> Floats:
    """Add noise of at least the clip's length at a signal-to-noise ratio in dB over the whole clip."""
    bed = noise[: clip.size]
    gain = np.sqrt(np.mean(clip**2) / (np.mean(bed**2) + 1e-12)) * 10 ** (-snr_db / 20)
    mixed = clip + gain * bed
    return np.asarray(mixed * min(1.0, 0.99 / np.max(np.abs(mixed))), np.float32)
