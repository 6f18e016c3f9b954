"""Live streams: when there is enough of them, and how long it is worth waiting before asking again."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.service.listening import GENEROUS, PAUSE, listen
from earmark.voice.audio import load_clip
from earmark.voice.features import Floats
from earmark.voice.samples import sample_speakers
from earmark.voice.vad import find_speech

RATE = 16_000


@cache
def speech() -> Floats:
    """Half a minute of one person, and hardly a pause."""
    return np.concatenate([load_clip(path) for path in sample_speakers()["clara"]])


def silence(seconds: float) -> Floats:
    return np.random.default_rng(0).normal(0, 1e-4, round(seconds * RATE)).astype(np.float32)


def spoken(clip: Floats) -> float:
    return sum(one.end - one.start for one in find_speech(clip)) / RATE


@given(
    silent=st.floats(0, 3),
    talked=st.floats(0, 12),
    after=st.floats(0, 3),
    needed=st.lists(st.floats(0, 20), min_size=2, max_size=4),
)
@settings(max_examples=20, deadline=None)
def test_waiting_by_rule(silent: float, talked: float, after: float, needed: list[float]) -> None:
    clip = np.concatenate([silence(silent), speech()[: round(talked * RATE)], silence(after)])
    heard = [listen(clip, needed_seconds=one) for one in sorted(needed)]
    assert all(one.wait_seconds >= 1.0 for one in heard), "never less than a second"
    assert [one.wait_seconds for one in heard] == sorted(one.wait_seconds for one in heard)
    assert [one.enough for one in heard] == sorted((one.enough for one in heard), reverse=True)
    have = spoken(clip)
    for one, wanted in zip(heard, sorted(needed), strict=True):
        assert one.wait_seconds == max(1.0, wanted - have)
        assert not one.enough or have >= wanted, "nothing is enough that has too little speech"
        assert one.enough or have < wanted + GENEROUS, "nobody is made to talk on"


@given(cuts=st.lists(st.floats(0.1, 15), min_size=2, max_size=4), needed=st.floats(4, 20))
@settings(max_examples=20, deadline=None)
def test_more_speech_is_less_to_wait_for(cuts: list[float], needed: float) -> None:
    waits = [
        listen(speech()[: round(cut * RATE)], needed_seconds=needed).wait_seconds for cut in sorted(cuts)
    ]
    for sooner, later in pairwise(waits):
        assert later <= sooner + 0.2  # the detector may take back the end of a stream that was cut in a word


@pytest.mark.parametrize(("seconds", "needed"), [(0.0, 4.0), (10.0, 20.0)])
def test_silence_alone_is_never_enough(seconds: float, needed: float) -> None:
    heard = listen(silence(seconds), needed_seconds=needed)
    assert not heard.enough
    assert heard.wait_seconds == needed


def test_a_pause_ends_it() -> None:
    needed = 4.0
    talking = speech()[: 6 * RATE]
    assert spoken(talking) > needed
    assert not listen(talking, needed_seconds=needed).enough, "somebody is talking still"
    for pause, enough in ((PAUSE - 0.3, False), (PAUSE + 0.3, True)):
        assert listen(np.append(talking, silence(pause)), needed_seconds=needed).enough is enough
    assert not listen(np.append(talking, silence(5.0)), needed_seconds=20.0).enough, (
        "too little, however long"
    )


def test_whoever_talks_on_is_let_go() -> None:
    have = spoken(speech())
    assert listen(speech(), needed_seconds=have - GENEROUS - 0.1).enough
    tail = len(speech()) / RATE - find_speech(speech())[-1].end / RATE
    assert tail < PAUSE, "or the next line shows nothing"
    assert not listen(speech(), needed_seconds=have - GENEROUS + 0.1).enough


def test_waiting_as_told_looks_seldom() -> None:
    """A stream of any length is looked at once for what is missing, and then once a second at most."""
    clip, position, looks = np.append(speech(), silence(2)), 0, 0
    while True:
        heard = listen(clip[:position], needed_seconds=20.0)
        looks += 1
        if heard.enough:
            break
        position += round(heard.wait_seconds * RATE)
        assert position <= clip.size, "it never was enough"
    assert looks <= 3 + GENEROUS + 2 / 1.0
