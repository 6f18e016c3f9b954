"""`make demo`: sample voices, or your own, to a tour in words, a table of results and a picture of scores."""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from cast import Cast, CastError, folder_cast, sample_cast
from report import draw_picture, tell_counts, tell_steps
from rich.console import Console
from rich.progress import track
from rich.text import Text
from survey import Findings, survey
from tour import run_tour

PICTURE = Path(__file__).parent / "scores.svg"


def main() -> int:
    """Run the demo; 0 when all came out as it should, 1 when something did not, 2 for wrong use."""
    parser = argparse.ArgumentParser(description="Earmark in a minute, on synthetic voices or on your own.")
    parser.add_argument("--audio", type=Path, metavar="FOLDER", help="recordings, as FOLDER/speaker/clip.wav")
    parser.add_argument("--keep", action="store_true", help="keep the state folder, to try commands on it")
    parser.add_argument("--picture", type=Path, default=PICTURE, metavar="FILE.svg", help="the scores, drawn")
    arguments = parser.parse_args()
    try:
        cast = sample_cast() if arguments.audio is None else folder_cast(arguments.audio.resolve())
    except CastError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    console = Console(highlight=False, markup=False, emoji=False)  # folder names may hold brackets
    home = Path(tempfile.mkdtemp(prefix="earmark-demo-"))
    try:
        return perform(cast, console, home, arguments.picture)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return 130
    finally:
        if arguments.keep:
            console.print(f"Kept: {home}. To go on with it: export EARMARK_HOME={home}", soft_wrap=True)
        else:
            shutil.rmtree(home, ignore_errors=True)


def perform(cast: Cast, console: Console, home: Path, picture: Path) -> int:
    """The demo from greeting to picture; returns the exit code."""
    started = time.monotonic()
    greet(cast, console, home)
    tour = run_tour(cast, console, home)
    findings = count(cast, console)
    tell_steps(tour.results, console)
    counted = tell_counts(findings, console)
    if counted:
        draw_picture(findings, console, picture, synthetic=cast.synthetic)
    console.print(f"\nThe demo took {time.monotonic() - started:.0f} s.")
    if not cast.synthetic:
        return 0 if counted else 1  # on your own recordings the answers are measured, not tested
    return 0 if counted and findings.faultless and all(right for _, _, right in tour.results) else 1


def greet(cast: Cast, console: Console, home: Path) -> None:
    """Say what will be heard, and where the commands run."""
    console.rule("Earmark: who is speaking, and is it really them?")
    if cast.synthetic:
        console.print(
            f"\nThe {len(cast.speakers)} voices of this demo are synthetic: made by speech synthesisers, not "
            "recorded from people (src/earmark/samples/README.md). They are much easier to tell apart than "
            "people are, so this shows how Earmark works and not how well. On your own recordings: "
            "make demo AUDIO=folder"
        )
    else:
        console.print(
            f"\nYour recordings: {len(cast.speakers)} speakers with two clips or more. The first clips of "
            "each are enrolled, the last held out for tests. Nothing leaves this machine."
        )
        if cast.passed_over:
            console.print(f"{cast.passed_over} more have fewer than two clips and are passed over.")
    console.print("\nEverything after a $ is a real command. To type it yourself:")
    console.print(f"  cd {cast.root}", soft_wrap=True)
    console.print(f"  export EARMARK_HOME={home}    (a folder that goes away at the end)", soft_wrap=True)


def count(cast: Cast, console: Console) -> Findings:
    """The survey, under a progress bar."""
    from earmark import Engine

    console.print(Text("\nCounting", style="bold"))
    console.print("Now every held-out clip against everybody, from Python, with nothing stored.")
    quiet = not console.is_terminal
    return survey(
        cast,
        Engine(),
        lambda speakers, words: track(list(speakers), f"  {words}", console=console, disable=quiet),
    )


if __name__ == "__main__":
    sys.exit(main())
