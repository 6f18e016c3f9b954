"""Voice activity detection: real detector, sample voices, and sounds that are not speech."""

import os
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import earmark
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.vad import (
    WINDOW,
    Segment,
    _segments,
    find_speech,
    keep_speech,
    speech_probabilities,
    with_margin,
)

SAMPLES = Path(earmark.__file__).parent / "samples"
SPEAKERS = ("ada", "ben", "clara", "dima", "eva", "gwen", "hana")
SPEECH = Path(os.environ.get("EARMARK_SPEECH", Path(__file__).parents[2] / "../shared/speech"))
recordings = pytest.mark.skipif(not SPEECH.is_dir(), reason="needs recordings of people: set EARMARK_SPEECH")

TIME = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE


def sample(speaker: str, number: int = 1) -> Floats:
    return np.asarray(soundfile.read(SAMPLES / speaker / f"{number}.opus", dtype="float32")[0], np.float32)


def quantised(clip: Floats) -> Floats:
    """As a 16-bit file would keep it."""
    return np.asarray(np.round(clip * 32_768) / 32_768, np.float32)


def seconds(segments: list[Segment]) -> float:
    return sum(segment.end - segment.start for segment in segments) / SAMPLE_RATE


def chord() -> NDArray[np.float64]:
    notes = [
        np.sin(2 * np.pi * pitch * step * TIME) / step for pitch in (262, 330, 392) for step in range(1, 5)
    ]
    return np.asarray(0.1 * sum(notes) * (0.4 + 0.6 * np.exp(-4 * (TIME % 0.5))))


NOT_SPEECH: dict[str, Callable[[], NDArray[np.float64]]] = {
    "nothing": lambda: np.zeros(0),
    "one sample": lambda: np.ones(1),
    "silence": lambda: np.zeros(TIME.size),
    "silence with one click": lambda: (np.arange(TIME.size) == 30_000).astype(float),
    "click train": lambda: (np.arange(TIME.size) % 3_200 == 0).astype(float),
    "pure tone": lambda: 0.3 * np.sin(2 * np.pi * 440 * TIME),
    "low tone": lambda: 0.3 * np.sin(2 * np.pi * 150 * TIME),
    "square wave": lambda: 0.3 * np.sign(np.sin(2 * np.pi * 150 * TIME)),
    "sweep": lambda: 0.3 * np.sin(2 * np.pi * (100 * TIME + 300 * TIME**2)),
    "white noise": lambda: np.random.default_rng(1).normal(0, 0.1, TIME.size),
    "music-like": chord,
    "DC offset": lambda: np.full(TIME.size, 0.5),
    "noise on an offset": lambda: 0.5 + np.random.default_rng(1).normal(0, 0.01, TIME.size),
}


@pytest.mark.parametrize("gain", [1.0, 0.03, 0.001])
@pytest.mark.parametrize("sound", NOT_SPEECH)
def test_other_sounds_are_not_speech(sound: str, gain: float) -> None:
    assert find_speech(quantised((gain * NOT_SPEECH[sound]()).astype(np.float32))) == []


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_finds_the_speech_of_the_samples(speaker: str) -> None:
    clip = sample(speaker)
    assert 0.85 * clip.size / SAMPLE_RATE < seconds(find_speech(clip)) <= clip.size / SAMPLE_RATE


def test_segments_lie_where_the_speech_lies() -> None:
    word = sample("ben")[: 2 * SAMPLE_RATE]
    quiet = np.random.default_rng(2).normal(0, 1e-4, 2 * SAMPLE_RATE).astype(np.float32)
    clip = np.concatenate([quiet, word, quiet, word])
    segments = find_speech(clip)
    inside = np.zeros(clip.size, bool)
    for segment in segments:
        inside[segment.start : segment.end] = True
    second = 2 * SAMPLE_RATE
    assert inside[second : 2 * second].mean() > 0.85
    assert inside[3 * second :].mean() > 0.85
    slack = round(0.2 * SAMPLE_RATE)
    assert not inside[: second - slack].any()
    assert not inside[2 * second + slack : 3 * second - slack].any()
    assert all(before.end < after.start for before, after in pairwise(segments))
    assert segments[-1].end <= clip.size


def test_keeps_the_speech_alone() -> None:
    clip = np.arange(100, dtype=np.float32)
    kept = keep_speech(clip, [Segment(10, 12), Segment(50, 53)])
    np.testing.assert_array_equal(kept, [10, 11, 50, 51, 52])
    assert keep_speech(clip, []).shape == (0,)


@pytest.mark.parametrize("gain_db", [-20, -40, -50])
def test_level_hardly_matters(gain_db: int) -> None:
    clip = np.concatenate([sample(speaker) for speaker in ("ada", "ben", "dima")])
    quiet = quantised(clip * np.float32(10 ** (gain_db / 20)))
    assert seconds(find_speech(quiet)) == pytest.approx(seconds(find_speech(clip)), rel=0.1)


