"""What a report was made with: versions, hashes and parameters, so that it can be made again."""

import hashlib
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from earmark.voice.models.calibrations import CalibrationFile
from earmark.voice.models.catalog import ModelEntry


@dataclass(frozen=True)
class Provenance:
    """Nothing in here is a time, a place on a disk or a name of a machine."""

    source: str  # name of the folder, table or score file
    data_sha256: str  # over all names and contents, in order
    model: str
    weights_sha256: str
    calibration: str  # id of the installed one, "shipped with the model", or "none"
    parameters: Mapping[str, str]
    versions: Mapping[str, str]
    date: str  # as given by the caller, usually empty


def gather_provenance(
    source: str,
    contents: Sequence[tuple[str, str]],
    entry: ModelEntry | None,
    installed: CalibrationFile | None,
    parameters: Mapping[str, str],
    *,
    date: str = "",
) -> Provenance:
    """`contents` are names and SHA-256 of all inputs; `entry` is None when scores were handed over."""
    digest = hashlib.sha256()
    for name, content in contents:
        digest.update(f"{name}\0{content}\n".encode())
    own = "none" if entry is None or entry.calibration is None else "shipped with the model"
    if entry is not None and entry.scoring is not None:
        own = f"back end {entry.scoring.id}, shipped with the model"
    return Provenance(
        source,
        digest.hexdigest(),
        "none: scores were handed over" if entry is None else entry.id,
        "" if entry is None else entry.sha256,
        own if installed is None else installed.id,
        dict(parameters),
        versions(),
        date,
    )


def versions() -> dict[str, str]:
    """What decides the bits, beside the inputs."""
    return {
        "earmark": version("earmark"),
        "numpy": version("numpy"),
        "onnxruntime": version("onnxruntime"),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}",
        "processor": platform.machine(),
    }
