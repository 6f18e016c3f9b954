"""Words heard by a recogniser beside the words of a phrase, and folders without one."""

from pathlib import Path

import pytest

from earmark.errors import ModelInvalid, ModelNotFound
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
    pytest.importorskip("sherpa_onnx")
    (tmp_path / "tokens.txt").write_text("<blk> 0\n")
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ModelInvalid):
        open_recogniser(tmp_path)
