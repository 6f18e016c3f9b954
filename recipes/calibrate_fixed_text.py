"""What the default model's likelihood ratios mean where both sides say the same passphrase.

Fits on CALIBRATION speakers, writes voice/models/phrase/fixed_text.json unless --dry-run, and compares with
text-independent scoring of the same clips on TEST speakers only. To be run again after recipes/calibrate.py.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from options import parser_of, recordings

from earmark.evaluation.averages import error_rates, llr_costs
from earmark.evaluation.corpus import Split
from earmark.evaluation.fit import RATES, Sample, assess, calibrated, cross_validate, fit
from earmark.evaluation.fixed_text import hear, trials_of
from earmark.evaluation.intervals import Trials, join_trials, measure
from earmark.evaluation.metrics import USUAL, eer_of
from earmark.voice.engine import Engine
from earmark.voice.phrase.fixed_text import basis_of, fixed_text_file, write_fixed_text
from earmark.voice.scoring.backends import Cosine
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.decider import Decider
from earmark.voice.scoring.decision import DEFAULT_FMR
from earmark.voice.scoring.operating import threshold_at

# The plainest map only: an offset and a slope. With the seconds of both sides Cllr fell further on
# CALIBRATION speakers, but at strict rates twice as many genuine trials were refused: ten speakers say long
# phrases, and their seconds are confounded with their set. The distance of the spectra along the best
# alignment of both recordings (dynamic time warping), beside the ratio, brought nothing there either.
SHAPE = "score"


def listen(engine: Engine, root: Path, split: Split, *deciders: Decider) -> list[dict[str, Trials]]:
    """Trials of every set, scored by each of the deciders."""
    found: list[dict[str, Trials]] = [{} for _ in deciders]
    first = 0
    for number, said in enumerate(hear(engine, root, split)):
        for decider, parts in zip(deciders, found, strict=True):
            parts[said.dataset], following = trials_of(decider, said, number, first)
        first = following
    return found


def weigh(trials: Trials) -> Sample:
    """Every set's genuine and impostor trials sum to one each."""
    weights = np.zeros(trials.scores.size)
    for number in np.unique(trials.sets):
        for genuine in (True, False):
            members = (trials.sets == number) & (trials.genuine == genuine)
            weights[members] = 1.0 / max(int(members.sum()), 1)
    return Sample(trials, weights)


def fitted(engine: Engine, parts: dict[str, Trials]) -> Calibration:
    """Fit the map, if it helps speakers that it has not seen, and continue the thresholds' tail."""
    sample = weigh(join_trials(list(parts.values())))
    before = assess(sample, sample.trials.scores)
    after = cross_validate(sample)[SHAPE]
    print(
        f"Cllr on calibration speakers: {before:.4f} as it is, {after:.4f} for a fixed text (cross-validated)"
    )
    if after >= before:
        raise SystemExit("A fixed text is judged no better by a map of its own: nothing is written.")
    found = fit(sample, SHAPE, sample)
    limits = []
    for rate in RATES:
        # Never below what any words have to reach: few speakers say the same twice, and a rate is a promise.
        own = found.llr(threshold_at(engine.calibration, rate), 1.0, 1.0)
        limits.append((rate, round(max(threshold_at(found, rate), own), 4)))
    measured = found.thresholds[-1][0]
    words = f"{found.trials}; thresholds below FMR {measured:g} continued, not measured"
    return replace(found, thresholds=tuple(limits), score="llr", trials=words)


def report(
    engine: Engine, usual: dict[str, Trials], cosines: dict[str, Trials], calibration: Calibration
) -> list[str]:
    """A table on TEST speakers: text-independent scoring of the same clips beside the fixed text's."""
    own = engine.decider.calibration.operating_point(DEFAULT_FMR).threshold
    lines = [
        "| set | scoring | EER | Cllr | actDCF (prior 0.01) | FNMR at FMR 0.001 | FMR there |",
        "|" + " --- |" * 7,
    ]
    for name in (*usual, "all"):
        plain, cosine = (
            join_trials(list(parts.values())) if name == "all" else parts[name] for parts in (usual, cosines)
        )
        for word, trials, limit in (
            ("any words", plain, own),
            (
                "fixed text",
                calibrated(cosine, calibration),
                calibration.operating_point(DEFAULT_FMR).threshold,
            ),
        ):
            costs, eer = llr_costs(trials, USUAL), measure(trials, {"EER": eer_of})["EER"]
            fmr, fnmr = error_rates(trials, limit)
            cells = [
                *(f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})" for one in (eer, costs["Cllr"])),
                *(f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})" for one in (costs["actDCF"], fnmr)),
                f"{fmr.value:.1e} ({fmr.low:.1e} to {fmr.high:.1e})",
            ]
            lines.append(f"| {name} | {word} | {' | '.join(cells)} |")
    return lines


def main() -> int:
    """Run it."""
    parser = parser_of(__doc__)
    parser.add_argument("--dry-run", action="store_true", help="write nothing")
    asked = parser.parse_args()
    root = recordings(asked)
    engine = Engine()
    plain = Decider(Cosine(), engine.calibration)
    [heard] = listen(engine, root, Split.CALIBRATION, plain)
    calibration = fitted(engine, heard)
    if asked.dry_run:
        print(calibration.to_table())
    else:
        write_fixed_text(calibration, basis_of(engine))
        print(f"Written: {fixed_text_file()}")
    usual, cosines = listen(engine, root, Split.TEST, engine.decider, plain)
    print("", "On TEST speakers:", *report(engine, usual, cosines, calibration), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
