"""The arguments and options that several commands share, each described once."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_TENANT = "default"  # as in storage, which is not imported for a help page
AUDIO_HELP = "Recordings: files, folders, patterns such as 'calls/*.wav', or - for standard input."

Audio = Annotated[list[str], typer.Argument(metavar="AUDIO", help=AUDIO_HELP, show_default=False)]
Label = Annotated[
    str, typer.Argument(metavar="NAME", help="The profile: its label or identifier.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of words, errors included.")]
Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="EARMARK_HOME",
        metavar="FOLDER",
        parser=lambda text: Path(text).expanduser(),
        help="Where profiles, keys and added models are kept.  [default: the platform's data folder]",
        show_default=False,
    ),
]
Tenant = Annotated[
    str,
    typer.Option(
        "--tenant",
        envvar="EARMARK_TENANT",
        metavar="TENANT",
        help="For which tenant of `earmark tenants list`.",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="A model of `earmark models list`.  [default: the one that ships]",
        show_default=False,
    ),
]
Raw = Annotated[
    str | None,
    typer.Option(
        "--raw",
        metavar="ENCODING:RATE[:CHANNELS]",
        help="The recordings are raw PCM without a header, such as s16le:8000:1.",
        show_default=False,
    ),
]
Fmr = Annotated[
    float | None,
    typer.Option(
        "--fmr",
        metavar="RATE",
        help="Accept so that this share of strangers is let in by mistake.  [default: 0.001, or the "
        "tenant's rule]",
        show_default=False,
    ),
]
FmrOfEach = Annotated[
    float | None,
    typer.Option(
        "--fmr",
        metavar="RATE",
        help="Let this share of strangers in at each comparison, instead of --fpir.",
        show_default=False,
    ),
]
Fpir = Annotated[
    float | None,
    typer.Option(
        "--fpir",
        metavar="RATE",
        help="Take this share of strangers for somebody, however many are compared.  [default: 0.01, or "
        "the tenant's rule]",
        show_default=False,
    ),
]
Threads = Annotated[int, typer.Option("--threads", min=1, max=64, help="Threads that the model may use.")]
