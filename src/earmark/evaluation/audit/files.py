"""An audit to the files of its report folder: HTML, JSON, Markdown, figures, trials, calibration."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from earmark.errors import InvalidRequest, TrialsInvalid
from earmark.evaluation.audit.as_json import to_json, worth_json
from earmark.evaluation.audit.audit import Audit
from earmark.evaluation.audit.calibrating import Fitted
from earmark.evaluation.audit.document import make_document
from earmark.evaluation.audit.lists import score_lines, trial_lines
from earmark.evaluation.audit.provenance import Provenance
from earmark.evaluation.pages.html import to_html
from earmark.evaluation.pages.markdown import figures_of, to_markdown
from earmark.evaluation.prices import price_trials
from earmark.voice.models.calibrations import CalibrationFile, to_text
from earmark.voice.scoring.prices import EVIDENCE

HTML, JSON, MARKDOWN, FIGURES = "report.html", "report.json", "report.md", "figures"
CALIBRATION, TRIALS, SCORES = "calibration.toml", "trials.txt", "scores.txt"
QUANTILES = 201  # of the likelihood ratios kept as evidence: enough to draw them


def prepare(out: Path) -> None:
    """Make the folder before hours of work, not after. Raises InvalidRequest."""
    try:
        (out / FIGURES).mkdir(parents=True, exist_ok=True)
        part = out / ".writable"
        part.write_text("", encoding="utf-8")
        part.unlink()
    except OSError as error:
        raise InvalidRequest(
            f"The folder {out} cannot be written to ({error.strerror}): choose another with --out."
        ) from error


def write_report(out: Path, audit: Audit, made: Provenance, *, keep_trials: bool = False) -> None:
    """Write everything; the page a reader opens comes last, so that it is never there without the rest."""
    document = make_document(audit, made)
    for name, svg in figures_of(document).items():
        _write(out / FIGURES / name, [svg])
    if keep_trials:
        _write_trials(out, audit)
    if audit.fitted is not None:
        _write(out / CALIBRATION, [to_text(calibration_file(audit.fitted, made))])
    text = json.dumps(to_json(audit, made), ensure_ascii=False, indent=1, allow_nan=False)
    _write(out / JSON, [text, "\n"])
    _write(out / MARKDOWN, [to_markdown(document, figures=FIGURES)])
    _write(out / HTML, [to_html(document)])


def calibration_file(fitted: Fitted, made: Provenance) -> CalibrationFile:
    """A fitted calibration with the evidence for it."""
    trials = fitted.tested.trials
    same = trials.genuine
    prices = price_trials(trials, fitted.calibration, recorded="as given to `earmark evaluate`")
    return CalibrationFile(
        made.model,
        made.weights_sha256,
        fitted.calibration,
        evidence_of(trials.scores[same], trials.scores[~same])
        | {
            "source": made.source,
            "data_sha256": made.data_sha256,
            "earmark": made.versions["earmark"],
            "shape": fitted.shape,
            "fitted_speakers": fitted.fitted_speakers,
            "fitted_trials": fitted.fitted_trials,
            "tested_speakers": fitted.tested_speakers,
            "speaker_pairs": int(np.unique(np.stack([trials.enrol, trials.test])[:, ~same], axis=1).shape[1]),
            "same_speaker_people": int(np.unique(trials.enrol[same]).size),
            "after": _known(worth_json(fitted.after)),
        }
        | ({} if fitted.before is None else {"before": _known(worth_json(fitted.before))})
        | ({} if prices is None else {EVIDENCE: prices.to_table()}),
    )


def _known(figures: dict[str, Any]) -> dict[str, Any]:
    """TOML has no null: figures that are whole."""
    return {name: found for name, found in figures.items() if found is not None and None not in found}


def evidence_of(genuine: np.ndarray, impostor: np.ndarray) -> dict[str, object]:
    """Counts of trials, and quantiles of their LLRs."""
    shares = np.linspace(0.0, 100.0, QUANTILES)
    return {
        "genuine_trials": int(genuine.size),
        "impostor_trials": int(impostor.size),
        "genuine_llr": [round(float(value), 4) for value in np.percentile(genuine, shares)],
        "impostor_llr": [round(float(value), 4) for value in np.percentile(impostor, shares)],
    }


def check_names(names: Iterable[str]) -> None:
    """Raises TrialsInvalid when a name cannot stand in a trial list."""
    blank = sum(len(name.split()) != 1 for name in names)
    if blank:
        raise TrialsInvalid(
            f"{blank} recordings have blanks in their names, which a trial list cannot hold: rename them, or "
            "leave --keep-trials out."
        )


def _write_trials(out: Path, audit: Audit) -> None:
    scored = audit.scored
    sides = ["+".join(audit.clips[place].name for place in side) for side in audit.pairs.sides]
    enrol = [sides[place] for place in scored.sides]
    test = [audit.clips[place].name for place in scored.clips]
    _write(out / TRIALS, trial_lines(scored.trials.genuine.tolist(), enrol, test))
    _write(out / SCORES, score_lines(enrol, test, scored.trials.scores.tolist()))


def _write(path: Path, parts: Iterable[str] | Iterator[str]) -> None:
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(parts)
        part.replace(path)
    except OSError as error:
        raise InvalidRequest(f"{path.name} cannot be written ({error.strerror}).") from error
