"""`earmark tenants`: the owners of profiles and keys, each with a wrapping key of its own."""

import sys
from typing import Annotated, Literal

import typer

from earmark.cli.compose import open_profiles
from earmark.cli.exits import Exit
from earmark.cli.options import DEFAULT_TENANT, AsJson, Home, Tenant
from earmark.cli.output import say, say_json, say_table
from earmark.errors import InvalidRequest

NO_AUDIO = (
    "Recordings of coming enrolments are not kept. The limitation: without them a voiceprint cannot be made "
    "again when the model changes, so those people will have to enrol again. What is kept already stays."
)

app = typer.Typer(
    help="Make, list and delete tenants, and say whether a tenant keeps recordings.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

CREATE_EPILOG = """\b
Example:
  earmark tenants create acme
  earmark keys create --tenant acme --role all

A tenant sees its own profiles and keys and no others; its data are sealed under its own key. Commands act
for the tenant `default` unless --tenant or EARMARK_TENANT says another.
"""

DELETE_EPILOG = """\b
Example:
  earmark tenants delete acme --yes

The tenant's wrapping key is destroyed first: from that moment on nothing of the tenant can be opened by
anybody, whatever copies there are, and its API keys are worthless. Then its data are removed. It cannot be
undone, and a backup of the database without the wrapping key does not help; `earmark profiles export
--tenant acme` beforehand does.
"""

KEEP_EPILOG = f"""\\b
Examples:
  earmark tenants keep-audio off
  earmark tenants keep-audio on --tenant acme

{NO_AUDIO}
"""

Name = Annotated[str, typer.Argument(metavar="NAME", help="The tenant.", show_default=False)]


@app.command("create", epilog=CREATE_EPILOG)
def create(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="1 to 64 small letters, digits and hyphens.", show_default=False),
    ],
    keep_audio: Annotated[
        bool, typer.Option("--keep-audio/--no-keep-audio", help="Keep recordings of enrolments, sealed.")
    ] = True,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Make a tenant, with a wrapping key of its own."""
    from earmark.cli.shapes import tenant_json
    from earmark.service import tenants

    with open_profiles(home) as (actor, store):
        made = tenants.create_tenant(actor, store, name, keep_audio=keep_audio)
    if as_json:
        say_json(tenant_json(made))
        return Exit.OK
    say(f"Made the tenant {made.id}. Now try: earmark keys create --tenant {made.id} --role all")
    if not keep_audio:
        say(NO_AUDIO)
    return Exit.OK


@app.command("list")
def list_tenants(home: Home = None, as_json: AsJson = False) -> int:
    """List all tenants."""
    from earmark.cli.shapes import tenant_json
    from earmark.service import tenants

    with open_profiles(home) as (actor, store):
        found = [tenant_json(tenant) for tenant in tenants.list_tenants(actor, store)]
    if as_json:
        say_json({"tenants": found})
    else:
        kept = {True: "kept", False: "not kept"}
        rows = [(one["tenant"], one["created"][:10], kept[one["keep_audio"]]) for one in found]
        say_table(("tenant", "created", "recordings"), rows)
    return Exit.OK


@app.command("delete", epilog=DELETE_EPILOG)
def delete(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Delete a tenant with all that it has: its wrapping key first, then its data. There is no way back."""
    from earmark.api.settings import load_settings
    from earmark.service import tenants
    from earmark.storage.blobs import open_media

    with open_profiles(home, tenant=name) as (actor, store):
        if not yes:
            if as_json or not sys.stdin.isatty():
                raise InvalidRequest(
                    "Deleting a tenant destroys its wrapping key first, then its profiles and API keys, and "
                    "cannot be undone: say --yes to do it without being asked."
                )
            typer.confirm(
                f"Destroy the wrapping key of {name}, then its profiles and API keys, for good?",
                abort=True,
                err=True,
            )
        place = load_settings(store.home).media_url
        forgotten = tenants.delete_tenant(actor, store, name, media=open_media(place, store.home))
    if as_json:
        say_json({"deleted": name, "forgotten": forgotten})
        return Exit.OK
    say(f"Deleted {name}: its wrapping key, then its profiles and API keys.")
    if not forgotten:
        say('Sealed remains stay in the database\'s own files for now: see "Deleted" in docs/service.md.')
    return Exit.OK


@app.command("keep-audio", epilog=KEEP_EPILOG)
def keep_audio(
    keep: Annotated[
        Literal["on", "off"], typer.Argument(metavar="on|off", help="Whether to.", show_default=False)
    ],
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Keep the recordings of coming enrolments, sealed, or do not."""
    from earmark.cli.shapes import tenant_json
    from earmark.service import tenants

    with open_profiles(home, tenant=tenant) as (actor, store):
        changed = tenants.set_keep_audio(actor, store, keep == "on")
    if as_json:
        limitation = {} if changed.keep_audio else {"limitation": NO_AUDIO}
        say_json({**tenant_json(changed), **limitation})
    elif changed.keep_audio:
        say(f"Recordings of coming enrolments of {changed.id} are kept, sealed.")
    else:
        say(f"{changed.id}: {NO_AUDIO}")
    return Exit.OK
