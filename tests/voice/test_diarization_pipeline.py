"""Recordings of sample speakers through the model that ships: who speaks when, and how many they are."""

import itertools
from functools import cache

import numpy as np
import pytest
from voices import clip

from earmark.errors import AudioEmpty, InvalidRequest
from earmark.evaluation.der import der
from earmark.voice.diarization.pipeline import Diarization, wanted_speakers
from earmark.voice.diarization.turns import Turn
from earmark.voice.engine import Engine
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.vad import find_speech

RESOLUTION = 0.02


@cache
def engine() -> Engine:
    return Engine()


def voice(speaker: str, number: int) -> Floats:
    samples: Floats = np.frombuffer(clip(speaker, number), "<i2").astype(np.float32)
    return samples / np.float32(32768)


def meeting(*order: tuple[str, int], pause: float = 0.4) -> tuple[Floats, list[Turn]]:
    """Sentences one after the other, and who speaks when in them."""
    silence = np.zeros(round(pause * SAMPLE_RATE), np.float32)
    pieces, turns, at = [], [], 0
    for speaker, number in order:
        samples = voice(speaker, number)
        turns += [
            Turn((at + part.start) / SAMPLE_RATE, (at + part.end) / SAMPLE_RATE, speaker)
            for part in find_speech(samples)
        ]
        pieces += [samples, silence]
        at += samples.size + silence.size
    return np.concatenate(pieces), turns


DIALOGUE = (("ada", 1), ("ben", 1), ("ada", 2), ("ben", 2), ("ada", 3), ("ben", 3))


@cache
def dialogue() -> tuple[Diarization, list[Turn]]:
    samples, turns = meeting(*DIALOGUE)
    return engine().diarize(samples), turns


def test_two_who_take_turns() -> None:
    found, turns = dialogue()
    assert [speaker.name for speaker in found.speakers] == ["SPEAKER_00", "SPEAKER_01"]
    assert der(turns, found.turns).rate < 0.15
    assert found.seconds == pytest.approx(meeting(*DIALOGUE)[0].size / SAMPLE_RATE, abs=RESOLUTION)
    assert found.warning is None


def test_what_is_told_of_turns_and_speakers() -> None:
    found, _ = dialogue()
    assert found.turns[0].speaker == "SPEAKER_00"
    assert list(found.turns) == sorted(found.turns, key=lambda turn: turn.start)
    assert all(0.0 <= turn.start < turn.end <= found.seconds + RESOLUTION for turn in found.turns)
    assert all(turn.confidence is not None and 0.0 <= turn.confidence <= 1.0 for turn in found.turns)
    assert np.mean([turn.confidence or 0.0 for turn in found.turns]) > 0.5
    assert found.fits.shape == (len(found.turns), 2)
    assert np.allclose(found.fits.sum(axis=1), 1.0)
    assert found.certainty.size * found.resolution == pytest.approx(found.seconds, abs=RESOLUTION)
    assert found.certainty.max() <= 100
    for speaker in found.speakers:
        assert np.linalg.norm(speaker.vector) == pytest.approx(1.0, abs=1e-5)
        assert speaker.seconds > 4.0


def test_the_exclusive_turns_never_overlap_and_cover_the_same_speech() -> None:
    found, _ = dialogue()
    for one, other in itertools.pairwise(found.exclusive):
        assert one.end <= other.start
    assert {turn.speaker for turn in found.exclusive} <= {turn.speaker for turn in found.turns}
    assert sum(turn.seconds for turn in found.exclusive) == pytest.approx(
        sum(turn.seconds for turn in found.turns), rel=0.2
    )


@pytest.mark.parametrize("speaker", ["ada", "ben"])
def test_a_recording_of_one_speaker_has_one(speaker: str) -> None:
    samples, turns = meeting(*((speaker, number) for number in (1, 2, 3, 4)))
    found = engine().diarize(samples)
    assert len(found.speakers) == 1
    assert der(turns, found.turns).rate < 0.1


def test_silence_and_noise_have_none() -> None:
    noise = np.random.default_rng(1).normal(0.0, 0.003, 12 * SAMPLE_RATE).astype(np.float32)
    for samples in (np.zeros(3 * SAMPLE_RATE, np.float32), noise, np.zeros(1, np.float32)):
        found = engine().diarize(samples)
        assert (found.turns, found.exclusive, found.speakers) == ((), (), ())
        assert found.fits.shape == (0, 0)


def test_the_number_asked_for_is_kept() -> None:
    samples, _ = meeting(*DIALOGUE)
    assert len(engine().diarize(samples, speakers=1).speakers) == 1
    assert len(engine().diarize(samples, most=1).speakers) == 1
    assert len(engine().diarize(samples, least=3).speakers) == 3
    many = engine().diarize(samples, speakers=40)
    assert 2 < len(many.speakers) < 40
    assert many.warning is not None
    assert "40" in many.warning


def test_numbers_that_cannot_be_are_refused() -> None:
    for speakers, least, most in ((0, None, None), (None, 0, None), (None, 3, 2), (51, None, None)):
        with pytest.raises(InvalidRequest):
            wanted_speakers(speakers, least, most)
    wanted = wanted_speakers(3, 1, 2)  # the exact number wins
    assert (wanted.least, wanted.most) == (3, 3)
    with pytest.raises(AudioEmpty):
        engine().diarize(np.zeros(0, np.float32))


def test_a_long_recording_is_heard_piece_by_piece_and_people_keep_their_numbers() -> None:
    """Over the length that is held at a time: who spoke at the start is who speaks at the end."""
    samples, _ = meeting(*DIALOGUE)
    times = -(-260 * SAMPLE_RATE // samples.size)
    told: list[float] = []
    found = engine().diarize(np.tile(samples, times), told=told.append)
    assert told == sorted(told)
    assert len(found.speakers) == 2
    assert found.seconds > 250.0
    last = [turn for turn in found.turns if turn.start > found.seconds - 20.0]
    first = [turn for turn in found.turns if turn.end < 20.0]
    assert {turn.speaker for turn in last} == {turn.speaker for turn in first} == {"SPEAKER_00", "SPEAKER_01"}


def test_any_number_of_threads_hears_the_same() -> None:
    found, _ = dialogue()
    again = Engine(threads=2).diarize(meeting(*DIALOGUE)[0])
    assert again.turns == found.turns
    assert all(
        np.array_equal(a.vector, b.vector) for a, b in zip(again.speakers, found.speakers, strict=True)
    )
