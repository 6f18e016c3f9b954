"""Window to frame activity: which of at most three local speakers speaks in each 20 ms frame.

A small network over filter banks gives seven classes a frame: nobody, one of three, two of three (the
powerset of Plaquet and Bredin, Interspeech 2023); `activity` gives each speaker's share of them.
"""

from pathlib import Path

import numpy as np

from earmark.voice.features import FRAME, HOP, SAMPLE_RATE, Floats, fbank
from earmark.voice.models.catalog import find_segmentation, load_weights
from earmark.voice.models.families.earmark import normalise
from earmark.voice.models.file import read_model
from earmark.voice.models.session import ModelSession

FRAME_SECONDS = 0.02
FRAME_SAMPLES = round(FRAME_SECONDS * SAMPLE_RATE)
WINDOW_SECONDS = 10.0
LOCAL_SPEAKERS = 3
CLASSES: tuple[tuple[int, ...], ...] = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
FRAMES_A_STEP = 4  # that the network takes at a time
EDGE = (FRAME - HOP) // 2  # samples on either side that centre each 10 ms feature in its stretch


class Segmenter:
    """The segmentation network; `activity` may be called by many threads at once."""

    def __init__(self, *, file: Path | None = None) -> None:
        """Load the network that ships, or the one in `file`.

        Raises ModelNotFound when the file is gone, ModelInvalid when it is damaged.
        """
        data = load_weights(find_segmentation()) if file is None else read_model(file)
        self._session = ModelSession(data)

    def activity(self, clip: Floats) -> Floats:
        """A window (samples,) of at most 10 s to (frames, 3): the probability that each local speaker speaks.

        Frame k lasts from k * 0.02 s to (k + 1) * 0.02 s; the last one may reach past the end. Which
        speaker comes first means nothing from one window to another.
        """
        frames = -(-clip.size // FRAME_SAMPLES)
        if not frames:
            return np.zeros((0, LOCAL_SPEAKERS), np.float32)
        classes = self._session.run(normalise(features_of(clip))[None])[0]
        return marginals(classes[:frames])


def features_of(clip: Floats) -> Floats:
    """A window (samples,) to log-mel energies (8 for each begun 80 ms, 80), not yet normalised."""
    missing = -clip.size % (FRAMES_A_STEP * FRAME_SAMPLES)
    return fbank(np.pad(clip, (EDGE, EDGE + missing)))


def marginals(classes: Floats) -> Floats:
    """Probabilities of the seven classes (frames, 7) to those of each speaker (frames, 3)."""
    member = np.zeros((len(CLASSES), LOCAL_SPEAKERS), np.float32)
    for place, members in enumerate(CLASSES):
        member[place, list(members)] = 1
    return np.asarray(classes @ member, np.float32)
