"""What verify and identify decide by: the back end that ships, a calibration on top, or the cosine alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from earmark.errors import ModelInvalid
from earmark.voice.engine import WEIGHED, Engine
from earmark.voice.features import Floats
from earmark.voice.gallery import Gallery
from earmark.voice.models.calibrations import CalibrationFile, decide_by, install_calibration, to_text
from earmark.voice.models.catalog import DEFAULT_MODEL, find_model, load_catalog
from earmark.voice.samples import sample_speakers
from earmark.voice.scoring.backends import Cosine
from earmark.voice.scoring.calibration import unchanged
from earmark.voice.scoring.voices import Voices, voices_of
from earmark.voice.voiceprint import Voiceprint

SAMPLES = sample_speakers()
NOTHING = (0.0, 0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def ada(engine: Engine) -> Voiceprint:
    return engine.enrol(SAMPLES["ada"][:2])


def strangers(count: int) -> Floats:
    vectors = np.random.default_rng(1).standard_normal((count, 256))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def test_the_default_model_decides_by_its_back_end(engine: Engine, ada: Voiceprint) -> None:
    assert engine.decider.backend.name == "llr"
    same, other = (engine.verify(ada, SAMPLES[name][3]) for name in ("ada", "ben"))
    assert same.accepted
    assert not other.accepted
    tested = engine.embed(SAMPLES["ada"][3])
    assert same.llr == pytest.approx(engine.decider.llrs(voices_of([ada]), voices_of([tested]))[0, 0])
    assert same.score == pytest.approx(float(ada.vector @ tested.vector), abs=1e-5)
    entry = load_catalog()[DEFAULT_MODEL]
    assert entry.scoring is not None
    assert entry.scoring.evidence["tested_speakers"] > 50
    assert engine.decider.operating_point(1e-7).threshold > engine.decider.operating_point(1e-3).threshold
    assert entry.scoring.file.stat().st_size < 1_000_000


def test_a_large_gallery_is_weighed_where_it_matters(engine: Engine, ada: Voiceprint) -> None:
    count = 2 * WEIGHED
    known = voices_of([ada])
    gallery = Gallery(
        ["ada", *map(str, range(count))],
        np.concatenate([known.vectors, strangers(count)]),
        np.full(count + 1, known.seconds[0]),
        engine.entry.id,
    )
    found = engine.identify(gallery, SAMPLES["ada"][3], top=3)
    assert found.best == "ada"
    tested = voices_of([engine.embed(SAMPLES["ada"][3])])
    unknown = np.full(count + 1, np.nan)
    voices = Voices(gallery.matrix, gallery.speech_seconds, unknown, unknown)
    every = engine.decider.llrs(voices, tested)[:, 0]
    assert [each.llr for each in found.candidates] == pytest.approx(np.sort(every)[::-1][:3], abs=1e-4)
    assert found.candidates[0].llr == pytest.approx(
        engine.identify(gallery, SAMPLES["ada"][3]).candidates[0].llr
    )
    nobody = engine.identify(Gallery([], strangers(1)[:0], np.zeros(0), engine.entry.id), SAMPLES["ada"][3])
    assert nobody.candidates == ()


def test_a_calibration_goes_on_top_of_the_back_end_or_in_its_place(tmp_path: Path, ada: Voiceprint) -> None:
    entry = load_catalog()[DEFAULT_MODEL]
    assert entry.scoring is not None
    assert entry.calibration is not None
    plain = Engine(home=tmp_path).verify(ada, SAMPLES["ada"][3])
    doubled = replace(unchanged(entry.scoring.calibration), slope=(2.0, 0.0, 0.0, 0.0))
    for calibration in (doubled, entry.calibration):
        file = tmp_path / "calibration.toml"
        text = to_text(CalibrationFile(entry.id, entry.sha256, calibration, {"trials": 1}))
        file.write_text(text, encoding="utf-8")
        install_calibration(file, load_catalog(tmp_path), home=tmp_path, force=True)
        engine = Engine(home=tmp_path)
        assert engine.decider.calibration == calibration
        llr = engine.verify(ada, SAMPLES["ada"][3]).llr
        if calibration is doubled:
            assert llr == pytest.approx(2 * plain.llr)
        else:
            assert isinstance(engine.decider.backend, Cosine)  # a file of before there was a back end
            seconds = ada.speech_seconds, plain.quality.speech_seconds
            assert llr == pytest.approx(calibration.llr(plain.score, *seconds), abs=1e-4)


def test_scores_that_the_model_has_not_are_refused(tmp_path: Path) -> None:
    entry = find_model(load_catalog(), DEFAULT_MODEL)
    assert entry.scoring is not None
    with pytest.raises(ModelInvalid, match="has not"):
        decide_by(replace(entry, scoring=None), unchanged(entry.scoring.calibration))
    stale = Engine(home=tmp_path)
    stale.entry = replace(entry, scoring=replace(entry.scoring, weights="0" * 64))
    with pytest.raises(ModelInvalid, match="other weights"):
        stale.decider  # noqa: B018
