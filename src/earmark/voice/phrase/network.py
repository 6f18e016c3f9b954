"""Clip to the probabilities of phones in steps of 30 ms: the network that ships, through ONNX Runtime."""

from importlib.resources import files

import numpy as np

from earmark.voice.features import FRAME, HOP, SAMPLE_RATE, Floats, fbank
from earmark.voice.models.families.earmark import normalise
from earmark.voice.models.session import ModelSession
from earmark.voice.phrase.pronunciations import PHONES

STEP = 3  # 10 ms frames to an answer
STEP_SECONDS = STEP * HOP / SAMPLE_RATE
SHORTEST = FRAME + 8 * STEP * HOP  # samples; a shorter clip is filled up


class PhoneEar:
    """The phone network; `hear` may be called by many threads at once."""

    def __init__(self, data: bytes | None = None) -> None:
        """Load a model, the one that ships unless told otherwise; ModelInvalid when it is damaged."""
        if data is None:
            data = files("earmark.voice.models.phrase").joinpath("phones.onnx").read_bytes()
        self._session = ModelSession(data)

    def hear(self, clip: Floats) -> Floats:
        """A clip (samples,) to log probabilities (steps, 1 + phones); the first is the blank's."""
        if clip.size < SHORTEST:
            clip = np.pad(clip, (0, SHORTEST - clip.size))
        found: Floats = self._session.run(normalise(fbank(clip))[None])[0]
        if found.shape[1] != 1 + len(PHONES):
            raise ValueError(f"the phone network gives {found.shape[1]} classes, not {1 + len(PHONES)}")
        return found
