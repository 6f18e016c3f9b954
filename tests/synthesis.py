"""A sentence -> somebody's speech, synthesised while the tests run; `voices.py` makes WAV files of it.

The voices are espeak-ng's (see `evaluation/synthetic.py`); nothing of them is shipped or kept. A `take` is
another time that the same person says the same.
"""

from functools import cache

import numpy as np

from earmark.evaluation.synthetic import Voice, speak
from earmark.voice.features import SAMPLE_RATE, Floats

# Who speaks, chosen to sound unlike one another: variant, pitch, words a minute.
SPEAKERS: dict[str, tuple[str, int, int]] = {
    "mary": ("f2", 60, 150),
    "john": ("m3", 25, 150),
    "nora": ("f3", 90, 155),
    "carl": ("klatt4", 60, 145),
}


@cache
def say(text: str, speaker: str = "mary", take: int = 0) -> Floats:
    """A clip (samples,) of 16 kHz in which somebody says the text, in a little noise, with silence around."""
    variant, pitch, speed = SPEAKERS[speaker]
    chance = np.random.default_rng([take, *text.encode()])
    voice = Voice("en-us", variant, pitch + int(chance.integers(-2, 3)), speed + int(chance.integers(-8, 9)))
    pause = np.zeros(SAMPLE_RATE // 4, np.float32)
    clip = np.concatenate([pause, speak(text, voice), pause])
    return np.asarray(clip + chance.normal(0, 0.0005, clip.size), np.float32)


def said_pcm(text: str, speaker: str = "mary", take: int = 0) -> bytes:
    """The same as 16 kHz mono PCM16, without a header."""
    samples = np.clip(np.rint(say(text, speaker, take) * 32_767), -32_768, 32_767)
    return samples.astype("<i2").tobytes()
