"""Speech folder to the numbers of voice/diarization/tuning.py: simulated meetings of CALIBRATION speakers.

Prints the tuning of the product and of the baseline, to be copied where they belong. Nothing that
`make eval-diarization` reports on is heard here. To be run after recipes/calibrate.py, whose PLDA and cohort
the product tells people apart by.
"""

import argparse
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
from options import parser_of, recordings

from earmark.evaluation.conditions import read_scenery
from earmark.evaluation.corpus import Split
from earmark.evaluation.diarization_fit import (
    Known,
    Pairs,
    fit_likeness,
    gather_pairs,
    likeness_cllr,
    name_pairs,
    score,
    search,
)
from earmark.evaluation.diarizers import Recalled, resemblyzer_embed
from earmark.evaluation.listeners import baseline
from earmark.evaluation.meetings import Meeting, simulated
from earmark.voice.diarization.clustering import Likeness
from earmark.voice.diarization.ears import measure_of
from earmark.voice.diarization.hearing import STRETCH_SECONDS, Activity, Embed, hear
from earmark.voice.diarization.measures import Measure, by_cosine
from earmark.voice.diarization.segmenter import WINDOW_SECONDS
from earmark.voice.diarization.source import open_stretches
from earmark.voice.engine import Engine


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("--each", type=int, default=10, help="meetings of every number of speakers")
    parser.add_argument("--only", choices=("product", "resemblyzer"), help="tune one of the two")
    return parser.parse_args()


def meetings_of(root: Path, each: int) -> Iterator[Meeting]:
    """Excerpts, in which each voice says little, and short meetings of one to six people."""
    scenery = read_scenery(root)
    excerpts = simulated(
        root, Split.CALIBRATION, scenery, speakers=(1, 2, 3, 4, 5), each=each, seconds=30.0, seed=9
    )
    short = simulated(
        root,
        Split.CALIBRATION,
        scenery,
        speakers=(1, 2, 3, 4, 5, 6),
        each=max(1, 2 * each // 5),
        seconds=120.0,
        seed=7,
    )
    return chain(excerpts, short)


def listen(meeting: Meeting, segmenter: Activity, embed: Embed) -> Known:
    """Hear a meeting as the pipeline does."""
    with open_stretches(meeting.samples, seconds=STRETCH_SECONDS, overlap=int(WINDOW_SECONDS)) as parts:
        (heard,) = hear(parts, segmenter, embed)  # shorter than a section
    return Known(heard, meeting.turns)


def main() -> int:
    """Run it."""
    asked = arguments()
    root = recordings(asked)
    engine = Engine()
    segmenter = Recalled(engine.ears.segmenter)
    meetings = list(meetings_of(root, asked.each))
    if asked.only != "resemblyzer":
        heard = [listen(meeting, segmenter, engine.ears.embed) for meeting in meetings]
        tune(engine.entry.id, heard, measure_of(engine.entry))
    if asked.only != "product":
        embed = resemblyzer_embed()
        heard = [listen(meeting, segmenter, embed) for meeting in meetings]
        # What a voiceprint of other clips has in common with all that its owner says in a meeting.
        pairs = name_pairs(heard, [meeting.known for meeting in meetings], baseline().hear)
        names = fit_likeness(pairs)
        print(f"resemblyzer names: {names}, Cllr {likeness_cllr(pairs, names):.3f}", flush=True)
        tune("resemblyzer", heard)
    return 0


def tune(name: str, heard: list[Known], measure: Measure | None = None) -> None:
    """Fit and print one system's numbers."""
    likeness = fit(name, gather_pairs(heard))
    beside = fit(f"{name}, by strangers", gather_pairs(heard, measure=measure)) if measure else None
    tuning = search(heard, likeness, beside=beside, measure=measure or by_cosine)
    reached = score(heard, tuning)
    print(tuning)
    print(f"mean DER {100 * reached.mean_rate:.2f} %, number of speakers off by {reached.count_error:.2f}")


def fit(name: str, pairs: Pairs) -> Likeness:
    """What a score says, and how well."""
    likeness = fit_likeness(pairs)
    cost = likeness_cllr(pairs, likeness)
    print(f"{name}: {np.count_nonzero(pairs.same)} pairs of one speaker, Cllr {cost:.3f}", flush=True)
    return likeness


if __name__ == "__main__":
    sys.exit(main())
