"""Embeddings of one enrolment to how alike they sound: a wrong recording among them spoils every decision."""

import math
from collections.abc import Sequence

import numpy as np

from earmark.errors import VoiceDiffers
from earmark.voice.quality import Quality
from earmark.voice.reasons import quality_reasons
from earmark.voice.scoring.calibration import Calibration, probability
from earmark.voice.voiceprint import Embedding, Voiceprint

# Refused below 1 % at even odds: so low an LLR comes from the same speaker in fewer than 1 of 99 cases.
CLEARLY_ANOTHER = -math.log(99)
DOUBTFUL = 0.0


def compare(
    known: Sequence[Embedding], new: Sequence[Embedding], calibration: Calibration | None
) -> list[float] | None:
    """Return each new recording's LLR against all the others, known and new.

    None when there is nothing to compare with, or the model has no calibration to judge by.
    """
    if calibration is None or len(known) + len(new) < 2:
        return None
    llrs = []
    for index, embedding in enumerate(new):
        others = Voiceprint((*known, *new[:index], *new[index + 1 :]))
        score = float(np.dot(others.vector, embedding.vector))
        llrs.append(calibration.llr(score, others.speech_seconds, embedding.quality.speech_seconds))
    return llrs


def refuse_another(
    llrs: Sequence[float], names: Sequence[str], qualities: Sequence[Quality], *, known: bool
) -> None:
    """Raise VoiceDiffers when a recording is clearly of another person than the rest.

    What about the recording may have made it sound so is said too: it may be the microphone's fault.
    """
    worst = int(np.argmin(llrs))
    if llrs[worst] >= CLEARLY_ANOTHER:
        return
    likely = _percent(llrs[worst])
    if len(llrs) == 2 and not known:  # of two, nobody can say which one is wrong
        raise VoiceDiffers(
            f"The two recordings are of different people ({likely} likely the same): "
            "give recordings of one person, or force it when you are certain."
        )
    weak = " ".join(["", *quality_reasons(qualities[worst])])
    raise VoiceDiffers(
        f"{names[worst]} is of another person than the rest ({likely} likely the same): "
        f"leave it out, or force it when you are certain.{weak}"
    )


def describe_doubt(llrs: Sequence[float], names: Sequence[str]) -> tuple[str, ...]:
    """Return a sentence for each recording that sounds more like somebody else than like the rest."""
    return tuple(
        f"{name} sounds unlike the rest ({_percent(llr)} likely the same person): listen to it."
        for name, llr in zip(names, llrs, strict=True)
        if llr < DOUBTFUL
    )


def _percent(llr: float) -> str:
    share = 100 * probability(llr)
    return "less than 1 %" if share < 1 else f"{share:.0f} %"
