import tomllib
from pathlib import Path
from typing import Any

import pytest

from earmark.errors import InvalidRequest, ModelInvalid, ModelNotFound, ModelSelfCheckFailed
from earmark.voice.models.add import add_model, check_model, remove_model
from earmark.voice.models.catalog import (
    DEFAULT_MODEL,
    find_model,
    home_catalog,
    load_catalog,
    load_weights,
    shipped_catalog,
    write_entry,
)
from earmark.voice.models.self_check import equal_error_rate, load_voices

BANDS = (14, 52)  # inside a telephone's band, so that the tiny model hears the same through one


def everything_under(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_shipped_catalogue() -> None:
    catalog = load_catalog()
    entry = find_model(catalog)
    assert entry.name == DEFAULT_MODEL
    assert entry.id == f"{DEFAULT_MODEL}@{entry.version}"
    assert entry.file.is_relative_to(shipped_catalog().parent)
    assert len(load_weights(entry)) < 20e6
    assert find_model(catalog, entry.id) is entry


def test_unknown_models_list_the_known(builders: Any, tmp_path: Path) -> None:
    catalog = {"tiny": builders.entry(builders.mean(tmp_path / "m.onnx"))}
    for name in ("nobody", "tiny@9", None):
        with pytest.raises(ModelNotFound, match=r"tiny@1\.0"):
            find_model(catalog, name)


def test_entries_survive_writing(builders: Any, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    first = builders.entry(builders.mean(folder / "a.onnx"), name="a", calibration=builders.calibration())
    second = builders.entry(builders.mean(folder / "b.onnx"), name="b", mean_normalised=True)
    for entry in (first, second):
        write_entry(home_catalog(tmp_path), entry)
    found = load_catalog(tmp_path)
    for entry in (first, second):
        again = found[entry.name]
        for field in (
            "id",
            "family",
            "file",
            "sha256",
            "scale",
            "mean_normalised",
            "dimension",
            "calibration",
        ):
            assert getattr(again, field) == getattr(entry, field)
    assert everything_under(folder) == {"a.onnx", "b.onnx", "catalog.toml"}


@pytest.mark.parametrize(
    "text", ["[[model]", "model = 3", '[[model]]\nname = "a"', '[[model]]\nname = "../a"\nfile = "../../x"']
)
def test_a_damaged_catalogue(text: str, tmp_path: Path) -> None:
    home_catalog(tmp_path).parent.mkdir()
    home_catalog(tmp_path).write_text(text)
    with pytest.raises(ModelInvalid, match="damaged"):
        load_catalog(tmp_path)


def test_a_file_outside_the_folder_is_refused(builders: Any, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    write_entry(home_catalog(tmp_path), builders.entry(builders.mean(folder / "a.onnx")))
    text = home_catalog(tmp_path).read_text().replace('"a.onnx"', '"../../etc/passwd"')
    home_catalog(tmp_path).write_text(text)
    with pytest.raises(ModelInvalid, match="outside"):
        load_catalog(tmp_path)


def test_add_check_remove(builders: Any, voices: Any, tmp_path: Path) -> None:
    home = tmp_path / "home"
    source = builders.mean(tmp_path / "Mine.onnx", input="feats", output="embs", bands=BANDS)
    entry, check = add_model(
        source, home=home, family="wespeaker", name="mine", licence="CC-BY-4.0", version="2.1", voices=voices
    )
    assert check.passed
    assert check.same_pairs == 2 * 30
    assert check.different_pairs == 2 * 180
    assert check.same > check.different
    source.unlink()
    found = load_catalog(home)["mine"]
    assert found.id == entry.id == "mine@2.1"
    assert found.features == "fbank80-hamming"
    assert found.dimension == 2 * 38
    assert found.calibration is None
    assert load_weights(found)
    with pytest.raises(InvalidRequest, match="already"):
        add_model(found.file, home=home, family="wespeaker", name="mine", voices=voices)
    remove_model("mine", home=home)
    assert "mine" not in load_catalog(home)
    assert everything_under(home) == {"models/catalog.toml"}
    with pytest.raises(ModelNotFound):
        check_model("mine", home=home)


def test_a_calibration_can_come_along(builders: Any, voices: Any, tmp_path: Path) -> None:
    import tomli_w

    path = builders.mean(tmp_path / "mine.onnx", bands=BANDS)
    table = tmp_path / "calibration.toml"
    table.write_text(tomli_w.dumps(builders.calibration().to_table()))
    entry, _ = add_model(path, home=tmp_path, family="earmark", calibration=table, voices=voices)
    assert entry.name == "mine"
    assert load_catalog(tmp_path)["mine"].calibration == builders.calibration()
    assert tomllib.loads(home_catalog(tmp_path).read_text())["model"][0]["calibration"]["trials"]


@pytest.mark.parametrize("text", ["not toml", "offset = 3", ""])
def test_a_senseless_calibration(text: str, builders: Any, voices: Any, tmp_path: Path) -> None:
    table = tmp_path / "calibration.toml"
    table.write_text(text)
    path = builders.mean(tmp_path / "mine.onnx")
    with pytest.raises(ModelInvalid):
        add_model(path, home=tmp_path / "home", family="earmark", calibration=table, voices=voices)
    assert not (tmp_path / "home").exists()


def test_a_model_that_hears_nothing_is_refused(builders: Any, voices: Any, tmp_path: Path) -> None:
    path = builders.constant(tmp_path / "deaf.onnx", values=[0.5, -0.25, 1.0])
    with pytest.raises(ModelSelfCheckFailed, match="same vector for every voice"):
        add_model(path, home=tmp_path / "home", family="earmark", voices=voices)
    assert not (tmp_path / "home").exists()


def test_a_model_that_cannot_tell_voices_apart_is_refused(builders: Any, voices: Any, tmp_path: Path) -> None:
    """Every name gets one clip of each of several speakers: no model could pass."""
    clips = [clip for made in zip(*voices.values(), strict=True) for clip in made]
    mixed = {f"name-{place}": clips[3 * place : 3 * place + 3] for place in range(5)}
    path = builders.mean(tmp_path / "bad.onnx", input="feats")
    with pytest.raises(ModelSelfCheckFailed, match=r"error rate \d+\.\d%, the limit is.*No other family"):
        add_model(path, home=tmp_path / "home", family="wespeaker", voices=mixed)
    assert not (tmp_path / "home").exists()


def test_the_family_that_would_pass_is_named(builders: Any, voices: Any, tmp_path: Path) -> None:
    """The mean alone is nothing after mean subtraction, which this export does not want."""
    metadata = {"feature_normalize_type": ""}
    path = builders.mean(tmp_path / "m.onnx", input="x", spread=False, bands=BANDS, metadata=metadata)
    with pytest.raises(ModelSelfCheckFailed, match="--family 3dspeaker"):
        add_model(path, home=tmp_path / "home", family="wespeaker", voices=voices)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"name": "../evil"}, InvalidRequest, "name"),
        ({"name": ""}, InvalidRequest, "name"),
        ({"version": "1@2"}, InvalidRequest, "version"),
        ({"licence": "  "}, InvalidRequest, "licence"),
        ({"family": "unheard"}, ModelInvalid, "Known"),
    ],
)
def test_requests_that_make_no_sense(
    changes: dict[str, str], error: type[Exception], words: str, builders: Any, voices: Any, tmp_path: Path
) -> None:
    asked: dict[str, Any] = {"family": "earmark", **changes}
    with pytest.raises(error, match=words):
        add_model(builders.mean(tmp_path / "m.onnx"), home=tmp_path / "home", voices=voices, **asked)
    assert not (tmp_path / "home").exists()


