"""`earmark settings`: every setting of the service, its value now, and what it means."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from earmark.cli.exits import Exit
from earmark.cli.options import AsJson, Home
from earmark.cli.output import say, say_json, say_table

if TYPE_CHECKING:
    from earmark.api.settings import Settings

EPILOG = """\b
A setting's value comes from the option of `earmark serve`, else from the environment, else from the file
earmark.toml in the home folder (or the file that EARMARK_SETTINGS names), else it is the default.
"""

# Read elsewhere: before there is a home to read a file from, or without a service.
EARLIER = (
    (
        "EARMARK_HOME",
        "Folder where profiles, keys and added models are kept; the platform's data folder if unset.",
    ),
    (
        "EARMARK_MASTER_KEY",
        "Master key, 32 bytes in base64, instead of the file master.key in the home folder.",
    ),
    ("EARMARK_SETTINGS", "Settings file to read instead of earmark.toml in the home folder."),
    ("EARMARK_TENANT", "Tenant that the command line acts for; the tenant default if unset."),
    ("EARMARK_URL", "Address of the service for `earmark.Client`; http://127.0.0.1:8080 if unset."),
    ("EARMARK_API_KEY", "API key for `earmark.Client`."),
    ("EARMARK_PASSPHRASE", "Passphrase of profile exports, instead of being asked for it."),
)


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("settings", epilog=EPILOG)(show_settings)


def show_settings(home: Home = None, as_json: AsJson = False) -> int:
    """List all settings of the service, with values, defaults and meaning."""
    from earmark.api.settings import load_settings
    from earmark.storage.store import default_home

    rows = describe(load_settings(home or default_home()))
    if as_json:
        say_json({"settings": rows})
        return Exit.OK
    say_table(
        ("setting", "environment", "value", "default"),
        [
            (row["name"] or "-", row["environment"], _shown(row["value"]), _shown(row["default"]))
            for row in rows
        ],
    )
    say()
    for row in rows:
        say(f"{row['name'] or row['environment']}: {row['meaning']}")
    return Exit.OK


def describe(settings: "Settings | None") -> list[dict[str, Any]]:
    """Every setting with its meaning, its default and its value where there are settings; no secret."""
    from earmark.api.settings import PREFIX, Settings

    rows = [
        {
            "name": name,
            "environment": PREFIX + name.upper(),
            "value": None if settings is None else _plain(getattr(settings, name)),
            "default": _plain(field.default),
            "meaning": field.description or "",
        }
        for name, field in Settings.model_fields.items()
    ]
    for name, meaning in EARLIER:
        hidden = "set" if os.environ.get(name) else None
        value = os.environ.get(name) if name in ("EARMARK_HOME", "EARMARK_SETTINGS") else hidden
        rows.append({"name": None, "environment": name, "value": value, "default": None, "meaning": meaning})
    return rows


def page() -> str:
    """Return docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "Written by `make docs` from the code. A value comes from the option of `earmark serve`, else from",
        "the environment, else from `earmark.toml` in the home folder (or the file that `EARMARK_SETTINGS`",
        "names), else it is the default. Lists are written with commas in the environment, as arrays in the",
        "file. `earmark settings` shows what is in force.",
        "",
        "| setting | environment | default | meaning |",
        "|---|---|---|---|",
    ]
    for row in describe(None):
        default = "" if row["default"] is None else f"`{_shown(row['default'])}`"
        name = f"`{row['name']}`" if row["name"] else "-"
        lines.append(f"| {name} | `{row['environment']}` | {default} | {row['meaning']} |")
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> Any:
    from pydantic import SecretStr

    if isinstance(value, SecretStr):
        return "set"
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(str(part) for part in value) or "-"
    return "-" if value is None else str(value)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
