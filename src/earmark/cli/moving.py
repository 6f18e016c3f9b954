"""`earmark import azure`: a table of Azure's profiles and their recordings to profiles of the same GUIDs."""

from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli.compose import compose
from earmark.cli.exits import Exit, exit_for, worst
from earmark.cli.options import DEFAULT_TENANT, AsJson, Home, Model, Tenant, Threads
from earmark.cli.output import counted, say, say_json, warn
from earmark.cli.progress import with_progress
from earmark.cli.report import open_report
from earmark.cli.table import Table, read_table
from earmark.errors import InvalidRequest

if TYPE_CHECKING:
    from earmark.service.arrivals import Refusal, Row
    from earmark.service.moving_in import Moved
    from earmark.storage.values import ProfileKind

# What a column may be called, in small letters: our name first, then Azure's of all generations.
COLUMNS = {
    **dict.fromkeys(
        ("profile", "profileid", "guid", "id", "identificationprofileid", "verificationprofileid"), "profile"
    ),
    **dict.fromkeys(("kind", "scenario", "type", "profiletype"), "kind"),
    "locale": "locale",
    **dict.fromkeys(
        ("audio", "audiofile", "audiofiles", "file", "files", "recording", "recordings"), "audio"
    ),
    **dict.fromkeys(("label", "name"), "label"),
    **dict.fromkeys(("phrase", "passphrase"), "phrase"),
}
NEEDED = ("profile", "kind", "locale", "audio")
KINDS = {
    "TextIndependentIdentification": "identification",
    "TextIndependentVerification": "verification",
    "TextDependentVerification": "text-dependent",
    "identificationProfiles": "identification",  # of v1.0
    "verificationProfiles": "text-dependent",
    "identification/text-independent": "identification",  # as in addresses of v2.0 and 2021-09-05
    "verification/text-independent": "verification",
    "verification/text-dependent": "text-dependent",
    "identification": "identification",  # as Earmark calls them
    "verification": "verification",
    "text-dependent": "text-dependent",
}

