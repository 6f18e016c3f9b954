"""A decision about a voice to one that knows that both sides said the same passphrase.

Strangers who say the same words sound more alike than any strangers, and a person more like themselves. So
the cosine of a few seconds of the same words has a map of its own to likelihood ratios, on top of the model's
calibration of cosines. recipes/calibrate_fixed_text.py fits it for the very model that the file names; with
any other the decision stays as it is.
"""

import hashlib
import json
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from earmark.errors import ModelInvalid
from earmark.voice.engine import Engine
from earmark.voice.reasons import decision_reasons
from earmark.voice.scoring.calibration import Calibration, probability
from earmark.voice.scoring.decision import Decision
from earmark.voice.scoring.operating import Aim, set_point

FILE = "fixed_text.json"


def judge_fixed_text(engine: Engine, decision: Decision, aim: Aim) -> Decision:
    """Say what a decision's cosine means for a fixed text, and decide by it."""
    found = load_fixed_text()
    if found is None or found[0] != basis_of(engine):
        return decision
    calibration = found[1]
    point = set_point(calibration, aim)
    seconds = decision.enrolment_seconds, decision.quality.speech_seconds
    llr = calibration.llr(engine.calibration.llr(decision.score, *seconds), *seconds)
    return replace(
        decision,
        accepted=llr >= point.threshold,
        llr=llr,
        probability=probability(llr),
        operating_point=point,
        reasons=decision_reasons(llr, point, decision.quality, decision.enrolment_quality),
    )


def basis_of(engine: Engine) -> str:
    """Digits that change with the model and with what its cosines mean."""
    meaning = json.dumps(engine.calibration.to_table(), sort_keys=True)
    return hashlib.sha256(f"{engine.entry.sha256} {meaning}".encode()).hexdigest()[:16]


def fixed_text_file() -> Path:
    """Where the recipe writes."""
    return Path(str(files("earmark.voice.models.phrase").joinpath(FILE)))


def write_fixed_text(calibration: Calibration, basis: str) -> None:
    """Write what was fitted."""
    table = {"basis": basis, "calibration": calibration.to_table()}
    fixed_text_file().write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")


@cache
def load_fixed_text() -> tuple[str, Calibration] | None:
    """Read what was fitted, and for what; None when nothing was. Raises ModelInvalid."""
    place = fixed_text_file()
    if not place.is_file():
        return None
    try:
        table = json.loads(place.read_text(encoding="utf-8"))
        return str(table["basis"]), Calibration.from_table(table["calibration"])
    except (ValueError, KeyError, TypeError):
        raise ModelInvalid("fixed_text.json is damaged: install Earmark again.") from None
