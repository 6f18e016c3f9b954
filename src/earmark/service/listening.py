"""A live stream so far to whether it is enough: somebody at a microphone never says that they are done."""

from dataclasses import dataclass

from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.vad import find_speech

PAUSE = 1.0  # seconds of silence after enough speech: the sentence is over
GENEROUS = 6.0  # seconds of speech beyond enough: nobody is made to talk on
LOOK_AGAIN = 1.0  # seconds of new audio that can at the earliest change the answer


@dataclass(frozen=True)
class Heard:
    """What a stream holds so far."""

    enough: bool
    wait_seconds: float  # of new audio before it is worth looking again


def listen(clip: Floats, *, needed_seconds: float) -> Heard:
    """Say whether a stream (samples,) at 16 kHz holds `needed_seconds` of speech and an end of it.

    Less speech than is missing cannot change the answer, so a caller who waits as told does work that grows
    with the length of the stream, not with its square.
    """
    segments = find_speech(clip)
    speech = sum(segment.end - segment.start for segment in segments) / SAMPLE_RATE
    if speech < needed_seconds:
        return Heard(enough=False, wait_seconds=max(LOOK_AGAIN, needed_seconds - speech))
    silence = (clip.size - segments[-1].end) / SAMPLE_RATE if segments else 0.0
    done = silence >= PAUSE or speech >= needed_seconds + GENEROUS
    return Heard(enough=done, wait_seconds=LOOK_AGAIN)
