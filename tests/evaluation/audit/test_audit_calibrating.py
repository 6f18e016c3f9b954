"""A calibration fitted on half of the speakers: better on the other half, kept in a file, checked."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from earmark.errors import InvalidRequest, ModelInvalid, ModelNotFound, TrialsTooFew
from earmark.evaluation.audit.calibrating import fit_on_half
from earmark.evaluation.audit.files import calibration_file
from earmark.evaluation.audit.provenance import Provenance
from earmark.evaluation.audit.scoring import Scored, with_llr
from earmark.evaluation.intervals import Trials
from earmark.evaluation.metrics import Costs
from earmark.voice.models.calibrations import (
    CalibrationFile,
    install_calibration,
    installed_calibration,
    read_calibration,
    remove_calibration,
    to_text,
)
from earmark.voice.models.catalog import DEFAULT_MODEL, load_catalog
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.prices import prices_in

BAD = Calibration((3.0, 0, 0, 0), (2.0, 0, 0, 0), (0.1, 10), (0.1, 10), ((0.1, 1.0), (0.001, 4.0)), "")
MADE = Provenance("voices", "d" * 64, "earmark-1@1.0", "w" * 64, "none", {}, {"earmark": "0"}, "")


def made(seed: int = 1, *, people: int = 100, sides: int = 6) -> Scored:
    draw = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), sides)
    enrol, test = (grid[np.triu_indices(who.size, 1)] for grid in np.meshgrid(who, who, indexing="ij"))
    raw = np.where(enrol == test, 0.7, 0.1) + draw.normal(0, 0.15, enrol.size)
    seconds = np.exp(draw.uniform(0, 2, (2, enrol.size)))
    trials = Trials(raw, enrol, test, np.zeros(enrol.size, int), seconds[0], seconds[1])
    return Scored(trials, raw, None, enrol, test, is_llr=False)


def test_it_is_better_on_speakers_that_it_has_not_seen() -> None:
    scored = made()
    fitted = fit_on_half(with_llr(scored, BAD), BAD, Costs())
    assert fitted.before is not None
    assert fitted.gain is not None
    assert fitted.gain.low > 0
    assert fitted.after.act_dcf.value < fitted.before.act_dcf.value
    assert fitted.after.cllr.value < fitted.before.cllr.value
    assert fitted.after.cllr.value <= 1.2 * fitted.after.min_cllr.value + 0.005
    assert fitted.fitted_speakers == fitted.tested_speakers == 50


def test_no_speaker_is_on_both_sides() -> None:
    scored = made()
    fitted = fit_on_half(scored, None, Costs())
    tested = set(fitted.tested.trials.enrol.tolist()) | set(fitted.tested.trials.test.tolist())
    assert len(tested) == 50
    # What the tested half scores has no part in the fit.
    trials = scored.trials
    inside = np.isin(trials.enrol, list(tested)) & np.isin(trials.test, list(tested))
    other = np.where(inside, scored.raw[::-1], scored.raw)
    again = fit_on_half(replace(scored, raw=other, trials=replace(trials, scores=other)), None, Costs())
    assert again.calibration == fitted.calibration


def test_too_few_people_fit_nothing() -> None:
    with pytest.raises(TrialsTooFew, match="needs 10 in each"):
        fit_on_half(made(people=12), None, Costs())


@pytest.fixture(scope="module")
def text() -> str:
    fitted = fit_on_half(made(people=140), BAD, Costs())
    weights = load_catalog()[DEFAULT_MODEL].sha256
    return to_text(calibration_file(fitted, replace(MADE, weights_sha256=weights)))


@pytest.fixture
def file(text: str, tmp_path: Path) -> Path:
    path = tmp_path / "calibration.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_read_as_it_was_written(file: Path) -> None:
    found = read_calibration(file)
    assert to_text(found) == file.read_text(encoding="utf-8")
    assert found.evidence["same_speaker_people"] == 70
    assert found.evidence["speaker_pairs"] == 70 * 69 // 2


def test_it_is_installed_used_and_taken_back(file: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    before = load_catalog(home)[DEFAULT_MODEL].calibration
    entry, found = install_calibration(file, load_catalog(home), home=home)
    assert load_catalog(home)[DEFAULT_MODEL].calibration == found.calibration == entry.calibration != before
    assert load_catalog(home, installed=False)[DEFAULT_MODEL].calibration == before
    assert load_catalog()[DEFAULT_MODEL].calibration == before
    kept = installed_calibration(entry, home=home)
    assert kept is not None
    assert kept.id == found.id
    assert remove_calibration(entry, home=home)
    assert not remove_calibration(entry, home=home)
    assert load_catalog(home)[DEFAULT_MODEL].calibration == before


def test_it_tells_what_rates_cost_on_the_other_half(file: Path, tmp_path: Path) -> None:
    found = prices_in(read_calibration(file).evidence)
    assert found is not None
    assert (found.speakers, found.cases[0].name, found.lowest) == (70, "all", 1e-4)
    home = tmp_path / "home"
    before = load_catalog(home)[DEFAULT_MODEL].prices
    entry, _ = install_calibration(file, load_catalog(home), home=home)
    assert entry.prices == load_catalog(home)[DEFAULT_MODEL].prices == found != before
    costs = [share.value for share in found.cases[0].fnmr]
    assert costs == sorted(costs)
    assert costs[0] < 0.05 < costs[-1]


def test_a_file_changed_by_hand_is_refused(file: Path, tmp_path: Path) -> None:
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("fitted_speakers = 70", "fitted_speakers = 700"), encoding="utf-8")
    with pytest.raises(ModelInvalid, match="not those that its id stands for"):
        read_calibration(file)
    file.write_text("offset = 1", encoding="utf-8")
    with pytest.raises(ModelInvalid):
        read_calibration(file)
    with pytest.raises(ModelNotFound):
        read_calibration(tmp_path / "missing.toml")


def test_another_models_calibration_is_not_installed(file: Path, tmp_path: Path) -> None:
    found = read_calibration(file)
    file.write_text(
        to_text(CalibrationFile(found.model, "0" * 64, found.calibration, found.evidence)), encoding="utf-8"
    )
    with pytest.raises(ModelNotFound, match="other weights"):
        install_calibration(file, load_catalog(), home=tmp_path)


def test_one_without_the_default_rate_asks_for_force(file: Path, tmp_path: Path) -> None:
    found = read_calibration(file)
    short = replace(found.calibration, thresholds=found.calibration.thresholds[:2])
    file.write_text(
        to_text(CalibrationFile(found.model, found.weights, short, found.evidence)), encoding="utf-8"
    )
    with pytest.raises(InvalidRequest, match="--force"):
        install_calibration(file, load_catalog(), home=tmp_path)
    install_calibration(file, load_catalog(), home=tmp_path, force=True)
