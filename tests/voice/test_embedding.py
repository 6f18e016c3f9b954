from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import ModelInvalid, ModelNotFound
from earmark.voice.embedding import MOST_TURNS, Embedder, cut
from earmark.voice.features import Floats
from earmark.voice.models.families.family import FrontEnd

FREE = FrontEnd("fbank80", mean_normalised=True, scale=32_768.0)


def speech_like(samples: int, seed: int = 0) -> Floats:
    draw = np.random.default_rng(seed)
    clip = 0.1 * draw.standard_normal(samples) * (1 + np.sin(np.arange(samples) / 5_000))
    return np.asarray(clip, np.float32)


@pytest.fixture
def embedder(builders: Any, tmp_path: Path) -> Embedder:
    return Embedder(builders.entry(builders.mean(tmp_path / "m.onnx")))


@given(st.integers(11_200, 2_000_000))
@settings(max_examples=200, deadline=None)
def test_windows_cover_the_clip_once_without_a_tail(samples: int) -> None:
    clip = np.arange(samples, dtype=np.float32)
    windows = cut(clip, front_end=FREE)
    assert np.array_equal(np.concatenate(windows), clip)
    sizes = [window.size for window in windows]
    assert max(sizes) <= 96_000
    assert max(sizes) - min(sizes) <= 1
    assert len(windows) == -(-samples // 96_000)


@given(st.integers(1, 11_199))
@settings(deadline=None)
def test_short_clips_are_repeated(samples: int) -> None:
    clip = np.arange(1, samples + 1, dtype=np.float32)
    (window,) = cut(clip, front_end=FREE)
    assert window.size == 11_200
    assert np.array_equal(window[:samples], clip)
    assert window[-1] == clip[(11_200 - 1) % samples]


@given(st.integers(1, 400_000), st.integers(400, 60_000))
@settings(deadline=None)
def test_fixed_windows(samples: int, fixed: int) -> None:
    front_end = FrontEnd("waveform", mean_normalised=False, scale=1.0, fixed_samples=fixed)
    clip = np.arange(samples, dtype=np.float64).astype(np.float32)
    windows = cut(clip, front_end=front_end)
    assert {window.size for window in windows} == {fixed}
    assert windows[0][0] == clip[0]
    if samples >= fixed:
        assert windows[-1][-1] == clip[-1]
        starts = [int(window[0]) for window in windows]
        assert all(0 < later - earlier <= fixed for earlier, later in pairwise(starts))


@pytest.mark.parametrize("clip", [np.zeros(0, np.float32), np.zeros((2, 3), np.float32)])
def test_nothing_to_embed(clip: Floats, embedder: Embedder) -> None:
    with pytest.raises(ValueError, match="no samples"):
        embedder.vectors([clip])


def test_vectors_are_unit_length_float32(embedder: Embedder) -> None:
    vectors = embedder.vectors([speech_like(20_000), speech_like(300_000)])
    assert vectors.shape == (2, 160)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    assert embedder.vectors([]).shape == (0, 160)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_vector_does_not_depend_on_its_company(threads: int, builders: Any, tmp_path: Path) -> None:
    embedder = Embedder(builders.entry(builders.mean(tmp_path / "m.onnx")), threads=threads)
    clips = [speech_like(9_000 + 37_003 * place, place) for place in range(6)]
    alone = np.concatenate([embedder.vectors([clip]) for clip in clips])
    assert np.array_equal(alone, embedder.vectors(clips))
    assert np.array_equal(alone[::-1], embedder.vectors(clips[::-1]))


def test_threads_do_not_change_bits(builders: Any, tmp_path: Path) -> None:
    path = builders.mean(tmp_path / "m.onnx")
    clips = [speech_like(250_000, place) for place in range(3)]
    one, four = (Embedder(builders.entry(path), threads=threads).vectors(clips) for threads in (1, 4))
    assert np.array_equal(one, four)


def test_a_clip_is_the_weighted_mean_of_its_windows(embedder: Embedder) -> None:
    clip = speech_like(170_001)
    rows, seconds = embedder.windows(clip, seconds=6.0)
    assert rows.shape == (2, 160)
    assert seconds.sum() == pytest.approx(170_001 / 16_000)
    mean = seconds @ rows
    np.testing.assert_allclose(embedder.vectors([clip])[0], mean / np.linalg.norm(mean), atol=1e-6)


def test_windows_are_bounded(embedder: Embedder) -> None:
    rows, seconds = embedder.windows(speech_like(16_000 * 90))
    assert len(rows) == len(seconds) == MOST_TURNS
    assert seconds.max() <= 1.5


def test_mean_normalisation_follows_the_catalogue(builders: Any, tmp_path: Path) -> None:
    path = builders.mean(tmp_path / "m.onnx")
    without, with_ = (Embedder(builders.entry(path, mean_normalised=mean)) for mean in (False, True))
    clip = speech_like(32_000)
    assert np.abs(without.raw(clip)[:80]).min() > 1.0
    np.testing.assert_allclose(with_.raw(clip)[:80], 0.0, atol=1e-4)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_useless_vector_is_refused(value: float, builders: Any, tmp_path: Path) -> None:
    path = builders.constant(tmp_path / "m.onnx", values=[value] * 8)
    with pytest.raises(ModelInvalid, match="no usable vector"):
        Embedder(builders.entry(path, dimension=8)).vectors([speech_like(20_000)])


def test_a_changed_file_is_refused(builders: Any, tmp_path: Path) -> None:
    path = builders.mean(tmp_path / "m.onnx")
    entry = builders.entry(path)
    path.write_bytes(path.read_bytes() + b"\x00")
    with pytest.raises(ModelInvalid, match="SHA-256"):
        Embedder(entry)
    path.unlink()
    with pytest.raises(ModelNotFound):
        Embedder(entry)


def test_a_wrong_dimension_is_refused(builders: Any, tmp_path: Path) -> None:
    path = builders.mean(tmp_path / "m.onnx")
    with pytest.raises(ModelInvalid, match="160 numbers"):
        Embedder(builders.entry(path, dimension=192)).vectors([speech_like(20_000)])