def test_output_of_frames_is_refused(builders: Any, voices: Any, tmp_path: Path) -> None:
    """Flattened frames: as many numbers as the clip is long."""
    path = builders.mean(tmp_path / "m.onnx", axis=2)
    with pytest.raises(ModelInvalid, match="pooled embedding"):
        add_model(path, home=tmp_path, family="earmark", voices=voices)


def test_declared_dimension_must_hold(builders: Any, voices: Any, tmp_path: Path) -> None:
    path = builders.mean(tmp_path / "m.onnx", input="x", metadata={"output_dim": "512"})
    with pytest.raises(ModelInvalid, match="512"):
        add_model(path, home=tmp_path, family="3dspeaker", voices=voices)


def test_shipped_models_cannot_be_removed_or_replaced(builders: Any, voices: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="ships with"):
        remove_model(DEFAULT_MODEL, home=tmp_path)
    with pytest.raises(InvalidRequest, match="already"):
        add_model(
            builders.mean(tmp_path / "m.onnx"),
            home=tmp_path,
            family="earmark",
            name=DEFAULT_MODEL,
            voices=voices,
        )


def test_the_default_model_passes_its_check() -> None:
    entry, check = check_model()
    assert entry.name == DEFAULT_MODEL
    assert check.passed
    assert check.same > check.different


def test_built_in_voices() -> None:
    voices = load_voices()
    assert len(voices) >= 5
    assert all(len(clips) >= 2 for clips in voices.values())


def test_equal_error_rate_by_hand() -> None:
    import numpy as np

    assert equal_error_rate(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == 0.0
    assert equal_error_rate(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 1.0
    assert equal_error_rate(np.array([1.0, 3.0, 4.0, 5.0]), np.array([0.0, 0.5, 2.0, 0.7])) == 0.25
    assert equal_error_rate(np.array([1.0, 1.0]), np.array([1.0, 1.0])) == 0.5
