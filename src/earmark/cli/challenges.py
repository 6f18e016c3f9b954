"""`earmark challenge`, and `verify --challenge`: words that a person is asked to say once, in time."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from earmark.cli.compose import open_profiles
from earmark.cli.exits import Exit
from earmark.cli.options import DEFAULT_TENANT, AsJson, Home, Label, Tenant
from earmark.cli.output import say, say_json
from earmark.errors import InvalidRequest

if TYPE_CHECKING:
    from earmark.storage.values import Challenge

AskNow = Annotated[
    bool, typer.Option("--challenge", help="Ask for random digits first; the recording says them.")
]
Answers = Annotated[
    str | None,
    typer.Option(
        "--answers",
        metavar="ID",
        help="The recording says what `earmark challenge` asked for.",
        show_default=False,
    ),
]
EPILOG = """\b
Examples:
  earmark challenge alice                          six random digits, to be said within two minutes
  earmark challenge alice --words --seconds 60
  earmark verify alice answer.wav --answers ID     what she said

A challenge can be answered once. The recording says these words and nothing else instead. After five
attempts that failed in a row the profile is locked: 30 s, then twice as long each time, and after fifty
until `earmark profiles unlock alice`. On one line:

\b
  arecord -f S16_LE -r 16000 -d 6 | earmark verify alice - --challenge
"""


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("challenge", epilog=EPILOG)(challenge)


def challenge(
    label: Label,
    words: Annotated[bool, typer.Option("--words", help="Common words instead of digits.")] = False,
    length: Annotated[
        int | None,
        typer.Option("--length", help="How many.  [default: 6 digits, 4 words]", show_default=False),
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", help="In which it may be answered.")] = 120.0,
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Ask a person for random digits or words, once: no recording of before can say them."""
    from earmark.cli.words_shapes import challenge_json
    from earmark.service.challenges import ChallengeKind, create_challenge

    kind = ChallengeKind.WORDS if words else ChallengeKind.DIGITS
    with open_profiles(home, tenant=tenant) as (actor, store):
        made = create_challenge(actor, store, label, kind=kind, length=length, seconds=seconds)
    if as_json:
        say_json(challenge_json(made))
        return Exit.OK
    say(f"Say: {_shown(made)}")
    say(f"Within {seconds:g} s. Then: earmark verify NAME RECORDING --answers {made.id}")
    return Exit.OK


def read_answers(text: str | None) -> UUID | None:
    """The identifier of a challenge that was given before; InvalidRequest for what is none."""
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise InvalidRequest("--answers takes the identifier that `earmark challenge` told.") from None


def ask_now(home: Path | None, tenant: str, label: str, audio: Sequence[str]) -> UUID:
    """Ask for words on standard error, and wait until their recording can be read.

    Standard input is read as it comes. A file is read when the person at the terminal says that it is there.
    """
    from earmark.service.challenges import create_challenge

    waits = list(audio) != ["-"]
    if waits and not sys.stdin.isatty():
        raise InvalidRequest(
            "There is no terminal to wait at: record to standard input (-), or ask with `earmark challenge` "
            "and answer with --answers."
        )
    with open_profiles(home, tenant=tenant) as (actor, store):
        made = create_challenge(actor, store, label)
    seconds = (made.expires - datetime.now(UTC)).total_seconds()
    sys.stderr.write(f"Say within {seconds:.0f} s: {_shown(made)}\n")
    sys.stderr.flush()
    if waits:
        typer.prompt("Press Enter when it is recorded", default="", show_default=False, err=True)
    return made.id


def _shown(made: "Challenge") -> str:
    from earmark.service.challenges import digits_of

    return digits_of(made.phrase) or made.phrase
