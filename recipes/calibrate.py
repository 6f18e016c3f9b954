"""Training and calibration speakers to what a model's scores mean: its back end and its calibrations.

Makes the cohort and the PLDA of TRAIN speakers; fits fusion, alignment, calibration and thresholds on
CALIBRATION speakers; measures on TEST speakers only, and writes those figures beside the numbers, into the
model catalogue, unless --dry-run.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from options import add_sides, parser_of, recordings
from rich.console import Console
from rich.progress import Progress

from earmark.evaluation.averages import error_rates
from earmark.evaluation.backends import AS_IS, Measured, side_by_side, to_markdown
from earmark.evaluation.bank import Bank, by_backend, clip_count, fill_banks, trials_of
from earmark.evaluation.conditions import read_scenery
from earmark.evaluation.corpus import Split
from earmark.evaluation.fit import choose_shape, cross_validate, every_condition, fit, sample_trials
from earmark.evaluation.fused_fit import fit_fused
from earmark.evaluation.intervals import join_trials
from earmark.evaluation.listeners import Listener, kept_by, product
from earmark.evaluation.prices import price_bank
from earmark.evaluation.prices import to_markdown as to_table
from earmark.evaluation.speech import make_all_sides
from earmark.evaluation.strangers import Views, choose_cohort, hear_views, learn_people, training_sides
from earmark.voice.models.add import keep_file
from earmark.voice.models.catalog import (
    ModelEntry,
    default_home,
    find_model,
    home_catalog,
    load_catalog,
    shipped_catalog,
    write_entry,
)
from earmark.voice.models.file import digest
from earmark.voice.models.scoring import ScoringEntry, pack
from earmark.voice.scoring.backends import Fused
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.decider import Decider
from earmark.voice.scoring.decision import DEFAULT_FMR
from earmark.voice.scoring.prices import EVIDENCE


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    add_sides(parser)
    parser.add_argument("--dry-run", action="store_true", help="do not write the catalogue")
    return parser.parse_args()


def hear(listener: Listener, root: Path, split: Split, asked: argparse.Namespace) -> Bank:
    """Embed every side of a split under every condition."""
    sides = make_all_sides(root, split, enrol=asked.enrol, test=asked.test, longer=True)
    with Progress(*Progress.get_default_columns(), console=Console(stderr=True)) as progress:
        task = progress.add_task(f"{split.value} clips", total=clip_count(sides))
        return fill_banks([listener], sides, read_scenery(root), lambda: progress.advance(task))[0]


def hear_strangers(listener: Listener, root: Path) -> Views:
    """Embed training speakers."""
    sides = training_sides(root)
    with Progress(*Progress.get_default_columns(), console=Console(stderr=True)) as progress:
        task = progress.add_task("train sides", total=len(sides))
        return hear_views(listener, root, sides, lambda: progress.advance(task))


def main() -> int:
    """Run it."""
    asked = arguments()
    root = recordings(asked)
    entry = find_model(load_catalog(default_home(), installed=False), asked.model)
    listener, save = kept_by(product(asked.model), asked.cache, entry.sha256)
    views = hear_strangers(listener, root)
    save()
    bank = hear(listener, root, Split.CALIBRATION, asked)
    save()
    cosine = fitted(bank)
    words = f"{speakers(bank)} speakers of {len(bank.sets)} sets"
    fused = fit_fused(bank, choose_cohort(views), learn_people(views), words=words)
    fused.meaning.operating_point(DEFAULT_FMR)  # too few trials for it: raises, and nothing is written
    tested = hear(listener, root, Split.TEST, asked)
    save()
    measured = list(side_by_side(fused, cosine, bank, tested))
    print(to_markdown(measured, []))
    evidence = figures(fused, views, bank, tested, measured[-1])
    for name, value in evidence.items():
        print(f"  {name}: {value}")
    prices = price_bank(tested, by_backend(Decider(fused, AS_IS)), fused.meaning)
    if prices is not None:
        print(to_table(prices))
        evidence[EVIDENCE] = prices.to_table()
    if not asked.dry_run:
        keep(entry, cosine, fused, evidence)
    return 0


def keep(entry: ModelEntry, cosine: Calibration, fused: Fused, evidence: dict[str, object]) -> None:
    """Write arrays and catalogue."""
    shipped = entry.file.is_relative_to(shipped_catalog().parent)
    target = shipped_catalog() if shipped else home_catalog(default_home())
    data = pack(fused.cohort, fused.plda)
    file = entry.file.with_name(f"{entry.name}-scoring.npz")
    keep_file(file, data)
    file.chmod(0o644)
    scoring = ScoringEntry(
        file,
        digest(data),
        entry.sha256,
        fused.nearest,
        fused.weights,
        fused.alignment,
        fused.meaning,
        evidence,
    )
    write_entry(target, replace(entry, calibration=cosine, scoring=scoring))
    print(f"Written to the catalogue: {entry.id}, back end {scoring.id}, {len(data):,} bytes.")


def fitted(bank: Bank) -> Calibration:
    """The calibration of cosines: shape by cross-validation, fitted on all calibration speakers."""
    sample, whole = sample_trials(bank, impostors=500), sample_trials(bank, impostors=None)
    results = cross_validate(sample)
    # The score alone is printed for comparison; what ships always knows how much speech was heard.
    shape = choose_shape({name: value for name, value in results.items() if "seconds" in name})
    print("Cosine: Cllr on calibration speakers, cross-validated over speakers:")
    for name, value in results.items():
        taken = "   <- taken: the plainest with seconds within 0.5 % of the best" if name == shape else ""
        print(f"  {value:.4f}  {name}{taken}")
    return fit(sample, shape, whole)


def speakers(bank: Bank) -> int:
    """How many people are in a bank."""
    return len({int(who) for group in bank.speakers.values() for who in group})


def figures(fused: Fused, views: Views, bank: Bank, tested: Bank, measured: Measured) -> dict[str, object]:
    """The evidence: what data, and what it is worth on TEST speakers, each with its 95 % interval."""
    scored = by_backend(Decider(fused, AS_IS))
    trials = join_trials([trials_of(tested, condition, scored=scored) for condition in every_condition()])
    point = fused.meaning.operating_point(DEFAULT_FMR)
    fmr, fnmr = error_rates(trials, point.threshold)
    values = {name: measured.results[name] for name in ("EER", "minDCF", "actDCF", "Cllr", "min Cllr")}
    values |= {f"FMR at {DEFAULT_FMR:g}": fmr, f"FNMR at {DEFAULT_FMR:g}": fnmr}
    return {
        "cohort": f"{len(fused.cohort)} recordings of training speakers of {len(set(views.sets))} sets",
        "plda": f"{len(views.vectors)} recordings of {len(set(views.people))} training speakers",
        "fitted_speakers": speakers(bank),
        "tested_speakers": speakers(tested),
        "tested_trials": trials.scores.size,
    } | {
        name.replace(" ", "_"): [round(float(value), 5) for value in (one.value, one.low, one.high)]
        for name, one in values.items()
    }


if __name__ == "__main__":
    sys.exit(main())
