"""A cast to a tour through the commands: each is shown, run, and compared with what should come out."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cast import Cast
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

ACCEPTED, REJECTED, REFUSED = 0, 1, 3  # exit codes, as `earmark --help` lists them
WORDS = {
    ("enroll", ACCEPTED): "enrolled",
    ("verify", ACCEPTED): "accepted",
    ("verify", REJECTED): "rejected",
    ("identify", ACCEPTED): "somebody",
    ("identify", REJECTED): "nobody",
}
LIMIT_SECONDS = 300


@dataclass
class Tour:
    """Runs commands in a state folder of their own and remembers how each came out."""

    console: Console
    home: Path
    root: Path
    results: list[tuple[str, str, bool]] = field(default_factory=list)  # what, outcome, as expected

    def explain(self, title: str, text: str) -> None:
        """Head of a chapter."""
        self.console.print()
        self.console.print(Text(title, style="bold"))
        self.console.print(text)

    def show(self, what: str, arguments: Sequence[str], *, expect: int, best: str | None = None) -> None:
        """Show and run one command; `best` is the label that an identification should come to."""
        shown = " ".join(shlex.quote(argument) for argument in ("earmark", *arguments))
        self.console.print()
        self.console.print(Text(f"  $ {shown}", style="cyan"), soft_wrap=True)
        code, output = self.earmark(arguments)
        for line in output.splitlines():
            self.console.print(Padding(Text(line), (0, 0, 0, 4), expand=False))
        outcome = _words(arguments[0], code)
        right = code == expect
        if right and best is not None:
            named = self.best_label(arguments)
            right, outcome = named == best, named or "nobody"
        self.results.append((what, outcome, right))
        if not right:
            wanted = best or _words(arguments[0], expect)
            self.console.print(
                Text(f"    NOT AS EXPECTED: {outcome}, but should be {wanted}.", style="bold red")
            )

    def earmark(self, arguments: Sequence[str]) -> tuple[int, str]:
        """Exit code and everything that the real command prints."""
        try:
            done = subprocess.run(  # noqa: S603 - our own command, no shell
                [sys.executable, "-m", "earmark", *arguments],
                cwd=self.root,
                env=os.environ | {"EARMARK_HOME": str(self.home), "PYTHONUTF8": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                timeout=LIMIT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return 124, f"No answer in {LIMIT_SECONDS} s: stopped."
        return done.returncode, done.stdout

    def best_label(self, arguments: Sequence[str]) -> str | None:
        """Whom `identify ...` names; None for nobody."""
        best = self.ask(arguments).get("best")
        return best["label"] if best else None

    def profiles(self) -> int:
        """How many people are enrolled."""
        return len(self.ask(["profiles", "list"]).get("profiles", ()))

    def ask(self, arguments: Sequence[str]) -> dict[str, Any]:
        """The same command for programs: what `--json` prints; empty when it printed anything else."""
        try:
            answer = json.loads(self.earmark([*arguments, "--json"])[1])
        except ValueError:
            return {}
        return answer if isinstance(answer, dict) else {}


def run_tour(cast: Cast, console: Console, home: Path) -> Tour:
    """Enrol, verify, identify; for the samples also a telephone and recordings that are refused."""
    tour = Tour(console, home, cast.root)
    speakers, strangers = cast.stage()
    _enrol(tour, [(speaker.name, tour_paths(cast, speaker.enrol)) for speaker in speakers])
    if not any(right for _, _, right in tour.results):
        console.print("Nobody could be enrolled, so there is nothing to compare with.")
        return tour
    first, second, last = speakers[0], speakers[1], speakers[-1]
    own, other, third = (tour_paths(cast, speaker.held_out)[0] for speaker in (first, second, last))

    tour.explain(
        "2. Is it really them?",
        f"First a recording of {first.name} that Earmark has not heard yet; then {second.name}, "
        f"who claims to be {first.name}.",
    )
    tour.show(f"{first.name} as {first.name}", ["verify", first.name, own], expect=ACCEPTED)
    tour.show(f"{second.name} as {first.name}", ["verify", first.name, other], expect=REJECTED)

    tour.explain("3. Who is speaking?", "No name is given now: Earmark compares with everybody enrolled.")
    tour.show(f"whose voice is {last.name}'s?", ["identify", third], expect=ACCEPTED, best=last.name)
    if strangers:
        tour.explain("4. A stranger", "Somebody whom nobody enrolled. The right answer is: nobody.")
        clip = tour_paths(cast, strangers)[0]
        tour.show("whose voice is the stranger's?", ["identify", clip], expect=REJECTED)
    if cast.bad:
        _hard_recordings(tour, cast, first.name)
    return tour


def tour_paths(cast: Cast, clips: Sequence[Path]) -> list[str]:
    """Clips as they are typed in the folder of the clips."""
    return [clip.relative_to(cast.root).as_posix() for clip in clips]


def _enrol(tour: Tour, people: Sequence[tuple[str, list[str]]]) -> None:
    kept = "their clips are kept encrypted in a folder that goes away when the demo ends"
    tour.explain(
        "1. Enrol", f"Earmark listens to a few clips of each person and keeps how they sound; {kept}."
    )
    for name, clips in people:
        tour.show(f"enrol {name}", ["enroll", name, *clips], expect=ACCEPTED)


def _hard_recordings(tour: Tour, cast: Cast, name: str) -> None:
    bad = {what: tour_paths(cast, [path])[0] for what, path in cast.bad.items()}
    tour.explain("5. Over the telephone", f"{name} again, through a telephone line: no sound above 3,400 Hz.")
    tour.show(f"{name} by telephone", ["verify", name, bad["telephone"]], expect=ACCEPTED)
    tour.explain(
        "6. Bad recordings",
        "Two words are too little to judge by, silence has no voice in it, and two people in one recording "
        "must not become one profile. Earmark refuses, says why, and stores nothing.",
    )
    before = tour.profiles()
    tour.show("two words only", ["verify", name, bad["too_short"]], expect=REFUSED)
    tour.show("silence", ["enroll", "zoe", bad["silent"]], expect=REFUSED)
    tour.show("two people by turns", ["enroll", "zoe", bad["two_in_turn"]], expect=REFUSED)
    after = tour.profiles()
    tour.results.append(("nothing stored of these", f"{after} profiles, as before", after == before))


def _words(command: str, code: int) -> str:
    return "refused" if code == REFUSED else WORDS.get((command, code), f"exit code {code}")
