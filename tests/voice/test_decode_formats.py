"""Every format that Earmark reads, encoded and decoded again."""

import io
import sys
import wave
from collections.abc import Callable

import numpy as np
import pytest
from encoded import FRAGMENTED, amr_nb, by_pyav, by_soundfile, likeness, voice

from earmark.errors import AudioCodecMissing, AudioTooLong, AudioTruncated, InvalidRequest
from earmark.voice.audio import Encoding, Limits, RawFormat, load_clip

SOURCE = voice()
RATES = (8_000, 11_025, 44_100, 48_000, 96_000, 192_000)


def pyav(rate: int, container: str, codec: str, **more: object) -> Callable[[], bytes]:
    return lambda: by_pyav(voice(rate=rate), rate, container, codec, **more)  # type: ignore[arg-type]


def file(rate: int, form: str, subtype: str | None = None) -> Callable[[], bytes]:
    return lambda: by_soundfile(voice(rate=rate), rate, form, subtype)


CASES: dict[str, tuple[Callable[[], bytes], float]] = {
    "wav_u8": (file(16_000, "WAV", "PCM_U8"), 0.99),
    "wav_s16": (file(16_000, "WAV", "PCM_16"), 0.999),
    "wav_s24": (file(16_000, "WAV", "PCM_24"), 0.999),
    "wav_s32": (file(16_000, "WAV", "PCM_32"), 0.999),
    "wav_f32": (file(16_000, "WAV", "FLOAT"), 0.999),
    "wav_f64": (file(16_000, "WAV", "DOUBLE"), 0.999),
    "wav_alaw": (file(8_000, "WAV", "ALAW"), 0.99),
    "wav_mulaw": (file(8_000, "WAV", "ULAW"), 0.99),
    "wav_ima_adpcm": (file(16_000, "WAV", "IMA_ADPCM"), 0.98),
    "wav_gsm": (file(8_000, "WAV", "GSM610"), 0.8),
    "wav_g722": (pyav(16_000, "wav", "g722"), 0.98),
    "wavex_s16": (file(16_000, "WAVEX", "PCM_16"), 0.999),
    "wavex_s24": (file(48_000, "WAVEX", "PCM_24"), 0.999),
    "wavex_alaw": (file(8_000, "WAVEX", "ALAW"), 0.99),
    "rifx_s16": (lambda: by_soundfile(SOURCE, 16_000, "WAV", "PCM_16", endian="BIG"), 0.999),
    "rf64": (file(16_000, "RF64", "PCM_16"), 0.999),
    "w64": (file(16_000, "W64", "PCM_16"), 0.999),
    "aiff": (file(44_100, "AIFF"), 0.999),
    "au": (file(16_000, "AU", "ULAW"), 0.99),
    "caf": (file(16_000, "CAF", "PCM_16"), 0.999),
    "nist": (file(16_000, "NIST", "PCM_16"), 0.999),
    "wav_to_a_pipe": (pyav(16_000, "wav", "pcm_s16le", streamed=True), 0.999),
    "flac_to_a_pipe": (pyav(16_000, "flac", "flac", streamed=True), 0.999),
    "flac_24": (file(96_000, "FLAC", "PCM_24"), 0.999),
    "mp3": (file(44_100, "MP3"), 0.98),
    "mp3_lame_low": (pyav(16_000, "mp3", "libmp3lame"), 0.95),
    "mp3_to_a_pipe": (pyav(24_000, "mp3", "libmp3lame", streamed=True), 0.95),
    "mp3_after_a_tag": (
        lambda: b"ID3\x04\0\0\0\0\x0f\x76" + bytes(2_038) + by_soundfile(SOURCE, 16_000, "MP3"),
        0.98,
    ),
    "ogg_vorbis": (file(44_100, "OGG", "VORBIS"), 0.98),
    "ogg_opus": (file(48_000, "OGG", "OPUS"), 0.95),
    "ogg_opus_libopus": (pyav(48_000, "ogg", "libopus"), 0.95),
    "webm_opus": (pyav(48_000, "webm", "libopus"), 0.95),
    "webm_opus_recorder": (pyav(48_000, "webm", "libopus", streamed=True), 0.95),
    "m4a_aac": (pyav(44_100, "ipod", "aac"), 0.95),
    "mp4_aac_8k": (pyav(8_000, "mp4", "aac"), 0.9),
    "mp4_fragmented": (pyav(48_000, "mp4", "aac", options=FRAGMENTED), 0.9),
    "mp4_opus": (pyav(48_000, "mp4", "libopus"), 0.95),
    "m4a_alac": (pyav(44_100, "ipod", "alac"), 0.999),
    "aac_adts": (pyav(44_100, "adts", "aac"), 0.9),
    "amr_nb": (lambda: amr_nb("amr"), 0.85),
    "3gp_amr_nb": (lambda: amr_nb("3gp"), 0.85),
}


@pytest.mark.parametrize("name", CASES)
def test_a_format_comes_back_as_it_went_in(name: str) -> None:
    make, least = CASES[name]
    clip = load_clip(make())
    assert clip.dtype == np.float32
    assert abs(clip.size - SOURCE.size) < 0.1 * 16_000
    assert likeness(clip, SOURCE) > least
    assert 0.8 < np.std(clip) / np.std(SOURCE) < 1.25, "the scale is kept"


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("form", ["WAV", "FLAC"])
def test_rates_and_channels_of_files(rate: int, channels: int, form: str) -> None:
    samples = np.repeat(voice(1.0, rate)[:, None], channels, axis=1)
    clip = load_clip(by_soundfile(samples, rate, form, "PCM_16"))
    assert abs(clip.size - 16_000) <= 2
    assert likeness(clip, voice(1.0), most_delay=2) > 0.99


