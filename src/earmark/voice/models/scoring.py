"""What a model is scored by beside its calibration: numbers in the catalogue, arrays in a file beside it."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from earmark.errors import ModelInvalid
from earmark.voice.models.file import digest, read_model
from earmark.voice.scoring.alignment import TERMS, Alignment
from earmark.voice.scoring.backends import Fused
from earmark.voice.scoring.calibration import Calibration, unchanged
from earmark.voice.scoring.plda import Plda


@dataclass(frozen=True, eq=False)
class ScoringEntry:
    """A fused back end of one model's very weights, as catalogued, with what its scores mean."""

    file: Path  # arrays: see `pack`
    sha256: str
    weights: str  # SHA-256 of the embedding model that it was made for
    nearest: int
    fusion: tuple[float, float]
    alignment: Alignment
    calibration: Calibration
    evidence: Mapping[str, Any]  # plain values: data, and figures on speakers that nothing was fitted on
    own: Calibration | None = None  # installed by its users, on top; no part of the artefact

    @property
    def ratios(self) -> Calibration:
        """What the back end's ratios mean: as its users say, or else as they are."""
        return self.own or unchanged(self.calibration)

    @property
    def id(self) -> str:
        """Twelve digits that change with any number of it, or any evidence for it."""
        return hashlib.sha256(json.dumps(_numbers(self), sort_keys=True).encode()).hexdigest()[:12]


def pack(cohort: np.ndarray, plda: Plda) -> bytes:
    """Arrays to the bytes of a file, the same for the same arrays; half precision moves a cosine by 1e-4."""
    buffer = io.BytesIO()
    np.savez(
        buffer,
        cohort=cohort.astype(np.float16),
        mean=plda.mean.astype(np.float32),
        transform=plda.transform.astype(np.float16),
        between=plda.between.astype(np.float32),
    )
    return buffer.getvalue()


def load_backend(entry: ScoringEntry, dimension: int) -> Fused:
    """Read the arrays. Raises ModelNotFound, and ModelInvalid for a file that is not the catalogued one."""
    data = read_model(entry.file)
    if digest(data) != entry.sha256:
        raise ModelInvalid(
            f"{entry.file.name} is not the file that was catalogued (SHA-256 differs): install Earmark again."
        )
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as kept:
            cohort, mean, transform, between = (
                np.asarray(kept[name], np.float32) for name in ("cohort", "mean", "transform", "between")
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ModelInvalid(f"{entry.file.name} is damaged: install Earmark again.") from error
    if cohort.ndim != 2 or cohort.shape[1] != dimension or transform.shape != (dimension, between.size):
        raise ModelInvalid(f"{entry.file.name} was made for another model: install Earmark again.")
    cohort /= np.maximum(np.linalg.norm(cohort, axis=1, keepdims=True), 1e-12)
    plda = Plda(mean, transform, between)
    return Fused(cohort, plda, entry.nearest, entry.fusion, entry.alignment, entry.calibration)


def to_table(entry: ScoringEntry, folder: Path) -> dict[str, Any]:
    """As a TOML table; the file is named from `folder` on."""
    file = entry.file.resolve().relative_to(folder.resolve()).as_posix()
    return {"id": entry.id, "file": file} | _numbers(entry)


def _numbers(entry: ScoringEntry) -> dict[str, Any]:
    return {
        "sha256": entry.sha256,
        "weights": entry.weights,
        "nearest": entry.nearest,
        "fusion": list(entry.fusion),
        "alignment": {
            "seconds": list(entry.alignment.seconds),
            "usual": dict(zip(TERMS, entry.alignment.usual, strict=True)),
            "weights": dict(zip(TERMS, entry.alignment.weights, strict=True)),
        },
        "calibration": entry.calibration.to_table(),
        "evidence": dict(entry.evidence),
    }


def from_table(table: Mapping[str, Any], file: Path) -> ScoringEntry:
    """Read what `to_table` wrote.

    Raises ValueError, KeyError or TypeError for senseless numbers, ModelInvalid when they are not those that
    the id stands for.
    """
    kept = table["alignment"]
    cosine, plda = (float(value) for value in table["fusion"])
    least, most = (float(value) for value in kept["seconds"])
    usual, weights = (tuple(float(kept[part][name]) for name in TERMS) for part in ("usual", "weights"))
    if not np.isfinite([cosine, plda, least, most, *usual, *weights]).all() or min(cosine, plda) < 0:
        raise ValueError("numbers of the scoring table are senseless")
    found = ScoringEntry(
        file,
        str(table["sha256"]),
        str(table["weights"]),
        int(table["nearest"]),
        (cosine, plda),
        Alignment(usual, weights, (least, most)),
        Calibration.from_table(table["calibration"]),
        dict(table["evidence"]),
    )
    if found.id != table["id"]:
        raise ModelInvalid("The scoring table was changed by hand: run recipes/calibrate.py again.")
    return found
