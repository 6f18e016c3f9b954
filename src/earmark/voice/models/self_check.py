"""A model and the built-in voices to a verdict: does it tell them apart with the front end it is given?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.errors import ModelInvalid, ModelSelfCheckFailed
from earmark.voice.embedding import Embedder
from earmark.voice.features import SAMPLE_RATE, Floats

# Synthetic voices are told apart by almost anything while both clips are clean, even by a network that was
# never trained. Across channels only what has learnt to listen to the voice passes, so one side of each
# pair is heard through a telephone's band or in noise.
EER_LIMIT = 0.20
ALIKE = 0.999  # cosine of different voices above which a model does not hear its input
LONGEST = 6  # seconds of each clip
TELEPHONE = (300.0, 3_400.0)  # Hz
TELEPHONE_SNR, NOISE_SNR = 30.0, 15.0  # dB of white noise

Voices = Mapping[str, Sequence[Floats]]  # speaker -> clips, 16 kHz


@dataclass(frozen=True)
class SelfCheck:
    """What a model made of the built-in pairs; `problem` is None when it passed."""

    eer: float  # equal error rate over all pairs, 0 to 1
    same: float  # mean cosine of two clips of one voice
    different: float  # mean cosine of two voices
    same_pairs: int
    different_pairs: int
    problem: str | None

    @property
    def passed(self) -> bool:
        """Whether the model can tell same from different."""
        return self.problem is None

    def require(self, *, hint: str = "") -> "SelfCheck":
        """This check, or ModelSelfCheckFailed with what was measured and the likely cause."""
        if self.problem is not None:
            raise ModelSelfCheckFailed(f"{self.problem} {hint}".strip())
        return self


def self_check(embedder: Embedder, voices: Voices | None = None) -> SelfCheck:
    """Compare each built-in clip with every other through a telephone's band, and with every other in noise.

    `voices` replaces the built-in ones: at least two speakers with two clips each.
    """
    chosen = load_voices() if voices is None else voices
    speakers = np.array([name for name, clips in chosen.items() for _ in clips])
    clean = [clip[: LONGEST * SAMPLE_RATE] for clips in chosen.values() for clip in clips]
    try:
        near = embedder.vectors(clean)
        telephone = embedder.vectors([add_noise(through_telephone(clip), TELEPHONE_SNR) for clip in clean])
        noisy = embedder.vectors([add_noise(clip, NOISE_SNR) for clip in clean])
    except ModelInvalid as error:
        return SelfCheck(1.0, 0.0, 0.0, 0, 0, f"The self-check could not run: {error}")
    scores = np.stack([near @ telephone.T, near @ noisy.T]).astype(np.float64)
    alike = speakers[:, None] == speakers
    itself = np.eye(len(speakers), dtype=bool)
    same, different = scores[:, alike & ~itself].ravel(), scores[:, ~alike].ravel()
    eer = equal_error_rate(same, different)
    return SelfCheck(
        eer,
        float(same.mean()),
        float(different.mean()),
        same.size,
        different.size,
        _problem(eer, different, embedder.entry.family),
    )


def through_telephone(clip: Floats) -> Floats:
    """A clip with nothing left outside a telephone's band."""
    spectrum = np.fft.rfft(clip)
    hertz = np.fft.rfftfreq(clip.size, 1 / SAMPLE_RATE)
    spectrum[(hertz < TELEPHONE[0]) | (hertz > TELEPHONE[1])] = 0
    return np.asarray(np.fft.irfft(spectrum, clip.size), np.float32)


def add_noise(clip: Floats, snr_db: float) -> Floats:
    """A clip in white noise, the same noise every time."""
    noise = np.random.default_rng(clip.size).standard_normal(clip.size)
    level = np.sqrt(np.mean(clip.astype(np.float64) ** 2)) * 10 ** (-snr_db / 20)
    return np.asarray(clip + level * noise, np.float32)


def load_voices() -> dict[str, list[Floats]]:
    """The synthetic speakers that ship with the package, decoded."""
    from earmark.voice.audio import load_clip
    from earmark.voice.samples import sample_speakers

    return {name: [load_clip(path) for path in paths] for name, paths in sample_speakers().items()}


def equal_error_rate(same: NDArray[np.float64], different: NDArray[np.float64]) -> float:
    """Rate at which misses and false matches are equal (ISO/IEC 19795-1), between the two nearest points."""
    thresholds = np.unique(np.concatenate([same, different, [np.inf]]))
    misses = np.searchsorted(np.sort(same), thresholds, side="left") / same.size
    matches = 1.0 - np.searchsorted(np.sort(different), thresholds, side="left") / different.size
    place = int(np.argmin(np.abs(misses - matches)))
    return float((misses[place] + matches[place]) / 2)


def _problem(eer: float, different: NDArray[np.float64], family: str) -> str | None:
    cause = (
        f"Most likely the model was not trained with the front end of family {family!r}: "
        "check which toolkit exported it."
    )
    if different.mean() > ALIKE:
        return f"The model gives the same vector for every voice (cosine {different.mean():.4f}). {cause}"
    if eer > EER_LIMIT:
        return (
            f"The model cannot tell the built-in voices apart: equal error rate {eer:.1%}, "
            f"the limit is {EER_LIMIT:.0%}. {cause}"
        )
    return None
