"""A clip to what it says, next to the voice that says it: passphrases, activation phrases and challenges."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from earmark.errors import PhraseNotHeard, PhraseUnsupported
from earmark.service.phrases import ACTIVATION_PHRASES, DEFAULT_LOCALE, allowed_phrases, normal
from earmark.storage.store import Store
from earmark.storage.tenants import find_tenant
from earmark.storage.values import ProfileKind
from earmark.voice.features import Floats

if TYPE_CHECKING:
    from earmark.voice.phrase.checker import PhraseMatch

T = TypeVar("T")
MOST_AROUND = 0.5  # seconds of other speech before, and after, the answer to a challenge: a cough, an "um"


@dataclass(frozen=True)
class HeardWord:
    """One word of what was to be said."""

    word: str
    said: bool
    llr: float  # natural-log likelihood ratio: said against anything else
    start: float  # seconds from the start of the recording
    end: float


@dataclass(frozen=True)
class Words:
    """Whether a recording says what it has to, completely and nothing else instead."""

    accepted: bool
    llr: float  # natural-log likelihood ratio: this phrase against any other words
    words: tuple[HeardWord, ...]
    challenge: bool = False  # asked for once, and not the profile's passphrase


def beside(hear: Callable[[], "PhraseMatch"], listen: Callable[[], T]) -> tuple["PhraseMatch", T]:
    """Hear the words in a thread of their own while this one listens to the voice."""
    with ThreadPoolExecutor(1, thread_name_prefix="words") as pool:
        words = pool.submit(hear)
        voice = listen()
        return words.result(), voice


def check_phrase(store: Store, clip: Floats, phrase: str, locale: str) -> "PhraseMatch":
    """Compare a clip (samples,) with the one phrase that it should say. Raises PhraseUnsupported."""
    from earmark.voice.phrase.checker import checker_in

    return checker_in(store.home, locale).check(clip, phrase, locale.lower())


def find_phrase(store: Store, clip: Floats, phrases: Sequence[str], locale: str) -> "PhraseMatch":
    """Return the phrase that a clip (samples,) fits best, whether or not it is accepted."""
    from earmark.voice.phrase.checker import checker_in

    if not phrases:
        raise PhraseUnsupported("There is no passphrase in this language: add one, or choose another.")
    return checker_in(store.home, locale).best(clip, phrases, locale.lower())[1]


def as_words(match: "PhraseMatch", *, challenge: bool = False) -> Words:
    """Return what is told of a match.

    Around a passphrase people may talk; who answers a challenge says that and nothing else, or else a long
    recording of many words would answer many challenges.
    """
    words = tuple(HeardWord(one.word, one.said, one.llr, one.start, one.end) for one in match.words)
    around = max(match.speech_before, match.speech_after)
    if challenge and match.accepted and around > MOST_AROUND:
        return Words(False, min(match.llr, -(around - MOST_AROUND)), words, challenge)
    return Words(match.accepted, match.llr, words, challenge)


def fuse(voice_llr: float, words_llr: float) -> float:
    """LLR of "this person says these words" at even odds of each: both have to be true, independently."""
    # -log(exp(-v) + exp(-w) + exp(-v - w)), which is the logit of the product of both probabilities.
    return -_log_sum(-voice_llr, -words_llr, -voice_llr - words_llr)


@dataclass(eq=False)
class EnrolmentWords:
    """What the recordings of one enrolment say; each question is listened to once."""

    tenant: str
    store: Store
    clips: Sequence[Floats]  # (samples,) each
    names: Sequence[str]  # how messages call them
    _known: dict[tuple[str | None, bool], str | None] = field(default_factory=dict)

    def hear(self, kind: ProfileKind, locale: str | None, phrase: str | None, *, first: bool) -> str | None:
        """Return the passphrase of a text-dependent profile, which each recording says; None for others.

        It is `phrase`, or, where there is none yet, the listed one that the first recording says. The `first`
        recording of a profile of any words begins with an activation phrase, where the tenant asks for it.
        Raises PhraseNotHeard, which names the recording, and PhraseUnsupported.
        """
        asked = (phrase, first)
        if asked not in self._known:
            if kind is ProfileKind.TEXT_DEPENDENT:
                self._known[asked] = self._passphrase(locale or DEFAULT_LOCALE, phrase)
            else:
                self._known[asked] = None
                if first:
                    hear_activation(self.tenant, self.store, self.clips[0], locale or DEFAULT_LOCALE)
        return self._known[asked]

    def _passphrase(self, locale: str, phrase: str | None) -> str:
        clips, names = list(self.clips), list(self.names)
        if phrase is None:
            match = find_phrase(
                self.store, clips.pop(0), allowed_phrases(self.tenant, self.store, locale), locale
            )
            refuse_other_words(match, names.pop(0))
            phrase = normal(match.phrase)
        for clip, name in zip(clips, names, strict=True):
            refuse_other_words(check_phrase(self.store, clip, phrase, locale), name)
        return phrase


def hear_activation(tenant: str, store: Store, clip: Floats, locale: str) -> None:
    """Raise PhraseNotHeard unless a clip says an activation phrase, where the tenant asks for one.

    The phrase is compared and not stored; more may be said before and after it.
    """
    if not find_tenant(store, tenant).activation:
        return
    language = locale.lower().split("-")[0]
    phrases = [
        one for key, found in ACTIVATION_PHRASES.items() if key.split("-")[0] == language for one in found
    ]
    if not phrases:
        raise PhraseUnsupported(
            "There is no activation phrase in this language: make the profile in en-US, or ask for none."
        )
    if not find_phrase(store, clip, phrases, DEFAULT_LOCALE).accepted:
        raise PhraseNotHeard(
            "The first recording does not say an activation phrase: ask the person to begin with one."
        )


def refuse_other_words(match: "PhraseMatch", name: str) -> None:
    """Raise PhraseNotHeard unless the phrase was said; the message counts words and tells none."""
    if match.accepted:
        return
    missing = sum(not word.said for word in match.words)
    what = (
        f"{missing} of {len(match.words)} words are missing or others" if missing else "it says other words"
    )
    raise PhraseNotHeard(f"{name} does not say the passphrase ({what}): record it again, word for word.")


def _log_sum(*values: float) -> float:
    top = max(values)
    return top + math.log(sum(math.exp(value - top) for value in values))
