"""A decision about one passphrase: what its ratio means, for the very model that it was fitted for."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import voices
from synthesis import say

from earmark.errors import ModelInvalid
from earmark.voice.engine import Engine
from earmark.voice.phrase import fixed_text
from earmark.voice.phrase.fixed_text import basis_of, fixed_text_file, judge_fixed_text
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.decision import Decision
from earmark.voice.scoring.operating import Aim

AIM = Aim(fmr=0.01)
MAP = Calibration(
    offset=(1.0, 0.0, 0.0, 0.0),
    slope=(2.0, 0.0, 0.0, 0.0),
    enrol_seconds=(0.1, 10.0),
    test_seconds=(0.1, 5.0),
    thresholds=((0.1, 0.0), (0.01, 3.0), (0.001, 6.0)),
    trials="none: set by hand for the tests",
    score="llr",
)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


@pytest.fixture(scope="module")
def decision(engine: Engine) -> Decision:
    print_ = engine.enrol([np.concatenate([say(voices.PASSPHRASE, "mary", take) for take in (1, 2, 3)])])
    return engine.verify(print_, say(voices.PASSPHRASE, "mary", 5), aim=AIM)


@pytest.fixture
def written(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(fixed_text, "fixed_text_file", lambda: tmp_path / "fixed_text.json")
    fixed_text.load_fixed_text.cache_clear()
    fixed_text.write_fixed_text(MAP, basis_of(engine))
    yield tmp_path / "fixed_text.json"
    fixed_text.load_fixed_text.cache_clear()


def test_the_ratio_and_the_threshold_are_the_maps(engine: Engine, decision: Decision, written: Path) -> None:
    judged = judge_fixed_text(engine, decision, AIM)
    seconds = decision.enrolment_seconds, decision.quality.speech_seconds
    base = engine.calibration.llr(decision.score, *seconds)
    assert judged.llr == pytest.approx(1 + 2 * base)
    assert judged.operating_point.threshold == 3.0
    assert judged.accepted is (judged.llr >= 3.0)
    assert (judged.score, judged.quality, judged.model) == (decision.score, decision.quality, decision.model)


def test_of_another_model_it_says_nothing(engine: Engine, decision: Decision, written: Path) -> None:
    fixed_text.write_fixed_text(MAP, "of another")
    fixed_text.load_fixed_text.cache_clear()
    assert judge_fixed_text(engine, decision, AIM) == decision


def test_without_a_map_any_words_decide(engine: Engine, decision: Decision, written: Path) -> None:
    written.unlink()
    fixed_text.load_fixed_text.cache_clear()
    assert judge_fixed_text(engine, decision, AIM) == decision


def test_a_damaged_map_is_told(engine: Engine, decision: Decision, written: Path) -> None:
    for text in ("{", "[]", json.dumps({"basis": "x", "calibration": {"offset": [1]}})):
        written.write_text(text)
        fixed_text.load_fixed_text.cache_clear()
        with pytest.raises(ModelInvalid):
            judge_fixed_text(engine, decision, AIM)


def test_the_map_that_ships_reads_and_rises() -> None:
    table = json.loads(fixed_text_file().read_text(encoding="utf-8"))
    found = Calibration.from_table(table["calibration"])
    assert found.llr(3.0, 6.0, 2.0) > found.llr(0.0, 6.0, 2.0)
    limits = [limit for _, limit in found.thresholds]
    assert limits == sorted(limits)
