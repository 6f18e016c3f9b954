"""What Azure asked of recordings and profiles, as values of our own rules (contract, sections 1 and 3.1)."""

from dataclasses import dataclass, replace

from earmark.service import policy
from earmark.service.policy import EnrolmentPolicy
from earmark.storage.values import ProfileKind
from earmark.voice.engine import SOME_SPEECH
from earmark.voice.quality import RECOGNISE, QualityRules

BODY_BYTES = 5 << 20
V1_BODY_BYTES = 12 << 20  # five minutes of 16 kHz, 16 bit
MOST_CANDIDATES = 50
V1_MOST_CANDIDATES = 10
RANKED = 5
ANY_SPEECH = SOME_SPEECH.speech_seconds


@dataclass(frozen=True)
class Scenario:
    """One family of profiles: text-independent or -dependent, to identify or to verify."""

    name: str  # on the WebSocket
    path: str  # in REST
    kind: ProfileKind
    enrolment: EnrolmentPolicy
    recognition: QualityRules
    clip_seconds: tuple[float, float]  # of a recording to recognise

    @property
    def dependent(self) -> bool:
        """Whether its profiles have a passphrase."""
        return self.kind is ProfileKind.TEXT_DEPENDENT

    @property
    def identifies(self) -> bool:
        """Whether its profiles are searched; the others are verified one by one."""
        return self.kind is ProfileKind.IDENTIFICATION


_ANY_WORDS_RECOGNITION = replace(RECOGNISE, speech_seconds=4.0)

IDENTIFICATION = Scenario(
    "TextIndependentIdentification",
    "identification/text-independent",
    ProfileKind.IDENTIFICATION,
    policy.ANY_WORDS,
    _ANY_WORDS_RECOGNITION,
    (1.0, 120.0),
)
VERIFICATION = Scenario(
    "TextIndependentVerification",
    "verification/text-independent",
    ProfileKind.VERIFICATION,
    policy.ANY_WORDS,
    _ANY_WORDS_RECOGNITION,
    (1.0, 120.0),
)
PASSPHRASE = Scenario(
    "TextDependentVerification",
    "verification/text-dependent",
    ProfileKind.TEXT_DEPENDENT,
    policy.PASSPHRASE,
    replace(RECOGNISE, speech_seconds=ANY_SPEECH),
    (1.0, 10.0),
)
SCENARIOS = (IDENTIFICATION, VERIFICATION, PASSPHRASE)

# Version 1.0 asked for more speech, and took other lengths.
V1_IDENTIFICATION = replace(
    IDENTIFICATION,
    enrolment=replace(
        policy.ANY_WORDS, clip_seconds=(5.0, 300.0), enough_seconds=30.0, most_seconds=float("inf")
    ),
    recognition=replace(RECOGNISE, speech_seconds=30.0),
    clip_seconds=(1.0, 300.0),
)
V1_PASSPHRASE = replace(
    PASSPHRASE,
    enrolment=replace(PASSPHRASE.enrolment, clip_seconds=(1.0, 15.0)),
    clip_seconds=(1.0, 15.0),
)
V1_SHORT_CLIP = (1.0, 300.0)  # with shortAudio

LOCALES = (
    "en-US", "en-AU", "en-CA", "en-GB", "en-IN", "de-DE", "es-ES", "es-MX", "fr-FR", "fr-CA", "it-IT",
    "ja-JP", "pt-BR", "zh-CN",
)  # fmt: skip
PASSPHRASE_LOCALES = ("en-US",)


def find_locale(text: str, scenario: Scenario) -> str | None:
    """Return the locale that is meant, in its usual spelling; None for one that is not supported."""
    known = PASSPHRASE_LOCALES if scenario.dependent else LOCALES
    return next((locale for locale in known if locale.lower() == text.lower()), None)


def without_minimum(rules: QualityRules) -> QualityRules:
    """Return the rules for a caller who wants no least amount of speech."""
    return replace(rules, speech_seconds=ANY_SPEECH)
