"""Frames to turns: overlap, pauses, and windows whose local speakers come in any order."""

from itertools import pairwise

import numpy as np
import pytest

from earmark.voice.diarization.clustering import Clusters, Likeness, Tuning
from earmark.voice.diarization.hearing import HOP, WINDOW, Heard, Unit, hear
from earmark.voice.diarization.source import Stretch
from earmark.voice.diarization.stitching import make_exclusive, make_turns, stitch
from earmark.voice.features import Floats

TUNING = Tuning(
    likeness=Likeness(offset=-5.0, short=0.0, long=0.0, slope=10.0, seconds=(0.3, 30.0)),
    stop=0.0,
    together=2.0,
    most_apart=10.0,
    most_same=2.0,
    following=0.0,
    least_seconds=2.0,
    least_share=1.0,
    stop_small=-6.0,
    change=2.0,
    own=0.5,
)
SPOKEN = {"a": [(50, 400), (700, 1000)], "b": [(350, 650), (1040, 1200)]}  # frames
FRAMES = 1300


def truth() -> np.ndarray:
    table = np.zeros((FRAMES, 2), bool)
    for column, stretches in enumerate(SPOKEN.values()):
        for start, end in stretches:
            table[start:end, column] = True
    return table


class Told:
    """A segmenter that knows the truth, and orders local speakers anew in each window."""

    def __init__(self) -> None:
        self.rng, self.window = np.random.default_rng(2), 0

    def activity(self, clip: Floats) -> Floats:
        start = min(self.window * HOP, FRAMES - WINDOW)
        self.window += 1
        lanes = np.zeros((WINDOW, 3), np.float32)
        lanes[:, self.rng.permutation(3)[:2]] = truth()[start : start + WINDOW] * 0.9
        return lanes


def embed(clip: Floats) -> Floats:
    """What the clip says of its own speaker: see `sound`."""
    share = float(np.mean(clip))
    return np.array([1.0 - share, share], np.float32) / np.float32(np.hypot(1.0 - share, share))


def sound() -> Floats:
    """Samples that are 0 where a speaks and 1 where b does."""
    return np.repeat(truth()[:, 1] & ~truth()[:, 0], 320).astype(np.float32)


def meeting() -> Heard:
    everywhere = np.ones(FRAMES, bool)
    (heard,) = hear(iter([Stretch(0, sound(), last=True)]), Told(), embed, where=lambda _: everywhere)
    return heard


def test_units_have_one_speaker_and_no_frame_twice() -> None:
    heard = meeting()
    alone = [unit for unit in heard.units if unit.alone]
    frames = np.concatenate([unit.frames for unit in alone])
    assert np.unique(frames).size == frames.size
    assert np.array_equal(np.sort(frames), np.flatnonzero(truth().sum(axis=1) == 1))
    for unit in alone:
        assert len({tuple(row) for row in truth()[unit.frames].tolist()}) == 1
        assert unit.seconds <= 3.0
    assert [(unit.start, unit.end) for unit in heard.units if not unit.alone] == [(350, 400)]


def test_frames_come_back_as_they_were() -> None:
    heard = meeting()
    alone = [unit for unit in heard.units if unit.alone]
    labels = np.array([int(truth()[unit.start, 1]) for unit in alone])
    clusters = Clusters(labels, np.eye(2), np.array([10.0, 10.0]))
    found = stitch(heard, alone, clusters, TUNING)
    assert np.array_equal(found.speaking, truth())
    assert np.array_equal(found.loudest >= 0, truth().any(axis=1))

    turns = make_turns(found.speaking, names=["a", "b"])
    assert [(turn.start, turn.end, turn.speaker) for turn in turns] == [
        (1.0, 8.0, "a"),
        (7.0, 13.0, "b"),
        (14.0, 20.0, "a"),
        (20.8, 24.0, "b"),
    ]
    exclusive = make_exclusive(found.loudest, names=["a", "b"])
    assert [turn.speaker for turn in exclusive] == ["a", "b", "a", "b"]
    for one, other in pairwise(exclusive):
        assert one.end <= other.start


