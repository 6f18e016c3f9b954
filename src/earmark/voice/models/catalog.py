"""Catalogue files to model entries: the models that ship, and those added under EARMARK_HOME/models."""

import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import platformdirs
import tomli_w

from earmark.errors import ModelInvalid, ModelNotFound
from earmark.voice.models.calibrations import with_installed
from earmark.voice.models.file import digest, read_model
from earmark.voice.models.scoring import ScoringEntry
from earmark.voice.models.scoring import from_table as scoring_from
from earmark.voice.models.scoring import to_table as scoring_table
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.prices import Prices, prices_in

CATALOG = "catalog.toml"
DEFAULT_MODEL = "earmark-1"
SEGMENTATION_MODEL = "segmentation-1"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
HEADER = "# Models that Earmark knows; written by `write_entry`, so remarks belong in docs/models/.\n\n"


@dataclass(frozen=True, eq=False)
class ModelEntry:
    """One model: where it lies, what it hears, what it gives, and what its scores mean."""

    name: str
    version: str
    family: str  # one of `families.FAMILIES`
    file: Path
    sha256: str
    licence: str
    sample_rate: int  # Hz
    features: str  # "fbank80" (Povey window), "fbank80-hamming", "waveform" or "redimnet-mel"
    mean_normalised: bool  # the mean over the window is subtracted per band
    scale: float  # what samples in [-1, 1] are multiplied by before anything else
    dimension: int  # D, of the embedding
    calibration: Calibration | None = None  # of the cosine; without one nothing is decided with the model
    scoring: ScoringEntry | None = None  # what decides in place of the cosine, where the model has it
    prices: Prices | None = None  # what rates cost with it, as the evidence for what decides says

    @property
    def id(self) -> str:
        """Name and version, as kept with every embedding: "earmark-1@1.0"."""
        return f"{self.name}@{self.version}"

    @property
    def ratios(self) -> Calibration | None:
        """What decisions are set by, if there is anything: the back end's calibration, or the cosine's."""
        return self.calibration if self.scoring is None else self.scoring.ratios


@dataclass(frozen=True)
class SegmentationEntry:
    """The network that tells who of a few local speakers speaks when; it ships, and none is ever added."""

    name: str
    version: str
    file: Path
    sha256: str
    licence: str

    @property
    def id(self) -> str:
        """Name and version: "segmentation-1@1.0"."""
        return f"{self.name}@{self.version}"


def shipped_catalog() -> Path:
    """The catalogue inside the package."""
    return Path(str(files("earmark.voice.models"))) / CATALOG


def default_home() -> Path:
    """State folder: EARMARK_HOME, else the platform's folder for user data; it need not exist."""
    if home := os.environ.get("EARMARK_HOME"):
        return Path(home).expanduser()
    return platformdirs.user_data_path("earmark", appauthor=False)


def home_catalog(home: Path) -> Path:
    """The catalogue of the models that were added under a state folder; it need not exist."""
    return home / "models" / CATALOG


def load_catalog(home: Path | None = None, *, installed: bool = True) -> dict[str, ModelEntry]:
    """Models by name: the shipped ones, then those of `home` (EARMARK_HOME), when given.

    Each has the calibration that is installed for it under `home`, unless `installed` is False. Nothing is
    read but catalogue and calibration files. Raises ModelInvalid when one of them is damaged.
    """
    entries = _read(shipped_catalog())
    if home is None:
        return entries
    entries = {**_read(home_catalog(home)), **entries}  # nobody replaces a shipped model by its name
    return with_installed(entries, home=home) if installed else entries


def find_model(catalog: Mapping[str, ModelEntry], name: str | None = None) -> ModelEntry:
    """The entry called `name` ("earmark-1" or "earmark-1@1.0"); the default one when None.

    Raises ModelNotFound, listing what there is.
    """
    wanted = DEFAULT_MODEL if name is None else name
    entry = catalog.get(wanted.partition("@")[0])
    if entry is None or wanted not in (entry.name, entry.id):
        known = ", ".join(sorted(found.id for found in catalog.values())) or "none"
        raise ModelNotFound(
            f"There is no model {wanted!r}. Known: {known}. Add one with `earmark models add`."
        )
    return entry


def find_segmentation() -> SegmentationEntry:
    """The shipped segmentation network. Raises ModelNotFound when this installation has none."""
    shipped = shipped_catalog()
    for row in _rows(shipped, "segmentation"):
        if row.get("name") == SEGMENTATION_MODEL:
            return SegmentationEntry(
                name=row["name"],
                version=str(row["version"]),
                file=_inside(shipped.parent, row["file"]),
                sha256=str(row["sha256"]),
                licence=str(row["licence"]),
            )
    raise ModelNotFound(f"The model {SEGMENTATION_MODEL} is not in this installation: install Earmark again.")


