"""Questioned and known recordings to likelihood ratios, with the validation that stands behind them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from earmark.errors import AudioUnreadable, FileMissing, InvalidRequest, ModelInvalid
from earmark.evaluation.forensic.scale import Finding, find_words
from earmark.voice.engine import Engine
from earmark.voice.models.calibrations import CalibrationFile
from earmark.voice.quality import RECOGNISE, Quality, refusal
from earmark.voice.scoring.backends import Cosine
from earmark.voice.scoring.decider import Decider
from earmark.voice.scoring.voices import voices_of
from earmark.voice.voiceprint import Embedding, make_voiceprint


@dataclass(frozen=True, eq=False)
class Exhibit:
    """One recording of the case."""

    name: str  # of the file, without its folder
    sha256: str
    quality: Quality
    doubts: str  # why `verify` would refuse it, or ""


@dataclass(frozen=True, eq=False)
class Compared:
    """One questioned recording against all the known ones together."""

    questioned: Exhibit
    score: float
    finding: Finding


@dataclass(frozen=True, eq=False)
class Case:
    """Everything that a forensic report tells."""

    known: tuple[Exhibit, ...]
    known_seconds: float
    compared: tuple[Compared, ...]
    evidence: Mapping[str, Any]  # as in a calibration file
    calibration_id: str
    model: str
    weights_sha256: str
    scored: str  # what the calibration is of: "llr" (of the model's back end) or "cosine"


def compare(
    engine: Engine, questioned: Sequence[Path], known: Sequence[Path], installed: CalibrationFile | None
) -> Case:
    """The known recordings make one voiceprint; every questioned one is compared with it.

    Raises ModelInvalid without a calibration that was validated, InvalidRequest for a recording on both
    sides, FileMissing and what embedding raises.
    """
    if installed is None:
        raise ModelInvalid(
            f"Model {engine.entry.id} decides by the calibration that it came with, whose trials are not at "
            "hand. A likelihood ratio is worth what its validation is: run `earmark evaluate --calibrate` on "
            "recordings like those of the case, then `earmark models calibrate`, or name the file with "
            "--calibration."
        )
    evidence = installed.evidence
    decider = _decider(engine, installed)
    heard = [_hear(engine, path) for path in known]
    voiceprint = make_voiceprint([embedding for _, embedding in heard])
    own = {exhibit.sha256 for exhibit, _ in heard}
    compared = []
    for path in questioned:
        exhibit, embedding = _hear(engine, path)
        if exhibit.sha256 in own:
            raise InvalidRequest(
                f"{exhibit.name} is among the known recordings too: leave it out of one side."
            )
        score = float(np.dot(voiceprint.vector, embedding.vector))
        llr = float(decider.llrs(voices_of([voiceprint]), voices_of([embedding]))[0, 0])
        finding = find_words(
            llr, same_people=int(evidence["same_speaker_people"]), pairs=int(evidence["speaker_pairs"])
        )
        compared.append(Compared(exhibit, score, finding))
    return Case(
        tuple(exhibit for exhibit, _ in heard),
        voiceprint.speech_seconds,
        tuple(compared),
        evidence,
        installed.id,
        engine.entry.id,
        engine.entry.sha256,
        installed.calibration.score,
    )


def _decider(engine: Engine, file: CalibrationFile) -> Decider:
    """What decides by the file, whatever is installed. Raises ModelInvalid for scores that it lacks."""
    calibration = file.calibration
    if calibration.score == "cosine":
        return Decider(Cosine(), calibration)
    if engine.decider.backend.name != calibration.score:
        raise ModelInvalid(
            f"This calibration is of {calibration.score!r} scores, and model {engine.entry.id} decides by "
            "its cosines here: run `earmark models uncalibrate` first."
        )
    return Decider(engine.decider.backend, calibration)


def _hear(engine: Engine, path: Path) -> tuple[Exhibit, Embedding]:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise FileMissing(f"There is no file {path.name}: check the path.") from error
    except OSError as error:
        raise AudioUnreadable(f"{path.name} cannot be read ({error.strerror}).") from error
    embedding = engine.embed(path)
    refused = refusal(embedding.quality, RECOGNISE)
    digest = hashlib.sha256(data).hexdigest()
    return Exhibit(path.name, digest, embedding.quality, "" if refused is None else str(refused)), embedding
