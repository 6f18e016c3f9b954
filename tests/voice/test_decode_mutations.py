"""Whatever is done to the bytes of a recording: a clip or an AudioError comes out, and nothing else."""

from functools import cache

import numpy as np
from encoded import FRAGMENTED, amr_nb, by_pyav, by_soundfile, voice
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import AudioError
from earmark.voice.audio import Limits, load_clip

LIMITS = Limits(bytes_in=1 << 20, seconds=20)


@cache
def recordings() -> tuple[bytes, ...]:
    short = voice(0.4)
    return (
        by_soundfile(short, 16_000, "WAV", "PCM_16"),
        by_soundfile(short, 16_000, "WAV", "FLOAT"),
        by_soundfile(np.stack([short] * 3, axis=1), 16_000, "WAVEX", "PCM_24"),
        by_soundfile(short, 16_000, "FLAC"),
        by_soundfile(short, 16_000, "MP3"),
        by_soundfile(short, 16_000, "OGG", "VORBIS"),
        by_soundfile(short, 16_000, "OGG", "OPUS"),
        by_soundfile(short, 16_000, "AIFF"),
        by_soundfile(short, 16_000, "CAF"),
        by_soundfile(short, 16_000, "W64"),
        by_soundfile(short, 16_000, "NIST"),
        by_pyav(voice(0.4, 48_000), 48_000, "webm", "libopus", streamed=True),
        by_pyav(voice(0.4, 44_100), 44_100, "ipod", "aac"),
        by_pyav(voice(0.4, 48_000), 48_000, "mp4", "aac", options=FRAGMENTED),
        by_pyav(voice(0.4, 44_100), 44_100, "adts", "aac"),
        amr_nb("amr"),
        by_pyav(short, 16_000, "wav", "g722"),
    )


change = st.tuples(
    st.sampled_from(["overwrite", "header", "insert", "delete", "cut", "repeat"]),
    st.floats(0, 1, exclude_max=True),
    st.binary(min_size=1, max_size=12)
    | st.sampled_from([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\x01\0\0\0"]),
)


def apply(data: bytes, kind: str, place: float, new: bytes) -> bytes:
    at = int(place * (min(len(data), 120) if kind == "header" else len(data)))
    match kind:
        case "overwrite" | "header":
            return data[:at] + new + data[at + len(new) :]
        case "insert":
            return data[:at] + new + data[at:]
        case "delete":
            return data[:at] + data[at + 40 * len(new) :]
        case "cut":
            return data[:at]
        case _:
            return data[:at] + data[at // 2 :]


@settings(max_examples=400, deadline=None, derandomize=True)
@given(which=st.integers(0, 16), changes=st.lists(change, min_size=1, max_size=4))
def test_changed_recordings_give_a_clip_or_an_audio_error(
    which: int, changes: list[tuple[str, float, bytes]]
) -> None:
    data = recordings()[which]
    for kind, place, new in changes:
        data = apply(data, kind, place, new)
    try:
        clip = load_clip(data, limits=LIMITS)
    except AudioError:
        return
    assert clip.dtype == np.float32
    assert clip.ndim == 1
    assert 0 < clip.size <= LIMITS.seconds * 16_000 + 16
    assert np.isfinite(clip).all()
    assert np.abs(clip).max() <= 1


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"RIFF....WAVE", b"ID3", b"OggS", b"\x1aE\xdf\xa3", b"....ftyp"]),
)
def test_bytes_from_nowhere_give_an_audio_error(data: bytes, beginning: bytes) -> None:
    try:
        clip = load_clip(beginning + data, limits=LIMITS)
    except AudioError:
        return
    assert clip.size
