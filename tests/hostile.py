"""A table of malformed and hostile recordings, each with the error that it must give.

Made in memory, the same at every run: valid files are encoded, then cut, changed or expanded. Used for
`load_clip` (stage "load") and, with those that only the quality rules refuse, for the command line.
"""

import struct
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from encoded import FRAGMENTED, amr_nb, by_pyav, by_soundfile, video, voice

from earmark.voice.audio import load_clip
from earmark.voice.samples import sample_speakers


@dataclass(frozen=True)
class Hostile:
    """One input: the bytes of a file, its suffix, and the code of the error that is expected."""

    name: str
    data: bytes
    code: str
    suffix: str = ".wav"
    stage: Literal["load", "quality"] = "load"


NOT_RECOGNISED, TRUNCATED, CORRUPT = "audio_not_recognised", "audio_truncated", "audio_corrupt"
UNSUPPORTED, TOO_LONG, EMPTY = "audio_unsupported", "audio_too_long", "audio_empty"
NO_SOUND = "audio_without_sound"


@cache
def hostile_inputs() -> tuple[Hostile, ...]:
    """All entries, with unique names."""
    return (
        *_not_audio(),
        *_wav(),
        *_flac(),
        *_mp3_and_ogg(),
        *_webm(),
        *_mp4(),
        *_amr_and_others(),
        *_refused(),
    )


def _noise(size: int) -> bytes:
    return np.random.default_rng(7).bytes(size)


