"""An ONNX file to a catalogued model, once it has told the built-in voices apart."""

import os
import tempfile
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np

from earmark.errors import InvalidRequest, ModelInvalid, ModelNotFound
from earmark.voice.embedding import Embedder
from earmark.voice.features import SAMPLE_RATE
from earmark.voice.models.catalog import (
    NAME,
    ModelEntry,
    delete_entry,
    find_model,
    home_catalog,
    load_catalog,
    load_weights,
    write_entry,
)
from earmark.voice.models.families import FAMILIES, find_family
from earmark.voice.models.families.family import FrontEnd
from earmark.voice.models.file import digest, read_model
from earmark.voice.models.self_check import SelfCheck, Voices, self_check
from earmark.voice.models.session import ModelSession
from earmark.voice.scoring.calibration import Calibration

MAX_DIMENSION = 8_192  # of an embedding; more is a classifier's output, not a voice


def add_model(
    path: Path,
    *,
    home: Path,
    family: str,
    name: str | None = None,
    licence: str = "unknown",
    version: str = "1.0",
    calibration: Path | None = None,
    voices: Voices | None = None,
) -> tuple[ModelEntry, SelfCheck]:
    """Check an ONNX file, copy it to `home`/models and catalogue it; nothing is kept when a check fails.

    `name` defaults to the file's. `calibration` is a TOML file made by this package's evaluation; without
    it the model embeds, but verify and identify refuse to decide with it. Raises ModelNotFound,
    ModelInvalid, ModelSelfCheckFailed (with the figure, and the family that would pass if one does), and
    InvalidRequest when the name is taken or is no name.
    """
    entry = examine(path, name=_new_name(path, name, home), family=family, licence=licence, version=version)
    if calibration is not None:
        entry = replace(entry, calibration=_read_calibration(calibration))
    check = self_check(Embedder(entry), voices)
    if not check.passed:
        check.require(hint=_other_family(entry, voices))
    kept = replace(entry, file=home / "models" / f"{entry.name}-{entry.sha256[:12]}.onnx")
    keep_file(kept.file, read_model(path))
    load_weights(kept)  # the file was not changed while it was checked
    write_entry(home_catalog(home), kept)
    return kept, check


def examine(path: Path, *, name: str, family: str, licence: str, version: str) -> ModelEntry:
    """An ONNX file to the entry that would catalogue it, with the front end of its family.

    Raises ModelNotFound, ModelInvalid (not ONNX, another family's input, no constant vector) and
    InvalidRequest.
    """
    data = read_model(path)
    session = ModelSession(data)
    front_end = find_family(family).describe(session.signature)
    return ModelEntry(
        name=name,
        version=_word(version, "version"),
        family=family,
        file=path,
        sha256=digest(data),
        licence=_word(licence, "licence"),
        sample_rate=SAMPLE_RATE,
        features=front_end.features,
        mean_normalised=front_end.mean_normalised,
        scale=front_end.scale,
        dimension=_dimension(session, family, front_end),
    )


def check_model(name: str | None = None, *, home: Path | None = None) -> tuple[ModelEntry, SelfCheck]:
    """Run the self-check of a catalogued model again.

    Raises ModelNotFound, ModelInvalid (its file has changed), ModelSelfCheckFailed.
    """
    entry = find_model(load_catalog(home), name)
    return entry, self_check(Embedder(entry)).require()


def remove_model(name: str, *, home: Path) -> ModelEntry:
    """Take an added model out of the catalogue and delete its file; profiles made with it are left alone.

    Raises ModelNotFound, and InvalidRequest for a model that ships with the package.
    """
    entry = find_model(load_catalog(home), name)
    if entry.name in load_catalog():
        raise InvalidRequest(f"Model {entry.id} ships with Earmark and cannot be removed.")
    delete_entry(home_catalog(home), entry.name)
    entry.file.unlink(missing_ok=True)
    return entry


def _new_name(path: Path, name: str | None, home: Path) -> str:
    chosen = path.stem.lower() if name is None else name
    if not NAME.fullmatch(chosen):
        raise InvalidRequest(
            f"{chosen!r} cannot be a model's name: use a-z, 0-9, '.', '_' and '-', at most 64 of them."
        )
    if chosen in load_catalog(home):
        raise InvalidRequest(f"There is a model {chosen!r} already: give another name, or remove it first.")
    return chosen


def _word(text: str, what: str) -> str:
    if not text.strip() or len(text) > 100 or not text.isprintable() or (what == "version" and "@" in text):
        raise InvalidRequest(f"{text[:100]!r} cannot be a model's {what}: write a word such as 1.0 or MIT.")
    return text.strip()


def _dimension(session: ModelSession, family: str, front_end: FrontEnd) -> int:
    """Numbers in the embedding, the same for windows of several lengths. Raises ModelInvalid."""
    draw = np.random.default_rng(1)
    lengths = [front_end.fixed_samples] if front_end.fixed_samples else [48_000, 16_000, 11_211]
    shapes = set()
    for samples in lengths:
        window = (0.05 * draw.standard_normal(samples)).astype(np.float32)
        shapes.add(session.run(find_family(family).prepare(window, front_end, session.signature)).shape)
    shape = shapes.pop()
    if shapes or len(shape) < 2 or np.prod(shape[:-1]) != 1:
        raise ModelInvalid(
            f"The model's output has the shape {shape} for one clip, where one vector was expected: "
            "export the pooled embedding, not the frames."
        )
    if not 2 <= shape[-1] <= MAX_DIMENSION:
        raise ModelInvalid(
            f"The model gives {shape[-1]} numbers for a clip, 2 to {MAX_DIMENSION} were expected: "
            "export the encoder without its classifier."
        )
    declared = session.signature.metadata.get("output_dim", str(shape[-1]))
    if declared != str(shape[-1]):
        raise ModelInvalid(f"The file declares {declared} numbers and gives {shape[-1]}: export it again.")
    return int(shape[-1])


def _other_family(entry: ModelEntry, voices: Voices | None) -> str:
    """What to do about a failed check: the family under which the same file passes, if there is one."""
    for family in FAMILIES:
        try:
            other = examine(
                entry.file, name=entry.name, family=family, licence=entry.licence, version=entry.version
            )
            check = self_check(Embedder(other), voices)
        except ModelInvalid:
            continue
        if check.passed:
            return f"It passes as --family {family} (equal error rate {check.eer:.1%})."
    return "No other family makes it pass either."


def _read_calibration(path: Path) -> Calibration:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return Calibration.from_table(table.get("calibration", table))
    except FileNotFoundError as error:
        raise ModelNotFound(f"There is no calibration file {path.name}: check the path.") from error
    except (OSError, ValueError, AttributeError) as error:
        raise ModelInvalid(
            f"{path.name} is not a calibration ({type(error).__name__}): make one with Earmark's evaluation."
        ) from error


def keep_file(file: Path, data: bytes) -> None:
    """Write a file in one atomic step, making its folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".model-", delete=False) as part:
        part.write(data)
        part.flush()
        os.fsync(part.fileno())
    Path(part.name).replace(file)
