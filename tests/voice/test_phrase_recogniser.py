"""Words heard by a recogniser beside the words of a phrase, and folders without one."""

from pathlib import Path

import numpy as np
import pytest
from stub_recogniser import write_recogniser

from earmark.errors import ModelInvalid, ModelNotFound, PhraseUnsupported
from earmark.voice.features import Floats
from earmark.voice.phrase.checker import checker_in, load_recognisers, open_checker
from earmark.voice.phrase.recogniser import align, match_of, open_recogniser

PHRASE = ["my", "voice", "is", "my", "passport"]


@pytest.mark.parametrize(
    ("heard", "missing", "before", "within", "after"),
    [
        ("my voice is my passport", [], 0, 0, 0),
        ("well my voice is my passport indeed sir", [], 1, 0, 2),
        ("my voice is my password", [4], 0, 1, 0),
        ("my voice my passport", [2], 0, 0, 0),
        ("my voice is not my passport", [], 0, 1, 0),
        ("", [0, 1, 2, 3, 4], 0, 0, 0),
    ],
)
def test_words_are_aligned(heard: str, missing: list[int], before: int, within: int, after: int) -> None:
    found = align(PHRASE, heard.split())
    assert [place for place, word in enumerate(found.found) if word is None] == missing
    assert (found.before, found.within, found.after) == (before, within, after)


def test_only_the_whole_phrase_and_nothing_within_is_accepted() -> None:
    right = match_of("p", PHRASE, ["so", "my", "voice", "is", "my", "passport"], 3.0)
    assert right.accepted
    assert right.speech_before > 0
    for heard in ("my voice is my password", "my voice my passport", "my voice is not my passport"):
        wrong = match_of("p", PHRASE, heard.split(), 3.0)
        assert not wrong.accepted
        assert wrong.llr < 0


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="sherpa-onnx"):
        open_recogniser(tmp_path)


def test_a_broken_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tokens.txt").write_text("<blk> 0\n")
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ModelInvalid):
        open_recogniser(tmp_path)


def sound() -> Floats:
    return np.random.default_rng(1).standard_normal(40_000, np.float32) * np.float32(0.1)


def test_what_a_model_writes_down_is_compared(tmp_path: Path) -> None:
    write_recogniser(tmp_path, "öffne sesam bitte")
    recogniser = open_recogniser(tmp_path, languages=["de-DE"])
    found = recogniser.check(sound(), "Öffne Sesam, bitte!", "de-DE")
    assert found.accepted
    assert [word.word for word in found.words] == ["öffne", "sesam", "bitte"]
    assert 0 <= found.words[0].start < found.words[2].end <= 2.5
    other = recogniser.check(sound(), "öffne sesam sofort", "de-de")
    assert (other.accepted, [word.said for word in other.words]) == (False, [True, True, False])
    assert recogniser.best(sound(), ["schließe sesam bitte", "öffne sesam bitte"], "de-de")[0] == 1
    assert recogniser.examine("öffne sesam bitte sofort", "de-de").usable
    assert not recogniser.examine("sesam", "de-de").usable
    with pytest.raises(PhraseUnsupported, match="de-de"):
        recogniser.check(sound(), "open sesame", "en-us")


def test_one_in_the_home_folder_is_used_for_its_language(tmp_path: Path) -> None:
    assert checker_in(tmp_path, "en-US") is checker_in(tmp_path, "de-DE") is open_checker()
    write_recogniser(tmp_path / "recognisers" / "de-DE", "öffne sesam bitte")
    load_recognisers(tmp_path)
    german = checker_in(tmp_path, "de-de")
    assert german is checker_in(tmp_path, "DE-DE")
    assert german.languages == {"de-de"}
    for other in ("en-us", "de", "../recognisers/de-de", ""):
        assert checker_in(tmp_path, other) is open_checker()
    (tmp_path / "recognisers" / "fr-fr").mkdir()
    with pytest.raises(ModelNotFound, match=r"tokens\.txt"):
        load_recognisers(tmp_path)
