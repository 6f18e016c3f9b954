"""Frame activity against the truth, window by window: what is missed, invented or confused."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from earmark.voice.diarization.segmenter import FRAME_SAMPLES, FRAME_SECONDS, WINDOW_SECONDS
from earmark.voice.diarization.turns import Turn, speakers_of
from earmark.voice.features import SAMPLE_RATE, Floats

Activity = NDArray[np.bool_]  # (frames, speakers)


@dataclass(frozen=True)
class Counts:
    """Speaker-frames of several windows, each under the best order of its local speakers."""

    frames: int = 0
    wrong: int = 0  # frames in which not exactly the right speakers are found
    speech: int = 0  # speaker-frames of the truth, so overlap counts twice
    missed: int = 0
    false_alarm: int = 0
    confused: int = 0
    overlap: int = 0  # frames with two or more speakers in truth
    overlap_said: int = 0
    overlap_found: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(mine + theirs for mine, theirs in zip(_tuple(self), _tuple(other), strict=True)))

    @property
    def error_rate(self) -> float:
        """Missed, false alarm and confusion over the truth's speech, as in DER but within windows."""
        return (self.missed + self.false_alarm + self.confused) / max(1, self.speech)

    @property
    def overlap_f1(self) -> float:
        """Harmonic mean of precision and recall of overlapped frames; 0 when none is found."""
        return 2 * self.overlap_found / max(1, self.overlap + self.overlap_said)

    def line(self) -> str:
        """The figures in per cent of speech, wrong frames in per cent of frames."""
        speech, frames = max(1, self.speech), max(1, self.frames)
        return (
            f"error {self.error_rate:6.1%} = missed {self.missed / speech:6.1%} + false alarm "
            f"{self.false_alarm / speech:6.1%} + confused {self.confused / speech:6.1%}; "
            f"wrong frames {self.wrong / frames:6.1%}; overlap F1 {self.overlap_f1:.3f}"
        )


def _tuple(counts: Counts) -> tuple[int, ...]:
    return (
        counts.frames,
        counts.wrong,
        counts.speech,
        counts.missed,
        counts.false_alarm,
        counts.confused,
        counts.overlap,
        counts.overlap_said,
        counts.overlap_found,
    )


def truth_of(turns: Sequence[Turn], start: float, frames: int) -> Activity:
    """Who speaks in each 20 ms frame from `start` seconds on: (frames, speakers of the whole recording)."""
    people = speakers_of(turns)
    centres = start + (np.arange(frames) + 0.5) * FRAME_SECONDS
    active = np.zeros((frames, len(people)), bool)
    for turn in turns:
        active[:, people.index(turn.speaker)] |= (centres >= turn.start) & (centres < turn.end)
    return active


def decide(activity: Floats) -> Activity:
    """Probabilities (frames, speakers) to who speaks: as many as their sum says, the likeliest ones.

    So a frame in which two speakers are equally likely and one of them speaks has a speaker.
    """
    count = np.rint(activity.sum(axis=1)).astype(int)
    rank = np.argsort(np.argsort(-activity, axis=1), axis=1)
    return np.asarray(rank < count[:, None])


def compare(truth: Activity, said: Activity) -> Counts:
    """Counts of one window; the speakers of `said` (frames, any number) take the order that agrees most."""
    truth = truth[:, truth.any(axis=0)]
    wide = max(truth.shape[1], said.shape[1])
    real, heard = _widen(truth, wide), _widen(said, wide)
    together = real.T.astype(np.int64) @ heard.astype(np.int64)
    best = max(permutations(range(wide)), key=lambda order: int(together[range(wide), list(order)].sum()))
    heard = heard[:, list(best)]
    many, told = real.sum(axis=1), heard.sum(axis=1)
    right = (real & heard).sum(axis=1)
    return Counts(
        frames=len(real),
        wrong=int((real != heard).any(axis=1).sum()),
        speech=int(many.sum()),
        missed=int(np.maximum(0, many - told).sum()),
        false_alarm=int(np.maximum(0, told - many).sum()),
        confused=int((np.minimum(many, told) - right).sum()),
        overlap=int((many > 1).sum()),
        overlap_said=int((told > 1).sum()),
        overlap_found=int(((many > 1) & (told > 1)).sum()),
    )


def cut_windows(samples: Floats, turns: Sequence[Turn], hop: float) -> Iterator[tuple[Floats, Activity]]:
    """Windows of at most 10 s every `hop` seconds, each with its truth; a rest below a second is left out."""
    size = round(WINDOW_SECONDS * SAMPLE_RATE)
    for first in range(0, max(1, samples.size - SAMPLE_RATE), round(hop * SAMPLE_RATE)):
        window = samples[first : first + size]
        yield window, truth_of(turns, first / SAMPLE_RATE, -(-window.size // FRAME_SAMPLES))


def _widen(active: Activity, width: int) -> Activity:
    wider = np.zeros((len(active), width), bool)
    wider[:, : active.shape[1]] = active
    return wider
