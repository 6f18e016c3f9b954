"""`earmark profiles`: what is stored about people, in whole or one by one."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from earmark.cli import reembed
from earmark.cli.compose import open_profiles
from earmark.cli.exits import Exit
from earmark.cli.options import DEFAULT_TENANT, AsJson, Home, Label, Tenant
from earmark.cli.output import counted, say, say_json, say_table
from earmark.errors import FileMissing, InvalidRequest

PASSPHRASE = "EARMARK_PASSPHRASE"  # noqa: S105 - the name of a variable

app = typer.Typer(
    help="List, show, delete, export, import and re-embed profiles.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

EXPORT_EPILOG = f"""\\b
Examples:
  earmark profiles export alice --out alice.earmark
  {PASSPHRASE}=... earmark profiles export alice --out alice.earmark

The file holds the recordings and embeddings, sealed under a passphrase; keep the passphrase apart from it.
"""


@app.command("list")
def list_profiles(tenant: Tenant = DEFAULT_TENANT, home: Home = None, as_json: AsJson = False) -> int:
    """List everybody who is enrolled."""
    from earmark.cli.shapes import profile_json
    from earmark.service.profiles import each_profile

    with open_profiles(home, tenant=tenant) as (actor, store):
        found = sorted(each_profile(actor, store), key=lambda profile: (profile.label or "", str(profile.id)))
    if as_json:
        say_json({"profiles": [profile_json(profile) for profile in found]})
    elif not found:
        say("Nobody is enrolled yet. Try: earmark enroll NAME RECORDING...")
    else:
        say_table(
            ("name", "recordings", "speech", "model", "enrolled", "identifier"),
            [
                (
                    profile.label or "-",
                    str(len(profile.enrolments)),
                    f"{profile.speech_seconds:.1f} s",
                    profile.model or "-",
                    f"{profile.created:%Y-%m-%d}",
                    str(profile.id),
                )
                for profile in found
            ],
        )
    return Exit.OK


@app.command("show")
def show(name: Label, tenant: Tenant = DEFAULT_TENANT, home: Home = None, as_json: AsJson = False) -> int:
    """Show what is stored about one person."""
    from earmark.cli.shapes import profile_json
    from earmark.cli.words import speech
    from earmark.service import profiles

    with open_profiles(home, tenant=tenant) as (actor, store):
        profile = profiles.show_profile(actor, store, name)
    if as_json:
        say_json(profile_json(profile))
        return Exit.OK
    say(f"{profile.label or '-'} ({profile.id}), model {profile.model or '-'}")
    if profile.phrase is not None:
        say(f"Passphrase: {profile.phrase}")
    say(f"{profile.speech_seconds:.1f} s of speech in {len(profile.enrolments)} recordings:")
    for number, enrolment in enumerate(profile.enrolments, start=1):
        say(f"  {number}  {enrolment.created:%Y-%m-%d %H:%M} UTC  {speech(enrolment.quality)}")
    return Exit.OK


@app.command("unlock")
def unlock(name: Label, tenant: Tenant = DEFAULT_TENANT, home: Home = None, as_json: AsJson = False) -> int:
    """Forget the attempts on a profile that failed, so that it can be verified again."""
    from earmark.service import challenges

    with open_profiles(home, tenant=tenant) as (actor, store):
        failures = challenges.show_lock(actor, store, name).failures
        challenges.unlock_profile(actor, store, name)
    if as_json:
        say_json({"unlocked": name, "failures": failures})
    else:
        say(f"Unlocked {name}: {counted(failures, 'attempt')} had failed in a row.")
    return Exit.OK


@app.command("delete")
def delete(
    name: Label,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Delete a person: recordings, embeddings and the key that sealed them. There is no way back."""
    from earmark.service import profiles

    with open_profiles(home, tenant=tenant) as (actor, store):
        profile = profiles.show_profile(actor, store, name)
        if not yes:
            if as_json or not sys.stdin.isatty():
                raise InvalidRequest("Deleting cannot be undone: say --yes to do it without being asked.")
            typer.confirm(
                f"Delete {name} with {len(profile.enrolments)} recordings for good?", abort=True, err=True
            )
        profiles.delete_profile(actor, store, str(profile.id))
    if as_json:
        say_json({"deleted": str(profile.id)})
    else:
        say(f"Deleted {name}.")
    return Exit.OK


@app.command("export", epilog=EXPORT_EPILOG)
def export(
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="A new file to write.", show_default=False)
    ],
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Whom to export.  [default: everybody]", show_default=False),
    ] = None,
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Write profiles to a file, sealed under a passphrase, to keep or to move to another machine."""
    from earmark.service import profiles

    with open_profiles(home, tenant=tenant) as (actor, store):
        for name in names or ():  # a wrong name is told before a passphrase is asked for
            profiles.show_profile(actor, store, name)
        passphrase = read_passphrase(confirm=True)
        number = profiles.export_profiles(actor, store, out, keys=names or None, passphrase=passphrase)
    if as_json:
        say_json({"exported": number, "file": str(out)})
    else:
        say(f"Wrote {counted(number, 'profile')} to {out}. It opens with the passphrase alone.")
    return Exit.OK


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What `profiles export` wrote.", show_default=False)
    ],
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Take in the profiles of an export: all of them, or none."""
    from earmark.service import profiles

    if not file.is_file():
        raise FileMissing(f"There is no file {file}: check the path.")
    passphrase = read_passphrase(confirm=False)
    with open_profiles(home, tenant=tenant) as (actor, store):
        done = profiles.import_profiles(actor, store, file, passphrase=passphrase)
    if as_json:
        say_json({"added": [str(one) for one in done.added], "skipped": [str(one) for one in done.skipped]})
    else:
        already = f" {len(done.skipped)} were here already." if done.skipped else ""
        say(f"Took in {counted(len(done.added), 'profile')}.{already}")
    return Exit.OK


reembed.add_to(app)


def read_passphrase(*, confirm: bool) -> str:
    """The passphrase from the environment, else asked for unseen; never an argument, which others can read.

    Raises InvalidRequest when there is neither the variable nor a terminal to ask on.
    """
    if text := os.environ.get(PASSPHRASE):
        return text
    if not sys.stdin.isatty():
        raise InvalidRequest(f"No terminal to ask for the passphrase: set {PASSPHRASE}.")
    text = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
    return str(text)
