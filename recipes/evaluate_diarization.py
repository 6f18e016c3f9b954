"""Speech folder to the diarization table: the product beside its baselines (run by `make eval-diarization`).

Prints Markdown, and writes diarization.md and diarization.json to --out. Only TEST speakers are heard, and
the real excerpts, on which nothing was fitted.
"""

import argparse
import json
import sys
import time
from itertools import chain
from pathlib import Path

from options import parser_of, recordings
from rich.console import Console
from rich.progress import Progress

from earmark.evaluation.conditions import read_scenery
from earmark.evaluation.corpus import Split
from earmark.evaluation.diarization_table import System, make_lines, run, to_json, to_markdown
from earmark.evaluation.diarizers import (
    Recalled,
    one_speaker,
    one_speaker_where_heard,
    product,
    resemblyzer,
)
from earmark.evaluation.meetings import real, simulated
from earmark.voice.engine import Engine


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/models/figures"), help="folder for the table")
    parser.add_argument("--each", type=int, default=6, help="simulated meetings of every number of speakers")
    parser.add_argument("--seconds", type=float, default=120.0, help="length of a simulated meeting")
    parser.add_argument("--model", help="name of a model in the catalogue (default: the default model)")
    parser.add_argument("--no-baseline", action="store_true", help="leave resemblyzer out")
    return parser.parse_args()


def main() -> int:
    """Run it."""
    asked = arguments()
    root = recordings(asked)
    started = time.monotonic()
    systems = make_systems(asked.model, baseline=not asked.no_baseline)
    speakers = (1, 2, 3, 4, 5, 6)
    meetings = chain(
        real(root),
        simulated(
            root,
            Split.TEST,
            read_scenery(root),
            speakers=speakers,
            each=asked.each,
            seconds=asked.seconds,
            seed=2,
        ),
    )
    with Progress(*Progress.get_default_columns(), console=Console(stderr=True)) as progress:
        task = progress.add_task("meetings", total=(8 + len(speakers) * asked.each) * len(systems))
        rows = run(meetings, systems, told=lambda _: progress.advance(task))
    lines = make_lines(rows, systems)
    text = f"{describe(asked.seconds, time.monotonic() - started)}\n\n{to_markdown(lines, systems)}\n"
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "diarization.md").write_text(text, encoding="utf-8")
    (asked.out / "diarization.json").write_text(json.dumps(to_json(lines), indent=1) + "\n", encoding="utf-8")
    print(text)
    return 0


def make_systems(model: str | None, *, baseline: bool) -> list[System]:
    """The product first."""
    engine = Engine(model=model)
    ears = engine.ears
    segmenter = Recalled(ears.segmenter)
    systems = [product(engine, segmenter)]
    if baseline:
        try:
            systems.append(resemblyzer(segmenter))
        except ImportError as error:
            print(f"The baseline is left out: {error.name} is not installed (extra `train`).")
    return [*systems, one_speaker_where_heard(segmenter, ears.embed, ears.tuning), one_speaker()]


def describe(seconds: float, took: float) -> str:
    """What the table is of, in words."""
    return "\n".join(
        [
            "## Who spoke when",
            "",
            "Diarization error rate (DER) without a collar, overlapped speech scored, over all seconds of a "
            "row; its three parts; by how much the number of speakers is off on average; and of the speech "
            "of people who are enrolled, the share that carries the right name, beside the share of all "
            "speech that carries a wrong one. Real excerpts: 30 s each, seven of meetings and one of a "
            "telephone call; voiceprints are cut from the excerpts themselves, and what they were cut from "
            f"does not count for names. Simulated meetings: {seconds:.0f} s each, of speakers, noise and "
            "rooms that nothing was trained or fitted on; all but one of the speakers are enrolled from "
            "other clips, and so are three people who are absent. Bold: the best.",
            "",
            f"Made in {took:.0f} s.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
