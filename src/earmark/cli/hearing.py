"""`earmark inspect` and `embed`: recordings to what can be heard in them, without anybody enrolled."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli import compose
from earmark.cli.batch import Telling, tell
from earmark.cli.exits import Exit
from earmark.cli.options import AsJson, Audio, Home, Model, Raw, Threads
from earmark.cli.output import say, say_table
from earmark.cli.sources import Recording, gather, is_outright, parse_raw
from earmark.errors import InvalidRequest

if TYPE_CHECKING:
    import numpy as np

    from earmark.cli.shapes import EmbeddingJson, InspectionJson
    from earmark.voice.quality import Quality
    from earmark.voice.voiceprint import Embedding

INSPECT_EPILOG = """\b
Examples:
  earmark inspect call.wav
  earmark inspect recordings/ --json
  arecord -f S16_LE -r 16000 -d 5 | earmark inspect -

Exit code: 0 usable, 3 not usable; for several recordings 0 when all are usable.
"""

EMBED_EPILOG = """\b
Examples:
  earmark embed call.wav --json                    256 numbers as JSON
  earmark embed recordings/ --out voices.npy       a NumPy array, one row a recording, in sorted order
"""


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("inspect", epilog=INSPECT_EPILOG)(inspect)
    app.command("embed", epilog=EMBED_EPILOG)(embed)


def inspect(audio: Audio, raw: Raw = None, home: Home = None, as_json: AsJson = False) -> int:
    """Say how good recordings are, and what they are good enough for."""
    from earmark.cli.shapes import error_json, quality_json
    from earmark.cli.words import quality_rows, quality_verdict
    from earmark.voice.quality import RECOGNISE, refusal

    form = parse_raw(raw)
    recordings = gather(audio, raw=form is not None)
    alone = is_outright(audio, recordings)
    engine = compose.make_engine(home)

    def words(quality: "Quality") -> str:
        if alone:
            say_table(("measure", "value", "meaning"), quality_rows(quality))
        return quality_verdict(quality)

    def shape(quality: "Quality", file: str) -> "InspectionJson":
        entry: InspectionJson = {
            "file": file,
            "quality": quality_json(quality),
            "verdict": quality_verdict(quality),
        }
        if refused := refusal(quality, RECOGNISE):
            entry["error"] = error_json(refused, exit_code=Exit.AUDIO)
        return entry

    def answer(quality: "Quality") -> Exit:
        return Exit.AUDIO if refusal(quality, RECOGNISE) else Exit.OK

    how = Telling("Inspecting", words, shape, answer)

    def work(recording: Recording) -> "Quality":
        return engine.inspect(recording.source, raw=form)

    return tell(recordings, work, how, alone=alone, as_json=as_json)


def embed(
    audio: Audio,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE.npy", help="Write all embeddings as one NumPy array.", show_default=False
        ),
    ] = None,
    raw: Raw = None,
    model: Model = None,
    threads: Threads = 1,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Turn recordings into voice embeddings for your own programs."""
    from earmark.cli.shapes import quality_json
    from earmark.cli.words import speech

    if out is not None and out.suffix != ".npy":
        raise InvalidRequest("--out writes a NumPy array: give it a name that ends in .npy.")
    form = parse_raw(raw)
    recordings = gather(audio, raw=form is not None)
    alone = is_outright(audio, recordings)
    engine = compose.make_engine(home, model=model, threads=threads)
    rows: list[np.ndarray] = []

    def words(embedding: "Embedding") -> str:
        return f"{len(embedding.vector)} numbers by {embedding.model}. {speech(embedding.quality)}."

    def shape(embedding: "Embedding", file: str) -> "EmbeddingJson":
        entry: EmbeddingJson = {
            "file": file,
            "quality": quality_json(embedding.quality),
            "model": embedding.model,
        }
        if out is None:
            entry["vector"] = [round(float(number), 8) for number in embedding.vector]
        else:
            entry["row"] = len(rows) - 1
        return entry

    def work(recording: Recording) -> "Embedding":
        embedding = engine.embed(recording.source, raw=form)
        if out is not None:
            rows.append(embedding.vector)
        return embedding

    how = Telling("Embedding", words, shape, yes="embedded")
    code = tell(recordings, work, how, alone=alone, as_json=as_json)
    if out is not None and rows:
        write_array(out, rows)
        if not as_json:
            say(f"Wrote {len(rows):,} rows to {out}.")
    elif out is None and not as_json:
        say("The numbers themselves: --json prints them, --out FILE.npy writes them.")
    return code


def write_array(path: Path, rows: "list[np.ndarray]") -> None:
    """Write the rows as one array, whole or not at all."""
    import numpy as np

    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            np.save(file, np.stack(rows))
        part.replace(path)
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be written ({error.strerror}): choose another place.") from error
