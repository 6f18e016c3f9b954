"""Calibration files: what `earmark evaluate --calibrate` writes, installed under EARMARK_HOME for a model.

A file holds the numbers of a `Calibration` and the evidence for them. It belongs to the weights that it was
fitted on, by their SHA-256, and takes the place of the calibration that the catalogue has for them.
"""

import hashlib
import json
import os
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w

from earmark.errors import InvalidRequest, ModelInvalid, ModelNotFound
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.decision import DEFAULT_FMR
from earmark.voice.scoring.prices import prices_in

if TYPE_CHECKING:
    from earmark.voice.models.catalog import ModelEntry

FORMAT = "earmark calibration 1"
FOLDER = "calibrations"
HEADER = (
    "# What a model's scores mean, with the evidence for it; written by `earmark evaluate --calibrate`.\n"
    "# Install it with `earmark models calibrate FILE`.\n\n"
)


@dataclass(frozen=True, eq=False)
class CalibrationFile:
    """A calibration, whose it is, and what it rests on."""

    model: str  # "earmark-1@1.0"
    weights: str  # SHA-256 of the model's file
    calibration: Calibration
    evidence: Mapping[str, Any]  # plain values: speakers, trials, figures before and after, LLRs

    @property
    def id(self) -> str:
        """Twelve digits that change with any number of the calibration or any evidence for it."""
        text = json.dumps([self.weights, self.calibration.to_table(), dict(self.evidence)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def to_text(file: CalibrationFile) -> str:
    """As TOML."""
    table = {
        "format": FORMAT,
        "id": file.id,
        "model": file.model,
        "weights": file.weights,
        "calibration": file.calibration.to_table(),
        "evidence": dict(file.evidence),
    }
    return HEADER + tomli_w.dumps(table)


def read_calibration(path: Path) -> CalibrationFile:
    """Read what `to_text` wrote. Raises ModelNotFound, ModelInvalid (damaged, or changed by hand)."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        file = CalibrationFile(
            str(table["model"]),
            str(table["weights"]),
            Calibration.from_table(table["calibration"]),
            dict(table["evidence"]),
        )
        if table["format"] != FORMAT:
            raise ValueError("format")
        if table["id"] != file.id:
            raise ValueError("its numbers are not those that its id stands for")
    except FileNotFoundError as error:
        raise ModelNotFound(f"There is no calibration file {path.name}: check the path.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelInvalid(
            f"{path.name} is no calibration file, or a damaged one ({type(error).__name__}: {error}): make "
            "one with `earmark evaluate --calibrate`; `earmark models uncalibrate` goes back to the model's "
            "own."
        ) from error
    return file


def install_calibration(
    path: Path, entries: Mapping[str, "ModelEntry"], *, home: Path, force: bool = False
) -> tuple["ModelEntry", CalibrationFile]:
    """Let a model of the catalogue decide by a calibration file from now on; profiles stay as they are.

    Raises ModelNotFound when no model has its weights, InvalidRequest when it does not support the default
    false-match rate and `force` is not given.
    """
    file = read_calibration(path)
    entry = next((entry for entry in entries.values() if entry.sha256 == file.weights), None)
    if entry is None:
        raise ModelNotFound(
            f"{path.name} was fitted on {file.model} with other weights than any model here: add that "
            "model first."
        )
    lowest = file.calibration.thresholds[-1][0]
    if lowest > DEFAULT_FMR and not force:
        raise InvalidRequest(
            f"{path.name} rests on too few trials for a false-match rate of {DEFAULT_FMR:g}, the default; "
            f"its lowest is {lowest:g}. Evaluate with more speakers, or install it with --force and give "
            "--fmr from then on."
        )
    _keep(_place(home, entry), to_text(file))
    return decide_by(entry, file.calibration, evidence=file.evidence), file


def decide_by(
    entry: "ModelEntry", calibration: Calibration, *, evidence: Mapping[str, Any] | None = None
) -> "ModelEntry":
    """The entry with a calibration on top of its back end, or, for one of cosines, in place of it.

    What rates cost is what its `evidence` says, if anything. Raises ModelInvalid for a calibration of scores
    that the model has not, and for damaged evidence.
    """
    entry = replace(entry, prices=prices_in(evidence or {}))
    if calibration.score == "cosine":
        return replace(entry, calibration=calibration, scoring=None)
    if entry.scoring is None or calibration.score != "llr":
        raise ModelInvalid(
            f"This calibration is of {calibration.score!r} scores, which the model {entry.id} has not: "
            "fit one with `earmark evaluate --calibrate`."
        )
    return replace(entry, scoring=replace(entry.scoring, own=calibration))


def remove_calibration(entry: "ModelEntry", *, home: Path) -> bool:
    """Go back to the catalogue's calibration; False when no other was installed."""
    place = _place(home, entry)
    found = place.is_file()
    place.unlink(missing_ok=True)
    return found


def installed_calibration(entry: "ModelEntry", *, home: Path) -> CalibrationFile | None:
    """The file installed for a model's very weights, if any. Raises ModelInvalid when it is damaged."""
    place = _place(home, entry)
    if not place.is_file():
        return None
    file = read_calibration(place)
    return file if file.weights == entry.sha256 else None


def with_installed(entries: Mapping[str, "ModelEntry"], *, home: Path) -> dict[str, "ModelEntry"]:
    """The entries, each with the calibration that is installed for it."""
    if not (home / "models" / FOLDER).is_dir():
        return dict(entries)
    found = dict(entries)
    for name, entry in entries.items():
        file = installed_calibration(entry, home=home)
        if file is not None:
            found[name] = decide_by(entry, file.calibration, evidence=file.evidence)
    return found


def _place(home: Path, entry: "ModelEntry") -> Path:
    return home / "models" / FOLDER / f"{entry.name}.toml"


def _keep(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=file.parent, prefix=".calibration-", delete=False
    ) as part:
        part.write(text)
        part.flush()
        os.fsync(part.fileno())
    Path(part.name).chmod(0o644)
    Path(part.name).replace(file)
