"""The command line to its page `docs/cli/reference.md`: written by `make docs`, checked by a test."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NotRequired, get_args, get_origin, get_type_hints

import typer.main

from earmark.api.azure import errors as azure
from earmark.api.native import errors as native
from earmark.cli import (
    evaluation_shapes,
    recognition_shapes,
    rules_costs,
    rules_shapes,
    shapes,
    turn_shapes,
    words_shapes,
)
from earmark.cli.exits import MEANING, Exit, exit_for
from earmark.cli.main import app
from earmark.errors import EarmarkError, InvalidRequest

HEAD = """# Command line reference

Written by `make docs` from the code; change the code, not this page. Begin with the tour in the
[README](../../README.md), and see [the guide](index.md) for files, JSON and scripts.
"""
# Errors of the door itself, which are no class of the tree: code, exit and what it means.
OWN_CODES = (
    ("wrong_use", Exit.USAGE, "an option or argument that the command does not know"),
    ("internal", Exit.INTERNAL, "a fault of Earmark itself"),
    ("interrupted", Exit.INTERRUPTED, "Ctrl-C"),
)
SHAPES = (
    recognition_shapes.VerificationJson,
    words_shapes.WordsJson,
    words_shapes.HeardWordJson,
    words_shapes.ChallengeJson,
    words_shapes.PhrasesJson,
    words_shapes.ExaminedJson,
    recognition_shapes.IdentificationJson,
    recognition_shapes.CandidateJson,
    turn_shapes.DiarizationJson,
    turn_shapes.SpeakerJson,
    turn_shapes.VoiceFitJson,
    turn_shapes.TurnJson,
    shapes.InspectionJson,
    shapes.EmbeddingJson,
    shapes.EnrolmentJson,
    shapes.ProfileJson,
    shapes.ReembeddingJson,
    shapes.ReembeddingFailureJson,
    shapes.MovedJson,
    shapes.RefusalJson,
    evaluation_shapes.EvaluationJson,
    evaluation_shapes.ComparisonJson,
    rules_shapes.RulesJson,
    rules_shapes.AimJson,
    rules_costs.ExpectedJson,
    rules_costs.MeasuredJson,
    rules_costs.ExpectedCostJson,
    rules_costs.ExpectedCaseJson,
    rules_costs.ShareJson,
    rules_shapes.RenewalJson,
    shapes.KeyJson,
    shapes.NewKeyJson,
    shapes.TenantJson,
    shapes.ModelJson,
    shapes.SelfCheckJson,
    shapes.QualityJson,
    recognition_shapes.OperatingPointJson,
    shapes.ErrorJson,
)


def page() -> str:
    """The whole page as Markdown."""
    parts = [HEAD, "## Commands\n", *_commands(), "## Exit codes\n", _exits(), "## Errors\n", _errors()]
    parts += ["## JSON\n", *(_shape(shape) for shape in SHAPES)]
    return "\n".join(parts)


def _commands() -> Iterator[str]:
    root = typer.main.get_command(app)
    pending: list[tuple[str, Any, Any]] = [("earmark", root, None)]
    while pending:
        path, command, parent = pending.pop(0)
        context = command.context_class(
            command, info_name=path.split()[-1], parent=parent, terminal_width=100, **command.context_settings
        )
        yield f"### `{path}`\n\n```text\n{command.get_help(context).rstrip()}\n```\n"
        children = getattr(command, "commands", {})
        pending = [
            (f"{path} {name}", child, context) for name, child in children.items() if not child.hidden
        ] + pending


def _exits() -> str:
    rows = "".join(f"| {int(code)} | {meaning} |\n" for code, meaning in MEANING.items())
    return f"| exit | meaning |\n| --: | --- |\n{rows}"


def _errors() -> str:
    rows = []
    for error in _told(EarmarkError):
        foreign = " ".join(str(part) for part in azure.status_of(error))
        rows.append(
            f"| `{error.code}` | {int(exit_for(error))} | {native.status_of(error)} | {foreign} | "
            f"{error.__name__} |\n"
        )
    rows += [f"| `{code}` | {int(exit_code)} | | | {meaning} |\n" for code, exit_code, meaning in OWN_CODES]
    head = "| code | exit | status of `/v1` | of Azure's APIs | in Python, or meaning |\n"
    return f"{head}| --- | --: | --: | --- | --- |\n{''.join(rows)}"


def _told(root: type[EarmarkError]) -> Iterator[type[EarmarkError]]:
    """The errors that are raised; the others only gather them."""
    children = root.__subclasses__()
    if not children or root is InvalidRequest:
        yield root
    for child in children:
        yield from _told(child)


def _shape(shape: Any) -> str:
    rows = []
    for name, hint in get_type_hints(shape, include_extras=True).items():
        optional = get_origin(hint) is NotRequired
        inner = get_args(hint)[0] if optional else hint
        kind, note = (
            (get_args(inner)[0], get_args(inner)[1]) if get_origin(inner) is Annotated else (inner, "")
        )
        kind_name = kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind)
        kind_name = (
            re.sub(r"earmark\.cli\.\w+\.", "", kind_name).replace(" | ", " or ").replace("None", "null")
        )
        rows.append(f"| `{name}` | {kind_name} | {'may be left out; ' if optional else ''}{note} |\n")
    head = f"### {shape.__name__}\n\n{shape.__doc__}\n\n| field | type | meaning |\n| --- | --- | --- |\n"
    return head + "".join(rows)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