def test_a_click_does_not_hide_a_quiet_voice() -> None:
    clip = sample("ada") * np.float32(0.003)
    clicked = clip.copy()
    clicked[500] = 1.0
    assert seconds(find_speech(clicked)) == pytest.approx(seconds(find_speech(clip)), rel=0.1)


def test_an_offset_does_not_matter() -> None:
    clip = sample("ada") * np.float32(0.01)
    assert seconds(find_speech(clip + np.float32(0.3))) == pytest.approx(seconds(find_speech(clip)), rel=0.1)


def test_a_lone_word_in_a_long_silence_is_found() -> None:
    clip = np.random.default_rng(3).normal(0, 1e-4, 10 * SAMPLE_RATE).astype(np.float32)
    clip[80_000:86_400] += sample("ada")[4_000:10_400]
    segments = find_speech(clip)
    assert segments
    assert all(72_000 < segment.start < segment.end < 96_000 for segment in segments)


def test_a_clip_does_not_depend_on_the_one_before() -> None:
    first, second = sample("ada"), sample("ben")
    alone = speech_probabilities(second)
    speech_probabilities(first)
    np.testing.assert_array_equal(speech_probabilities(second), alone)


def test_threads_agree_with_one_thread() -> None:
    clips = [sample(speaker)[: 2 * SAMPLE_RATE] for speaker in SPEAKERS] * 2
    serial = [find_speech(clip) for clip in clips]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(find_speech, clips)) == serial


def test_the_last_partial_window_counts() -> None:
    clip = sample("ada")[: 20 * WINDOW + 100]
    assert speech_probabilities(clip).shape == (21,)
    assert speech_probabilities(clip[:1]).shape == (1,)
    clip.flags.writeable = False
    find_speech(clip)


def test_memory_is_bounded_by_the_clip() -> None:
    clip = np.tile(sample("ada"), 6)
    find_speech(clip[:SAMPLE_RATE])
    tracemalloc.start()
    find_speech(clip)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < clip.nbytes / 4


def windows(*runs: tuple[float, int]) -> Floats:
    return np.concatenate([np.full(count, value, np.float32) for value, count in runs])


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([(0.1, 20)], []),
        ([(0.1, 10), (0.9, 10), (0.1, 10)], [(10, 20)]),
        ([(0.1, 10), (0.4, 10), (0.1, 10)], []),  # never entered
        ([(0.9, 10), (0.4, 5), (0.2, 10)], [(0, 15)]),  # not left before 0.35
        ([(0.9, 10), (0.2, 3), (0.9, 7), (0.1, 5)], [(0, 20)]),  # 96 ms is a pause within speech
        ([(0.9, 10), (0.2, 8), (0.9, 7), (0.1, 5)], [(0, 10), (18, 25)]),
        ([(0.1, 9), (0.9, 4), (0.1, 9)], []),  # 128 ms: a click or a cough
        ([(0.1, 9), (0.9, 5), (0.1, 9)], [(9, 14)]),
        ([(0.1, 9), (0.9, 9)], [(9, 18)]),
    ],
)
def test_hysteresis(runs: list[tuple[float, int]], expected: list[tuple[int, int]]) -> None:
    probabilities = windows(*runs)
    samples = probabilities.size * WINDOW - 100  # the last window is partial
    pad = 640
    assert _segments(probabilities, samples) == [
        Segment(max(0, first * WINDOW - pad), min(samples, last * WINDOW + pad)) for first, last in expected
    ]


def test_padding_never_makes_segments_meet() -> None:
    segments = _segments(windows((0.9, 10), (0.1, 4), (0.9, 10)), 24 * WINDOW)
    assert len(segments) == 2
    assert segments[0].end < segments[1].start


def index(dataset: str, count: int) -> list[Floats]:
    """The first `count` clips of a set of recordings."""
    lines = (SPEECH / dataset / "index.tsv").read_text("utf-8").splitlines()
    header = lines[0].split("\t")
    rows = [dict(zip(header, line.split("\t"), strict=False)) for line in lines[1 : count + 1]]
    clips = []
    for row in rows:
        start, size = int(row["start_sample"]), int(row["samples"])
        clip, _ = soundfile.read(SPEECH / dataset / row["shard"], size, start, dtype="float32")
        clips.append(np.asarray(clip, np.float32))
    return clips


@recordings
def test_finds_one_second_words_of_people() -> None:
    found = [bool(find_speech(clip)) for clip in index("speech_commands", 60)]
    assert np.mean(found) > 0.9


@recordings
def test_finds_next_to_nothing_in_recorded_noise() -> None:
    clips = index("noise", 30)
    found = sum(seconds(find_speech(clip)) for clip in clips)
    assert found < 0.05 * sum(clip.size for clip in clips) / SAMPLE_RATE


def test_margins_join_near_stretches_and_stay_in_the_clip() -> None:
    near = [Segment(1_000, 9_000), Segment(15_000, 20_000), Segment(40_000, 47_000)]
    assert with_margin(near, 48_000) == [Segment(0, 23_200), Segment(36_800, 48_000)]
    assert with_margin([], 48_000) == []
