"""A made world of voices to its report: every section, in three forms that say the same."""

import json
from pathlib import Path

import numpy as np
import pytest

from earmark.evaluation.audit.as_json import to_json
from earmark.evaluation.audit.audit import Asked, Audit, run_audit
from earmark.evaluation.audit.clips import Clip
from earmark.evaluation.audit.document import make_document
from earmark.evaluation.audit.files import write_report
from earmark.evaluation.audit.hearing import Failure, Heard
from earmark.evaluation.audit.pairs import make_pairs
from earmark.evaluation.audit.provenance import Provenance
from earmark.evaluation.audit.scoring import score_pairs
from earmark.evaluation.pages.html import to_html
from earmark.evaluation.pages.markdown import to_markdown
from earmark.voice.scoring.backends import Cosine
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.decider import Decider

PEOPLE, EACH, SIZE = 80, 6, 24
MADE = Provenance("made", "d" * 64, "toy@1", "w" * 64, "none", {"seed": "1"}, {"earmark": "0"}, "")
CALIBRATION = Calibration(
    (-4.0, 0, 0, 0), (11.0, 0, 0, 0), (0.1, 10), (0.1, 10), ((0.1, 0.5), (0.001, 6.0)), ""
)


def heard(seed: int = 1) -> Heard:
    """Voices of two groups; those of group b are alike, so they are confused more often."""
    draw = np.random.default_rng(seed)
    who = np.repeat(np.arange(PEOPLE), EACH)
    centres = draw.standard_normal((PEOPLE, SIZE))
    centres[1::2] += 0.9 * draw.standard_normal(SIZE)
    vectors = centres[who] + 0.7 * draw.standard_normal((who.size, SIZE))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    clips = tuple(
        Clip(f"c{n}.wav", f"p{p:02d}", Path("c"), None, {"kind": "ab"[p % 2], "device": "xyz"[n % 3]})
        for n, p in enumerate(who)
    )
    return Heard(
        clips,
        vectors.astype(np.float32),
        draw.uniform(0.5, 9, who.size),
        draw.uniform(3, 40, who.size),
        np.full(who.size, 8_000.0),
        tuple(f"{n:064x}" for n in range(who.size)),
        tuple("speech_too_short" if n == 3 else "" for n in range(who.size)),
        (Failure(Clip("gone.wav", "p00", Path("gone"), None, {}), "file_not_found", "There is no file."),),
    )


def audit_of(calibration: Calibration | None, asked: Asked) -> Audit:
    voices = heard()
    speakers = np.repeat(np.arange(PEOPLE), EACH).astype(np.intp)
    pairs = make_pairs(speakers, voices.digests, enrol=asked.enrol, most=asked.most, seed=asked.seed)
    decider = None if calibration is None else Decider(Cosine(), calibration)
    scored = score_pairs(voices, speakers, pairs, decider)
    return run_audit(voices, voices.clips, speakers, pairs, scored, decider, asked)


@pytest.fixture(scope="module")
def audit() -> Audit:
    return audit_of(CALIBRATION, Asked(fmr=0.01, calibrate=True))


def test_every_section_is_there_and_the_forms_agree(audit: Audit) -> None:
    document = make_document(audit, MADE)
    assert [section.title for section in document.sections] == [
        *("In short", "Data", "Error rates", "Operating point", "Scores", "Speech and noise"),
        *("Identification", "Groups", "New calibration", "Worth listening to", "What was left out"),
        "How it was made",
    ]
    page, text = to_html(document), to_markdown(document)
    report = json.loads(json.dumps(to_json(audit, MADE), allow_nan=False))
    eer = f"{100 * report['overall']['EER'][0]:.2f} %"
    assert eer in page
    assert eer in text
    for section in document.sections:
        assert section.title in page
        assert f"## {section.title}" in text
    assert "nan" not in page.lower().replace("nancy", "")
    assert report["data"]["fte"] == pytest.approx(1 / (PEOPLE * EACH + 1))
    assert report["data"]["refused_by_verify"] == {"speech_too_short": 1}


def test_the_confused_group_is_found_and_the_devices_are_not(audit: Audit) -> None:
    kind, device = audit.groups
    assert kind[0].of_speakers
    assert kind[1].differs is True
    assert kind[1].worst_fmr == "b"
    assert not device[0].of_speakers
    assert device[1].differs is not True


def test_galleries_and_buckets_hang_together(audit: Audit) -> None:
    assert [row.size for row in audit.open_sets] == [10, 30]
    assert audit.open_sets[0].fnir.value <= audit.open_sets[1].fnir.value
    genuine = int(audit.scored.trials.genuine.sum())
    assert sum(bucket.genuine for bucket in audit.durations) == genuine
    assert sum(bucket.genuine for bucket in audit.noises) == genuine


def test_a_model_without_a_calibration_is_measured_by_its_scores(tmp_path: Path) -> None:
    found = audit_of(None, Asked(fmr=0.01, enrol=3, calibrate=True))
    assert "Cllr" not in found.overall
    assert found.fitted is not None
    assert found.fitted.before is None
    assert found.fitted.after.cllr.value < 1.0
    write_report(tmp_path_with(tmp_path), found, MADE, keep_trials=True)
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["operating_points"][0]["promised"] is None
    assert report["chosen"]["fmr"][0] == pytest.approx(0.01, abs=0.002)
    first = (tmp_path / "trials.txt").read_text(encoding="utf-8").split()[1]
    assert first.count("+") == 2
    assert (tmp_path / "calibration.toml").is_file()


def tmp_path_with(folder: Path) -> Path:
    (folder / "figures").mkdir()
    return folder


def test_the_same_seed_draws_the_same(audit: Audit) -> None:
    again = audit_of(CALIBRATION, Asked(fmr=0.01, calibrate=True))
    assert to_json(again, MADE) == to_json(audit, MADE)


def test_a_threshold_that_lets_in_too_many_is_called_out() -> None:
    loose = Calibration((4.0, 0, 0, 0), (11.0, 0, 0, 0), (0.1, 10), (0.1, 10), ((0.1, 0.5), (0.001, 6.0)), "")
    found = audit_of(loose, Asked(fmr=0.01))
    point = next(point for point in found.points if point.asked == 0.01)
    assert point.kept is False
    (words,) = to_json(found, MADE)["recommendation"]
    assert "lets in more than that" in words
    assert "--calibrate" in words
