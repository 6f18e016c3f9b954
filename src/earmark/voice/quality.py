"""Clip and speech segments to a `Quality`, and a `Quality` to a clear refusal."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.errors import (
    AudioClipped,
    AudioSilent,
    QualityRefused,
    SeveralVoices,
    SpeechTooNoisy,
    SpeechTooShort,
)
from earmark.voice import levels
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.vad import Segment, keep_speech


@dataclass(frozen=True)
class Quality:
    """What was measured of one clip; the basis of every refusal."""

    speech_seconds: float  # net speech found by the voice activity detector
    total_seconds: float  # length of the clip
    snr_db: float  # speech over what lies between, estimated: -10 to 60
    clipped: float  # fraction of speech samples on flat tops, at full scale or below, 0 to 1
    bandwidth_hz: float  # highest frequency that carries speech; telephone speech reads 3,400 to 4,550
    level_dbfs: float  # RMS level of speech, dB relative to full scale
    several_voices: bool  # more than one speaker is likely


@dataclass(frozen=True)
class QualityRules:
    """Limits that a clip must keep to be enrolled or recognised."""

    speech_seconds: float
    snr_db: float
    clipped: float
    several_voices: bool  # True: refuse a clip in which several voices are likely


ENROL = QualityRules(speech_seconds=4.0, snr_db=5.0, clipped=0.05, several_voices=True)
RECOGNISE = QualityRules(speech_seconds=1.0, snr_db=0.0, clipped=0.20, several_voices=False)

# Two voices are likely when the two least alike groups of windows of a clip are less alike than this
# (cosine of their mean vectors). For vectors whose mean over many speakers is near zero. Measured
# on joined clips of 60 speakers of speechocean762 with earmark-1: none of 120 single voices was parted below
# 0.5, half of 120 pairs were parted below 0.4. Measure again with each new default model.
ALIKE = 0.40
SECOND_VOICE_SECONDS = 2.0  # speech of a second voice: two windows, since one may be a laugh or a cough
TELEPHONE_HZ = 4_700.0  # a resampler leaves a skirt of speech above the 3,400 to 4,000 Hz of a telephone
TELEPHONE_SNR_DB = 20.0  # in more noise than that, wide-band speech can end as low


def measure(clip: Floats, segments: list[Segment], *, several_voices: bool) -> Quality:
    """Quality of a clip (samples,) whose speech lies in `segments`; what the windows say comes from outside.

    A clip without speech has the level of the whole clip and zeros for what is measured of speech.
    """
    speech = keep_speech(clip, segments)
    spectra = levels.find_spectra(clip, segments)
    return Quality(
        speech_seconds=speech.size / SAMPLE_RATE,
        total_seconds=clip.size / SAMPLE_RATE,
        snr_db=levels.snr_db(spectra),
        clipped=levels.clipped(speech),
        bandwidth_hz=levels.bandwidth_hz(spectra),
        level_dbfs=levels.level_dbfs(speech if speech.size else clip),
        several_voices=several_voices,
    )


def refuse(quality: Quality, rules: QualityRules) -> None:
    """Do nothing for a clip that keeps the rules; otherwise say what is wrong, by how much, and what to do.

    Raises AudioSilent, SpeechTooShort, SpeechTooNoisy, AudioClipped or SeveralVoices, the first that applies.
    """
    if quality.speech_seconds <= 0.0:
        raise AudioSilent(
            f"0.0 s of speech in {quality.total_seconds:.1f} s of sound at {quality.level_dbfs:.0f} dBFS, "
            f"need {rules.speech_seconds:g} s: check that the right microphone is on, and speak.",
            measure="speech_seconds",
            value=0.0,
            limit=rules.speech_seconds,
        )
    if quality.speech_seconds < rules.speech_seconds:
        raise SpeechTooShort(
            f"{_down(quality.speech_seconds, 0.1):.1f} s of speech, need {rules.speech_seconds:g} s: "
            f"ask for {_more(rules.speech_seconds - quality.speech_seconds)}.",
            measure="speech_seconds",
            value=quality.speech_seconds,
            limit=rules.speech_seconds,
        )
    if quality.snr_db < rules.snr_db:
        raise SpeechTooNoisy(
            f"The speech is {_down(quality.snr_db, 1.0):.0f} dB over the noise, need {rules.snr_db:g} dB: "
            "record again in a quieter place, or closer to the microphone.",
            measure="snr_db",
            value=quality.snr_db,
            limit=rules.snr_db,
        )
    if quality.clipped > rules.clipped:
        raise AudioClipped(
            f"{math.ceil(100 * quality.clipped)} % of the speech is cut off at its peaks, "
            f"at most {100 * rules.clipped:g} % may be: lower the recording level, or move away "
            "from the microphone, and record again.",
            measure="clipped",
            value=quality.clipped,
            limit=rules.clipped,
        )
    if rules.several_voices and quality.several_voices:
        raise SeveralVoices(
            "More than 1 voice is likely, need exactly 1: record the person alone, "
            "without other people, radio or television.",
            measure="several_voices",
            value=2.0,
            limit=1.0,
        )


def refusal(quality: Quality, rules: QualityRules) -> QualityRefused | None:
    """Why a clip of this quality does not keep the rules; None when it does."""
    try:
        refuse(quality, rules)
    except QualityRefused as refused:
        return refused
    return None


def is_telephone(quality: Quality) -> bool:
    """Whether a clip is clear enough to tell, and is telephone speech."""
    return 0.0 < quality.bandwidth_hz < TELEPHONE_HZ and quality.snr_db >= TELEPHONE_SNR_DB


def several_voices(vectors: Floats, seconds: NDArray[np.floating]) -> bool:
    """Whether the windows of a clip, unit vectors (w, D) lasting `seconds` (w,), hold more than one voice.

    The windows are parted into the two groups that are least alike (average linkage on the cosine, cut
    at two). It takes two groups of at least `SECOND_VOICE_SECONDS` whose mean vectors are less alike
    than `ALIKE`. Voices that speak at the same time all along look like one, and are not found.
    """
    parted = _part(vectors, np.asarray(seconds, np.float64))
    return parted is not None and parted < ALIKE


def _part(vectors: Floats, seconds: NDArray[np.float64]) -> float | None:
    """Cosine between the mean vectors of the two least alike groups; None when one would be too short."""
    groups = [[window] for window in range(len(vectors))]
    alike = np.asarray(vectors @ vectors.T, np.float64)
    np.fill_diagonal(alike, -np.inf)
    while len(groups) > 2:
        first, second = sorted(divmod(int(alike.argmax()), len(groups)))
        sizes = len(groups[first]), len(groups[second])
        merged = (sizes[0] * alike[first] + sizes[1] * alike[second]) / sum(sizes)
        alike[first], alike[:, first] = merged, merged
        alike[first, first] = -np.inf
        alike = np.delete(np.delete(alike, second, axis=0), second, axis=1)
        groups[first] += groups.pop(second)
    if len(groups) < 2 or min(seconds[group].sum() for group in groups) < SECOND_VOICE_SECONDS:
        return None
    means = [seconds[group] @ vectors[group] for group in groups]
    return float(means[0] @ means[1] / (np.linalg.norm(means[0]) * np.linalg.norm(means[1])))


def _down(value: float, step: float) -> float:
    """Rounded down, so that a refused value never reads as if it kept its limit."""
    return math.floor(value / step + 1e-9) * step


def _more(missing: float) -> str:
    """What to ask for: a sentence lasts about three seconds."""
    return "one more sentence" if missing <= 3.0 else f"{math.ceil(missing / 3.0)} more sentences"