def write_segmentation(entry: SegmentationEntry) -> None:
    """Name the shipped segmentation network in the shipped catalogue, in one atomic step."""
    shipped = shipped_catalog()
    row = {
        "name": entry.name,
        "version": entry.version,
        "file": entry.file.resolve().relative_to(shipped.parent.resolve()).as_posix(),
        "sha256": entry.sha256,
        "licence": entry.licence,
    }
    _write(shipped, _read(shipped), segmentation=[row])


def load_weights(entry: ModelEntry | SegmentationEntry) -> bytes:
    """Bytes of a model whose SHA-256 is the catalogue's.

    Raises ModelNotFound when the file is gone, ModelInvalid when it is another file than was catalogued.
    """
    data = read_model(entry.file)
    if digest(data) != entry.sha256:
        raise ModelInvalid(
            f"The file of model {entry.id} is not the one that was catalogued (SHA-256 differs): "
            "install Earmark again, or remove the model and add it anew."
        )
    return data


def write_entry(catalog: Path, entry: ModelEntry) -> None:
    """Add an entry to a catalogue file, or replace the one of its name, in one atomic step."""
    entries = _read(catalog) | {entry.name: entry}
    _write(catalog, entries)


def delete_entry(catalog: Path, name: str) -> None:
    """Take an entry out of a catalogue file, in one atomic step."""
    entries = _read(catalog)
    entries.pop(name, None)
    _write(catalog, entries)


def _read(catalog: Path) -> dict[str, ModelEntry]:
    try:
        entries = [_entry(catalog.parent, row) for row in _rows(catalog, "model")]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelInvalid(
            f"The model catalogue {catalog.name} is damaged ({type(error).__name__}: {error}): "
            "mend it, or delete it and add its models again."
        ) from error
    return {entry.name: entry for entry in entries}


def _rows(catalog: Path, table: str) -> list[dict[str, Any]]:
    """Rows of one of the catalogue's tables; none when there is no such file or table."""
    if not catalog.is_file():
        return []
    rows: list[dict[str, Any]] = tomllib.loads(catalog.read_text(encoding="utf-8")).get(table, [])
    return rows


def _inside(folder: Path, name: str) -> Path:
    file = (folder / str(name)).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise ValueError("a model file lies outside the catalogue's folder")
    return file


def _entry(folder: Path, row: dict[str, Any]) -> ModelEntry:
    file = _inside(folder, row["file"])
    if not NAME.fullmatch(row["name"]):
        raise ValueError("a model name has characters other than a-z, 0-9, '.', '_' and '-'")
    table, scoring = row.get("calibration"), row.get("scoring")
    backend = None if scoring is None else scoring_from(scoring, _inside(folder, scoring["file"]))
    return ModelEntry(
        name=row["name"],
        version=str(row["version"]),
        family=str(row["family"]),
        file=file,
        sha256=str(row["sha256"]),
        licence=str(row["licence"]),
        sample_rate=int(row["sample_rate"]),
        features=str(row["features"]),
        mean_normalised=bool(row["mean_normalised"]),
        scale=float(row["scale"]),
        dimension=int(row["dimension"]),
        calibration=None if table is None else Calibration.from_table(table),
        scoring=backend,
        prices=None if backend is None else prices_in(backend.evidence),
    )


def _row(folder: Path, entry: ModelEntry) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": entry.name,
        "version": entry.version,
        "family": entry.family,
        "file": entry.file.resolve().relative_to(folder.resolve()).as_posix(),
        "sha256": entry.sha256,
        "licence": entry.licence,
        "sample_rate": entry.sample_rate,
        "features": entry.features,
        "mean_normalised": entry.mean_normalised,
        "scale": entry.scale,
        "dimension": entry.dimension,
    }
    if entry.calibration is not None:
        row |= {"calibration": entry.calibration.to_table()}
    return row if entry.scoring is None else row | {"scoring": scoring_table(entry.scoring, folder)}


def _write(
    catalog: Path, entries: Mapping[str, ModelEntry], *, segmentation: list[dict[str, Any]] | None = None
) -> None:
    catalog.parent.mkdir(parents=True, exist_ok=True)
    tables = {"model": [_row(catalog.parent, entry) for entry in entries.values()]}
    kept = _rows(catalog, "segmentation") if segmentation is None else segmentation
    text = HEADER + tomli_w.dumps(tables | ({"segmentation": kept} if kept else {}))
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=catalog.parent, prefix=".catalog-", delete=False
    ) as part:
        part.write(text)
        part.flush()
        os.fsync(part.fileno())
    Path(part.name).chmod(0o644)
    Path(part.name).replace(catalog)
