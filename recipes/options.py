"""What several recipes ask for on the command line, and the folder of recordings that they read."""

import argparse
import os
from pathlib import Path

from earmark.evaluation.speech import speech_folder

ROOT = Path(__file__).resolve().parents[1]


def parser_of(recipe: str | None) -> argparse.ArgumentParser:
    """Options of a recipe that reads recordings; `recipe` is what it says of itself."""
    parser = argparse.ArgumentParser(description=recipe)
    parser.add_argument(
        "--speech", type=Path, help="folder of sets (default: EARMARK_SPEECH, ../shared/speech)"
    )
    return parser


def add_sides(parser: argparse.ArgumentParser) -> None:
    """Which model is asked, and about how many recordings."""
    parser.add_argument("--model", help="name of a model in the catalogue (default: the default model)")
    parser.add_argument("--enrol", type=int, default=80, help="most enrolment sides of a set")
    parser.add_argument("--test", type=int, default=32, help="most test sides of a set; time grows with it")
    parser.add_argument(
        "--cache", type=Path, default=Path("work/evaluation"), help="where embeddings are kept"
    )


def add_training(parser: argparse.ArgumentParser, out: Path) -> None:
    """Where a training keeps what it makes, how long it lasts, and what of the machine it takes."""
    cores = os.cpu_count() or 1
    parser.add_argument(
        "--work", type=Path, default=ROOT / "work", help="clips, features, checkpoints, log: 5 GB"
    )
    parser.add_argument("--steps", type=int, help="batches (default: as planned for the model)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=cores, help="for preparing the clips")
    parser.add_argument("--threads", type=int, default=cores, help="of the training itself, without a GPU")
    parser.add_argument("--out", type=Path, default=out, help="where the ONNX model goes")


def recordings(asked: argparse.Namespace) -> Path:
    """The folder of sets; leaves with a hint where there is none."""
    root = speech_folder(asked.speech)
    if root is None:
        raise SystemExit("There are no recordings there. Set EARMARK_SPEECH, or give --speech FOLDER.")
    return root
