"""Conversations from the sample voices: their turns tell the truth, and the options do what they say."""

from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from earmark.evaluation.conversations import JOINED, Clip, Conversation, hear, make_conversation
from earmark.voice.audio import load_clip
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.samples import sample_speakers
from earmark.voice.vad import find_speech

GRID = 100  # a second


@cache
def voices() -> list[list[Clip]]:
    return [[hear(load_clip(path)) for path in paths] for paths in sample_speakers().values()][:4]


def made(seed: int, people: int = 2, seconds: float = 30.0, **options: Any) -> Conversation:
    return make_conversation(np.random.default_rng(seed), voices()[:people], seconds=seconds, **options)


def grid(conversation: Conversation) -> NDArray[np.bool_]:
    """Who speaks in each 10 ms: (frames, 6)."""
    active = np.zeros((conversation.samples.size * GRID // SAMPLE_RATE, 6), bool)
    for turn in conversation.turns:
        active[round(turn.start * GRID) : round(turn.end * GRID), int(turn.speaker)] = True
    return active


def overlap(conversation: Conversation) -> float:
    count = grid(conversation).sum(axis=1)
    return float((count > 1).sum() / (count > 0).sum())


def test_a_seed_is_a_conversation() -> None:
    first, again, other = made(1), made(1), made(2)
    assert first.turns == again.turns
    np.testing.assert_array_equal(first.samples, again.samples)
    assert first.turns != other.turns


def test_the_clips_may_come_without_their_speech() -> None:
    bare: list[list[Floats]] = [[clip.samples for clip in clips] for clips in voices()[:2]]
    found = make_conversation(np.random.default_rng(3), bare, seconds=20)
    assert found.turns == made(3, seconds=20).turns


@pytest.mark.parametrize("people", [1, 2, 3, 4])
@pytest.mark.parametrize("wanted", [0.0, 0.3])
def test_turns_are_in_order_within_the_recording_and_of_these_voices(people: int, wanted: float) -> None:
    found = made(people, people, overlap=wanted)
    assert found.samples.shape == (30 * SAMPLE_RATE,)
    assert found.samples.dtype == np.float32
    assert np.abs(found.samples).max() <= 1
    assert {turn.speaker for turn in found.turns} == {str(voice) for voice in range(people)}
    assert [turn.start for turn in found.turns] == sorted(turn.start for turn in found.turns)
    for turn in found.turns:
        assert 0 <= turn.start < turn.end <= 30


def test_a_speaker_never_talks_over_oneself() -> None:
    for seed in range(4):
        found = made(seed, 3, overlap=0.4)
        for voice in "012":
            own = [turn for turn in found.turns if turn.speaker == voice]
            assert all(later.start > turn.end for turn, later in pairwise(own))


def test_short_pauses_of_a_lone_speaker_are_part_of_the_turn() -> None:
    own = made(5, 1, seconds=60).turns
    assert len(own) > 1
    assert all(later.start - turn.end >= JOINED for turn, later in pairwise(own))


@pytest.mark.parametrize("wanted", [0.0, 0.1, 0.25])
def test_overlap_is_what_was_asked_for(wanted: float) -> None:
    shares = [overlap(made(seed, 3, seconds=60, overlap=wanted)) for seed in range(5)]
    assert float(np.mean(shares)) == pytest.approx(wanted, abs=0.05)


def test_longer_pauses_make_more_silence() -> None:
    def silence(pause: float) -> float:
        return float(np.mean([(~grid(made(seed, pause=pause)).any(axis=1)).mean() for seed in range(5)]))

    assert silence(4.0) > silence(0.5) > silence(0.05)


def test_the_turns_are_where_the_speech_is() -> None:
    found = made(7, 2, seconds=60, overlap=0.1)
    truth: NDArray[np.bool_] = np.asarray(grid(found).any(axis=1))
    heard = np.zeros_like(truth)
    for segment in find_speech(found.samples):
        heard[segment.start * GRID // SAMPLE_RATE : segment.end * GRID // SAMPLE_RATE] = True
    assert (heard & ~truth).mean() < 0.03
    assert (truth & ~heard).mean() < 0.15  # the pauses below JOINED that belong to a turn
    power = found.samples.reshape(len(truth), -1).std(axis=1)
    assert power[truth].mean() > 30 * power[~truth].mean()


def test_each_voice_is_heard_in_its_own_turns_only() -> None:
    tones = [np.sin(np.arange(5 * SAMPLE_RATE) * 2 * np.pi * hertz / SAMPLE_RATE) for hertz in (400, 3_000)]
    whole = hear(voices()[0][0].samples).speech[:1]
    length = whole[0].end
    clips = [[Clip(tone[:length].astype(np.float32), whole)] for tone in tones]
    found = make_conversation(np.random.default_rng(1), clips, seconds=30, overlap=0.0)
    for turn in found.turns:
        piece = found.samples[
            round((turn.start + 0.05) * SAMPLE_RATE) : round((turn.end - 0.05) * SAMPLE_RATE)
        ]
        if piece.size < 800:
            continue
        loudest = np.abs(np.fft.rfft(piece)).argmax() * SAMPLE_RATE / piece.size
        assert loudest == pytest.approx((400, 3_000)[int(turn.speaker)], abs=20)


def test_noise_lies_as_far_below_the_speech_as_asked() -> None:
    hiss = np.random.default_rng(0).standard_normal(SAMPLE_RATE).astype(np.float32)
    clean, noisy = made(9), made(9, noise=hiss, snr_db=10.0)
    assert clean.turns == noisy.turns
    spoken = grid(clean).any(axis=1).repeat(SAMPLE_RATE // GRID)
    level = clean.samples[spoken].std() / (noisy.samples - clean.samples).std()
    assert 20 * np.log10(level) == pytest.approx(10, abs=0.5)


def test_rooms_ring_on_after_the_turns() -> None:
    times = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    room = (np.random.default_rng(0).standard_normal(times.size) * np.exp(-times * 8)).astype(np.float32)
    room[0] = 3
    dry, wet = made(4, pause=2.0), made(4, pause=2.0, rooms=[room, room])
    assert dry.samples.shape == wet.samples.shape

    def after(conversation: Conversation) -> float:
        ends = [turn.end for turn in conversation.turns]
        pieces = [
            conversation.samples[round((end + 0.1) * SAMPLE_RATE) : round((end + 0.2) * SAMPLE_RATE)]
            for end in ends
            if not any(turn.start < end + 0.3 and turn.end > end for turn in conversation.turns)
        ]
        return float(np.concatenate(pieces).std())

    assert after(wet) > 5 * after(dry)


def test_voices_without_speech_are_refused() -> None:
    silence = np.zeros(SAMPLE_RATE, np.float32)
    with pytest.raises(ValueError, match="no clip"):
        make_conversation(np.random.default_rng(1), [[silence]], seconds=5)
