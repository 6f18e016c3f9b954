"""`earmark models`: which models there are, and adding, testing and removing one's own."""

from pathlib import Path
from typing import Annotated

import typer

from earmark.cli.exits import Exit
from earmark.cli.options import AsJson, Home
from earmark.cli.output import say, say_json, say_table

app = typer.Typer(
    help="List, add, check and remove models.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

ADD_EPILOG = """\b
Families:
  earmark          what this package's own recipe makes
  wespeaker        WeSpeaker exports: ResNet, ECAPA, CAM++
  3dspeaker        3D-Speaker exports: ERes2Net, CAM++
  redimnet         ReDimNet
  waveform         models that hear the samples themselves

\b
Example:
  earmark models add voxceleb_resnet34.onnx --family wespeaker --name resnet34 --licence CC-BY-4.0

Without a calibration a model embeds, but does not decide: `earmark evaluate --calibrate` fits one.
"""

Name = Annotated[str, typer.Argument(metavar="MODEL", help="Its name, as in the list.", show_default=False)]


@app.command("list")
def list_models(home: Home = None, as_json: AsJson = False) -> int:
    """List the models that can be used."""
    from earmark.cli.shapes import model_json
    from earmark.voice.models.calibrations import installed_calibration
    from earmark.voice.models.catalog import DEFAULT_MODEL, ModelEntry, default_home, load_catalog

    place = home or default_home()
    entries = load_catalog(place).values()

    def decides(entry: ModelEntry) -> str:
        if file := installed_calibration(entry, home=place):
            return f"by calibration {file.id}"
        return "yes" if entry.calibration is not None else "no calibration"

    if as_json:
        say_json({"models": [model_json(entry, default=entry.name == DEFAULT_MODEL) for entry in entries]})
        return Exit.OK
    say_table(
        ("model", "family", "numbers", "decides", "licence", ""),
        [
            (
                entry.id,
                entry.family,
                str(entry.dimension),
                decides(entry),
                entry.licence,
                "default" if entry.name == DEFAULT_MODEL else "",
            )
            for entry in entries
        ],
    )
    return Exit.OK


@app.command("add", epilog=ADD_EPILOG)
def add(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.onnx", help="The exported model.", show_default=False)
    ],
    family: Annotated[
        str, typer.Option("--family", help="Who made it, which says what it hears.", show_default=False)
    ],
    name: Annotated[
        str | None,
        typer.Option("--name", help="What to call it.  [default: the file's name]", show_default=False),
    ] = None,
    version: Annotated[str, typer.Option("--model-version", metavar="VERSION", help="Its version.")] = "1.0",
    licence: Annotated[str, typer.Option("--licence", help="Its licence, for the record.")] = "unknown",
    calibration: Annotated[
        Path | None,
        typer.Option("--calibration", metavar="FILE.toml", help="What its scores mean.", show_default=False),
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Add a model, once it has told the built-in voices apart."""
    from earmark.cli.shapes import check_json, model_json
    from earmark.voice.models.add import add_model
    from earmark.voice.models.catalog import default_home

    entry, check = add_model(
        file,
        home=home or default_home(),
        family=family,
        name=name,
        version=version,
        licence=licence,
        calibration=calibration,
    )
    if as_json:
        say_json({"model": model_json(entry, default=False), "check": check_json(check)})
    else:
        say(
            f"Added {entry.id}: {entry.dimension} numbers a recording, {check.eer:.1%} errors on the "
            "built-in voices."
        )
        if entry.calibration is None:
            say("It has no calibration yet: it embeds, but verify and identify will not decide with it.")
    return Exit.OK


@app.command("check")
def check(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL]", help="Its name; the default one when left out.", show_default=False
        ),
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Test a model again: is its file whole, and does it tell the built-in voices apart?"""
    from earmark.cli.shapes import check_json, model_json
    from earmark.voice.models.add import check_model
    from earmark.voice.models.catalog import DEFAULT_MODEL, default_home

    entry, result = check_model(name, home=home or default_home())
    if as_json:
        shape = model_json(entry, default=entry.name == DEFAULT_MODEL)
        say_json({"model": shape, "check": check_json(result)})
    else:
        say(
            f"{entry.id} is whole and tells the built-in voices apart: {result.eer:.1%} errors, mean cosine "
            f"{result.same:.2f} within a voice and {result.different:.2f} between voices."
        )
    return Exit.OK


@app.command("calibrate")
def calibrate(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.toml", help="What `earmark evaluate --calibrate` wrote.", show_default=False
        ),
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Even if it does not support the default false-match rate.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Let a model decide by a calibration fitted on recordings like yours; profiles stay as they are."""
    from earmark.cli.shapes import model_json
    from earmark.voice.models.calibrations import install_calibration
    from earmark.voice.models.catalog import DEFAULT_MODEL, default_home, load_catalog

    place = home or default_home()
    entry, found = install_calibration(file, load_catalog(place, installed=False), home=place, force=force)
    if as_json:
        shape = model_json(entry, default=entry.name == DEFAULT_MODEL)
        say_json({"model": shape, "calibration": found.id})
    else:
        rates = found.calibration.thresholds
        say(
            f"{entry.id} now decides by calibration {found.id}, for false-match rates from {rates[-1][0]:g} "
            f"to {rates[0][0]:g}. Restart a running service. Go back with: earmark models uncalibrate "
            f"{entry.name}"
        )
    return Exit.OK


@app.command("uncalibrate")
def uncalibrate(name: Name, home: Home = None, as_json: AsJson = False) -> int:
    """Go back to the calibration that a model came with."""
    from earmark.voice.models.calibrations import remove_calibration
    from earmark.voice.models.catalog import default_home, find_model, load_catalog

    place = home or default_home()
    entry = find_model(load_catalog(place, installed=False), name)
    removed = remove_calibration(entry, home=place)
    if as_json:
        say_json({"model": entry.id, "removed": removed})
    else:
        say(f"{entry.id} decides by its own calibration{'' if removed else ', as it did before'}.")
    return Exit.OK


@app.command("remove")
def remove(name: Name, home: Home = None, as_json: AsJson = False) -> int:
    """Remove a model that was added; profiles made with it stay, but cannot be compared without it."""
    from earmark.voice.models.add import remove_model
    from earmark.voice.models.catalog import default_home

    entry = remove_model(name, home=home or default_home())
    if as_json:
        say_json({"removed": entry.id})
    else:
        say(f"Removed {entry.id}.")
    return Exit.OK
