"""Where the speech folder is, and the sides of all its sets."""

import os
from pathlib import Path

from earmark.evaluation.corpus import Split
from earmark.evaluation.trials import SETS, Sides, make_sides


def speech_folder(asked: Path | None = None) -> Path | None:
    """The folder asked for, else EARMARK_SPEECH, else ../shared/speech; None when it is not there."""
    folder = asked or Path(os.environ.get("EARMARK_SPEECH") or "../shared/speech")
    return folder if (folder / "noise" / "index.tsv").is_file() else None


def make_all_sides(
    root: Path, split: Split, *, enrol: int, test: int, longer: bool = False
) -> dict[str, Sides]:
    """Sides of every set that has both genuine and impostor trials in `split`; `longer` as in `Side`."""
    found = {
        dataset: make_sides(root, dataset, split, enrol=enrol, test=test, longer=longer) for dataset in SETS
    }
    return {
        dataset: sides for dataset, sides in found.items() if len({side.speaker for side in sides.test}) > 1
    }
