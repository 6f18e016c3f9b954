"""Voices to texts and back; everything that is not such a text is refused, and says what it is."""

import base64
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import VoiceprintForeign
from earmark.service.orders import LITTLE_ENDIAN, Voice
from earmark.service.voiceprint_string import MARK, read_voiceprint, write_voiceprint

MODEL, SIZE = "earmark-1@1.0", 256


def voice(seed: int = 1, *, size: int = SIZE, model: str = MODEL, seconds: float = 12.5) -> Voice:
    vector = np.random.default_rng(seed).standard_normal(size)
    return Voice((vector / np.linalg.norm(vector)).astype(LITTLE_ENDIAN).tobytes(), seconds, model)


def read(text: str) -> Voice:
    return read_voiceprint(text, model=MODEL, dimension=SIZE)


def resealed(body: bytes) -> str:
    return base64.b64encode(body + struct.pack("<I", zlib.crc32(body))).decode()


def body(one: Voice) -> bytes:
    return base64.b64decode(write_voiceprint(one))[:-4]


@given(st.integers(0, 2**32), st.floats(0.125, 3_600, width=32))
def test_what_is_written_is_read(seed: int, seconds: float) -> None:
    one = voice(seed, seconds=seconds)
    assert read(write_voiceprint(one)) == one


def test_a_text_is_known_by_its_beginning_and_short_enough() -> None:
    text = write_voiceprint(voice())
    assert text.startswith("earmarkv")
    assert len(text) < 20_000
    assert base64.b64decode(text, validate=True).startswith(MARK)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_flipped_bit_anywhere_is_found(place: int, flip: int) -> None:
    data = bytearray(base64.b64decode(write_voiceprint(voice())))
    data[place % len(data)] ^= flip
    with pytest.raises(VoiceprintForeign):
        read(base64.b64encode(data).decode())


@given(st.integers(0, 1_420))
def test_a_text_that_was_cut_is_refused(length: int) -> None:
    text = write_voiceprint(voice())
    with pytest.raises(VoiceprintForeign):
        read(text[: min(length, len(text) - 1)])


@given(st.one_of(st.text(), st.binary().map(lambda data: base64.b64encode(data).decode())))
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(VoiceprintForeign):
        read(text)


@given(st.binary(max_size=1_100))
def test_a_right_check_sum_does_not_help(rest: bytes) -> None:
    with pytest.raises(VoiceprintForeign):
        read(resealed(MARK + rest))


def changed(vector: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]", seconds: float = 5.0) -> str:
    return write_voiceprint(Voice(vector.astype(LITTLE_ENDIAN).tobytes(), seconds, MODEL))


def test_numbers_that_no_model_gives_are_refused() -> None:
    good = voice().numbers.astype(float)
    broken = good.copy()
    broken[7] = np.nan
    for text in (changed(broken), changed(good * 2), changed(good * 0), changed(good, -1.0)):
        with pytest.raises(VoiceprintForeign, match="damaged"):
            read(text)
    for seconds in (float("nan"), float("inf"), 0.0):
        with pytest.raises(VoiceprintForeign, match="damaged"):
            read(changed(good, seconds))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (base64.b64encode(bytes(1_024)).decode(), "hosted pyannoteAI"),
        (base64.b64encode(b"dummy").decode(), "not made by Earmark"),
        ("not base64!", "base64"),
        ("é" * 20, "base64"),
        ("A" * 20_004, "not made by Earmark"),
        (write_voiceprint(voice(model="other-2@1.0")), "other-2@1.0"),
        (write_voiceprint(voice(size=192)), "damaged"),
        (resealed(body(voice())[:6] + b"\x02" + body(voice())[7:]), "newer format"),
        ("", "not made by Earmark"),
    ],
)
def test_it_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(VoiceprintForeign, match=says) as refused:
        read(text)
    assert "make it anew" in str(refused.value)
