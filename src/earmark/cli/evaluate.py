"""`earmark evaluate`: people's own recordings to a report of how well they are told apart."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli.exits import Exit
from earmark.cli.options import AsJson, Home, Model, Threads
from earmark.cli.output import counted, say, say_json
from earmark.errors import FileMissing, InvalidRequest

if TYPE_CHECKING:
    from earmark.evaluation.audit.audit import Asked, Audit
    from earmark.evaluation.audit.clips import Clip
    from earmark.evaluation.audit.provenance import Provenance
    from earmark.evaluation.audit.run import Job

EPILOG = """\b
Examples:
  earmark evaluate recordings/                       one folder for each speaker
  earmark evaluate clips.csv --group device,age      columns: speaker, clip, and any others
  earmark evaluate clips.csv --trials veri_test.txt  pairs as listed: 1 a.wav b.wav
  earmark evaluate clips.csv --scores scores.txt     scores of another system: a.wav b.wav 0.73
  earmark evaluate recordings/ --calibrate && earmark models calibrate report/calibration.toml

Writes report.html, report.json, report.md and figures/ into --out.
"""


@dataclass(frozen=True)
class _Files:
    """What is read and written beside the recordings."""

    source: Path
    trials: Path | None
    scores: Path | None
    is_llr: bool
    cache: Path | None
    out: Path
    keep_trials: bool


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("evaluate", epilog=EPILOG)(evaluate)


def _file(name: str, words: str) -> Any:
    return typer.Option(name, metavar="FILE", help=words, show_default=False)


def _rate(name: str, words: str) -> Any:
    return typer.Option(name, metavar="RATE", help=words)


Source = Annotated[
    Path,
    typer.Argument(metavar="FOLDER|TABLE", help="One folder for each speaker, or a table (CSV, TSV)."),
]
Out = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where to write.")]
Groups = Annotated[
    str | None,
    typer.Option(
        "--group", metavar="COLUMN,COLUMN", help="Compare by these columns.  [default: the usual ones]"
    ),
]
Calibrate = Annotated[
    bool, typer.Option("--calibrate", help="Fit a calibration on half of the speakers, test it on the rest.")
]
Enrol = Annotated[int, typer.Option("--enrol", min=1, max=100, help="Recordings that enrol a speaker.")]
Most = Annotated[int, typer.Option("--most-trials", min=100, max=5_000_000, help="Bounds the work.")]
Cache = Annotated[
    Path | None,
    typer.Option("--cache", metavar="FOLDER", help="Keep voiceprints there, to go on after a break."),
]
Trials = Annotated[Path | None, _file("--trials", "Compare these pairs.  [default: all]")]
Scores = Annotated[Path | None, _file("--scores", "Measure these scores; nothing is listened to.")]
Llr = Annotated[bool, typer.Option("--llr", help="Those scores are natural-log likelihood ratios.")]
Strict = Annotated[bool, typer.Option("--strict", help="Leave out what `verify` would refuse.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Draws trials, halves and galleries.")]
KeepTrials = Annotated[bool, typer.Option("--keep-trials", help="Write trials.txt and scores.txt.")]
Date = Annotated[str, typer.Option("--date", help="A date to print; by default there is none.")]
AskedFmr = Annotated[float, _rate("--fmr", "The false-match rate that you can live with.")]
AskedFpir = Annotated[float, _rate("--fpir", "The same for a search among many.")]
Prior = Annotated[float, _rate("--prior", "For DCF: how often it is the claimed person.")]
CostMiss = Annotated[float, typer.Option("--cost-miss", help="For DCF: cost of a refusal.")]
CostFalse = Annotated[float, typer.Option("--cost-false-match", help="And of a false match.")]


def evaluate(
    source: Source,
    trials: Trials = None,
    scores: Scores = None,
    llr: Llr = False,
    out: Out = Path("report"),
    group: Groups = None,
    calibrate: Calibrate = False,
    enrol: Enrol = 1,
    fmr: AskedFmr = 0.001,
    fpir: AskedFpir = 0.01,
    prior: Prior = 0.01,
    cost_miss: CostMiss = 1.0,
    cost_false_match: CostFalse = 1.0,
    strict: Strict = False,
    most: Most = 500_000,
    seed: Seed = 1,
    cache: Cache = None,
    keep_trials: KeepTrials = False,
    date: Date = "",
    model: Model = None,
    threads: Threads = 1,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Measure how well your own recordings are told apart: errors, threshold, fairness, calibration."""
    from earmark.evaluation.audit.run import Job

    if not (0 < fmr < 0.5 and 0 < fpir < 0.5):
        raise InvalidRequest("--fmr and --fpir are rates between 0 and 0.5, such as 0.001.")
    if (llr and scores is None) or (scores is not None and calibrate):
        raise InvalidRequest("--llr goes with --scores, and --calibrate with recordings.")
    if trials is not None and enrol > 1:
        raise InvalidRequest("--enrol makes pairs of its own: leave it or --trials out.")
    costs = (prior, cost_miss, cost_false_match)
    asked = _asked(costs, fmr, fpir, fit=(calibrate, strict), size=(enrol, most, seed))
    files = _Files(source, trials, scores, llr, cache, out, keep_trials)
    job = Job(_name(source), _clips(source, group), asked, trials, date)
    audit, made = _carry_out(files, job, model, threads, home, quiet=as_json)
    _tell(files, audit, made, as_json=as_json)
    return Exit.OK


