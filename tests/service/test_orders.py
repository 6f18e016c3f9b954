"""Orders and outcomes to bytes and back, and what is refused of an order before anything is heard."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import InvalidRequest, SealBroken
from earmark.service.diarise import Fit
from earmark.service.orders import (
    Known,
    Order,
    Outcome,
    SpeakerOutcome,
    Voice,
    Webhook,
    check_order,
)
from earmark.storage.values import JobKind
from earmark.voice.diarization.turns import Turn

VOICE = Voice(b"\0\0\x80?", 3.5, "earmark-1@1.0")

scores = st.floats(0, 100)
texts = st.text(max_size=20)
voices = st.builds(Voice, st.binary(max_size=16), st.floats(0, 30), texts)
orders = st.builds(
    Order,
    kind=st.sampled_from(JobKind),
    source=texts,
    speakers=st.none() | st.integers(1, 50),
    known=st.lists(st.builds(Known, texts, voices), max_size=3).map(tuple),
    who=st.none() | st.just("all") | st.lists(texts, max_size=3).map(tuple),
    threshold=scores,
    exclusive_names=st.booleans(),
    remember=st.booleans(),
    webhook=st.none() | st.builds(Webhook, texts, st.booleans()),
    extra=st.dictionaries(texts.filter(lambda key: key != "base64"), st.booleans() | texts, max_size=3),
)
turns = st.builds(Turn, scores, scores, texts, st.none() | st.floats(0, 1))
speakers = st.builds(
    SpeakerOutcome,
    speaker=texts,
    match=st.none() | texts,
    fits=st.lists(st.builds(Fit, texts, st.none() | texts, scores), max_size=3).map(tuple),
    not_remembered=st.none() | texts,
)
outcomes = st.builds(
    Outcome,
    seconds=scores,
    turns=st.lists(turns, max_size=3).map(tuple),
    certainty=st.binary(max_size=50),
    turn_fit=st.lists(st.dictionaries(texts, st.integers(0, 100), max_size=2), max_size=3).map(tuple),
    speakers=st.lists(speakers, max_size=3).map(tuple),
    voiceprint=st.none() | voices,
    error=st.none() | texts,
)


@given(orders)
def test_an_order_comes_back_as_it_was(order: Order) -> None:
    # A dictionary with the one key `base64` is how bytes are written.
    assert Order.from_bytes(order.to_bytes()) == order


@given(outcomes)
def test_an_outcome_comes_back_as_it_was(outcome: Outcome) -> None:
    for fit in outcome.turn_fit:
        if fit.keys() == {"base64"}:
            return
    assert Outcome.from_bytes(outcome.to_bytes()) == outcome


def test_a_long_outcome_is_kept_small() -> None:
    day = Outcome(certainty=bytes(range(100)) * 43_200)
    assert len(day.to_bytes()) < len(day.certainty) // 10
    assert Outcome.from_bytes(day.to_bytes()) == day


def test_another_format_is_told() -> None:
    with pytest.raises(SealBroken, match="unknown format"):
        Order.from_bytes(b"\x02" + Order(JobKind.DIARIZE, "x").to_bytes()[1:])


@pytest.mark.parametrize(
    "change",
    [
        {"speakers": 0},
        {"speakers": 51},
        {"least": 3, "most": 2},
        {"threshold": -0.1},
        {"threshold": 100.1},
        {"threshold": float("nan")},
        {"known": (Known("ann", VOICE), Known("ann", VOICE))},
        {"known": (Known("", VOICE),)},
        {"known": tuple(Known(str(number), VOICE) for number in range(101))},
        {"known": (Known("ann", VOICE),), "who": "all"},
        {"known": (Known("ann", VOICE),), "remember": True},
        {"who": ()},
        {"extra": {"x": "y" * 5_000}},
        pytest.param({"extra": {"x": object()}}, id="an object"),
        {"kind": JobKind.VOICEPRINT, "who": "all"},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_at_once(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        check_order(Order(**{"kind": JobKind.IDENTIFY, "source": "media://x"} | change))


def test_what_makes_sense_is_not() -> None:
    check_order(Order(JobKind.IDENTIFY, "media://x", known=(Known("ann", VOICE),), threshold=100.0))
    check_order(Order(JobKind.DIARIZE, "media://x", least=2, most=2, who="all", remember=True))
