"""`earmark diarize`: one recording of several people to who speaks when, and who they are."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.compose import compose
from earmark.cli.exits import Exit
from earmark.cli.options import DEFAULT_TENANT, AsJson, Home, Model, Raw, Tenant
from earmark.cli.output import about, counted, say, say_json
from earmark.cli.sources import gather, is_outright, parse_raw
from earmark.errors import InvalidRequest

if TYPE_CHECKING:
    from earmark.service.diarise import Diarised, NamedSpeaker, Who

EPILOG = """\b
Examples:
  earmark diarize meeting.wav                      who speaks when
  earmark diarize meeting.wav --who alice,bob      and which of them is Alice, which is Bob
  earmark diarize meeting.wav --who all --json
  earmark diarize meeting.wav --speakers 3 --rttm > meeting.rttm
  earmark diarize meeting.wav --svg meeting.svg    a picture of it
  earmark diarize monday.wav --remember            strangers get a profile, which later recordings match

Exit code: 0 somebody speaks, 1 nobody does.
"""


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("diarize", epilog=EPILOG)(diarize)
    app.command("diarise", hidden=True, epilog=EPILOG)(diarize)


OneAudio = Annotated[
    str, typer.Argument(metavar="AUDIO", help="A recording, or - for standard input.", show_default=False)
]
Names = Annotated[
    str | None,
    typer.Option(
        "--who", metavar="NAME,NAME", help="Look for these profiles, or for `all`.", show_default=False
    ),
]
Speakers = Annotated[
    int | None, typer.Option("--speakers", min=1, metavar="N", help="Exactly so many.", show_default=False)
]
Least = Annotated[
    int | None,
    typer.Option("--min-speakers", min=1, metavar="N", help="At least so many.", show_default=False),
]
Most = Annotated[
    int | None,
    typer.Option("--max-speakers", min=1, metavar="N", help="At most so many.", show_default=False),
]
Exclusive = Annotated[
    bool, typer.Option("--exclusive", help="Never two at once: for joining with a transcript.")
]
Threshold = Annotated[
    float | None,
    typer.Option(
        "--threshold",
        metavar="CONFIDENCE",
        help="Name a speaker from this confidence on, 0 to 100.  [default: 80]",
        show_default=False,
    ),
]
Remember = Annotated[
    bool, typer.Option("--remember", help="Make a profile of each stranger, for later recordings.")
]
Picture = Annotated[
    Path | None,
    typer.Option("--svg", metavar="FILE.svg", help="Draw a timeline as well.", show_default=False),
]


def diarize(
    audio: OneAudio,
    who: Names = None,
    speakers: Speakers = None,
    least: Least = None,
    most: Most = None,
    exclusive: Exclusive = False,
    threshold: Threshold = None,
    remember: Remember = False,
    rttm: Annotated[bool, typer.Option("--rttm", help="Print RTTM.")] = False,
    text: Annotated[bool, typer.Option("--text", help="Print numbered cues, as in SRT files.")] = False,
    svg: Picture = None,
    raw: Raw = None,
    model: Model = None,
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Who speaks when in a recording, and who are they?"""
    from earmark.service.diarise import diarise
    from earmark.voice.diarization.naming import THRESHOLD

    if rttm + text + as_json > 1:
        raise InvalidRequest("--rttm, --text and --json each print all of it: choose one of them.")
    form = parse_raw(raw)
    recordings = gather([audio], raw=form is not None)
    if not is_outright([audio], recordings):
        raise InvalidRequest("One recording at a time: name a file, or - for standard input.")
    recording = recordings[0]
    with (
        compose(home, tenant=tenant, model=model) as parts,
        about(recording.name),
        _bar(recording.source, quiet=as_json) as told,
    ):
        result = diarise(
            parts.actor,
            parts.store,
            parts.engine,
            recording.source,
            who=_who(who),
            threshold=THRESHOLD if threshold is None else threshold,
            speakers=speakers,
            least=least,
            most=most,
            remember=remember,
            raw=form,
            told=told,
        )
    if svg is not None:
        _draw(svg, result, recording.name, exclusive=exclusive)
    if as_json:
        from earmark.cli.turn_shapes import diarization_json

        say_json(diarization_json(result, file=recording.name, exclusive=exclusive))
    else:
        _print(result, recording.name, rttm=rttm, text=text, exclusive=exclusive)
    return Exit.OK if result.speakers else Exit.NO


