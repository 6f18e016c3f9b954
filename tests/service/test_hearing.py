"""What becomes a voiceprint with the model that ships: real telephones do, two people do not."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
import voices

from earmark.errors import AudioTooLong, QualityRefused, SeveralVoices
from earmark.service.hearing import hear_order
from earmark.service.orders import Order, Outcome
from earmark.storage.store import DEFAULT_TENANT, Store
from earmark.storage.values import JobKind
from earmark.voice.engine import Engine
from earmark.voice.samples import sample_speakers


@pytest.fixture(scope="module")
def shipped() -> Engine:
    return Engine()


def voiceprint(store: Store, engine: Engine, sound: bytes) -> Outcome:
    order = Order(JobKind.VOICEPRINT, "media://x")
    file = io.BufferedReader(io.BytesIO(sound))  # as a sealed file is
    return hear_order(DEFAULT_TENANT, store, engine, order, file, told=lambda _: None)


def telephone(speaker: str) -> bytes:
    """Two clips as a telephone has them: 8 kHz, A-law, some line noise, one loud passage cut off."""
    wide = np.frombuffer(voices.pcm(speaker, 1, 2, 3), "<i2").astype(np.float32) / 32_768
    narrow = soxr.resample(wide, 16_000, 8_000)
    noise = np.random.default_rng(3).normal(0.0, 0.003, narrow.size).astype(np.float32)
    file = io.BytesIO()
    soundfile.write(file, np.clip(2.0 * narrow + noise, -0.9, 0.9), 8_000, format="WAV", subtype="ALAW")
    return file.getvalue()


def test_real_telephones_pass(store: Store, shipped: Engine) -> None:
    for speaker in sample_speakers():
        outcome = voiceprint(store, shipped, telephone(speaker))
        assert outcome.voiceprint is not None
        assert outcome.voiceprint.model == shipped.entry.id
        assert np.linalg.norm(outcome.voiceprint.numbers) == pytest.approx(1.0, abs=1e-4)
        assert 2.0 < outcome.voiceprint.seconds <= outcome.seconds


def test_two_people_are_refused(store: Store, shipped: Engine) -> None:
    with pytest.raises(SeveralVoices):
        voiceprint(store, shipped, voices.as_wav(voices.pcm("ada", 1, 2) + voices.pcm("dima", 1, 2)))


def test_what_is_no_speech_is_refused(store: Store, shipped: Engine) -> None:
    noise = np.random.default_rng(3).normal(0.0, 3_000, 160_000).astype("<i2").tobytes()
    with pytest.raises(QualityRefused):
        voiceprint(store, shipped, voices.as_wav(noise))


def test_thirty_seconds_and_no_more(store: Store, shipped: Engine) -> None:
    two = voices.pcm("ada", 1, 2, 3, 4, 5) * 2
    rate = 2 * voices.RATE
    assert voiceprint(store, shipped, voices.as_wav(two[: 30 * rate])).seconds == 30.0
    with pytest.raises(AudioTooLong, match=r"lasts 31\.0 s"):
        voiceprint(store, shipped, voices.as_wav(two[: 31 * rate]))


def test_a_file_is_read_where_it_lies(store: Store, shipped: Engine, tmp_path: Path) -> None:
    path = tmp_path / "ada.wav"
    path.write_bytes(voices.wav("ada", 1, 2))
    with path.open("rb") as file:
        order = Order(JobKind.DIARIZE, "media://x")
        first = hear_order(DEFAULT_TENANT, store, shipped, order, file, told=lambda _: None)
        assert file.tell() == 0
        again = hear_order(DEFAULT_TENANT, store, shipped, order, file, told=lambda _: None)
    assert first == again
    assert len(first.speakers) == 1
