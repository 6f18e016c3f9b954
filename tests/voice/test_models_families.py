from pathlib import Path
from typing import Any

import kaldi_native_fbank as knf
import numpy as np
import pytest

from earmark.errors import ModelInvalid
from earmark.voice.embedding import Embedder
from earmark.voice.features import Floats, fbank
from earmark.voice.models.families import FAMILIES, find_family
from earmark.voice.models.families.earmark import normalise
from earmark.voice.models.families.redimnet import mel
from earmark.voice.models.file import read_model
from earmark.voice.models.session import ModelSession


def noise(samples: int = 32_000) -> Floats:
    draw = np.random.default_rng(2)
    clip = 0.1 * draw.standard_normal(samples) * (1 + np.sin(np.arange(samples) / 900))
    return np.asarray(clip, np.float32)


def kaldi(clip: Floats, *, window: str, scale: float) -> Floats:
    """Kaldi's own features, by the package that ports them."""
    options = knf.FbankOptions()
    options.frame_opts.dither = 0
    options.frame_opts.window_type = window
    options.mel_opts.num_bins = 80
    computer = knf.OnlineFbank(options)
    computer.accept_waveform(16_000, (clip * scale).tolist())
    computer.input_finished()
    return np.stack([computer.get_frame(place) for place in range(computer.num_frames_ready)])


def raw_output(builders: Any, path: Path, family: str) -> tuple[Floats, Any]:
    """What the model at `path` returns for `noise()` through the family's front end."""
    front_end = find_family(family).describe(ModelSession(read_model(path)).signature)
    dimension = 1  # not looked at by `raw`
    entry = builders.entry(
        path,
        family=family,
        features=front_end.features,
        mean_normalised=front_end.mean_normalised,
        scale=front_end.scale,
        dimension=dimension,
    )
    return Embedder(entry).raw(noise()), front_end


@pytest.mark.parametrize(
    ("family", "input_name", "output_name", "window", "scale"),
    [
        ("earmark", "features", "embedding", "povey", 32_768.0),
        ("wespeaker", "feats", "embs", "hamming", 32_768.0),
        ("3dspeaker", "feature", "embedding", "povey", 1.0),
        ("3dspeaker", "x", "embedding", "povey", 1.0),
    ],
)
def test_filter_bank_families(
    family: str, input_name: str, output_name: str, window: str, scale: float, builders: Any, tmp_path: Path
) -> None:
    path = builders.mean(tmp_path / "m.onnx", input=input_name, output=output_name)
    found, front_end = raw_output(builders, path, family)
    features = kaldi(noise(), window=window, scale=scale)
    if family == "earmark":
        features = np.maximum(features, features.max() - 14.0)
    centred = features - features.mean(axis=0)
    assert front_end.mean_normalised
    assert front_end.scale == scale
    np.testing.assert_allclose(found[:80], 0.0, atol=1e-4)
    np.testing.assert_allclose(found[80:], (centred**2).mean(axis=0), rtol=1e-3)


def test_earmark_hears_no_deeper_than_60_db() -> None:
    quiet, silent = speech_in(1e-4), speech_in(0.0)
    np.testing.assert_allclose(normalise(fbank(quiet)), normalise(fbank(silent)), atol=0.02)
    np.testing.assert_allclose(normalise(fbank(quiet)), normalise(fbank(0.1 * quiet)), atol=0.02)


def speech_in(level: float) -> Floats:
    """One second of loud noise after one second of faint noise."""
    draw = np.random.default_rng(5)
    faint, loud = level * draw.standard_normal(16_000), 0.2 * draw.standard_normal(16_000)
    return np.concatenate([faint, loud]).astype(np.float32)


def test_families_hear_differently() -> None:
    """The parity above would mean little if the two windows gave nearly the same features."""
    assert np.abs(fbank(noise()) - fbank(noise(), taper="hamming")).mean() > 0.05


def test_3dspeaker_obeys_metadata(builders: Any, tmp_path: Path) -> None:
    metadata = {
        "framework": "3d-speaker",
        "sample_rate": "16000",
        "normalize_samples": "0",
        "feature_normalize_type": "",
    }
    path = builders.mean(tmp_path / "m.onnx", input="x", metadata=metadata)
    found, front_end = raw_output(builders, path, "3dspeaker")
    assert not front_end.mean_normalised
    expected = kaldi(noise(), window="povey", scale=32_768.0).mean(axis=0)
    np.testing.assert_allclose(found[:80], expected, atol=1e-3)


@pytest.mark.parametrize(
    ("family", "metadata", "words"),
    [
        ("wespeaker", {"framework": "3d-speaker"}, "--family 3dspeaker"),
        ("3dspeaker", {"framework": "wespeaker"}, "--family wespeaker"),
        ("3dspeaker", {"framework": "nemo"}, "nemo"),
        ("wespeaker", {"framework": "wespeaker", "sample_rate": "8000"}, "8000 Hz"),
        ("3dspeaker", {"feature_normalize_type": "per_feature"}, "per_feature"),
    ],
)
def test_metadata_that_contradicts(
    family: str, metadata: dict[str, str], words: str, builders: Any, tmp_path: Path
) -> None:
    path = builders.mean(tmp_path / "m.onnx", input="x", metadata=metadata)
    with pytest.raises(ModelInvalid, match=words):
        raw_output(builders, path, family)