def _who(asked: str | None) -> "list[str] | Who":
    from earmark.service.diarise import Who

    if asked is None:
        return Who.NOBODY
    names = [name.strip() for name in asked.split(",") if name.strip()]
    if not names:
        raise InvalidRequest("--who names nobody: write --who alice,bob or --who all.")
    return Who.ALL if names == ["all"] else names


def _print(result: "Diarised", recording: str, *, rttm: bool, text: bool, exclusive: bool) -> None:
    from earmark.voice.diarization.rttm import to_rttm
    from earmark.voice.diarization.srt import to_srt
    from earmark.voice.diarization.timeline import clock
    from earmark.voice.diarization.turns import speech_seconds

    turns = result.turns(exclusive=exclusive)
    if rttm:
        sys.stdout.write(to_rttm(turns, recording=Path(recording).stem))
        return
    if text:
        sys.stdout.write(to_srt(turns))
        return
    for turn in turns:
        say(f"{_tenths(turn.start)} - {_tenths(turn.end)}  {turn.speaker}")
    if not turns:
        say(f"Nobody speaks in these {clock(result.diarization.seconds)}.")
        return
    say(f"\n{counted(len(result.speakers), 'speaker')} in {clock(result.diarization.seconds)}.")
    for speaker in result.speakers:
        spoken = clock(speech_seconds(result.diarization.turns, speaker.speaker))
        say(f"  {speaker.speaker}, heard for {spoken}{_describe(speaker)}.")
    if result.diarization.warning is not None:
        say(f"  {result.diarization.warning}")


def _describe(speaker: "NamedSpeaker") -> str:
    """Who a speaker is, or why that is not known, to be read after the speaker."""
    if speaker.remembered:
        return f", is now remembered as {speaker.name}"
    if speaker.match is not None:
        return f", is {speaker.name} (confidence {speaker.match.confidence:.0f} of 100)"
    words = ""
    if speaker.fits:
        best = speaker.fits[0]
        words += f", is nobody that was looked for; closest is {best.label or best.key} "
        words += f"(confidence {best.confidence:.0f} of 100)"
    if speaker.not_remembered is not None:
        words += f"; not remembered: {speaker.not_remembered.rstrip('.')}"
    return words


def _draw(path: Path, result: "Diarised", recording: str, *, exclusive: bool) -> None:
    from earmark.voice.diarization.timeline import to_svg

    picture = to_svg(
        result.turns(exclusive=exclusive), seconds=result.diarization.seconds, title=Path(recording).name
    )
    try:
        path.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be written ({error.strerror}): choose another place.") from error


def _tenths(seconds: float) -> str:
    minutes, rest = divmod(round(10 * seconds), 600)
    hours = f"{minutes // 60}:{minutes % 60:02d}" if minutes >= 60 else f"{minutes}"
    return f"{hours}:{rest / 10:04.1f}"


@contextmanager
def _bar(source: object, *, quiet: bool) -> Iterator[Callable[[float], None] | None]:
    """A progress bar on standard error, where that is a terminal; without a known length it only moves."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Listening"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=_seconds(source))
        yield lambda seconds: progress.update(task, completed=seconds)


def _seconds(source: object) -> float | None:
    """How long a file says that it is; None where it does not say, or is no file."""
    import soundfile

    if not isinstance(source, Path):
        return None
    try:
        return float(soundfile.info(str(source)).duration)
    except (OSError, RuntimeError):
        return None
