"""What is read in clips without text, and which of it the network confirms; needs the extra `train`."""

import re

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("pocketsphinx", reason="the extra `train` is not installed")

from earmark.evaluation.synthetic import Voice, speak
from earmark.training import readings
from earmark.training.readings import GRAMMARS, LONGEST_RUN, NAMES, Word, cost, runs
from earmark.voice.features import Floats
from earmark.voice.phrase.network import STEP
from earmark.voice.phrase.pronunciations import PHONES, Phones, numbers, pronounce

CAT, DOG = numbers("K AE T"), numbers("D AO G")


def spoken(words: list[Phones], *, frames: int = 30) -> tuple[list[Word], Floats]:
    """Words of `frames` frames each, and a network that is nearly sure of every phone of them."""
    chances = np.full((len(words) * frames // STEP, 1 + len(PHONES)), np.log(1e-4), np.float32)
    chances[:, 0] = np.log(0.99)
    placed = []
    for number, phones in enumerate(words):
        start = number * frames
        placed.append(Word(start, start + frames, phones))
        for place, phone in enumerate(phones):
            step = start // STEP + 2 + 2 * place
            chances[step, [0, phone]] = np.log([1e-4, 0.99])
    return placed, chances


def test_phones_that_were_said_cost_little() -> None:
    _, chances = spoken([CAT, DOG])
    assert cost(chances, [CAT, DOG]) < 0.1
    assert cost(chances, [DOG, CAT]) > 3


def test_a_run_ends_where_the_network_hears_something_else() -> None:
    said, chances = spoken([CAT, DOG] * 6)
    assert [len(run) for run in runs(said, chances)] == [12]
    read = [*said[:5], Word(said[5].start, said[5].stop, numbers("S IH S T ER Z")), *said[6:]]
    assert [(run[0].start, run[-1].stop) for run in runs(read, chances)] == [(0, 120), (210, 360)]
    assert list(runs(read[4:7], chances)) == []
    assert list(runs([], chances)) == []


def test_a_run_is_no_longer_than_a_clip_of_a_batch() -> None:
    said, chances = spoken([CAT, DOG] * 20)
    found = list(runs(said, chances))
    assert [word for run in found for word in run] == said
    assert all(run[-1].stop - run[0].start <= LONGEST_RUN for run in found)


@pytest.mark.parametrize("kind", GRAMMARS)
def test_every_word_of_a_grammar_has_phones(kind: str) -> None:
    reader = readings.reader_of(kind)
    words = re.findall(r"[a-z']+", re.sub(r"<[a-z]+>|public", "", GRAMMARS[kind]))
    for word in {*words, "alexa", "smart", "mirror", "gimme", "wanna", "americano", "skim", "ounce"}:
        assert readings.phones_of(reader, word)
    assert readings.phones_of(reader, "the(2)") != readings.phones_of(reader, "the")
    assert readings.phones_of(reader, "<sil>") == readings.phones_of(reader, "[NOISE]") == ()


def test_a_wake_word_is_read() -> None:
    pytest.importorskip("espeakng_loader")
    reader = readings.reader_of(NAMES)
    for text in ("computer", "smart mirror"):
        clip = np.pad(speak(text, Voice("en-us", "Andy")), 4_000)
        # No room is as quiet as a synthesiser.
        clip += np.random.default_rng(1).normal(0, 1e-3, clip.size).astype(np.float32)
        found = [word.phones for word in readings.words_in(reader, clip)]
        assert len(found) == len(text.split())
        assert all(phones in pronounce(word) for phones, word in zip(found, text.split(), strict=True))