def test_one_who_is_only_heard_together_with_another_is_found_by_voice() -> None:
    """b says a word while a goes on: no window has b alone, and still b is known from elsewhere."""
    lanes = np.zeros((WINDOW, 3), np.uint8)
    lanes[:, 1] = 255
    lanes[200:300, 0] = 255
    later = np.zeros((WINDOW, 3), np.uint8)
    later[:, 2] = 255
    units = [
        Unit(np.arange(0, 200), np.array([1.0, 0.0], np.float32), True),
        Unit(np.arange(200, 300), np.array([0.6, 0.8], np.float32), False),
        Unit(np.arange(300, 500), np.array([1.0, 0.0], np.float32), True),
        Unit(np.arange(500, 1000), np.array([0.0, 1.0], np.float32), True),
    ]
    heard = Heard(starts=[0, 500], windows=[lanes, later], units=units, frames=1000)
    alone = [unit for unit in units if unit.alone]
    clusters = Clusters(np.array([0, 0, 1]), np.eye(2), np.array([8.0, 10.0]))
    found = stitch(heard, alone, clusters, TUNING)
    assert found.speaking[210:290].all()
    assert not found.speaking[:190, 1].any()


def test_short_pauses_are_closed_and_short_turns_left_out() -> None:
    speaking = np.zeros((500, 1), bool)
    speaking[10:100] = speaking[108:200] = True  # a pause of 0.16 s
    speaking[300:303] = True  # 0.06 s
    turns = make_turns(speaking, names=["a"])
    assert [(turn.start, turn.end) for turn in turns] == [(0.2, 4.0)]
    loudest = np.where(speaking[:, 0], 0, -1)
    assert [(turn.start, turn.end) for turn in make_exclusive(loudest, names=["a"])] == [(0.2, 4.0)]


def test_nobody_speaks() -> None:
    heard = Heard(starts=[0], windows=[np.zeros((100, 3), np.uint8)], frames=100)
    nobody = Clusters(np.zeros(0, np.int64), np.zeros((0, 1)), np.zeros(0))
    found = stitch(heard, [], nobody, TUNING)
    assert found.speaking.shape == (100, 0)
    assert make_turns(found.speaking, names=[]) == make_exclusive(found.loudest, names=[]) == []


@pytest.mark.parametrize("seconds", [0.01, 3.0, 10.0, 10.01, 249.0, 251.0, 600.0, 1_205.0, 1_215.0])
def test_windows_cover_a_recording_of_any_length_once(seconds: float) -> None:
    """Whatever its length, the frames that windows own are all of the recording's, in order."""
    from earmark.voice.diarization.source import open_stretches

    class Silent:
        def activity(self, clip: Floats) -> Floats:
            return np.zeros((-(-clip.size // 320), 3), np.float32)

    samples = np.zeros(round(seconds * 16_000), np.float32)
    with open_stretches(samples, seconds=240, overlap=10) as parts:
        sections = list(hear(parts, Silent(), embed, where=lambda clip: np.ones(clip.size // 320 + 1, bool)))
    assert len(sections) == (2 if seconds > 1_210.0 else 1)
    assert all(section.whole == (len(sections) == 1) for section in sections)
    end = 0
    for section in sections:
        assert section.first + section.begin == end
        owned = [section.owned(window) for window in range(len(section.starts))]
        assert (owned[0][0], owned[-1][1]) == (section.begin, section.frames)
        assert all(one[1] == other[0] for one, other in pairwise(owned))
        for (low, high), start, window in zip(owned, section.starts, section.windows, strict=True):
            assert start <= low <= high <= start + len(window) <= max(section.frames, WINDOW)
        end = section.first + section.frames
    assert end == -(-samples.size // 320)
