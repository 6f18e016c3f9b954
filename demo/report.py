"""Steps and counts to tables and plain words, with the caution that few trials ask for."""

from pathlib import Path

from figures import equal_error_rate, highest_likely
from picture import draw
from rich.console import Console
from rich.table import Table
from rich.text import Text
from survey import Findings

SHOWN_REASONS = 5


def tell_steps(results: list[tuple[str, str, bool]], console: Console) -> None:
    """The tour's steps as a table."""
    table = Table(
        "step", "outcome", "as expected", title="What was asked, and the answer", title_justify="left"
    )
    for what, outcome, expected in results:
        table.add_row(what, outcome, "yes" if expected else Text("NO", style="bold red"))
    console.print()
    console.print(table)


def tell_counts(findings: Findings, console: Console) -> bool:
    """How many answers were right, and how little that may prove; False when there is nothing to count."""
    if findings.refused:
        console.print(f"Not used: {len(findings.refused)} recordings or people. Why:")
        for reason in sorted(set(findings.refused))[:SHOWN_REASONS]:
            console.print(f"  - {reason}")
    genuine, impostor = len(findings.genuine), len(findings.impostor)
    if not genuine or not impostor:
        console.print("Too little is left to count: two speakers need usable clips to enrol and to test.")
        return False
    missed, matched = genuine - findings.genuine_accepted, findings.impostor_accepted
    title = f"{findings.speakers} people enrolled, model {findings.model}"
    table = Table("question", "right", "of", title=title, title_justify="left")
    table.add_row("the person themselves: accepted", str(findings.genuine_accepted), str(genuine))
    table.add_row("somebody else: rejected", str(impostor - matched), str(impostor))
    table.add_row("who is it? the right name", str(findings.identified), str(genuine))
    table.add_row('somebody not enrolled: "nobody"', str(findings.nobody), str(findings.strangers))
    console.print(table)
    console.print(
        f"Accepted from a log-likelihood ratio of {findings.threshold:.1f} on, set for one false match in "
        f"{round(1 / findings.fmr):,}. Equal error rate of these trials: "
        f"{equal_error_rate(findings.genuine, findings.impostor):.1%}."
    )
    console.print(
        f"These are few trials. {matched} false matches in {impostor} comparisons allow a true rate of up to "
        f"{highest_likely(matched, impostor):.1%}, and {missed} rejections in {genuine} one of up to "
        f"{highest_likely(missed, genuine):.1%} (95 % interval). Clips of one speaker resemble each "
        "other, so the truth is less certain still."
    )
    return True


def draw_picture(findings: Findings, console: Console, path: Path, *, synthetic: bool) -> None:
    """Write the scores as SVG and say where."""
    caption = f"Earmark's scores: {'synthetic sample voices' if synthetic else 'your recordings'}"
    try:
        path.write_text(draw(findings.genuine, findings.impostor, findings.threshold, caption=caption))
        console.print(f"Every comparison as a dot: {path.resolve()}", soft_wrap=True)
    except OSError as error:
        console.print(
            f"The picture could not be written ({error.strerror}): choose another --picture FILE.svg."
        )
