"""Text to words and phones, and whether a phrase is fit to be checked."""

import pytest

from earmark.errors import PhraseUnsupported
from earmark.voice.phrase.examine import distance, examine, sounds
from earmark.voice.phrase.pronunciations import (
    MOST_WORDS,
    PHONES,
    in_dictionary,
    names,
    numbers,
    pronounce,
    words_of,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("My voice is my passport, verify me!", "my voice is my passport verify me"),
        ("I'll talk \u2026 now", "i'll talk now"),
        ("It\u2019s me", "it's me"),
        ("4 7 1", "four seven one"),
        ("471", "four seven one"),
        ("  ONE\ttwo\n", "one two"),
    ],
)
def test_words_of_a_text(text: str, words: str) -> None:
    assert " ".join(words_of(text)) == words


@pytest.mark.parametrize("text", ["", " .,!", "\u2603", "word " * (MOST_WORDS + 1)])
def test_a_text_without_words_or_with_too_many_is_refused(text: str) -> None:
    with pytest.raises(PhraseUnsupported):
        words_of(text)


@pytest.mark.parametrize("word", ["stra\u00dfe", "\u3053\u3093", "x" * 31, "'"])
def test_a_word_that_is_not_written_in_english_letters_is_refused(word: str) -> None:
    with pytest.raises(PhraseUnsupported) as caught:
        pronounce(word)
    assert word not in str(caught.value)


def test_known_words_have_their_pronunciations() -> None:
    assert names(pronounce("password")[0]) == "P AE S W ER D"
    assert {names(said) for said in pronounce("the")} >= {"DH AH", "DH IY"}
    assert in_dictionary("toothpaste")


@pytest.mark.parametrize(
    ("word", "said"),
    [("earmark's", "IH R M AA R K S"), ("plond", "P L AA N D"), ("frobbish", "SH")],
)
def test_unknown_words_are_spelled_out(word: str, said: str) -> None:
    assert not in_dictionary(word)
    assert names(pronounce(word)[0]).endswith(said)


def test_every_letter_gives_a_sound() -> None:
    for letter in "abcdefghijklmnopqrstuvwxyz":
        for word in (letter * 3, f"zq{letter}", f"{letter}'s"):
            for phones in pronounce(word):
                assert phones
                assert all(1 <= phone <= len(PHONES) for phone in phones)


def test_distance_counts_edits() -> None:
    word = numbers("P AE S W ER D")
    assert distance(word, word) == 0
    assert distance(word, numbers("P AE S P ER D")) == pytest.approx(1 / 6)
    assert distance(word, numbers("P AA S W ER D")) == pytest.approx(0.5 / 6)  # a vowel for a vowel
    assert distance(word, word[:-2]) == pytest.approx(2 / 6)
    assert distance((), word) == 1


def test_a_good_phrase_is_usable() -> None:
    found = examine("My voice is my passport, verify me", ["apple juice tastes funny after toothpaste"])
    assert found.usable
    assert not found.doubts
    assert found.phones == len(sounds(words_of("my voice is my passport verify me")))


def test_a_short_phrase_is_not() -> None:
    found = examine("open it")
    assert found.too_short
    assert not found.usable
    assert "at least" in found.doubts[0]


def test_a_phrase_like_another_is_not() -> None:
    taken = ["be yourself everyone else is already taken", "my voice is my passport verify me"]
    found = examine("my voice is my password verify me", taken)
    assert found.too_close
    assert found.closest == taken[1]
    assert not found.usable


def test_words_that_nobody_knows_are_a_doubt_but_no_hindrance() -> None:
    found = examine("the frobbish wizard went to plondville yesterday")
    assert found.unknown == ("frobbish", "plondville")
    assert found.usable
    assert "2 of its words" in found.doubts[0]
