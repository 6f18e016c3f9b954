"""An answer that is not sure to what to ask of the person next, and a decision with all that goes with it."""

from dataclasses import dataclass
from enum import StrEnum

from earmark.service.words import Words, fuse
from earmark.voice.quality import Quality
from earmark.voice.reasons import CLIPPED, NOISY_DB
from earmark.voice.scoring.decision import Answer, Decision

ENOUGH_SPEECH = 10.0  # seconds of the recording in question; more of it makes hardly any answer surer


class NextStep(StrEnum):
    """What to ask for after an uncertain answer, the cheapest that helps first."""

    MORE_SPEECH = "more_speech"  # another recording, longer or better
    CHALLENGE = "challenge"  # words that they cannot have been recorded saying
    PERSON = "person"  # somebody who asks them something that only they know


@dataclass(frozen=True)
class Verified:
    """A decision, and what follows from it."""

    decision: Decision
    next_step: NextStep | None = None  # of an uncertain answer
    renewal: tuple[str, ...] = ()  # in words: why the person should enrol anew; empty when there is no need
    learned: bool = False  # the voiceprint moved a little towards this recording
    words: Words | None = None  # what it had to say; None when any words will do
    phrase: str | None = None  # the profile's passphrase

    @property
    def accepted(self) -> bool:
        """Whether it is the person, and the words are those that were asked for."""
        return self.decision.accepted and (self.words is None or self.words.accepted)

    @property
    def answer(self) -> Answer:
        """Accepted, rejected, or neither yet; other words than those that were asked for are a rejection."""
        return self.decision.answer if self.words is None or self.words.accepted else Answer.REJECTED

    @property
    def fused_llr(self) -> float:
        """Natural-log likelihood ratio of both, the person and the words; without words, of the voice."""
        return self.decision.llr if self.words is None else fuse(self.decision.llr, self.words.llr)


def next_step(
    answer: Answer, quality: Quality, *, claimed: bool, challenged: bool = False
) -> NextStep | None:
    """Return what to ask for; None after a sure answer.

    A challenge helps whoever claims to be somebody (`claimed`), and only once (`challenged`).
    """
    if answer is not Answer.UNCERTAIN:
        return None
    poor = quality.snr_db < NOISY_DB or quality.clipped > CLIPPED or quality.several_voices
    if poor or quality.speech_seconds < ENOUGH_SPEECH:
        return NextStep.MORE_SPEECH
    return NextStep.CHALLENGE if claimed and not challenged else NextStep.PERSON
