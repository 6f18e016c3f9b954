"""What was measured to sentences: why a decision came out as it did, and what would make it surer."""

from collections.abc import Sequence

from earmark.voice.quality import Quality, is_telephone
from earmark.voice.scoring.decision import Answer, OperatingPoint

CLOSE = 1.0  # LLR: nearer than this to the threshold, a second recording could turn the decision
SHORT_TEST = 3.0  # seconds of speech below which more would help
SHORT_ENROLMENT = 10.0
NOISY_DB = 10.0
CLIPPED = 0.02
VERDICTS = {
    Answer.ACCEPTED: "Accepted",
    Answer.UNCERTAIN: "Uncertain",
    Answer.REJECTED: "Not accepted",
}


def decision_reasons(
    llr: float, point: OperatingPoint, quality: Quality, enrolment: Sequence[Quality]
) -> tuple[str, ...]:
    """Reasons for one comparison: the verdict first, then whatever weakens it."""
    margin = llr - point.threshold
    verdict = (
        f"{VERDICTS[point.answer(llr)]}: the log-likelihood ratio {llr:.1f} is "
        f"{abs(margin):.1f} {'above' if margin >= 0 else 'below'} the {point.threshold:.1f} that a "
        f"false-match rate of {_rate(point.fmr)} needs."
    )
    close = ["It is a close call: another recording would make it surer."] if abs(margin) < CLOSE else []
    return (verdict, *close, *quality_reasons(quality), *_enrolment_reasons(quality, enrolment))


def quality_reasons(quality: Quality) -> list[str]:
    """What about the recording under test makes any answer less sure."""
    found = []
    if quality.speech_seconds < SHORT_TEST:
        found.append(
            f"The recording has only {quality.speech_seconds:.1f} s of speech: "
            f"{SHORT_TEST:.0f} s or more is surer."
        )
    if quality.snr_db < NOISY_DB:
        found.append(f"The recording is noisy ({quality.snr_db:.0f} dB SNR): move closer to the microphone.")
    if quality.clipped > CLIPPED:
        found.append(f"{quality.clipped:.0%} of the speech is overdriven: lower the recording level.")
    if quality.several_voices:
        found.append("More than one person may be speaking: record one person alone.")
    return found


def _enrolment_reasons(quality: Quality, enrolment: Sequence[Quality]) -> list[str]:
    found = []
    seconds = sum(part.speech_seconds for part in enrolment)
    if seconds < SHORT_ENROLMENT:
        found.append(
            f"The voiceprint rests on {seconds:.1f} s of speech: enrol {SHORT_ENROLMENT:.0f} s or more."
        )
    if any(part.several_voices for part in enrolment):
        found.append("More than one person may be speaking in the enrolment: enrol again, alone.")
    telephone, enrolled = is_telephone(quality), [is_telephone(part) for part in enrolment]
    if telephone and not any(enrolled):
        found.append("The recording is telephone speech and the enrolment is not: enrol by telephone too.")
    elif enrolled and all(enrolled) and not telephone:
        found.append("The enrolment is telephone speech and the recording is not: enrol a clearer one.")
    return found


def identification_reasons(
    best_llr: float | None, point: OperatingPoint, quality: Quality, *, compared: int, passed: int
) -> tuple[str, ...]:
    """Reasons for an identification among `compared` voiceprints, of which `passed` reach the threshold."""
    if best_llr is None:
        return ("There is nobody to compare with: enrol somebody first.", *quality_reasons(quality))
    margin = best_llr - point.threshold
    answer = point.answer(best_llr)
    found_or_not = "Found" if passed else "Uncertain" if answer is Answer.UNCERTAIN else "Nobody"
    asked = (
        f"a false-match rate of {_rate(point.fmr)} for each comparison needs"
        if point.fpir is None
        else f"lets {_rate(point.fpir)} strangers be taken for one of {point.compared:,}"
    )
    verdict = (
        f"{found_or_not}: the best of {compared} has the log-likelihood ratio {best_llr:.1f}, "
        f"{abs(margin):.1f} {'above' if margin >= 0 else 'below'} the {point.threshold:.1f} that {asked}."
    )
    found = [verdict]
    if abs(margin) < CLOSE:
        found.append("It is a close call: another recording would make it surer.")
    if passed > 1:
        found.append(
            f"{passed} of them pass: the first is the likeliest, and a longer recording would part them."
        )
    if point.fpir is None and compared > 1 and compared * point.fmr >= 0.1:
        stranger = 1.0 - (1.0 - point.fmr) ** compared
        found.append(
            f"Among {compared:,} people a stranger is taken for one of them in about {stranger:.0%} of "
            "searches at this rate: ask for a lower one where that matters."
        )
    return (*found, *quality_reasons(quality))


def _rate(fmr: float) -> str:
    return f"1 in {round(1 / fmr):,}"