app = typer.Typer(
    help="Take in profiles of another service, under their own identifiers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

EPILOG = """\b
A table, as CSV in UTF-8 (or JSON lines: .jsonl), with a row for each profile or each recording:
  profile,kind,locale,audio
  678e0747-b842-4d20-b2d5-30b5fd92371a,TextIndependentIdentification,en-US,ada/1.wav;ada/2.wav
  8f1d2c3b-0a4e-4f6d-9b7c-5e6a7d8c9b0a,TextDependentVerification,en-US,ben/1.wav;ben/2.wav;ben/3.wav

\b
  kind       TextIndependentIdentification, TextIndependentVerification, TextDependentVerification;
             of v1.0 identificationProfiles, verificationProfiles
  audio      relative to the table's folder; several with ; between, or in several rows of one profile
  label      may be added: what `earmark verify` and the native API call the profile
  phrase     may be added: the passphrase of a text-dependent profile

\b
Examples:
  earmark import azure profiles.csv --dry-run       listen to everything, store nothing
  earmark import azure profiles.csv --report refused.csv

A profile is taken in whole or not at all, and one that is here already is skipped: after an interruption,
or with a corrected table, run the command again. Azure's rules hold: 20 s of speech, or three recordings of
a passphrase.

\b
Exit code: 0 when nothing was refused, else that of the gravest refusal.
"""


@app.callback()
def _group() -> None:
    # With one command alone the library would leave its name away.
    pass


@app.command("azure", epilog=EPILOG)
def import_azure(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="Profiles and their recordings.", show_default=False)
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen to each profile, and store nothing.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", metavar="FILE", help="Write refusals here: CSV, or .jsonl.", show_default=False
        ),
    ] = None,
    any_length: Annotated[
        bool,
        typer.Option("--any-length", help="Ask for no least amount of speech, as ignoreMinLength=true did."),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Even if a profile's recordings sound like different people.")
    ] = False,
    model: Model = None,
    threads: Threads = 1,
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Recreate profiles of Azure Speaker Recognition from their recordings, under the same GUIDs."""
    from earmark.service.arrivals import gather_arrivals
    from earmark.service.moving_in import find_settled, move_in

    if report is not None and report.resolve() == table.resolve():
        raise InvalidRequest("The report would overwrite the table: give it another name.")
    read = read_table(table, COLUMNS, needed=NEEDED)
    if read.ignored:
        warn(f"not used: the table's {counted(len(read.ignored), 'column')} {', '.join(read.ignored)}")
    arrivals, refusals = gather_arrivals(_rows(read), kinds=_kinds(), folder=table.parent)
    with compose(home, tenant=tenant, model=model, threads=threads) as parts:
        new, already, more = find_settled(parts.actor, parts.store, arrivals)
        with open_report(report) if report is not None else nullcontext(None) as written:
            run = _Run(dry_run=dry_run, as_json=as_json, report=written)
            run.refuse(refusals + more)
            for arrival in with_progress(new, doing="Importing", quiet=as_json):
                run.take(
                    move_in(
                        parts.actor,
                        parts.store,
                        parts.engine,
                        arrival,
                        any_length=any_length,
                        force=force,
                        dry_run=dry_run,
                    )
                )
    return run.sum_up(len(already), report)


class _Run:
    """What is told while an import runs, and counted for its end."""

    def __init__(self, *, dry_run: bool, as_json: bool, report: Any) -> None:
        self.dry_run, self.as_json, self.report = dry_run, as_json, report
        self.done = 0
        self.refused: dict[str, list[Refusal]] = {}  # by profile
        self.entries: list[Any] = []

    def refuse(self, refusals: Iterable["Refusal"]) -> None:
        """Tell refusals that need no listening, and write them into the report."""
        from earmark.cli.shapes import refusal_json

        fresh: dict[str, list[Refusal]] = {}
        for refusal in refusals:
            fresh.setdefault(refusal.profile, []).append(refusal)
            if self.report is not None:
                self.report(refusal_json(refusal))
            if not self.as_json:
                about = f"{refusal.file}: " if refusal.file else ""
                line = f"Refused {refusal.profile}, row {refusal.row}: {about}{refusal.error}"
                # What stands in a table must not steer the terminal.
                line = "".join(character if character.isprintable() else " " for character in line)
                say(f"{line} ({refusal.error.code})")
        for profile, reasons in fresh.items():
            self.refused[profile] = reasons
            listed = [refusal_json(reason) for reason in reasons]
            self.entries.append({"profile": profile, "outcome": "refused", "refusals": listed})

    def take(self, moved: "Moved") -> None:
        """Tell what came of one profile."""
        if moved.refusals:
            self.refuse(moved.refusals)
            return
        from earmark.cli.shapes import moved_json

        self.done += 1
        if self.as_json:
            outcome = "would be imported" if self.dry_run else "imported"
            self.entries.append(moved_json(moved, outcome=outcome))
            return
        speech = sum(quality.speech_seconds for quality in moved.qualities)
        if self.dry_run:
            recordings = counted(len(moved.qualities), "recording")
            say(f"Would import {moved.arrival.id}: {speech:.1f} s of speech in {recordings}")
        for doubt in moved.doubts:
            say(f"  {moved.arrival.id}: {doubt}")

    def sum_up(self, already: int, report: Path | None) -> Exit:
        """Tell the counts; the exit code is that of the gravest refusal."""
        counts = {"done": self.done, "already": already, "refused": len(self.refused)}
        codes = [exit_for(type(one.error)) for reasons in self.refused.values() for one in reasons]
        if self.as_json:
            done = "would_import" if self.dry_run else "imported"
            summary = {done if name == "done" else name: count for name, count in counts.items()}
            say_json({"dry_run": self.dry_run, "results": self.entries, "summary": summary})
            return worst(codes)
        verb = "Nothing was stored. Would import" if self.dry_run else "Imported"
        there = f"; {already:,} here already" if already else ""
        say(f"{verb} {counted(self.done, 'profile')}{there}; {len(self.refused):,} refused.")
        if self.refused:
            where = f" {report} lists the refusals." if report else " --report FILE writes the refusals down."
            say(f"Correct the table or the recordings and run it again; what is here is skipped.{where}")
        return worst(codes)


def _rows(table: Table) -> "Iterable[Row]":
    """The table's texts as rows; several recordings in one text are parted by semicolons."""
    from earmark.service.arrivals import Row

    for number, texts in table.rows:
        alone = {
            name: " ".join(texts.get(name, ())) for name in ("profile", "kind", "locale", "label", "phrase")
        }
        listed = texts.get("audio", ())
        parted = listed if len(listed) > 1 else tuple(listed[0].split(";")) if listed else ()
        yield Row(number=number, recordings=tuple(name.strip() for name in parted if name.strip()), **alone)


def _kinds() -> "dict[str, ProfileKind]":
    from earmark.storage.values import ProfileKind

    return {word: ProfileKind(kind) for word, kind in KINDS.items()}
