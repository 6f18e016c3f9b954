"""`earmark phrases`: what people may be asked to say, the tenant's own passphrases among it."""

from typing import Annotated, Literal

import typer

from earmark.cli.compose import open_profiles
from earmark.cli.exits import Exit
from earmark.cli.options import DEFAULT_TENANT, AsJson, Home, Tenant
from earmark.cli.output import say, say_json

app = typer.Typer(
    help="Say what people may be asked to say: passphrases, and activation phrases.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

ADD_EPILOG = """\b
Example:
  earmark phrases add "seven green bottles stand on the garden wall"
  earmark enroll alice 1.wav 2.wav 3.wav --passphrase "seven green bottles stand on the garden wall"

A passphrase has to be long enough to be told from other words, and unlike the passphrases that there are.
"""

ACTIVATION_EPILOG = """\b
Examples:
  earmark phrases activation on
  earmark phrases activation off --tenant acme

While it is on, the first recording of a profile of any words has to say an activation phrase (`earmark
phrases list`), so that nobody is enrolled from a recording of something else. It is compared and not stored.
"""

Text = Annotated[str, typer.Argument(metavar="PHRASE", help="The sentence, in quotes.", show_default=False)]
Locale = Annotated[str, typer.Option("--locale", metavar="LOCALE", help="Its language.")]


@app.command("list")
def list_phrases(
    locale: Locale = "en-US", tenant: Tenant = DEFAULT_TENANT, home: Home = None, as_json: AsJson = False
) -> int:
    """List the passphrases and activation phrases of a language."""
    from earmark.cli.words_shapes import phrases_json
    from earmark.service.phrases import show_phrases
    from earmark.service.tenants import show_tenant

    with open_profiles(home, tenant=tenant) as (actor, store):
        found = show_phrases(actor, store, locale)
        activation = show_tenant(actor, store).activation
    if as_json:
        say_json(phrases_json(found, activation=activation))
        return Exit.OK
    for phrase in found.passphrases:
        say(f"{phrase}{'  (your own)' if phrase in found.own else ''}")
    for phrase in found.activation_phrases:
        say(f"{phrase}  (activation phrase, {'asked for' if activation else 'not asked for'})")
    return Exit.OK


@app.command("add", epilog=ADD_EPILOG)
def add(
    phrase: Text,
    locale: Locale = "en-US",
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Let people choose a passphrase of your own."""
    from earmark.service.phrases import add_passphrase

    with open_profiles(home, tenant=tenant) as (actor, store):
        kept = add_passphrase(actor, store, phrase, locale=locale)
    if as_json:
        say_json({"phrase": kept, "locale": locale})
    else:
        say(f"Added: {kept}")
    return Exit.OK


@app.command("remove")
def remove(
    phrase: Text,
    locale: Locale = "en-US",
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Offer a passphrase of your own no more; profiles that have it keep it."""
    from earmark.service.phrases import remove_passphrase

    with open_profiles(home, tenant=tenant) as (actor, store):
        remove_passphrase(actor, store, phrase, locale=locale)
    if as_json:
        say_json({"removed": phrase, "locale": locale})
    else:
        say("Removed. Profiles that have it keep it.")
    return Exit.OK


@app.command("examine")
def examine(
    phrase: Text,
    locale: Locale = "en-US",
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Would this make a passphrase? Exit code 0 if so, 1 if not."""
    from earmark.cli.words_shapes import examined_json
    from earmark.service.phrases import examine_phrase

    with open_profiles(home, tenant=tenant) as (actor, store):
        found = examine_phrase(actor, store, phrase, locale=locale)
    if as_json:
        say_json(examined_json(found))
    else:
        say("It makes a passphrase." if found.usable else "It makes no passphrase.")
        for doubt in found.doubts:
            say(f"  {doubt}")
    return Exit.OK if found.usable else Exit.NO


@app.command("activation", epilog=ACTIVATION_EPILOG)
def activation(
    wanted: Annotated[
        Literal["on", "off"], typer.Argument(metavar="on|off", help="Whether to.", show_default=False)
    ],
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Let profiles of any words begin with an activation phrase, or do not."""
    from earmark.service.tenants import set_activation

    with open_profiles(home, tenant=tenant) as (actor, store):
        changed = set_activation(actor, store, wanted == "on")
    if as_json:
        say_json({"tenant": changed.id, "activation": changed.activation})
    elif changed.activation:
        say(f"Coming profiles of {changed.id} begin with an activation phrase.")
    else:
        say(f"Coming profiles of {changed.id} begin with any words.")
    return Exit.OK
