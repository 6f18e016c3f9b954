"""Speech folder to the evaluation tables: the default model beside the baseline (run by `make eval`).

Then its back ends side by side, whether promised rates are kept, and searches of growing galleries. Prints
Markdown, and writes table.md, table.json, backends.md and pictures to --out. All is measured on TEST
speakers; CALIBRATION speakers calibrate the back ends that do not ship, and are in the larger galleries.
"""

import argparse
import json
import sys
import time
from functools import partial
from pathlib import Path

from options import add_sides, parser_of, recordings
from rich.console import Console
from rich.progress import Progress

from earmark.evaluation import backends, growth, own_cohort
from earmark.evaluation.backends import AS_IS, kept_rates, side_by_side
from earmark.evaluation.bank import Bank, by_backend, clip_count, fill_banks
from earmark.evaluation.conditions import LENGTHS, SHORT, Scenery, read_scenery
from earmark.evaluation.corpus import Split
from earmark.evaluation.growth import Searches, search_all
from earmark.evaluation.listeners import Listener, baseline, kept_by, product, remembered
from earmark.evaluation.own_cohort import Placed, in_their_place, places_of, without_each
from earmark.evaluation.searchers import SENTENCES, WORDS, hear_searches
from earmark.evaluation.speech import make_all_sides
from earmark.evaluation.strangers import hear_views, training_sides
from earmark.evaluation.table import Line, line_count, make_lines, to_json, to_markdown
from earmark.voice.models.catalog import ModelEntry, default_home, find_model, load_catalog
from earmark.voice.models.scoring import load_backend
from earmark.voice.scoring.decider import Decider


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("docs/models/figures"), help="folder for table and pictures"
    )
    add_sides(parser)
    parser.add_argument("--no-baseline", action="store_true", help="leave resemblyzer out")
    return parser.parse_args()


