"""Decisions, identifications and qualities to sentences that somebody new to the field understands."""

from typing import TYPE_CHECKING

from earmark.voice.quality import ENROL, RECOGNISE, Quality, is_telephone, refusal
from earmark.voice.scoring.decision import Answer, Decision, Identification, OperatingPoint

if TYPE_CHECKING:
    from earmark.service.next_steps import NextStep
    from earmark.service.words import Words

# By the values of `NextStep`, whose module is slow to import.
ASK = {
    "more_speech": "Ask for another recording, longer or clearer.",
    "challenge": "Ask them to say words of your choice.",
    "person": "Let a person decide.",
}


def percent(probability: float) -> str:
    """A probability as people read it; never "100 %" nor "0 %", which no decision is."""
    if probability > 0.999:
        return "more than 99.9 %"
    if probability < 0.001:
        return "less than 0.1 %"
    return f"{100 * probability:.1f} %"


def operating_point(point: OperatingPoint) -> str:
    """Such as "needs 5.2 for 1 false match in 1,000"."""
    if point.fpir is not None:
        return (
            f"needs {point.threshold:.1f} for 1 stranger in {round(1 / point.fpir):,} among "
            f"{point.compared:,}"
        )
    return f"needs {point.threshold:.1f} for 1 false match in {round(1 / point.fmr):,}"


def speech(quality: Quality) -> str:
    """Such as "6.2 s of speech, 24 dB SNR"."""
    return f"{quality.speech_seconds:.1f} s of speech, {quality.snr_db:.0f} dB SNR"


def decision(result: Decision, *, label: str, other_words: bool = False) -> str:
    """One line for a verification."""
    if other_words:
        verdict = "Rejected: other words were said than were asked for."
    elif result.accepted:
        verdict = f"Accepted: this is {label}."
    elif result.answer is Answer.UNCERTAIN:
        verdict = f"Uncertain: this may be {label}, but not surely enough."
    elif result.llr > 0:
        verdict = f"Rejected: this may be {label}, but not surely enough."
    else:
        verdict = f"Rejected: this is not {label}."
    return (
        f"{verdict} {percent(result.probability).capitalize()} likely at even odds (LLR {result.llr:.1f}, "
        f"{operating_point(result.operating_point)}). {speech(result.quality)}."
    )


def spoken(heard: "Words | None") -> tuple[str, ...]:
    """What was heard of the words that had to be said, if any had to."""
    if heard is None:
        return ()
    what = "The challenge" if heard.challenge else "The passphrase"
    if heard.accepted:
        return (f"{what} was said, word for word (LLR {heard.llr:.1f}).",)
    missing = sum(not word.said for word in heard.words)
    how = f": {missing} of {len(heard.words)} words are missing or others" if missing else ""
    return (f"{what} was not said{how} (LLR {heard.llr:.1f}).",)


def with_advice(line: str, reasons: tuple[str, ...], *, more: tuple[str, ...] = ()) -> str:
    """The line, and below it what weakens the answer (the first reason is the verdict itself), and `more`."""
    return "\n".join([line, *(f"  {reason}" for reason in (*reasons[1:], *more))])


def advice(step: "NextStep | None") -> tuple[str, ...]:
    """What to ask for next, if anything."""
    return () if step is None else (ASK[step.value],)


def identification(result: Identification, *, labels: dict[str, str]) -> str:
    """One line for an identification; `labels` turns the candidates' keys into what people call them."""
    if not result.candidates:
        return f"Nobody is enrolled to compare with. {speech(result.quality)}."
    first = result.candidates[0]
    name = labels.get(first.key, first.key)
    if result.best is None:
        uncertain = result.answer is Answer.UNCERTAIN
        verdict = (
            f"Uncertain: this may be {name}" if uncertain else f"Nobody enrolled matches; closest is {name}"
        )
        return (
            f"{verdict} (LLR {first.llr:.1f}, "
            f"{operating_point(result.operating_point)}). {speech(result.quality)}."
        )
    return (
        f"This is {name}. {percent(first.probability).capitalize()} likely at even odds "
        f"(LLR {first.llr:.1f}, {operating_point(result.operating_point)}). {speech(result.quality)}."
    )


def quality_rows(quality: Quality) -> list[tuple[str, str, str]]:
    """What was measured, as rows of measure, value and what it means."""
    voices = ("several", "more than one person may be speaking") if quality.several_voices else ("one", "")
    noise = _steps(quality.snr_db, (ENROL.snr_db, "very noisy"), (15, "noisy"), "clean")
    rows = [
        ("speech", f"{quality.speech_seconds:.1f} s", f"in a recording of {quality.total_seconds:.1f} s"),
        (
            "level",
            f"{quality.level_dbfs:.0f} dBFS",
            _steps(quality.level_dbfs, (-45, "very quiet"), (-35, "quiet"), ""),
        ),
    ]
    if not quality.speech_seconds:
        return rows  # the others are measured of speech
    return [
        *rows,
        ("noise", f"{quality.snr_db:.0f} dB SNR", noise),
        (
            "clipping",
            f"{100 * quality.clipped:.1f} %",
            "overdriven" if quality.clipped > ENROL.clipped else "",
        ),
        (
            "bandwidth",
            f"{quality.bandwidth_hz:,.0f} Hz",
            "as through a telephone" if is_telephone(quality) else "",
        ),
        ("voices", *voices),
    ]


def quality_verdict(quality: Quality) -> str:
    """What the clip is good for, under the rules that enrolment and recognition keep."""
    if refused := refusal(quality, RECOGNISE):
        return f"Not usable: {refused}"
    if refused := refusal(quality, ENROL):
        return f"Good enough to verify and identify, not to enrol by itself: {refused}"
    return "Good enough to enrol, verify and identify."


def _steps(value: float, low: tuple[float, str], middle: tuple[float, str], high: str) -> str:
    return low[1] if value < low[0] else middle[1] if value < middle[0] else high
