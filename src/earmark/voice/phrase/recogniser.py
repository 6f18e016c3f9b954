"""A recogniser of one's own in the checker's place: a sherpa-onnx model in a local folder (extra `asr`).

It writes down what it hears, and the words are compared: better than the checker that ships where the model
is, and for other languages. What it gives are no calibrated likelihood ratios: a word was heard or not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from earmark.errors import InvalidRequest, ModelInvalid, ModelNotFound, PhraseUnsupported
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.phrase.checker import LOCALE, PhraseExamined, PhraseMatch, WordMatch
from earmark.voice.phrase.examine import LEAST_WORDS, examine
from earmark.voice.phrase.pronunciations import words_of

HEARD, MISSED = 6.0, -6.0  # nats: one error in four hundred words, as good models make of clear speech
WORD_SECONDS = 0.35  # of a word for which the model gives no times
KINDS = {  # file names without `.int8` and `.onnx` by which models are shared
    ("encoder", "decoder", "joiner"): "from_transducer",
    ("encoder", "decoder"): "from_whisper",
    ("model",): "from_nemo_ctc",
}


@dataclass(frozen=True)
class Aligned:
    """What was heard beside a phrase: which of its words, and how many others before, within and after."""

    found: tuple[int | None, ...]  # for each word of the phrase, its place in what was heard
    before: int
    within: int
    after: int


def align(phrase: Sequence[str], heard: Sequence[str]) -> Aligned:
    """The alignment with the fewest wrong words; words around the phrase cost nothing."""
    rows, columns = len(phrase), len(heard)
    costs = np.zeros((rows + 1, columns + 1))
    costs[:, 0] = np.arange(rows + 1)
    for row in range(1, rows + 1):
        for column in range(1, columns + 1):
            change = costs[row - 1, column - 1] + (phrase[row - 1] != heard[column - 1])
            costs[row, column] = min(change, costs[row - 1, column] + 1, costs[row, column - 1] + 1)
    column = columns - int(costs[rows, ::-1].argmin())
    row, last, within = rows, column, 0
    found = list[int | None]([None] * rows)
    while row:
        same = column and phrase[row - 1] == heard[column - 1]
        if column and costs[row, column] == costs[row - 1, column - 1] + (not same):
            row, column = row - 1, column - 1
            found[row] = column if same else None
            within += not same
        elif costs[row, column] == costs[row - 1, column] + 1:
            row -= 1
        else:
            column, within = column - 1, within + 1
    return Aligned(tuple(found), column, within, columns - last)


class Recogniser:
    """Checks phrases by writing down what was said; many threads may ask at once."""

    def __init__(self, model: Any, languages: frozenset[str]) -> None:
        self._model = model
        self.languages = languages

    def check(self, clip: Floats, phrase: str, locale: str = LOCALE) -> PhraseMatch:
        """Whether a clip says the phrase; errors as in `PhraseChecker`."""
        return self.best(clip, [phrase], locale)[1]

    def best(self, clip: Floats, phrases: Sequence[str], locale: str = LOCALE) -> tuple[int, PhraseMatch]:
        """Which of the phrases a clip says best; errors as in `PhraseChecker`."""
        self._supported(locale)
        if not phrases:
            raise InvalidRequest("There is no phrase to listen for: name at least one.")
        wanted = [words_of(phrase) for phrase in phrases]
        heard = self._hear(clip)
        seconds = clip.size / SAMPLE_RATE
        found = [
            match_of(phrase, words, heard, seconds) for phrase, words in zip(phrases, wanted, strict=True)
        ]
        place = max(range(len(found)), key=lambda number: found[number].llr)
        return place, found[place]

    def examine(self, phrase: str, locale: str = LOCALE, others: Sequence[str] = ()) -> PhraseExamined:
        """As the checker that ships; of another language only the number of words is looked at."""
        self._supported(locale)
        if locale.lower() == LOCALE:
            return examine(phrase, others)
        words = words_of(phrase)
        short = len(words) < LEAST_WORDS
        doubts = (f"It has {len(words)} words: take at least {LEAST_WORDS}.",) if short else ()
        return PhraseExamined(" ".join(words), words, (), 0, short, None, 1.0, False, doubts)

    def _supported(self, locale: str) -> None:
        if locale.lower() not in self.languages:
            known = ", ".join(sorted(self.languages))
            raise PhraseUnsupported(f"This recogniser hears {known}: use one of these locales.")

    def _hear(self, clip: Floats) -> tuple[str, ...]:
        stream = self._model.create_stream()
        stream.accept_waveform(SAMPLE_RATE, clip)
        self._model.decode_stream(stream)
        text = str(stream.result.text)
        return words_of(text) if any(letter.isalnum() for letter in text) else ()


def match_of(phrase: str, words: Sequence[str], heard: Sequence[str], seconds: float) -> PhraseMatch:
    """What was heard in so many seconds to the words of a phrase; times are spread evenly."""
    aligned = align(words, heard)
    step = seconds / max(len(heard), 1)
    matches = []
    for word, place in zip(words, aligned.found, strict=True):
        start = step * place if place is not None else 0.0
        end = start + step if place is not None else 0.0
        matches.append(WordMatch(word, HEARD if place is not None else MISSED, place is not None, start, end))
    wrong = sum(place is None for place in aligned.found) + aligned.within
    return PhraseMatch(
        phrase,
        HEARD if not wrong else MISSED * wrong,
        not wrong,
        tuple(matches),
        aligned.before * WORD_SECONDS,
        aligned.after * WORD_SECONDS,
    )


def open_recogniser(folder: Path, *, languages: Sequence[str] = (LOCALE,)) -> Recogniser:
    """A recogniser from the files of a sherpa-onnx model: tokens.txt, and encoder/decoder/joiner or model.

    Nothing is fetched. Raises ModelNotFound when the folder holds no such files or the extra `asr` is not
    installed, ModelInvalid when sherpa-onnx cannot load them.
    """
    try:
        import sherpa_onnx
    except ImportError as error:
        raise ModelNotFound(
            "A recogniser needs sherpa-onnx: install Earmark with the extra `asr`."
        ) from error
    tokens = next(iter(sorted(folder.glob("*tokens.txt"))), None)
    for names, maker in KINDS.items():
        files = [_file(folder, name) for name in names]
        if tokens is None or None in files:
            continue
        named = {name: str(file) for name, file in zip(names, files, strict=True)}
        try:
            model = getattr(sherpa_onnx.OfflineRecognizer, maker)(**named, tokens=str(tokens))
        except Exception as error:
            raise ModelInvalid(
                f"sherpa-onnx cannot load this model ({type(error).__name__}): take one that was exported "
                f"for its {maker.removeprefix('from_')} recogniser."
            ) from error
        return Recogniser(model, frozenset(language.lower() for language in languages))
    raise ModelNotFound(
        "There is no sherpa-onnx model in this folder: it needs tokens.txt, and encoder, decoder and joiner, "
        "or encoder and decoder, or model, each an .onnx file."
    )


def _file(folder: Path, name: str) -> Path | None:
    """The model file of a part, the 8-bit one where there are two."""
    found = sorted(folder.glob(f"*{name}*.onnx"), key=lambda path: ("int8" not in path.name, path.name))
    return found[0] if found else None