def main() -> int:
    """Run it."""
    asked = arguments()
    root = recordings(asked)
    started = time.monotonic()
    entry = find_model(load_catalog(default_home(), installed=False), asked.model)
    ours, keep = kept_by(product(asked.model), asked.cache, entry.sha256)
    listeners, saves = [ours], [keep]
    if not asked.no_baseline:
        try:
            other, save = remembered(baseline(), asked.cache / "resemblyzer-test.npz")
            listeners.append(other)
            saves.append(save)
        except ImportError as error:
            print(f"The baseline is left out: {error.name} is not installed (extra `train`).")
    sides = make_all_sides(root, Split.TEST, enrol=asked.enrol, test=asked.test, longer=True)
    scenery = read_scenery(root)
    with Progress(*Progress.get_default_columns(), console=Console(stderr=True)) as progress:
        task = progress.add_task("clips", total=clip_count(sides))

        def advance() -> None:
            progress.advance(task)

        banks = fill_banks(listeners, sides, scenery, advance, lengths=SHORT)
        banks[0].rows |= fill_banks([ours], sides, scenery, advance, lengths=LENGTHS.keys() - SHORT)[0].rows
        for save in saves:
            save()
        task = progress.add_task("rows", total=line_count(banks))
        lines = make_lines(banks, lambda: progress.advance(task))
    names = [bank.listener for bank in banks]
    table = to_markdown(lines, names)
    asked.out.mkdir(parents=True, exist_ok=True)
    for file, picture in pictures(banks, asked.model).items():
        (asked.out / file).write_text(picture, encoding="utf-8")
    notes = describe(banks, lines, time.monotonic() - started)
    (asked.out / "table.md").write_text(f"{notes}\n\n{table}", encoding="utf-8")
    (asked.out / "table.json").write_text(
        json.dumps(to_json(lines, names), indent=1) + "\n", encoding="utf-8"
    )
    print(f"{notes}\n\n{table}")
    if entry.scoring is None or entry.calibration is None:
        print("No table of back ends: the model has none (recipes/calibrate.py).", file=sys.stderr)
        return 0
    others = make_all_sides(root, Split.CALIBRATION, enrol=asked.enrol, test=asked.test, longer=True)
    with Progress(*Progress.get_default_columns(), console=Console(stderr=True)) as progress:
        task = progress.add_task("calibration clips", total=clip_count(others))
        fitted = fill_banks([ours], others, scenery, lambda: progress.advance(task))[0]
    keep()
    searching = hear_searching(ours, root, scenery)
    keep()
    placed = hear_places(ours, root, entry, banks[0], fitted)
    keep()
    text = back_ends(entry, banks[0], fitted, searching)
    text += "\n" + own_cohort.to_markdown(placed, places_of(banks[0], fitted))
    (asked.out / "backends.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


def hear_searching(listener: Listener, root: Path, scenery: Scenery) -> list[Searches]:
    """Embed those who search and those who are searched."""
    found = []
    with Progress(*Progress.get_default_columns(), console=Console(stderr=True)) as progress:
        for dataset in (*SENTENCES, WORDS):
            task = progress.add_task(f"people of {dataset}", total=None)
            found.append(hear_searches(listener, root, dataset, scenery, partial(progress.advance, task)))
    return found


def hear_places(
    listener: Listener, root: Path, entry: ModelEntry, tested: Bank, fitted: Bank
) -> list[Placed]:
    """Tested speakers beside calibration speakers of their set, which the cohort knows or does not."""
    if entry.scoring is None:
        return []
    sides = training_sides(root)
    with Progress(*Progress.get_default_columns(), console=Console(stderr=True)) as progress:
        task = progress.add_task("train sides", total=len(sides))
        views = hear_views(listener, root, sides, lambda: progress.advance(task))
    cohorts = without_each(views, sorted({side.dataset for side in sides}), places_of(tested, fitted))
    fused = load_backend(entry.scoring, entry.dimension)
    return list(in_their_place(fused, entry.scoring.calibration, tested, fitted, cohorts))


def back_ends(entry: ModelEntry, tested: Bank, fitted: Bank, searching: list[Searches]) -> str:
    """The tables of back ends, of promised rates and of searches."""
    if entry.scoring is None:
        return ""
    fused = load_backend(entry.scoring, entry.dimension)
    scored, meaning = by_backend(Decider(fused, AS_IS)), entry.scoring.calibration
    decider = Decider(fused, entry.scoring.ratios)
    measured = list(side_by_side(fused, entry.calibration, fitted, tested))
    kept = list(kept_rates(tested, scored, meaning))
    found = [(each, search_all(each, decider)) for each in searching]
    return (
        f"## {entry.id}, back end {entry.scoring.id}\n\n"
        f"{backends.to_markdown(measured, kept)}\n{growth.to_markdown(found)}"
    )


def pictures(banks: list[Bank], model: str | None) -> dict[str, str]:
    """File name to SVG."""
    from earmark.evaluation.figures import det_figures, llr_figure
    from earmark.voice.models.catalog import default_home, find_model, load_catalog

    found = det_figures(banks)
    calibration = find_model(load_catalog(default_home()), model).calibration
    if calibration is None:
        print("No picture of LLRs: the model has no calibration yet (recipes/calibrate.py).", file=sys.stderr)
        return found
    return found | {"llr.svg": llr_figure(banks[0], calibration)}


def describe(banks: list[Bank], lines: list[Line], seconds: float) -> str:
    """What the table is of, in words."""
    from earmark.evaluation.table import difference, wins

    text = [
        f"## {' and '.join(bank.listener for bank in banks)} on speakers held out for testing",
        "",
        "All pairs of sides within each set, never across sets; pooled rows join the pairs of all sets. A "
        "length is the most that each side has (sets of single words join words up to 6 s); the channel is "
        "put on the test side only, enrolment is clean. Noise is held-out recordings, rooms are made (0.3 to "
        "0.9 s reverberation). In brackets: 95 % interval over 200 draws of speakers. Bold: the better one.",
        "",
    ]
    for bank in banks:
        missed, clips = (
            sum(row.fallbacks for row in bank.rows.values()),
            sum(len(row.seconds) for row in bank.rows.values()),
        )
        text.append(f"{bank.listener} found no speech in {missed} of {clips} clips; they were scored whole.")
    if len(banks) == 2:
        won, rows = wins(lines)
        ahead = difference(lines[0])
        text += [
            "",
            f"**{banks[0].listener} has the lower EER in {won} of {rows} rows; its mean EER over the "
            f"24 conditions is {100 * ahead.value:.2f} points lower "
            f"({100 * ahead.low:.2f} to {100 * ahead.high:.2f}).**",
        ]
    text += ["", f"Made in {seconds:.0f} s."]
    return "\n".join(text)


if __name__ == "__main__":
    sys.exit(main())
