"""The command `earmark`: arguments to an exit code. Each command lives in the file of its group."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from earmark.cli import (
    challenges,
    compare,
    diarize,
    evaluate,
    hearing,
    keys,
    models,
    moving,
    people,
    phrases,
    profiles,
    rules,
    serve,
    settings,
    tenants,
    worker,
)
from earmark.cli.exits import Exit
from earmark.cli.output import AboutFile, complain, complain_plain, say
from earmark.errors import EarmarkError
from earmark.telemetry.faults import describe_fault

EPILOG = """\b
Start here:
  earmark enroll alice monday.wav tuesday.wav    keep how Alice sounds
  earmark verify alice friday.wav                is it really her?
  earmark identify friday.wav                    who is it, of all enrolled?
  earmark diarize meeting.wav --who all          who speaks when, and who are they?
  earmark inspect friday.wav                     is the recording good enough?
  earmark evaluate recordings/                   how often is it wrong on recordings like mine?
  earmark serve                                  the same for programs, over HTTP

\b
Exit codes: 0 accepted or done, 1 rejected or nobody, 2 wrong use, 3 bad audio,
4 not found, 5 store, 6 service. Nothing leaves this machine.
"""

app = typer.Typer(
    name="earmark",
    help="Who is speaking, and is it really them? Speaker recognition that stays on your machine.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: quick to print, and the same in a pipe
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        say(f"earmark {version('earmark')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and stop."),
    ] = False,
) -> None:
    pass


people.add_to(app)
challenges.add_to(app)
diarize.add_to(app)
hearing.add_to(app)
evaluate.add_to(app)
compare.add_to(app)
app.add_typer(profiles.app, name="profiles")
app.add_typer(phrases.app, name="phrases")
app.add_typer(rules.app, name="rules")
app.add_typer(models.app, name="models")
serve.add_to(app)
worker.add_to(app)
app.add_typer(keys.app, name="keys")
app.add_typer(tenants.app, name="tenants")
app.add_typer(moving.app, name="import")
settings.add_to(app)


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line (without the program's name) and return its exit code; never raises."""
    as_json = "--json" in arguments
    try:
        code = app(args=list(arguments), prog_name="earmark", standalone_mode=False)
        return int(code or 0)
    except (EarmarkError, AboutFile) as error:
        return complain(error, as_json=as_json)
    except TyperException as error:
        return _wrong_use(error, as_json=as_json)
    except (typer.Abort, KeyboardInterrupt):
        return complain_plain(
            "interrupted", "Stopped; nothing more was stored.", Exit.INTERRUPTED, as_json=as_json
        )
    except BrokenPipeError:
        # Whoever read us has gone, as in `earmark profiles list | head -1`: no complaint at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as error:
        return _own_fault(error, as_json=as_json)


def main() -> int:
    """Entry point of the installed command."""
    return run(sys.argv[1:])


def _wrong_use(error: TyperException, *, as_json: bool) -> int:
    context = getattr(error, "ctx", None)
    message = error.format_message()
    if context is not None and message == context.get_help():  # a group was called without a command
        sys.stderr.write(f"{message}\n")
        return Exit.USAGE
    where = context.command_path if context is not None else "earmark"
    hint = " ".join(message.split()).rstrip(".")
    return complain_plain("wrong_use", f"{hint}. Try: {where} --help", Exit.USAGE, as_json=as_json)


def _own_fault(error: Exception, *, as_json: bool) -> int:
    """What kind of fault and where in our own files, without any value: values may be names or voices."""
    message = (
        f"A fault of Earmark itself ({describe_fault(error)}). Please "
        "report this line with the command you ran and `earmark --version`; leave names and recordings out."
    )
    return complain_plain("internal", message, Exit.INTERNAL, as_json=as_json)
