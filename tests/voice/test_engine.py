"""The engine with a tiny model that tells the synthetic samples apart by the spread of their spectra."""

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import earmark
from earmark.errors import (
    FileMissing,
    InvalidRequest,
    ModelInvalid,
    ModelMismatch,
    ModelNotFound,
    QualityRefused,
    SpeechTooShort,
)
from earmark.voice.audio import load_clip
from earmark.voice.engine import Engine
from earmark.voice.gallery import Gallery, make_gallery
from earmark.voice.models.catalog import home_catalog, write_entry
from earmark.voice.quality import ENROL
from earmark.voice.samples import bad_clips, sample_speakers, stranger_clips
from earmark.voice.voiceprint import Voiceprint

SAMPLES = sample_speakers()
ADA, BEN = SAMPLES["ada"], SAMPLES["ben"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, builders: Any) -> Path:
    """A state folder with the models `tiny`, and `mute`, which has no calibration."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "models").mkdir()
    path = builders.mean(folder / "models" / "tiny.onnx")
    entry = builders.entry(
        path, mean_normalised=True, calibration=builders.calibration(offset=-0.9784 * 4_000, slope=4_000)
    )
    write_entry(home_catalog(folder), entry)
    write_entry(home_catalog(folder), replace(entry, name="mute", calibration=None))
    return folder


@pytest.fixture(scope="module")
def engine(home: Path) -> Engine:
    return Engine(model="tiny", home=home)


@pytest.fixture(scope="module")
def ada(engine: Engine) -> Voiceprint:
    return engine.enrol(ADA[:2])


def test_embed(engine: Engine) -> None:
    embedding = engine.embed(ADA[0])
    assert embedding.vector.shape == (160,)
    assert embedding.vector.dtype == np.float32
    assert float(np.linalg.norm(embedding.vector)) == pytest.approx(1.0, abs=1e-6)
    assert embedding.model == "tiny@1.0"
    assert 1.0 < embedding.quality.speech_seconds <= embedding.quality.total_seconds


def test_the_same_clip_from_anywhere(engine: Engine) -> None:
    path = engine.embed(ADA[0]).vector
    data = ADA[0].read_bytes()
    assert np.array_equal(path, engine.embed(str(ADA[0])).vector)
    assert np.array_equal(path, engine.embed(data).vector)
    assert np.array_equal(path, engine.embed(load_clip(ADA[0])).vector)
    with ADA[0].open("rb") as file:
        assert np.array_equal(path, engine.embed(file).vector)


def test_pauses_do_not_count(engine: Engine) -> None:
    clip = load_clip(ADA[0])
    quiet = 1e-4 * np.random.default_rng(0).standard_normal(64_000).astype(np.float32)
    padded = engine.embed(np.concatenate([quiet, clip, quiet]))
    plain = engine.embed(clip)
    assert padded.quality.total_seconds == pytest.approx(plain.quality.total_seconds + 8)
    assert padded.quality.speech_seconds == pytest.approx(plain.quality.speech_seconds, abs=0.4)
    assert float(padded.vector @ plain.vector) > 0.99


def test_a_word_is_enough_to_embed_but_not_to_enrol(engine: Engine) -> None:
    clip = load_clip(ADA[0])
    middle = clip[clip.size // 2 : clip.size // 2 + 12_000]
    assert engine.embed(middle).vector.shape == (160,)
    with pytest.raises(SpeechTooShort) as refused:
        engine.enrol([middle])
    assert refused.value.limit == ENROL.speech_seconds
    assert "need 4.0" in str(refused.value)


def test_a_word_that_is_not_found_is_embedded_whole(engine: Engine, ada: Voiceprint) -> None:
    hiss = (0.05 * np.random.default_rng(1).standard_normal(14_000)).astype(np.float32)
    embedding = engine.embed(hiss)
    assert embedding.quality.speech_seconds == 0.0
    assert np.array_equal(embedding.vector, engine.embedder.vectors([hiss])[0])
    with pytest.raises(QualityRefused):
        engine.verify(ada, hiss)
    with pytest.raises(QualityRefused):
        engine.embed(1e-4 * hiss)
    with pytest.raises(QualityRefused):
        engine.embed(np.tile(hiss, 4))


def test_nothing_but_silence_is_refused(engine: Engine) -> None:
    for method in (engine.embed, engine.enrol):
        with pytest.raises(QualityRefused):
            method(np.zeros(48_000, np.float32))
    assert engine.inspect(np.zeros(48_000, np.float32)).speech_seconds == 0.0


def test_enrolment_speech_counts_together(engine: Engine) -> None:
    clip = load_clip(ADA[0])
    half = clip[: clip.size // 2]
    alone = engine.embed(half).quality.speech_seconds
    assert alone < ENROL.speech_seconds
    with pytest.raises(SpeechTooShort):
        engine.enrol([half])
    voiceprint = engine.enrol([half, ADA[1]])
    assert len(voiceprint.embeddings) == 2
    assert voiceprint.speech_seconds > ENROL.speech_seconds


def test_enrol_takes_one_recording_too(engine: Engine) -> None:
    for one in (ADA[0], str(ADA[0]), ADA[0].read_bytes(), load_clip(ADA[0])):
        assert len(engine.enrol(one).embeddings) == 1


def test_enrol_needs_a_recording(engine: Engine) -> None:
    with pytest.raises(InvalidRequest):
        engine.enrol([])


@pytest.mark.parametrize("what", ["silent", "noise"])
def test_bad_clips_are_refused(what: str, engine: Engine, ada: Voiceprint) -> None:
    clip = bad_clips()[what]
    with pytest.raises(QualityRefused):
        engine.enrol([ADA[0], clip])
    with pytest.raises(QualityRefused):
        engine.verify(ada, clip)


def test_genuine_and_impostor(engine: Engine, ada: Voiceprint) -> None:
    genuine = engine.verify(ada, ADA[2])
    assert genuine.accepted
    assert genuine.llr >= genuine.operating_point.threshold
    assert genuine.probability > 0.5
    assert genuine.model == "tiny@1.0"
    assert genuine.enrolment_seconds == ada.speech_seconds
    assert len(genuine.enrolment_quality) == 2
    assert genuine.reasons[0].startswith("Accepted: ")
    assert "1 in 1,000" in genuine.reasons[0]
    impostor = engine.verify(ada, BEN[0])
    assert not impostor.accepted
    assert impostor.score < genuine.score
    assert impostor.reasons[0].startswith("Not accepted: ")


def test_a_lower_false_match_rate_asks_for_more(engine: Engine, ada: Voiceprint) -> None:
    rates = (0.01, 0.001, 0.0001)
    thresholds = [engine.verify(ada, ADA[2], fmr=fmr).operating_point.threshold for fmr in rates]
    assert thresholds == [2.0, 4.0, 6.0]


@pytest.mark.parametrize("fmr", [0.0, -0.1, 0.5, 1.0, float("nan"), 1e-9])
def test_senseless_rates_are_refused_before_the_audio_is_read(
    fmr: float, engine: Engine, ada: Voiceprint, tmp_path: Path
) -> None:
    with pytest.raises(InvalidRequest, match="false-match rate"):
        engine.verify(ada, tmp_path / "missing.wav", fmr=fmr)
    with pytest.raises(InvalidRequest, match="false-match rate"):
        engine.identify({"ada": ada}, tmp_path / "missing.wav", fmr=fmr)
    with pytest.raises(FileMissing):
        engine.verify(ada, tmp_path / "missing.wav")


def test_models_do_not_mix(home: Path, engine: Engine, ada: Voiceprint) -> None:
    foreign = Voiceprint(tuple(replace(part, model="other@3") for part in ada.embeddings))
    with pytest.raises(ModelMismatch, match="other@3"):
        engine.verify(foreign, ADA[2])
    with pytest.raises(ModelMismatch, match="1 of 2"):
        engine.identify({"a": ada, "b": foreign}, ADA[2])
    gallery = Gallery(["a"], ada.vector[None], np.array([9.0]), "other@3")
    with pytest.raises(ModelMismatch):
        engine.identify(gallery, ADA[2])


def test_without_calibration_a_model_embeds_and_decides_nothing(home: Path) -> None:
    mute = Engine(model="mute", home=home)
    voiceprint = mute.enrol(ADA[0])
    with pytest.raises(ModelInvalid, match="no calibration"):
        mute.verify(voiceprint, ADA[1])
    with pytest.raises(ModelInvalid, match="no calibration"):
        mute.identify({"a": voiceprint}, ADA[1])


def test_unknown_model(home: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"tiny@1\.0"):
        Engine(model="nobody", home=home)


def test_home_comes_from_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_HOME", str(home))
    assert Engine(model="tiny").entry.id == "tiny@1.0"


@pytest.fixture(scope="module")
def everybody(engine: Engine) -> dict[str, Voiceprint]:
    return {name: engine.enrol(clips[:2]) for name, clips in SAMPLES.items()}


def test_identify(engine: Engine, everybody: dict[str, Voiceprint]) -> None:
    found = engine.identify(everybody, BEN[3], top=3)
    assert found.best == "ben"
    assert len(found.candidates) == 3
    llrs = [candidate.llr for candidate in found.candidates]
    assert llrs == sorted(llrs, reverse=True)
    assert found.candidates[0].accepted
    assert f"best of {len(SAMPLES)}" in found.reasons[0]
    gallery = make_gallery(everybody, model="tiny@1.0", dimension=160)
    again = engine.identify(gallery, BEN[3], top=3)
    assert again == found


def test_nobody(engine: Engine, everybody: dict[str, Voiceprint]) -> None:
    others = {name: print_ for name, print_ in everybody.items() if name != "ben"}
    found = engine.identify(others, BEN[3])
    assert found.best is None
    assert not found.candidates[0].accepted
    assert found.reasons[0].startswith("Nobody: ")


def test_an_empty_gallery(engine: Engine) -> None:
    found = engine.identify({}, BEN[3])
    assert found.best is None
    assert found.candidates == ()
    assert "enrol somebody" in found.reasons[0]


def test_candidates_are_ordered_by_likelihood_not_by_score(home: Path, builders: Any) -> None:
    """A voiceprint of little speech needs a higher score: the calibration knows, the cosine does not."""
    plain = builders.calibration(offset=0.0, slope=10.0)
    engine = Engine(model="tiny", home=home)
    engine.entry = replace(engine.entry, calibration=replace(plain, offset=(0.0, 20.0, 0.0, 0.0)))
    tested = engine.embed(ADA[2])
    near, far = tested.vector, np.roll(tested.vector, 1)
    gallery = Gallery(["short", "long"], np.stack([near, far]), np.array([2.0, 50.0]), "tiny@1.0")
    found = engine.identify(gallery, ADA[2])
    assert [candidate.key for candidate in found.candidates] == ["long", "short"]
    assert found.candidates[0].score < found.candidates[1].score


@pytest.mark.parametrize("top", [0, -1])
def test_senseless_top(top: int, engine: Engine, ada: Voiceprint) -> None:
    with pytest.raises(InvalidRequest, match="at least 1"):
        engine.identify({"a": ada}, ADA[2], top=top)


def test_many_callers(engine: Engine) -> None:
    clips = [clips[0] for clips in SAMPLES.values()] + stranger_clips()[:1]
    alone = [engine.embed(clip).vector for clip in clips]
    found: dict[int, Any] = {}

    def work(place: int) -> None:
        found[place] = engine.embed(clips[place]).vector

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(clips))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(found[place], alone[place]) for place in range(len(clips)))


def test_public_names() -> None:
    for name in earmark.__all__:
        assert getattr(earmark, name) is not None
    assert set(earmark.__all__) <= set(dir(earmark))
    with pytest.raises(AttributeError):
        earmark.nonsense  # noqa: B018


def test_importing_the_package_is_light() -> None:
    code = (
        "import sys, earmark; print([m for m in ('numpy', 'onnxruntime', 'soundfile') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
