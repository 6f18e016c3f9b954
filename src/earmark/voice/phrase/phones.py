"""The phrase checker that ships: the phone network, the lattice of the phrase, and its calibration."""

from collections.abc import Sequence

import numpy as np

from earmark.errors import InvalidRequest, PhraseUnsupported
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.phrase.checker import LOCALE, PhraseExamined, PhraseMatch, WordMatch
from earmark.voice.phrase.examine import examine
from earmark.voice.phrase.network import STEP_SECONDS, PhoneEar
from earmark.voice.phrase.pronunciations import BLANK, pronounce, words_of
from earmark.voice.phrase.scoring import Calibrations, hold, score, shipped_calibrations

MOST_SECONDS = 120.0
PHONE_SECONDS = 0.25  # a phone that is longer is followed by a pause
LANGUAGES = frozenset({LOCALE})


class PhoneChecker:
    """Hears phrases with the network that ships, or with others."""

    languages = LANGUAGES

    def __init__(self, ear: PhoneEar | None = None, calibrations: Calibrations | None = None) -> None:
        self._ear = ear or PhoneEar()
        self._calibrations = calibrations or shipped_calibrations()

    def check(self, clip: Floats, phrase: str, locale: str = LOCALE) -> PhraseMatch:
        """Whether a clip (samples,) says the phrase; errors as in `PhraseChecker`."""
        return self.best(clip, [phrase], locale)[1]

    def best(self, clip: Floats, phrases: Sequence[str], locale: str = LOCALE) -> tuple[int, PhraseMatch]:
        """Which of the phrases a clip says best; errors as in `PhraseChecker`."""
        _supported(locale)
        if not phrases:
            raise InvalidRequest("There is no phrase to listen for: name at least one.")
        spoken = [words_of(phrase) for phrase in phrases]
        for words in spoken:
            for word in words:
                pronounce(word)  # a word that cannot be read is refused before anything is heard
        chances = self._hear(clip)
        found = [self._match(chances, phrase, words) for phrase, words in zip(phrases, spoken, strict=True)]
        place = max(range(len(found)), key=lambda number: found[number].llr)
        return place, found[place]

    def examine(self, phrase: str, locale: str = LOCALE, others: Sequence[str] = ()) -> PhraseExamined:
        """Whether a phrase can be checked well; errors as in `PhraseChecker`."""
        _supported(locale)
        return examine(phrase, others)

    def _hear(self, clip: Floats) -> Floats:
        if clip.size > MOST_SECONDS * SAMPLE_RATE:
            raise InvalidRequest(
                f"Phrases are looked for in at most {MOST_SECONDS:g} s of sound: send the phrase alone."
            )
        return self._ear.hear(clip)

    def _match(self, chances: Floats, phrase: str, words: Sequence[str]) -> PhraseMatch:
        weighed = hold(chances, words)
        each, whole, accepted = score(weighed, self._calibrations)
        times = weighed.evidence.cuts * STEP_SECONDS
        matches = tuple(
            WordMatch(word, float(llr), bool(llr >= 0), float(start), float(end))
            for word, llr, start, end in zip(words, each, times[:-1], times[1:], strict=True)
        )
        before, after = _speech_around(chances, int(weighed.evidence.cuts[0]), int(weighed.evidence.cuts[-1]))
        return PhraseMatch(phrase, whole, accepted, matches, before, after)


def _supported(locale: str) -> None:
    if locale.lower() not in LANGUAGES:
        raise PhraseUnsupported(
            f"Words can be checked in {', '.join(sorted(LANGUAGES))} only: use another locale, or give "
            "this one a recogniser (extra `asr`; recognisers/de-de in the home folder, say)."
        )


def _speech_around(chances: Floats, first: int, last: int) -> tuple[float, float]:
    """Seconds of speech before frame `first` and from frame `last` on."""
    best = chances.argmax(axis=1)
    begun = np.flatnonzero((best != BLANK) & (np.concatenate([[BLANK], best[:-1]]) != best))
    lengths = np.minimum(np.diff(np.concatenate([begun, [len(best)]])) * STEP_SECONDS, PHONE_SECONDS)
    return float(lengths[begun < first].sum()), float(lengths[begun >= last].sum())