def _put(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def _after(data: bytes, name: bytes, skip: int, new: bytes) -> bytes:
    """Overwrite what stands `skip` bytes after the end of a chunk or box name."""
    return _put(data, data.index(name) + len(name) + skip, new)


def _not_audio() -> list[Hostile]:
    sdp = (
        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5004 RTP/AVP 0\r\n"
    )
    raw = (voice(1.0) * 32_767).astype("<i2").tobytes()
    files = {
        "one_byte": (b"R", ".wav"),
        "noise": (b"\x07" + _noise(60_000), ".wav"),
        "zeros": (bytes(60_000), ".wav"),
        "text": (b"This is not a recording.\n" * 50, ".wav"),
        "html": (b"<!DOCTYPE html><html><body>404 Not Found</body></html>", ".mp3"),
        "json": (b'{"error": "expired"}', ".flac"),
        "sdp": (sdp, ".wav"),
        "ffconcat": (b"ffconcat version 1.0\nfile '/etc/hostname'\n", ".wav"),
        "playlist": (b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/a.ts\n", ".mp3"),
        "script": (b"#!/bin/sh\necho hello\n", ".wav"),
        "png": (b"\x89PNG\r\n\x1a\n" + _noise(500), ".wav"),
        "jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF" + _noise(500), ".mp3"),
        "pdf": (b"%PDF-1.7\n" + _noise(500), ".wav"),
        "zip": (b"PK\x03\x04" + _noise(500), ".wav"),
        "gzip": (b"\x1f\x8b\x08\x00" + _noise(500), ".flac"),
        "elf": (b"\x7fELF\x02\x01\x01" + _noise(500), ".wav"),
        "avi": (b"RIFF\x00\x10\x00\x00AVI LIST" + _noise(500), ".wav"),
        "webp": (b"RIFF\x00\x10\x00\x00WEBPVP8 " + _noise(500), ".wav"),
        "raw_without_a_format": (raw, ".raw"),
    }
    found = [Hostile(name, data, NOT_RECOGNISED, suffix) for name, (data, suffix) in files.items()]
    return [Hostile("empty", b"", EMPTY), *found]


def _wav() -> list[Hostile]:
    wav = by_soundfile(voice(), 16_000, "WAV", "PCM_16")
    floats = voice()
    with_nan, with_infinity = floats.copy(), floats.copy()
    with_nan[9_000], with_infinity[9_000] = np.nan, np.inf
    rates = {"0_hz": 0, "1_hz": 1, "1_mhz": 1_000_000, "4_ghz": 0xFFFF_FFFF}
    counts = {"0_channels": 0, "65_channels": 65, "65535_channels": 65_535}
    return [
        *(
            Hostile(f"wav_{name}", _put(wav, 24, struct.pack("<I", rate)), UNSUPPORTED)
            for name, rate in rates.items()
        ),
        *(
            Hostile(f"wav_{name}", _put(wav, 22, struct.pack("<H", n)), UNSUPPORTED)
            for name, n in counts.items()
        ),
        Hostile("wav_cut_in_header", wav[:30], TRUNCATED),
        Hostile("wav_12_bytes", wav[:12], TRUNCATED),
        Hostile("wav_cut_in_half", wav[: len(wav) // 2], TRUNCATED),
        Hostile("wav_last_byte_missing", wav[:-1], TRUNCATED),
        Hostile("wav_format_chunk_beyond_the_end", _put(wav, 16, b"\xff\xff\xff\x7f"), TRUNCATED),
        Hostile("wav_without_samples", by_soundfile(voice()[:0], 16_000, "WAV"), EMPTY),
        Hostile("wav_without_format", wav[:12] + wav[36:], CORRUPT),
        Hostile("wav_0_bits", _put(wav, 34, b"\0\0"), CORRUPT),
        Hostile("wav_unknown_codec", _put(wav, 20, b"\x77\x77"), UNSUPPORTED),
        Hostile("wav_5000_chunks", wav[:12] + b"junk\0\0\0\0" * 5_000 + wav[12:], CORRUPT),
        Hostile("wav_nan", by_soundfile(with_nan, 16_000, "WAV", "FLOAT"), UNSUPPORTED),
        Hostile("wav_infinite", by_soundfile(with_infinity, 16_000, "WAV", "DOUBLE"), UNSUPPORTED),
        Hostile(
            "wav_float_scaled_as_int", by_soundfile(floats * 32_768, 16_000, "WAV", "FLOAT"), UNSUPPORTED
        ),
        Hostile(
            "wav_15_minutes", by_soundfile(np.zeros(900 * 8_000, np.int16), 8_000, "WAV", "ULAW"), TOO_LONG
        ),
    ]


def _flac() -> list[Hostile]:
    flac = by_soundfile(voice(12.0), 16_000, "FLAC")
    half = len(flac) // 2
    # STREAMINFO: rate 20 bits, channels 3, bits 5, total samples 36, from byte 18 of the file on.
    quarter_hour = by_soundfile(np.zeros(900 * 8_000, np.int16), 8_000, "FLAC")
    unstated = _put(_put(quarter_hour, 22, bytes(4)), 21, bytes([quarter_hour[21] & 0xF0]))
    rate_1 = _put(flac, 18, bytes([0, 0, 0x10 | (flac[20] & 0x0F)]))
    rate_max = _put(flac, 18, bytes([0x9F, 0xFF, 0x60 | (flac[20] & 0x0F)]))
    return [
        Hostile("flac_marker_only", flac[:4], TRUNCATED, ".flac"),
        Hostile("flac_cut_in_half", flac[:half], TRUNCATED, ".flac"),
        Hostile("flac_hole", _put(flac, half // 4, bytes(2_000)), CORRUPT, ".flac"),
        Hostile("flac_noise_after_header", flac[:42] + _noise(200_000), CORRUPT, ".flac"),
        Hostile("flac_1_hz", rate_1, UNSUPPORTED, ".flac"),
        Hostile("flac_655_khz", rate_max, UNSUPPORTED, ".flac"),
        Hostile("flac_15_minutes", quarter_hour, TOO_LONG, ".flac"),
        Hostile("flac_15_minutes_unstated", unstated, TOO_LONG, ".flac"),
    ]


def _mp3_and_ogg() -> list[Hostile]:
    mp3 = by_soundfile(voice(), 16_000, "MP3")
    vorbis = by_soundfile(voice(), 16_000, "OGG", "VORBIS")
    opus = by_soundfile(voice(8.0), 16_000, "OGG", "OPUS")
    page = opus.index(b"OggS", len(opus) // 2)
    return [
        Hostile("mp3_cut_in_half", mp3[: len(mp3) // 2], TRUNCATED, ".mp3"),
        Hostile("mp3_tag_only", b"ID3\x04\0\0\0\0\x0f\x76" + bytes(500), TRUNCATED, ".mp3"),
        Hostile("mp3_sync_then_noise", b"\xff\xfb\x90\x00" + _noise(50_000), CORRUPT, ".mp3"),
        Hostile("vorbis_cut_in_half", vorbis[: len(vorbis) // 2], TRUNCATED, ".ogg"),
        Hostile("opus_cut_in_half", opus[: len(opus) // 2], TRUNCATED, ".ogg"),
        Hostile("opus_page_damaged", _put(opus, page + 100, bytes(200)), TRUNCATED, ".ogg"),
        Hostile("ogg_noise", b"OggS" + _noise(50_000), CORRUPT, ".ogg"),
        Hostile("ogg_unknown_codec", _put(vorbis, 28, b"\x01nobody"), CORRUPT, ".ogg"),
    ]


def _webm() -> list[Hostile]:
    webm = by_pyav(voice(rate=48_000), 48_000, "webm", "libopus")
    return [
        Hostile("webm_header_only", webm[:40], TRUNCATED, ".webm"),
        Hostile("webm_cut_in_half", webm[: len(webm) // 2], TRUNCATED, ".webm"),
        Hostile("webm_noise", b"\x1aE\xdf\xa3" + _noise(50_000), CORRUPT, ".webm"),
        Hostile("webm_video_without_sound", video("matroska"), NO_SOUND, ".webm"),
    ]


def _mp4() -> list[Hostile]:
    m4a = by_pyav(voice(rate=44_100), 44_100, "ipod", "aac")
    whole = by_pyav(voice(rate=48_000), 48_000, "mp4", "aac", options=FRAGMENTED)
    moov = m4a.index(b"moov") - 4
    middle = m4a.index(b"mdat") + 8_000
    many = struct.pack(">I", 100_000_000)
    bomb = _after(_after(m4a, b"stsz", 4, struct.pack(">I", 1) + many), b"stsc", 12, many)
    return [
        Hostile("m4a_without_index", m4a[:moov], TRUNCATED, ".m4a"),
        Hostile("m4a_cut_in_sound", m4a[: moov // 2], TRUNCATED, ".m4a"),
        Hostile("m4a_sound_damaged", _put(m4a, middle, b"\xff" * 2_000), CORRUPT, ".m4a"),
        Hostile("m4a_box_of_3_bytes", b"\0\0\0\x03ftypM4A " + m4a[12:], CORRUPT, ".m4a"),
        Hostile("m4a_index_of_100_million", bomb, UNSUPPORTED, ".m4a"),
        Hostile(
            "fmp4_fragment_of_100_million", _after(whole, b"trun", 0, bytes(4) + many), UNSUPPORTED, ".mp4"
        ),
        Hostile("fmp4_cut_in_fragment", whole[: len(whole) * 2 // 3], TRUNCATED, ".mp4"),
        Hostile("mp4_video_without_sound", video("mp4"), NO_SOUND, ".mp4"),
    ]


def _amr_and_others() -> list[Hostile]:
    amr = amr_nb("amr")
    aac = by_pyav(np.zeros(16_000, np.float32), 8_000, "adts", "aac")
    aiff = by_soundfile(voice(), 16_000, "AIFF")
    return [
        Hostile("amr_header_only", amr[:6], EMPTY, ".amr"),
        Hostile("amr_cut_in_frame", amr[:-5], TRUNCATED, ".amr"),
        Hostile("amr_ten_hours", b"#!AMR\n" + b"\x7c" * 1_800_000, TOO_LONG, ".amr"),
        Hostile("aac_an_hour", _last_adts_frame(aac) * 28_125, TOO_LONG, ".aac"),
        Hostile("aac_noise", aac[:7] + _noise(20_000), CORRUPT, ".aac"),
        Hostile("aiff_cut_in_half", aiff[: len(aiff) // 2], TRUNCATED, ".aiff"),
        Hostile("au_noise", b".snd" + _noise(20_000), CORRUPT, ".au"),
    ]


def _last_adts_frame(data: bytes) -> bytes:
    start = end = 0
    while end < len(data):
        start, end = end, end + ((data[end + 3] & 3) << 11 | data[end + 4] << 3 | data[end + 5] >> 5)
    return data[start:end]


def _refused() -> list[Hostile]:
    """Decoded well, then refused by the rules for enrolment and for recognition alike."""
    rng = np.random.default_rng(11)
    time = np.arange(6 * 16_000) / 16_000
    spoken = np.concatenate([load_clip(path) for path in next(iter(sample_speakers().values()))[:3]])
    noisy = 0.05 * spoken / np.abs(spoken).max() + 0.02 * rng.standard_normal(spoken.size)
    middle = spoken.size // 2
    clips = {
        "silence": (np.zeros(96_000), "audio_silent"),
        "tone": (0.3 * np.sin(2 * np.pi * 440 * time), "audio_silent"),
        "white_noise": (0.1 * rng.standard_normal(96_000), "audio_silent"),
        "half_a_second_of_speech": (spoken[middle : middle + 8_000], "speech_too_short"),
        "speech_under_noise": (noisy, "speech_too_noisy"),
        "speech_clipped_hard": (np.clip(30 * spoken, -1, 1), "audio_clipped"),
    }
    return [
        Hostile(
            name, by_soundfile(samples.astype(np.float32), 16_000, "WAV", "PCM_16"), code, stage="quality"
        )
        for name, (samples, code) in clips.items()
    ]
