"""Calibration speakers to the numbers of a model's calibration, in the model catalogue.

Fits on CALIBRATION speakers (the shape is chosen there too, by cross-validation over speakers), writes the
catalogue unless --dry-run, and reports Cllr, min Cllr and the false-match rate on TEST speakers only.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from earmark.evaluation.averages import error_rates
from earmark.evaluation.bank import Bank, clip_count, fill_banks
from earmark.evaluation.conditions import read_scenery
from earmark.evaluation.corpus import Split
from earmark.evaluation.fit import (
    Sample,
    assess,
    best_assessment,
    calibrated,
    choose_shape,
    cross_validate,
    fit,
    sample_trials,
)
from earmark.evaluation.listeners import Listener, product
from earmark.evaluation.speech import make_all_sides, speech_folder
from earmark.evaluation.table import calibration_lines
from earmark.voice.models.catalog import (
    default_home,
    find_model,
    home_catalog,
    load_catalog,
    shipped_catalog,
    write_entry,
)
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.decision import DEFAULT_FMR


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--speech", type=Path, help="speech folder (default: EARMARK_SPEECH, ../shared/speech)"
    )
    parser.add_argument("--model", help="name of a model in the catalogue (default: the default model)")
    parser.add_argument("--enrol", type=int, default=80, help="most enrolment sides of a set")
    parser.add_argument("--test", type=int, default=32, help="most test sides of a set; time grows with it")
    parser.add_argument("--dry-run", action="store_true", help="do not write the catalogue")
    return parser.parse_args()


def hear(listener: Listener, root: Path, split: Split, asked: argparse.Namespace) -> Bank:
    """Embed every side of a split under every condition."""
    sides = make_all_sides(root, split, enrol=asked.enrol, test=asked.test)
    with Progress(*Progress.get_default_columns(), console=Console(stderr=True)) as progress:
        task = progress.add_task(f"{split.value} clips", total=clip_count(sides))
        return fill_banks([listener], sides, read_scenery(root), lambda: progress.advance(task))[0]


def main() -> int:
    """Run it."""
    asked = arguments()
    root = speech_folder(asked.speech)
    if root is None:
        print("Skipped: there is no speech folder. Set EARMARK_SPEECH, or give --speech FOLDER.")
        return 0
    entry = find_model(load_catalog(default_home()), asked.model)
    listener = product(asked.model)
    bank = hear(listener, root, Split.CALIBRATION, asked)
    calibration = fitted(bank)
    calibration.operating_point(DEFAULT_FMR)  # too few trials for it: raises, and nothing is written
    if asked.dry_run:
        print(calibration.to_table())
    else:
        shipped = entry.file.is_relative_to(shipped_catalog().parent)
        target = shipped_catalog() if shipped else home_catalog(default_home())
        write_entry(target, replace(entry, calibration=calibration))
        print(f"Written to the catalogue: {entry.id}.")
    report(hear(listener, root, Split.TEST, asked), calibration)
    return 0


def fitted(bank: Bank) -> Calibration:
    """Choose the shape by cross-validation and fit it on all calibration speakers."""
    sample, whole = sample_trials(bank, impostors=500), sample_trials(bank, impostors=None)
    results = cross_validate(sample)
    # The score alone is printed for comparison; what ships always knows how much speech was heard.
    shape = choose_shape({name: value for name, value in results.items() if "seconds" in name})
    print("Cllr on calibration speakers, cross-validated over speakers:")
    for name, value in results.items():
        taken = "   <- taken: the plainest with seconds within 0.5 % of the best" if name == shape else ""
        print(f"  {value:.4f}  {name}{taken}")
    return fit(sample, shape, whole)


def report(bank: Bank, calibration: Calibration) -> None:
    """Print what the calibration is worth on TEST speakers."""
    whole = sample_trials(bank, impostors=None)
    sample = Sample(calibrated(whole.trials, calibration), whole.weights)
    cost, least = assess(sample, sample.trials.scores), best_assessment(sample)
    print("\nOn TEST speakers, every set and condition of equal weight:")
    print(
        f"  Cllr {cost:.4f}, min Cllr {least:.4f}: {100 * (cost / least - 1):.1f} % apart (aim: 20 % at most)"
    )
    point = calibration.operating_point(DEFAULT_FMR)
    found, _ = error_rates(sample.trials, point.threshold)
    print(
        f"  default operating point: FMR {DEFAULT_FMR:g}, accept from LLR {point.threshold:.2f}; empirical "
        f"FMR {found.value:.2e} (95 % interval {found.low:.2e} to {found.high:.2e})"
    )
    for text in calibration_lines(sample.trials, bank.sets, calibration):
        print("  " + text)


if __name__ == "__main__":
    sys.exit(main())
