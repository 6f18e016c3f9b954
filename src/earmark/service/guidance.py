"""A profile's recordings to what would make it surer: how much more speech, and how different it should be.

`policy.missing` says what is needed at all; this says what still helps once that is there.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earmark.storage.values import Profile, ProfileKind
from earmark.voice.quality import is_telephone
from earmark.voice.reasons import NOISY_DB
from earmark.voice.voiceprint import Embedding

GOOD_SECONDS = 20.0  # of speech: beyond it more of the same day makes hardly any answer surer
GOOD_OCCASIONS = 2  # days: a voice, a room and a microphone are not the same on another
SENTENCE = 3.0  # seconds
SAME = 0.97  # cosine of two recordings that are copies of each other, or nearly


@dataclass(frozen=True)
class Guidance:
    """What would make a profile surer."""

    speech_seconds: float = 0.0  # more
    occasions: int = 0  # more days to record on
    hints: tuple[str, ...] = ()  # in words


def guide(profile: Profile, embeddings: Sequence[Embedding] = ()) -> Guidance:
    """Return what else to record; `embeddings` are those of its recordings, as far as they are at hand.

    A profile of one passphrase needs nothing but its repetitions.
    """
    if profile.kind is ProfileKind.TEXT_DEPENDENT or not profile.enrolments:
        return Guidance()
    qualities = [one.quality for one in profile.enrolments]
    seconds = max(0.0, GOOD_SECONDS - profile.speech_seconds)
    days = {one.created.date() for one in profile.enrolments}
    occasions = max(0, GOOD_OCCASIONS - len(days))
    hints = []
    if seconds:
        sentences = math.ceil(seconds / SENTENCE)
        hints.append(
            f"{seconds:.0f} s more speech would make it surer: {sentences} sentence"
            f"{'' if sentences == 1 else 's'} of other words than so far."
        )
    if occasions:
        hints.append(
            "All recordings are of one day: add one of another day, and of every kind of microphone that "
            "will be used."
        )
    telephone = {is_telephone(one) for one in qualities}
    if not occasions and telephone == {True}:
        hints.append("All recordings are telephone speech: add a clearer one if there will be others.")
    if all(one.snr_db < NOISY_DB for one in qualities):
        hints.append("All recordings are noisy: add one from a quieter place.")
    if (alike := _copies(embeddings)) > 0:
        hints.append(
            f"{alike} recording{' is' if alike == 1 else 's are'} nearly the same as another: that adds "
            "little. Let other words be said."
        )
    return Guidance(seconds, occasions, tuple(hints))


def _copies(embeddings: Sequence[Embedding]) -> int:
    """How many recordings are as good as copies of earlier ones."""
    if len(embeddings) < 2:
        return 0
    vectors = np.stack([one.vector for one in embeddings])
    alike = np.triu(vectors @ vectors.T, k=1)
    return int(np.count_nonzero(alike.max(axis=0) > SAME))
