"""Words for likelihood ratios: the steps of the scale, both directions, and the limit of the validation."""

import math

import pytest

from earmark.evaluation.forensic.scale import find_words, ratio_words, scale_rows

MANY = {"same_people": 10**9, "pairs": 10**9}


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (1.5, "no support"),
        (2, "weak"),
        (9.9, "weak"),
        (10, "moderate support"),
        (150, "moderately strong"),
        (5_000, "strong support"),
        (20_000, "very strong"),
        (2e6, "extremely strong"),
    ],
)
def test_each_step_in_both_directions(ratio: float, words: str) -> None:
    up, down = find_words(math.log(ratio), **MANY), find_words(-math.log(ratio), **MANY)
    assert up.words.startswith(words)
    assert down.words.startswith(words)
    if ratio >= 2:
        # The guideline's form: "the findings provide ... support for the first proposition relative to the
        # alternative", and for 1 to 2 "do not support one proposition over the other".
        assert up.words.endswith("same speaker, relative to the alternative")
        assert down.words.endswith("different speakers, relative to the alternative")
    else:
        assert up.words == down.words == "no support for one proposition over the other"
    assert up.log10_lr == pytest.approx(math.log10(ratio))
    assert not up.beyond


def test_no_more_is_claimed_than_the_validation_can_carry() -> None:
    found = find_words(20.0, same_people=50, pairs=1_225)
    assert found.beyond
    assert found.log10_lr == pytest.approx(math.log10(1_225))
    assert found.words.startswith("strong support")
    low = find_words(-20.0, same_people=50, pairs=1_225)
    assert low.log10_lr == pytest.approx(-math.log10(50))
    assert find_words(5.0, same_people=0, pairs=0).log10_lr == 0.0


def test_ratios_are_written_as_people_read_them() -> None:
    assert ratio_words(math.log10(43.2)) == "43"
    assert ratio_words(-math.log10(1_234)) == "1 / 1,200"
    assert ratio_words(0.0) == "1"
    assert [row[0] for row in scale_rows()][:2] == ["1 to 2", "2 to 10"]
