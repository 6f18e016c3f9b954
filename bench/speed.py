"""Seconds of audio embedded per second, the model beside the baseline, on one and two threads."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.subjects import CLIPS, SECONDS, Subject, baseline, clips, missing, ours
from bench.timing import alternate
from earmark.voice.models.catalog import ModelEntry

AIM = 3.0


def lines(found: ModelEntry, root: Path | None, rounds: int) -> Iterator[str]:
    """The section, line by line."""
    group = clips(root)
    absent = missing("torch", "resemblyzer")
    made = "" if root else " (made noise: there is no speech folder)"
    yield f"{CLIPS} clips of {SECONDS:g} s{made}, median of {rounds} alternating rounds"
    for threads in (1, 2):
        subjects = [ours(found, threads)]
        if absent is None:
            subjects.append(baseline(threads))
        for title, functions in (
            ("features and network", [subject.embed for subject in subjects]),
            ("with speech detection", [subject.with_preprocessing for subject in subjects]),
        ):
            times = alternate([lambda f=function: f(group) for function in functions], rounds=rounds)  # type: ignore[misc]
            yield f"  {threads} thread{'s' if threads > 1 else ' '}, {title}: {_compared(subjects, times)}"
    if absent is not None:
        yield f"  the baseline was skipped: {absent} is not installed (extra `train`)"


def _compared(subjects: list[Subject], times: "np.ndarray[tuple[int, int], np.dtype[np.float64]]") -> str:
    audio = CLIPS * SECONDS
    words = [
        f"{subject.name} {audio / np.median(each):.0f} x real time"
        for subject, each in zip(subjects, times, strict=True)
    ]
    if len(subjects) == 2:
        ratio = times[1] / times[0]
        low, middle, high = np.percentile(ratio, [25, 50, 75])
        words.append(f"ratio {middle:.1f} (quartiles {low:.1f}-{high:.1f}; aim {AIM:g} on one thread)")
    return ", ".join(words)