@pytest.mark.parametrize("order", ["little", "big"])
def test_lengths_that_a_writer_left_open(order: str) -> None:
    made = bytearray(by_soundfile(SOURCE, 16_000, "WAV", "PCM_16", endian=order.upper()))
    whole = load_clip(bytes(made))
    at = made.index(b"data") + 4
    for riff, data in ((0, 0), (36, 0), (0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0), (0x7FFFF024, 0x7FFFF000)):
        made[4:8], made[at : at + 4] = riff.to_bytes(4, order), data.to_bytes(4, order)  # type: ignore[arg-type]
        assert np.array_equal(load_clip(bytes(made)), whole), (riff, data)


def test_chunks_before_and_after_the_sound() -> None:
    made = by_soundfile(SOURCE, 16_000, "WAV", "PCM_16")
    spread = made[:12] + b"LIST\x05\0\0\0abcde\0" + made[12:] + b"id3 \x04\0\0\0abcd"
    assert np.array_equal(load_clip(spread), load_clip(made))


def test_the_standard_library_s_wav() -> None:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", ""))
        out.writeframes((SOURCE * 32_767).astype("<i2").tobytes())
    assert likeness(load_clip(buffer.getvalue()), SOURCE, most_delay=0) > 0.999


def test_an_mp3_may_lose_its_last_frame() -> None:
    data = by_soundfile(SOURCE, 16_000, "MP3")
    assert load_clip(data[:-40]).size > 47_000


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("channels", [1, 2])
def test_an_mp3_of_varying_bit_rate_without_a_length(order: int, rate: int, channels: int) -> None:
    """A decoder that takes the first frame's bit rate for all of them loses half of it, or misses as much."""
    noise = 0.2 * np.random.default_rng(0).standard_normal(3 * rate).astype(np.float32)
    sound = np.concatenate([np.zeros(3 * rate, np.float32), voice(3.0, rate), noise])[::order]
    data = by_soundfile(np.repeat(sound[:, None], channels, axis=1), rate, "MP3", vbr=True)
    assert b"Xing" in data[:64]
    bare = data[data.index(data[:2], 4) :]
    clip = load_clip(bare)
    assert abs(clip.size - 9 * 16_000) < 0.2 * 16_000
    assert likeness(clip, load_clip(data), most_delay=4_000) > 0.95
    with pytest.raises(AudioTooLong):
        load_clip(bare, limits=Limits(seconds=8))


def test_amr_wb_is_decoded() -> None:
    """No free encoder exists: frames of random bits at 23.85 kbit/s (TS 26.201) have the right length."""
    rng = np.random.default_rng(3)
    data = b"#!AMR-WB\n" + b"".join(b"\x44" + rng.bytes(60) for _ in range(100))
    assert load_clip(data).size == 32_000
    with pytest.raises(AudioTruncated):
        load_clip(data[:-1])


RAW: dict[Encoding, tuple[str, int]] = {
    "s16le": ("PCM_16", 2), "s24le": ("PCM_24", 3), "s32le": ("PCM_32", 4), "u8": ("PCM_U8", 1),
    "f32le": ("FLOAT", 4), "alaw": ("ALAW", 1), "mulaw": ("ULAW", 1),
}  # fmt: skip


@pytest.mark.parametrize("encoding", RAW)
@pytest.mark.parametrize("channels", [1, 2])
def test_raw_pcm(encoding: Encoding, channels: int) -> None:
    subtype, width = RAW[encoding]
    samples = np.repeat(voice(rate=8_000)[:, None], channels, axis=1)
    wav = by_soundfile(samples, 8_000, "WAV", subtype)
    start = wav.index(b"data") + 8
    data = wav[start : start + samples.size * width]
    stated = RawFormat(encoding, 8_000, channels)
    assert np.array_equal(load_clip(data, raw=stated), load_clip(wav))
    if width * channels > 1:
        with pytest.raises(AudioTruncated, match="units of"):
            load_clip(data[:-1], raw=stated)


def test_a_raw_format_that_cannot_be() -> None:
    for wrong in (("s17le", 8_000, 1), ("s16le", 1, 1), ("s16le", 8_000, 65), ("s16le", 8_000, 0)):
        with pytest.raises(InvalidRequest):
            RawFormat(*wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match="this is FLAC"):
        load_clip(by_soundfile(SOURCE, 16_000, "FLAC"), raw=RawFormat("s16le", 16_000))


@pytest.mark.parametrize("name", ["webm_opus", "m4a_aac", "amr_nb", "aac_adts", "wav_g722"])
def test_without_pyav_the_extra_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = CASES[name][0]()
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(AudioCodecMissing, match=r"pip install 'earmark\[media\]'"):
        load_clip(data)


@pytest.mark.parametrize("name", ["wav_s16", "flac_24", "mp3", "ogg_opus", "ogg_vorbis"])
def test_without_pyav_the_common_formats_are_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = CASES[name][0]()
    monkeypatch.setitem(sys.modules, "av", None)
    assert load_clip(data).size > 47_000
