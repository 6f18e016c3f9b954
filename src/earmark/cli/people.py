"""`earmark enroll`, `verify` and `identify`: recordings to profiles, and recordings to decisions."""

import shlex
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from earmark.cli.batch import Telling, tell
from earmark.cli.challenges import Answers, AskNow, ask_now, read_answers
from earmark.cli.compose import compose
from earmark.cli.exits import Exit
from earmark.cli.options import (
    DEFAULT_TENANT,
    AsJson,
    Audio,
    Fmr,
    FmrOfEach,
    Fpir,
    Home,
    Label,
    Model,
    Raw,
    Tenant,
    Threads,
)
from earmark.cli.output import about, counted, say, say_json
from earmark.cli.sources import Recording, gather, is_outright, parse_raw
from earmark.errors import InvalidRequest

if TYPE_CHECKING:
    from earmark.cli.recognition_shapes import IdentificationJson, VerificationJson
    from earmark.service.next_steps import Verified
    from earmark.service.recognise import Identified

ENROLL_EPILOG = """\b
Examples:
  earmark enroll alice monday.wav tuesday.wav
  earmark enroll alice alice/                      every recording in the folder
  earmark enroll alice more.wav --add              one more recording of Alice
  earmark enroll alice 1.wav 2.wav 3.wav --passphrase "my voice is my passport verify me"

Four seconds of speech are needed over all recordings; 20 to 30, from more than one day, serve well.
Either all of the recordings are kept or none is.
"""

VERIFY_EPILOG = """\b
Examples:
  earmark verify alice call.wav && echo "it is her"
  earmark verify alice calls/ --fmr 0.01           looser: 1 stranger in 100 gets in
  earmark verify alice call.raw --raw mulaw:8000   a telephone's raw bytes
  arecord -f S16_LE -r 16000 -d 6 | earmark verify alice - --challenge

Exit code: 0 accepted, 1 rejected or uncertain; for several recordings 0 when all are accepted.
"""

IDENTIFY_EPILOG = """\b
Examples:
  earmark identify call.wav
  earmark identify 'calls/*.wav' --among alice,bob
  earmark identify call.wav --json

Exit code: 0 somebody enrolled, 1 nobody enrolled matches; for several recordings 0 when all match.
"""

Passphrase = Annotated[
    str | None,
    typer.Option(
        "--passphrase",
        metavar="PHRASE",
        help="What each recording says, and each to verify later: three recordings, in a profile of it.",
        show_default=False,
    ),
]
Locale = Annotated[
    str | None,
    typer.Option(
        "--locale", metavar="LOCALE", help="The language spoken, such as en-US.", show_default=False
    ),
]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("enroll", epilog=ENROLL_EPILOG)(enroll)
    app.command("enrol", hidden=True, epilog=ENROLL_EPILOG)(enroll)
    app.command("verify", epilog=VERIFY_EPILOG)(verify)
    app.command("identify", epilog=IDENTIFY_EPILOG)(identify)