def _asked(
    costs: tuple[float, float, float],
    fmr: float,
    fpir: float,
    *,
    fit: tuple[bool, bool],
    size: tuple[int, int, int],
) -> "Asked":
    from earmark.evaluation.audit.audit import Asked
    from earmark.evaluation.metrics import Costs

    try:
        weighed = Costs(*costs)
    except ValueError as error:
        raise InvalidRequest(f"--prior, --cost-miss or --cost-false-match: {error}.") from error
    enrol, most, seed = size
    return Asked(weighed, fmr, fpir, enrol=enrol, most=most, seed=seed, calibrate=fit[0], strict=fit[1])


def _name(source: Path) -> str:
    """The folder's name; a table's with that of its folder, since many are called index.tsv."""
    place = source.resolve()
    return place.name if source.is_dir() else f"{place.parent.name}/{place.name}"


def _clips(source: Path, group: str | None) -> "list[Clip]":
    from earmark.cli.sources import gather
    from earmark.evaluation.audit.clips import clips_in_folder, clips_in_table

    if source.is_dir():
        if group is not None:
            raise InvalidRequest("A folder has no columns to group by: hand over a table for --group.")
        return clips_in_folder(source, [Path(found.name) for found in gather([str(source)])])
    if not source.exists():
        raise FileMissing(f"There is no folder or table {source.name}: check the path.")
    columns = None if group is None else [name.strip() for name in group.split(",") if name.strip()]
    return clips_in_table(source, groups=columns)


def _carry_out(
    files: _Files, job: "Job", model: str | None, threads: int, home: Path | None, *, quiet: bool
) -> "tuple[Audit, Provenance]":
    from earmark.evaluation.audit import files as report
    from earmark.evaluation.audit.run import evaluate_recordings, evaluate_scores

    if files.keep_trials:
        report.check_names(clip.name for clip in job.clips)
    report.prepare(files.out)
    if files.scores is not None:
        audit, made = evaluate_scores(job, files.scores, is_llr=files.is_llr)
    else:
        from earmark.cli.compose import make_engine
        from earmark.evaluation.audit.hearing import Memory
        from earmark.voice.models.calibrations import installed_calibration
        from earmark.voice.models.catalog import default_home

        engine = make_engine(home, model=model)
        memory = None if files.cache is None else Memory(files.cache, engine.entry.sha256)
        with _bar(quiet=quiet) as (expect, watch):
            audit, made = evaluate_recordings(
                engine,
                job,
                threads=threads,
                memory=memory,
                installed=installed_calibration(engine.entry, home=home or default_home()),
                watch=watch,
                expect=expect,
            )
    report.write_report(files.out, audit, made, keep_trials=files.keep_trials)
    return audit, made


@contextmanager
def _bar(*, quiet: bool) -> Iterator[tuple[Callable[[int], None], Callable[[Iterator[Any]], Iterator[Any]]]]:
    """A progress bar with an estimate on standard error, where that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield (lambda _: None), (lambda results: results)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Listening", total=None)

        def watch(results: Iterator[Any]) -> Iterator[Any]:
            for result in results:
                progress.advance(task)
                yield result
            progress.update(task, description="Measuring")

        yield (lambda total: progress.update(task, total=total)), watch


def _tell(files: _Files, audit: "Audit", made: "Provenance", *, as_json: bool) -> None:
    from earmark.evaluation.audit.document import summary_lines, warnings_of
    from earmark.evaluation.audit.files import CALIBRATION, HTML
    from earmark.evaluation.audit.sections_scores import recommendation

    trials = audit.scored.trials
    same = int(trials.genuine.sum())
    if as_json:
        from earmark.cli.evaluation_shapes import evaluation_json

        fitted = str(files.out / CALIBRATION) if audit.fitted else None
        say_json(evaluation_json(audit, out=str(files.out), calibration=fitted))
        return
    say(
        f"{counted(audit.speakers, 'speaker')}, {counted(len(audit.clips), 'usable recording')}, "
        f"{len(audit.failures):,} unusable; {same:,} same-speaker and {trials.scores.size - same:,} "
        f"different-speaker trials by {made.model}."
    )
    for words in (*(notice.words for notice in recommendation(audit)), *summary_lines(audit)):
        say(f"  {words}")
    for words in warnings_of(audit):
        say(f"  Warning: {words}")
    say(f"The report: {files.out / HTML}")
    if audit.fitted:
        say(f"The calibration: earmark models calibrate {files.out / CALIBRATION}")
