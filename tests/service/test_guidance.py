"""What else to record, by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest

from earmark.service.guidance import Guidance, guide
from earmark.storage.values import Enrolment, Profile, ProfileKind, ProfileState
from earmark.voice.quality import Quality
from earmark.voice.voiceprint import Embedding

GOOD = Quality(10.0, 12.0, 30.0, 0.0, 7_900.0, -20.0, several_voices=False)
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


def profile(*recordings: tuple[Quality, int], kind: ProfileKind = ProfileKind.TEXT_INDEPENDENT) -> Profile:
    """Recordings of a quality, each so many days after Monday."""
    made = tuple(Enrolment(uuid4(), MONDAY + timedelta(days=day), one) for one, day in recordings)
    return Profile(uuid4(), None, kind, None, ProfileState.ENROLLED, "a@1", MONDAY, MONDAY, made)


def test_how_much_more_and_how_different() -> None:
    little = guide(profile((replace(GOOD, speech_seconds=5.0), 0)))
    assert (little.speech_seconds, little.occasions) == (15.0, 1)
    assert "15 s more" in little.hints[0]
    assert "5 sentences" in little.hints[0]
    assert "another day" in little.hints[1]
    enough = guide(profile((GOOD, 0), (GOOD, 0), (GOOD, 1)))
    assert enough == Guidance()


@pytest.mark.parametrize(
    ("quality", "word"),
    [(replace(GOOD, bandwidth_hz=3_400.0), "telephone"), (replace(GOOD, snr_db=4.0), "noisy")],
)
def test_what_all_recordings_share(quality: Quality, word: str) -> None:
    alike = guide(profile((quality, 0), (quality, 0), (quality, 1)))
    assert [word in hint for hint in alike.hints] == [True]
    assert guide(profile((quality, 0), (GOOD, 0), (GOOD, 1))).hints == ()


def test_copies_add_little() -> None:
    one, other = np.eye(4, dtype=np.float32)[:2]
    heard = [Embedding(vector, GOOD, "a@1") for vector in (one, other, one, one)]
    told = guide(profile((GOOD, 0), (GOOD, 0), (GOOD, 1), (GOOD, 1)), heard)
    assert told.hints == (
        "2 recordings are nearly the same as another: that adds little. Let other words be said.",
    )


def test_a_passphrase_needs_its_repetitions_alone() -> None:
    assert guide(profile((GOOD, 0), kind=ProfileKind.TEXT_DEPENDENT)) == Guidance()
    assert guide(profile()) == Guidance()