def enroll(
    label: Annotated[
        str, typer.Argument(metavar="NAME", help="What to call this person.", show_default=False)
    ],
    audio: Audio,
    add: Annotated[bool, typer.Option("--add", help="Add to a profile that is there already.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Enrol even if the recordings sound like different people.")
    ] = False,
    passphrase: Passphrase = None,
    locale: Locale = None,
    raw: Raw = None,
    model: Model = None,
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Keep how a person sounds, under a name (also: enrol)."""
    from earmark.cli.shapes import enrolment_json
    from earmark.service.enrol import add_recordings, enrol
    from earmark.storage.values import ProfileKind

    if add and not (passphrase is None and locale is None):
        raise InvalidRequest(
            "A profile that is there has its passphrase and language already: leave --passphrase and "
            "--locale out."
        )
    form = parse_raw(raw)
    recordings = gather(audio, raw=form is not None)
    sources = [recording.source for recording in recordings]
    # Of several recordings the use case says which one it is about.
    blamed = about(recordings[0].name) if len(recordings) == 1 else nullcontext()
    with compose(home, tenant=tenant, model=model) as parts, blamed:
        common: dict[str, Any] = {"raw": form, "force": force}
        if not add:
            common["locale"] = locale
        if passphrase is not None:
            common |= {"kind": ProfileKind.TEXT_DEPENDENT, "phrase": passphrase}
        carry_out = add_recordings if add else enrol
        done = carry_out(parts.actor, parts.store, parts.engine, label, sources, **common)
    if as_json:
        say_json(enrolment_json(done))
        return Exit.OK
    profile = done.profile
    say(
        f"{'Added to' if add else 'Enrolled'} {label}: {counted(len(profile.enrolments), 'recording')}, "
        f"{profile.speech_seconds:.1f} s of speech. Now try: earmark verify {shlex.quote(label)} RECORDING"
    )
    for line in (*done.doubts, *done.guidance.hints):
        say(f"  {line}")
    return Exit.OK


def verify(
    label: Label,
    audio: Audio,
    challenge: AskNow = False,
    answers: Answers = None,
    fmr: Fmr = None,
    raw: Raw = None,
    model: Model = None,
    threads: Threads = 1,
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Is it really them? Compare recordings with one profile."""
    from earmark.cli import words
    from earmark.cli.recognition_shapes import verification_json
    from earmark.service.recognise import verify as check
    from earmark.voice.scoring.operating import Aim

    form, given = parse_raw(raw), read_answers(answers)
    aim = None if fmr is None else Aim(fmr=fmr)
    if challenge:
        given = ask_now(home, tenant, label, audio)
    recordings = gather(audio, raw=form is not None)
    if given is not None and len(recordings) != 1:
        raise InvalidRequest("A challenge is answered by one recording: give one.")

    alone = is_outright(audio, recordings)

    def tell_words(result: "Verified") -> str:
        more = (*words.spoken(result.words), *words.advice(result.next_step), *result.renewal)
        other_words = result.words is not None and not result.words.accepted
        line = words.decision(result.decision, label=label, other_words=other_words)
        return words.with_advice(line, result.decision.reasons if alone else (), more=more)

    def shape(result: "Verified", file: str) -> "VerificationJson":
        return verification_json(result, file=file)

    how = Telling(
        "Verifying",
        words=tell_words,
        shape=shape,
        answer=lambda result: Exit.OK if result.accepted else Exit.NO,
        yes="accepted",
        no="rejected",
    )
    with compose(home, tenant=tenant, model=model, threads=threads) as parts:

        def work(one: Recording) -> "Verified":
            who, store, engine = parts.actor, parts.store, parts.engine
            return check(who, store, engine, label, one.source, challenge=given, raw=form, aim=aim)

        return tell(recordings, work, how, alone=alone, as_json=as_json)


def identify(
    audio: Audio,
    among: Annotated[
        str | None,
        typer.Option(
            "--among", metavar="NAME,NAME", help="Only these profiles.  [default: all]", show_default=False
        ),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, max=100, help="How many candidates to tell.")] = 5,
    use: Annotated[
        Literal["identify", "watchlist"],
        typer.Option("--use", help="By which of the tenant's rules (`earmark rules`) to decide."),
    ] = "identify",
    fpir: Fpir = None,
    fmr: FmrOfEach = None,
    raw: Raw = None,
    model: Model = None,
    threads: Threads = 1,
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Who is speaking? Compare recordings with everybody enrolled."""
    from earmark.service.recognise import gather_candidates
    from earmark.service.recognise import identify as search
    from earmark.storage.values import Use
    from earmark.voice.scoring.operating import Aim

    form = parse_raw(raw)
    aim = None if fmr is None and fpir is None else Aim(fmr=fmr, fpir=fpir)
    recordings = gather(audio, raw=form is not None)
    asked = None if among is None else [name.strip() for name in among.split(",") if name.strip()]
    alone = is_outright(audio, recordings)
    with compose(home, tenant=tenant, model=model, threads=threads) as parts:
        candidates = gather_candidates(parts.actor, parts.store, parts.engine, among=asked)

        def work(one: Recording) -> "Identified":
            who, store, engine = parts.actor, parts.store, parts.engine
            common: dict[str, Any] = {"among": candidates, "raw": form, "top": top}
            return search(who, store, engine, one.source, use=Use(use), aim=aim, **common)

        return tell(recordings, work, _tell_identified(alone=alone), alone=alone, as_json=as_json)


def _tell_identified(*, alone: bool) -> Telling["Identified"]:
    from earmark.cli import words
    from earmark.cli.recognition_shapes import identification_json

    def tell_words(result: "Identified") -> str:
        line = words.identification(result.identification, labels=result.labels)
        reasons = result.identification.reasons if alone else ()
        return words.with_advice(line, reasons, more=words.advice(result.next_step))

    def shape(result: "Identified", file: str) -> "IdentificationJson":
        return identification_json(result, file=file)

    return Telling(
        "Identifying",
        words=tell_words,
        shape=shape,
        answer=lambda result: Exit.NO if result.identification.best is None else Exit.OK,
        yes="identified",
        no="nobody",
    )
