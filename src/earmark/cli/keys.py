"""`earmark keys`: the API keys that programs send to the service."""

import re
import sys
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.compose import open_profiles
from earmark.cli.exits import Exit
from earmark.cli.options import DEFAULT_TENANT, AsJson, Home, Tenant
from earmark.cli.output import say, say_json, say_table
from earmark.errors import InvalidRequest

if TYPE_CHECKING:
    from uuid import UUID

    from earmark.service.actor import Permission
    from earmark.service.keys import NewKey

SPAN = re.compile(r"(\d{1,6})([smhdw])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
EVERY_ROLE = "all"

app = typer.Typer(
    help="Make, list, revoke and rotate the API keys of `earmark serve`.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

CREATE_EPILOG = """\b
Examples:
  earmark keys create --role recognise
  earmark keys create --name kiosk --role recognise --role enrol --expires 90d
  KEY=$(earmark keys create --role all)

\b
Roles: recognise (verify, identify), enrol (make profiles and add to them), manage (list, change and
delete profiles, look after keys), audit (read who did what), or all of them.

The secret is the only thing on standard output, shown this once: Earmark keeps no copy of it.
"""

ROTATE_EPILOG = """\b
Examples:
  earmark keys rotate 0f5c1a2e-...                  the old key is worthless at once
  earmark keys rotate 0f5c1a2e-... --overlap 1h     both work for an hour

The new key has the name, the roles and the end of the old one.
"""

KeyId = Annotated[str, typer.Argument(metavar="ID", help="The key's identifier: see `earmark keys list`.")]


@app.command("create", epilog=CREATE_EPILOG)
def create(
    role: Annotated[
        list[str],
        typer.Option("--role", metavar="ROLE", help="What it may do; may be repeated.", show_default=False),
    ],
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What to call it.", show_default=False)
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(
            "--expires",
            metavar="SPAN|DATE",
            help="When it ends: 12h, 90d, 2027-06-30 (its first moment, UTC) or 2027-06-30T18:00.  "
            "[default: never]",
            show_default=False,
        ),
    ] = None,
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Make an API key, and show its secret this once."""
    from earmark.service import keys

    roles = parse_roles(role)
    end = None if expires is None else parse_end(expires)
    with open_profiles(home, tenant=tenant) as (actor, store):
        made = keys.create_key(actor, store, name=name, roles=roles, expires=end)
    _tell(made, as_json=as_json)
    return Exit.OK


@app.command("list")
def list_keys(tenant: Tenant = DEFAULT_TENANT, home: Home = None, as_json: AsJson = False) -> int:
    """List the keys, without their secrets."""
    from earmark.cli.shapes import key_json
    from earmark.service import keys

    with open_profiles(home, tenant=tenant) as (actor, store):
        found = [key_json(key) for key in keys.list_keys(actor, store)]
    if as_json:
        say_json({"keys": found})
    elif not found:
        say("There is no key yet. Try: earmark keys create --role recognise")
    else:
        rows = [
            (
                key["id"],
                key["name"] or "-",
                ",".join(key["roles"]),
                key["created"][:10],
                _shown_end(key["expires"]) + (" (past)" if key["expired"] else ""),
                f"...{key['hint']}",
            )
            for key in found
        ]
        say_table(("identifier", "name", "roles", "created", "expires", "ends in"), rows)
    return Exit.OK


@app.command("webhook-secret")
def webhook_secret(
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Make a new one; the old one signs nothing from now on.")
    ] = False,
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
) -> int:
    """Show the secret that signs the messages which tell of jobs."""
    from earmark.service import webhooks

    with open_profiles(home, tenant=tenant) as (actor, store):
        show = webhooks.rotate_webhook_secret if rotate else webhooks.webhook_secret
        sys.stdout.write(show(actor, store) + "\n")
    return Exit.OK


@app.command("revoke")
def revoke(key_id: KeyId, tenant: Tenant = DEFAULT_TENANT, home: Home = None, as_json: AsJson = False) -> int:
    """Make a key worthless at once."""
    from earmark.service import keys

    asked = parse_key_id(key_id)
    with open_profiles(home, tenant=tenant) as (actor, store):
        keys.revoke_key(actor, store, asked)
    if as_json:
        say_json({"revoked": str(asked)})
    else:
        say(f"Revoked {asked}.")
    return Exit.OK


@app.command("rotate", epilog=ROTATE_EPILOG)
def rotate(
    key_id: KeyId,
    overlap: Annotated[
        str, typer.Option("--overlap", metavar="SPAN", help="How long the old key works on: 30m, 1h, 7d.")
    ] = "0s",
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Make a key in place of another, and show its secret this once."""
    from earmark.service import keys

    asked, span = parse_key_id(key_id), parse_span(overlap)
    with open_profiles(home, tenant=tenant) as (actor, store):
        made = keys.rotate_key(actor, store, asked, overlap=span)
    _tell(made, as_json=as_json)
    return Exit.OK


def parse_roles(words: list[str]) -> "set[Permission]":
    """Roles as they are written, repeated or with commas; `all` for every one. InvalidRequest."""
    from earmark.service.actor import ROLES, Permission

    names = [name.strip().lower() for word in words for name in word.split(",") if name.strip()]
    known = {role.value for role in ROLES}
    for name in names:
        if name not in known | {EVERY_ROLE}:
            raise InvalidRequest(f"There is no role {name}: use {', '.join(sorted(known))} or {EVERY_ROLE}.")
    return set(ROLES) if EVERY_ROLE in names else {Permission(name) for name in names}


def parse_key_id(text: str) -> "UUID":
    """The identifier of a key; InvalidRequest for what is none, above all for the secret itself."""
    from earmark.storage.labels import parse_guid

    found = parse_guid(text)
    if found is None:
        raise InvalidRequest("That is no identifier of a key: take the one that `earmark keys list` shows.")
    return found


def parse_span(text: str) -> timedelta:
    """`30m`, `12h`, `90d`, `4w` to a span of time. InvalidRequest."""
    found = SPAN.fullmatch(text.strip().lower())
    if found is None:
        raise InvalidRequest(f"{text} is no span of time: write a number and s, m, h, d or w, as in 90d.")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def parse_end(text: str) -> datetime:
    """A span from now, a date (its first moment) or a date and time to a moment; UTC unless it says else."""
    try:
        if SPAN.fullmatch(text.strip().lower()):
            return datetime.now(UTC) + parse_span(text)
        if len(text) == len("2027-06-30"):
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        end = datetime.fromisoformat(text)
        return (end if end.tzinfo else end.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidRequest(
            f"{text} is no end for a key: write a span as 90d, or a date as 2027-06-30."
        ) from None


def _tell(made: "NewKey", *, as_json: bool) -> None:
    """The secret alone on standard output, for scripts; what people want to know beside it."""
    from earmark.cli.shapes import key_json

    key = key_json(made.key)
    if as_json:
        say_json({"key": key, "secret": made.secret})
        return
    end = f"until {_shown_end(key['expires'])}" if key["expires"] else "until it is revoked"
    sys.stderr.write(f"Key {key['id']} ({', '.join(key['roles'])}), {end}. Shown only now:\n")
    sys.stderr.flush()
    say(made.secret)


def _shown_end(moment: str | None) -> str:
    return "never" if moment is None else f"{moment[:16].replace('T', ' ')} UTC"
