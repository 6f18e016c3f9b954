"""Diarized speakers and known voices to names: how likely each pair is, and who gets which name."""

from collections.abc import Sequence

import numpy as np

from earmark.voice.diarization.assignment import assign
from earmark.voice.diarization.clustering import Doubles
from earmark.voice.diarization.pipeline import Speaker
from earmark.voice.gallery import Gallery
from earmark.voice.scoring.calibration import Calibration, probability

# On simulated meetings of calibration speakers, noisy and reverberant, 1 in 75 strangers reaches 80, and
# 1 in 5 reaches 50, where the odds are even.
THRESHOLD = 80.0


def confidences(speakers: Sequence[Speaker], voices: Gallery, calibration: Calibration) -> Doubles:
    """How likely each speaker is each of the voices, (speakers, voices): 0 to 100, 50 at even odds."""
    table = np.zeros((len(speakers), len(voices)))
    for row, speaker in enumerate(speakers):
        scores = voices.scores(speaker.vector)
        llrs = calibration.llr(scores, voices.speech_seconds, max(speaker.seconds, 0.1))
        table[row] = [100.0 * probability(float(llr)) for llr in llrs]
    return table


def name_speakers(
    confidence: Doubles, *, threshold: float = THRESHOLD, exclusive: bool = True
) -> list[int | None]:
    """Of each speaker, the voice whose confidence (speakers, voices) reaches the threshold, or None.

    With `exclusive` each voice is given at most once, so that the total confidence is the greatest; without,
    each speaker gets the likeliest voice.
    """
    matches: list[int | None] = [None] * len(confidence)
    if not confidence.size:
        return matches
    reached = confidence >= threshold
    if exclusive:
        # Where the threshold is 0 a confidence of 0 is still better than no name.
        for row, column in assign(confidence + 1e-6, reached):
            matches[row] = column
    else:
        for row, column in enumerate(confidence.argmax(axis=1)):
            if reached[row, column]:
                matches[row] = int(column)
    return matches
