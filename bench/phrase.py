"""Time of the phrase check per second of audio, alone and beside the voice, on one thread each."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from bench.timing import medians
from earmark.voice.audio import load_clip
from earmark.voice.engine import Engine
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.phrase.checker import open_checker
from earmark.voice.samples import sample_speakers

SECONDS = (3.0, 6.0, 30.0)
PHRASE = "apple juice tastes funny after toothpaste"
TEN = (
    "i am going to make him an offer he cannot refuse",
    "houston we have had a problem",
    "my voice is my passport verify me",
    PHRASE,
    "you can get in without your password",
    "you can activate security system now",
    "my voice is stronger than passwords",
    "my password is not your business",
    "my name is unknown to you",
    "be yourself everyone else is already taken",
)
AIM = 0.3  # of real time


def speech(seconds: float) -> Floats:
    """Sample voices, one after the other."""
    clips = [load_clip(clip) for clips in sample_speakers().values() for clip in clips]
    return np.resize(np.concatenate(clips), int(seconds * SAMPLE_RATE))


def lines(model: str | None, rounds: int) -> Iterator[str]:
    """The section, line by line."""
    checker, engine = open_checker(), Engine(model=model)
    checker.check(speech(1.0), PHRASE)
    yield f"processor time per second of audio, median of {rounds} rounds; aim {AIM}"
    for seconds in SECONDS:
        clip = speech(seconds)
        busy = {
            "one phrase": _busy(lambda clip=clip: checker.check(clip, PHRASE), rounds),  # type: ignore[misc]
            "best of ten": _busy(lambda clip=clip: checker.best(clip, TEN), rounds),  # type: ignore[misc]
        }
        words = ", ".join(f"{name} {spent / seconds:.4f}" for name, spent in busy.items())
        yield f"  {seconds:4.0f} s: {words} x real time"
    clip = speech(6.0)
    with ThreadPoolExecutor(2) as pool:

        def after() -> None:
            engine.embed(clip)
            checker.check(clip, PHRASE)

        def beside() -> None:
            both = pool.submit(engine.embed, clip), pool.submit(checker.check, clip, PHRASE)
            for one in both:
                one.result()

        one, two = medians([after, beside], rounds=rounds)
    yield (
        f"  6 s, voice and words: {1e3 * one:.0f} ms one after the other, {1e3 * two:.0f} ms side by side "
        "(two threads)"
    )


def _busy(work: Callable[[], object], rounds: int) -> float:
    """Median processor time of a call, in seconds."""
    spent = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        spent.append(time.process_time() - started)
    return float(np.median(spent))