@pytest.mark.parametrize(
    ("family", "channel"), [("waveform", False), ("waveform", True), ("redimnet", False)]
)
def test_waveform_families(family: str, channel: bool, builders: Any, tmp_path: Path) -> None:
    shape = ("batch", 1, "samples") if channel else ("batch", "samples")
    path = builders.mean(tmp_path / "m.onnx", input="wave", shape=shape, axis=len(shape) - 1, spread=False)
    found, front_end = raw_output(builders, path, family)
    assert front_end.features == "waveform"
    np.testing.assert_allclose(found, [noise().mean()], atol=1e-6)


@pytest.mark.parametrize("channel", [False, True])
def test_redimnet_behind_its_mel(channel: bool, builders: Any, tmp_path: Path) -> None:
    shape = ("batch", 1, 72, "frames") if channel else ("batch", 72, "frames")
    path = builders.mean(tmp_path / "m.onnx", input="spec", shape=shape, axis=len(shape) - 1)
    found, front_end = raw_output(builders, path, "redimnet")
    assert front_end.features == "redimnet-mel"
    np.testing.assert_allclose(found[:72], 0.0, atol=1e-4)
    np.testing.assert_allclose(found[72:], (mel(noise(), 72) ** 2).mean(axis=1), rtol=1e-4)


def test_redimnet_mel_by_its_definition() -> None:
    """One frame of the mel, by the sums that define it rather than by an FFT."""
    clip, bands, frame = noise(8_000), 60, 20
    even = (clip - clip.mean()) / (clip.std() + 1e-6)
    emphasised = np.array([even[0] - 0.97 * even[1], *(even[1:] - 0.97 * even[:-1])], np.float64)
    centre = frame * 160
    taper = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(400) / 400)
    piece = emphasised[centre - 200 : centre + 200] * taper
    turns = np.exp(-2j * np.pi * np.outer(np.arange(257), np.arange(400)) / 512)
    power = np.abs(turns @ piece) ** 2
    points = 700 * (10 ** (np.linspace(np.log10(1 + 20 / 700), np.log10(1 + 7_600 / 700), bands + 2)) - 1)
    expected = []
    for band in range(bands):
        low, middle, high = points[band : band + 3]
        weights = [
            max(0.0, min((hertz - low) / (middle - low), (high - hertz) / (high - middle)))
            for hertz in np.arange(257) * 31.25
        ]
        expected.append(np.log(power @ weights + 1e-6))
    found = mel(clip, bands)
    assert found.shape == (bands, 51)
    difference = found[:, frame] - np.array(expected)  # what is left is each band's mean over time
    other = _row(emphasised, 30, taper, turns, points)
    np.testing.assert_allclose(found[:, 30] - other, difference, atol=1e-3)


def _row(emphasised: Any, frame: int, taper: Any, turns: Any, points: Any) -> Any:
    power = np.abs(turns @ (emphasised[frame * 160 - 200 : frame * 160 + 200] * taper)) ** 2
    hertz = np.arange(257) * 31.25
    return np.array(
        [
            np.log(
                power
                @ np.maximum(0, np.minimum((hertz - low) / (middle - low), (high - hertz) / (high - middle)))
                + 1e-6
            )
            for low, middle, high in zip(points, points[1:], points[2:], strict=False)
        ]
    )


@pytest.mark.parametrize("family", ["earmark", "wespeaker", "3dspeaker"])
@pytest.mark.parametrize("shape", [("b", "n"), ("b", "t", 40), (4, "t", 80), ("b", 80, "t", 1)])
def test_filter_bank_families_refuse_other_shapes(
    family: str, shape: tuple[Any, ...], builders: Any, tmp_path: Path
) -> None:
    path = builders.mean(tmp_path / "m.onnx", shape=shape, axis=1, spread=False)
    with pytest.raises(ModelInvalid, match="choose the family"):
        raw_output(builders, path, family)


@pytest.mark.parametrize("family", ["waveform", "redimnet"])
def test_sample_families_refuse_features(family: str, builders: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelInvalid, match="choose the family"):
        raw_output(builders, builders.mean(tmp_path / "m.onnx", shape=("b", "t", "f", "c")), family)


def test_earmark_refuses_another_input_name(builders: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelInvalid, match="feats"):
        raw_output(builders, builders.mean(tmp_path / "m.onnx", input="feats"), "earmark")


def test_unknown_family_lists_the_known() -> None:
    with pytest.raises(ModelInvalid, match="wespeaker"):
        find_family("kaldi")
    assert all(family.summary for family in FAMILIES.values())


def test_fixed_length_export(builders: Any, tmp_path: Path) -> None:
    path = builders.mean(tmp_path / "m.onnx", input="feats", output="embs", shape=("B", 200, 80))
    front_end = find_family("wespeaker").describe(ModelSession(read_model(path)).signature)
    assert front_end.fixed_samples == 199 * 160 + 400
    entry = builders.entry(path, family="wespeaker", features="fbank80-hamming")
    embedder = Embedder(entry)
    for samples in (3_000, 32_240, 40_000, 100_000):
        assert embedder.vectors([noise(samples)]).shape == (1, 160)
