"""`earmark compare`: questioned and known recordings to a likelihood ratio and its report."""

from pathlib import Path
from typing import Annotated

import typer

from earmark.cli.exits import Exit
from earmark.cli.options import AsJson, Home, Model
from earmark.cli.output import say, say_json
from earmark.errors import InvalidRequest

EPILOG = """\b
Examples:
  earmark compare call.wav --known interview-1.wav --known interview-2.wav --report case.html
  earmark compare call.wav --known interview.wav --calibration report/calibration.toml

A likelihood ratio is worth what its validation is: make a calibration with `earmark evaluate --calibrate`
on recordings like those of the case. The same files give the same report, byte for byte.
"""


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("compare", epilog=EPILOG)(compare)


def compare(
    questioned: Annotated[
        list[Path], typer.Argument(metavar="QUESTIONED", help="Recordings in question.", show_default=False)
    ],
    known: Annotated[
        list[Path],
        typer.Option("--known", metavar="AUDIO", help="A recording of the known person; may be repeated."),
    ],
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE.html", help="Write the report.", show_default=False),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(
            "--calibration", metavar="FILE.toml", help="With this one.  [default: the one installed]"
        ),
    ] = None,
    date: Annotated[str, typer.Option("--date", help="A date to print; by default there is none.")] = "",
    model: Model = None,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """How strongly do recordings speak for one speaker, or for two? A likelihood ratio with its evidence."""
    from earmark.cli.compose import make_engine
    from earmark.cli.evaluation_shapes import comparison_json
    from earmark.evaluation.audit.provenance import versions
    from earmark.evaluation.forensic.comparing import compare as make_case
    from earmark.evaluation.forensic.report import make_report, summary_line
    from earmark.evaluation.pages.html import to_html
    from earmark.voice.models.calibrations import installed_calibration, read_calibration
    from earmark.voice.models.catalog import default_home

    engine = make_engine(home, model=model)
    if calibration is None:
        file = installed_calibration(engine.entry, home=home or default_home())
    else:
        file = read_calibration(calibration)
        if file.weights != engine.entry.sha256:
            raise InvalidRequest(
                f"{calibration.name} belongs to {file.model}, not to this model: give --model."
            )
    case = make_case(engine, questioned, known, file)
    if report is not None:
        try:
            report.write_text(to_html(make_report(case, versions(), date=date)), encoding="utf-8")
        except OSError as error:
            raise InvalidRequest(
                f"{report} cannot be written ({error.strerror}): choose another place."
            ) from error
    if as_json:
        say_json({"comparisons": [comparison_json(each) for each in case.compared]})
        return Exit.OK
    for each in case.compared:
        say(summary_line(each))
    if report is not None:
        say(f"The report: {report}")
    return Exit.OK
