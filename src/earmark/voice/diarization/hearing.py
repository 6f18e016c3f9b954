"""Stretches of a recording to what is known of it before anybody is told apart: windows and units.

A window is ten seconds in which up to three local speakers are active or not. A unit is a few seconds in
which one of them speaks alone (or two at once), with its embedding. Windows overlap, units do not: each
second of speech is embedded once. A long recording is heard section by section, so that memory does not
grow with it.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import permutations
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from earmark.voice.diarization.segmenter import FRAME_SAMPLES, FRAME_SECONDS
from earmark.voice.diarization.segmenter import LOCAL_SPEAKERS as LOCAL
from earmark.voice.diarization.source import Stretch
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.vad import WINDOW as STEP
from earmark.voice.vad import speech_probabilities

WINDOW = 500  # frames in a window: 10 s
HOP = 125  # frames from one window to the next: 2.5 s, so that four windows hear each moment
STRETCH_SECONDS = 240  # of sound that is held at a time, a multiple of the hop
SECTION = 4  # stretches in a section, five in a last one: 16 to 20 minutes
LONGEST_UNIT = 150  # frames in a unit: 3 s
SHORTEST_UNIT = 15  # frames in a unit: 0.3 s; less speech says nothing of a voice
PAUSE = 15  # frames of silence that a unit goes on after: 0.3 s
LOOK, LOOK_HOP = 75, 25  # frames in a look, and from one to the next: 1.5 s every 0.5 s
SIGN = 0.1  # probability of speech, by the detector, that is a sign of it
NEAR = 16  # steps of the detector around each sign, 0.5 s, outside of which nobody speaks
RENEWED = 312  # steps after which the detector starts afresh: 10 s
ACTIVE = 128  # activity of a local speaker who speaks, of 0 to 255

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Frames = NDArray[np.signedinteger]  # 32 bits in long lists; counted from the section's start
Embed = Callable[[Floats], Floats]  # (samples,) at 16 kHz to a unit vector (D,)
Where = Callable[[Floats], NDArray[np.bool_]]  # (samples,) to the frames (frames,) that may hold speech


class Activity(Protocol):
    """What a segmentation network does."""

    def activity(self, clip: Floats) -> Floats:
        """A clip of at most 10 s to the activity of its local speakers, (frames, 3), 0 to 1."""


class Each(Protocol):
    """`map`, or that of a pool of threads."""

    def __call__(self, work: Callable[[Floats], Floats], clips: Iterable[Floats], /) -> Iterable[Floats]:
        """What `work` makes of each clip, in order."""


@dataclass(frozen=True, eq=False)
class Unit:
    """A few seconds of one local speaker alone, or of two at once."""

    frames: Frames  # the frames that it is made of, ascending, counted from the section's start
    vector: Floats  # (D,) of unit length
    alone: bool

    @property
    def seconds(self) -> float:
        """Seconds of sound in it."""
        return self.frames.size * FRAME_SECONDS

    @property
    def start(self) -> int:
        """Its first frame."""
        return int(self.frames[0])

    @property
    def end(self) -> int:
        """The frame after its last."""
        return int(self.frames[-1]) + 1


@dataclass(frozen=True, eq=False)
class Looks:
    """Short parts of speech, whoever speaks: they overlap, to find where one speaker follows another."""

    starts: Frames  # (n,)
    ends: Frames  # (n,)
    vectors: NDArray[np.float16]  # (n, D) of unit length: most of what is kept of a section


@dataclass(eq=False)
class Heard:
    """All that is kept of a section of a recording: some 2 kB a second. Frames count from its start."""

    starts: list[int] = field(default_factory=list)  # first frame of each window
    windows: list[Bytes] = field(default_factory=list)  # activity, (frames, LOCAL) each, 0 to 255
    units: list[Unit] = field(default_factory=list)
    looks: list[Looks] = field(default_factory=list)  # of each stretch
    first: int = 0  # frame of the recording that the section starts at
    begin: int = 0  # frames at its start that belong to the section before it
    frames: int = 0  # up to its end
    whole: bool = True  # it is all of the recording

    def look_vectors(self, low: int, high: int) -> NDArray[np.float64]:
        """Embeddings of the looks from the one numbered `low` up to `high`, (high - low, D)."""
        parts, first = [], 0
        for looks in self.looks:
            parts.append(looks.vectors[max(0, low - first) : max(0, high - first)])
            first += len(looks.vectors)
        return np.concatenate(parts).astype(np.float64)

    def owned(self, window: int) -> tuple[int, int]:
        """The frames that a window knows best: those nearer to its middle than to any other's."""
        here = self.starts[window]
        before = self.begin if window == 0 else _middle(self.starts[window - 1], here)
        last = window == len(self.starts) - 1
        return before, self.frames if last else _middle(here, self.starts[window + 1])


