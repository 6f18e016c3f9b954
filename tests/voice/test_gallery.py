import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import InvalidRequest, ModelMismatch
from earmark.voice import gallery
from earmark.voice.features import Floats
from earmark.voice.gallery import Gallery, make_gallery
from earmark.voice.quality import Quality
from earmark.voice.voiceprint import Embedding, Voiceprint


def unit_rows(rows: int, dimension: int = 16, seed: int = 0) -> Floats:
    made = np.random.default_rng(seed).standard_normal((rows, dimension)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)


def a_gallery(matrix: Floats) -> Gallery:
    keys = [f"p{row}" for row in range(len(matrix))]
    return Gallery(keys, matrix, np.full(len(matrix), 9.0), "tiny@1.0")


def embedding(vector: Floats, model: str = "tiny@1.0", seconds: float = 5.0) -> Embedding:
    return Embedding(vector, Quality(seconds, seconds + 1, 30.0, 0.0, 7_000.0, -20.0, False), model)


@given(st.integers(0, 300), st.integers(1, 40), st.integers(1, 5), st.integers(1, 70))
@settings(max_examples=150, deadline=None)
def test_search_equals_sorting_everything(rows: int, top: int, queries: int, piece: int) -> None:
    """Scores are small integers here, so that there are many ties and no rounding."""
    draw = np.random.default_rng(rows * 1_000 + top)
    matrix = draw.integers(-2, 3, (rows, 4)).astype(np.float32)
    asked = draw.integers(-2, 3, (queries, 4)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gallery, "ROWS", piece)
        indices, scores = a_gallery(matrix).search(asked, top)
    every = asked @ matrix.T
    expected = np.argsort(-every, axis=1, kind="stable")[:, :top]
    assert np.array_equal(indices, expected)
    assert np.array_equal(scores, np.take_along_axis(every, expected, axis=1))


def test_over_several_pieces() -> None:
    matrix = unit_rows(2 * gallery.ROWS + 123)
    query = unit_rows(1, seed=1)[0]
    indices, scores = a_gallery(matrix).search(query, 7)
    every = matrix @ query
    assert indices.shape == scores.shape == (7,)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, np.sort(every)[::-1][:7], atol=1e-6)
    np.testing.assert_allclose(every[indices], scores, atol=1e-6)
    np.testing.assert_allclose(a_gallery(matrix).scores(query), every, atol=1e-6)


def test_a_batch_of_queries_equals_each_alone() -> None:
    matrix, queries = unit_rows(500), unit_rows(9, seed=2)
    found = a_gallery(matrix)
    together, scores = found.search(queries, 5)
    for place, query in enumerate(queries):
        alone, alone_scores = found.search(query, 5)
        assert np.array_equal(alone, together[place])
        np.testing.assert_allclose(alone_scores, scores[place], atol=1e-6)


def test_empty_gallery() -> None:
    empty = a_gallery(np.empty((0, 16), np.float32))
    indices, scores = empty.search(unit_rows(1)[0], 5)
    assert indices.shape == scores.shape == (0,)
    assert empty.scores(unit_rows(1)[0]).shape == (0,)
    assert len(empty) == 0


def test_take() -> None:
    whole = a_gallery(unit_rows(50))
    some = whole.take([7, 3, 40])
    assert list(some.keys) == ["p7", "p3", "p40"]
    assert np.array_equal(some.matrix, whole.matrix[[7, 3, 40]])
    assert some.model == whole.model
    indices, _ = some.search(whole.matrix[3], 1)
    assert some.keys[indices[0]] == "p3"
    assert len(whole.take([])) == 0


def test_wrong_requests() -> None:
    found = a_gallery(unit_rows(5))
    with pytest.raises(InvalidRequest, match="at least 1"):
        found.search(unit_rows(1)[0], 0)
    with pytest.raises(InvalidRequest, match="16 numbers"):
        found.search(unit_rows(1, 8)[0], 1)
    with pytest.raises(InvalidRequest, match="as many keys"):
        Gallery(["a"], unit_rows(2), np.ones(2), "tiny@1.0")


def test_made_of_voiceprints() -> None:
    rows = unit_rows(3)
    prints = {
        "a": Voiceprint((embedding(rows[0]),)),
        "b": Voiceprint((embedding(rows[1]), embedding(rows[2], seconds=2.0))),
    }
    made = make_gallery(prints, model="tiny@1.0", dimension=16)
    assert list(made.keys) == ["a", "b"]
    assert list(made.speech_seconds) == [5.0, 7.0]
    np.testing.assert_allclose(made.matrix[1], prints["b"].vector)
    assert len(make_gallery({}, model="tiny@1.0", dimension=16)) == 0


def test_voiceprints_of_another_model_are_refused() -> None:
    prints = {"a": Voiceprint((embedding(unit_rows(1)[0], model="other@2"),))}
    with pytest.raises(ModelMismatch, match="other@2"):
        make_gallery(prints, model="tiny@1.0", dimension=16)