def hear(
    stretches: Iterator[Stretch],
    segmenter: Activity,
    embed: Embed,
    *,
    where: Where | None = None,
    threads: int = 1,
    told: Callable[[float], None] | None = None,
) -> Iterator[Heard]:
    """Listen to a recording once, from its start to its end, to its sections; `told` gets the seconds done.

    Nobody speaks but in the frames `where` there may be speech, by default `near_speech`. Any number of
    `threads` hear the same.
    """
    heard, held = Heard(), 0
    with _side_by_side(threads) as each:
        for stretch in stretches:
            if held >= SECTION and not stretch.last:  # a short rest stays with what is before it
                yield _closed(heard)
                start = stretch.start // FRAME_SAMPLES
                heard, held = Heard(first=start, begin=heard.first + heard.frames - start, whole=False), 0
            _hear_stretch(heard, stretch, segmenter, embed, where or near_speech, each, told)
            held += 1
    yield heard


def _closed(heard: Heard) -> Heard:
    """A section that another one follows: its last windows end with it."""
    for window in range(max(0, len(heard.starts) - WINDOW // HOP), len(heard.starts)):
        heard.windows[window] = heard.windows[window][: heard.frames - heard.starts[window]]
    heard.whole = False
    return heard


def _hear_stretch(
    heard: Heard,
    stretch: Stretch,
    segmenter: Activity,
    embed: Embed,
    where: Where,
    each: Each,
    told: Callable[[float], None] | None,
) -> None:
    first = stretch.start // FRAME_SAMPLES - heard.first
    total = first + -(-stretch.clip.size // FRAME_SAMPLES)
    begin = len(heard.starts)
    spoken = where(stretch.clip)
    starts = _window_starts(first, total, last=stretch.last)
    clips = [_cut(stretch.clip, start - first, start - first + WINDOW) for start in starts]
    for start, clip, activity in zip(starts, clips, each(segmenter.activity, clips), strict=True):
        known = _bytes(activity, -(-clip.size // FRAME_SAMPLES))
        heard.starts.append(start)
        heard.windows.append(known * spoken[start - first :][: len(known), None])
        if told is not None:
            told((heard.first + start + HOP) * FRAME_SECONDS)
    # The windows of the next stretch know what is nearer to the middle of its first one.
    heard.frames = total if stretch.last else _middle(starts[-1], starts[-1] + HOP)
    lanes, offset = _lanes(heard, begin)
    sound = stretch.clip[(offset - first) * FRAME_SAMPLES :]
    parts = list(_parts(lanes))
    pieces = (np.concatenate([_cut(sound, *span) for span in _spans(rows)]) for rows, _ in parts)
    for (rows, alone), vector in zip(parts, each(embed, pieces), strict=True):
        heard.units.append(Unit((rows + offset).astype(np.int32), vector, alone))
    looks = list(_looks(lanes.sum(axis=1) > 0))
    if looks:
        places = np.array(looks, np.int32) + np.int32(offset)
        vectors = list(each(embed, [_cut(sound, *look) for look in looks]))
        heard.looks.append(Looks(places[:, 0], places[:, 1], np.array(vectors, np.float16)))


@contextmanager
def _side_by_side(threads: int) -> Iterator[Each]:
    if threads < 2:
        yield map
        return
    with ThreadPoolExecutor(threads) as pool:
        yield pool.map


def _cut(clip: Floats, start: int, stop: int) -> Floats:
    """Frames from `start` up to `stop` of a clip."""
    return clip[start * FRAME_SAMPLES : stop * FRAME_SAMPLES]


def _window_starts(first: int, total: int, *, last: bool) -> list[int]:
    """First frames of a stretch's windows; the recording's last window ends with it."""
    if not last:
        return list(range(first, first + STRETCH_SECONDS * SAMPLE_RATE // FRAME_SAMPLES, HOP))
    starts = list(range(first, max(first, total - WINDOW) + 1, HOP))
    if starts[-1] + WINDOW < total:
        starts.append(total - WINDOW)
    return starts


def near_speech(clip: Floats) -> NDArray[np.bool_]:
    """Frames (frames,) of a stretch near to where the speech detector hears any sign of speech.

    The network knows ten seconds, and takes breath and rumble in a quiet window for a far voice.
    """
    signs = speech_probabilities(clip, renewed=RENEWED) >= SIGN
    near = np.convolve(signs, np.ones(2 * NEAR + 1), "same") > 0.5
    frames = np.arange(-(-clip.size // FRAME_SAMPLES))
    return near[np.minimum((frames * FRAME_SAMPLES + FRAME_SAMPLES // 2) // STEP, near.size - 1)]


def _bytes(activity: Floats, frames: int) -> Bytes:
    """Probabilities to bytes, for exactly `frames` frames: what is missing is silence."""
    rounded = np.zeros((frames, LOCAL), np.uint8)
    there = min(frames, len(activity))
    rounded[:there] = np.clip(np.rint(255.0 * activity[:there]), 0, 255)
    return rounded


def _middle(one: int, other: int) -> int:
    return (one + other + WINDOW) // 2


def _looks(spoken: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Looks [start, stop) at every stretch of speech, (frames,), none across a pause."""
    rows = np.flatnonzero(spoken)
    for run in np.split(rows, np.flatnonzero(np.diff(rows) > PAUSE) + 1) if rows.size else ():
        begin, end = int(run[0]), int(run[-1]) + 1
        if end - begin < SHORTEST_UNIT:
            continue
        starts = range(begin, max(begin, end - LOOK) + 1, LOOK_HOP)
        for start in starts:
            yield start, end if start == starts[-1] else start + LOOK


def _lanes(heard: Heard, begin: int) -> tuple[NDArray[np.bool_], int]:
    """Activity of the local speakers in the owned frames of windows, (frames, LOCAL), and its first frame.

    Local speakers of neighbouring windows are put in the same lane where they speak at the same time.
    """
    rows, order = [], tuple(range(LOCAL))
    for window in range(begin, len(heard.starts)):
        low, high = heard.owned(window)
        if window > begin:
            order = _matching(heard, window - 1, window, order)
        here = heard.starts[window]
        rows.append(heard.windows[window][low - here : high - here][:, order] >= ACTIVE)
    return np.concatenate(rows), heard.owned(begin)[0]


def _matching(heard: Heard, one: int, other: int, order: tuple[int, ...]) -> tuple[int, ...]:
    """Which local speaker of the window `other` goes on in each lane of the window before it."""
    shift = heard.starts[other] - heard.starts[one]
    before = heard.windows[one][shift:, list(order)].astype(np.float32)
    after = heard.windows[other][: len(before)].astype(np.float32)
    together = before[: len(after)].T @ after
    return max(permutations(range(LOCAL)), key=lambda way: sum(together[i, way[i]] for i in range(LOCAL)))


def _parts(lanes: NDArray[np.bool_]) -> Iterator[tuple[Ints, bool]]:
    """Rows of each unit, with whether its speaker is alone: stretches of one lane, cut evenly."""
    count = lanes.sum(axis=1)
    speaker = np.where(count == 1, lanes.argmax(axis=1), -1)
    spoken = np.flatnonzero(speaker >= 0)
    if spoken.size:
        changes = (np.diff(speaker[spoken]) != 0) | (np.diff(spoken) > PAUSE)
        for run in np.split(spoken, np.flatnonzero(changes) + 1):
            if run.size >= SHORTEST_UNIT:
                for part in np.array_split(run, -(-run.size // LONGEST_UNIT)):
                    yield part, True
    both = np.flatnonzero(count > 1)
    if both.size:
        kinds = (lanes[both] * (1 << np.arange(LOCAL))).sum(axis=1)
        changes = (np.diff(kinds) != 0) | (np.diff(both) > 1)
        for run in np.split(both, np.flatnonzero(changes) + 1):
            if run.size >= SHORTEST_UNIT:
                yield run, False


def _spans(rows: Ints) -> list[tuple[int, int]]:
    """Ascending rows as stretches without gaps, [start, end)."""
    cuts = np.flatnonzero(np.diff(rows) > 1) + 1
    return [(int(part[0]), int(part[-1]) + 1) for part in np.split(rows, cuts)]
