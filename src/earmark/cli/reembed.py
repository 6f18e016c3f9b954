"""`earmark profiles reembed`: profiles to another model, one by one, from the recordings that they keep."""

from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.compose import compose
from earmark.cli.exits import Exit, exit_for, worst
from earmark.cli.options import DEFAULT_TENANT, AsJson, Home, Model, Tenant, Threads
from earmark.cli.output import counted, say, say_json
from earmark.cli.progress import with_progress
from earmark.errors import AudioError, AudioNotKept, EarmarkError, InvalidRequest, ProfileNotFound, SealBroken

if TYPE_CHECKING:
    from earmark.storage.values import Profile

EPILOG = """\b
Examples:
  earmark profiles reembed                     everybody, to the model that ships
  earmark profiles reembed --model NAME        to one of `earmark models list`
  earmark profiles reembed alice bob

Each profile is brought over whole or stays as it was, and one that is there already costs nothing: after an
interruption run the command again. Profiles whose recordings are not kept are told, and have to enrol again.

\b
Exit code: 0 when every profile is at the model now, else that of the gravest failure.
"""


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("reembed", epilog=EPILOG)(reembed)


def reembed(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Whom.  [default: everybody]", show_default=False),
    ] = None,
    model: Model = None,
    threads: Threads = 1,
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Bring profiles to another model, from the recordings that they keep."""
    from earmark.service import profiles

    done: list[Profile] = []
    failed: list[tuple[Profile, EarmarkError]] = []
    with compose(home, tenant=tenant, model=model, threads=threads) as parts:
        actor, store, engine = parts.actor, parts.store, parts.engine
        if names:
            wanted = [profiles.show_profile(actor, store, name) for name in names]
        else:
            wanted = list(profiles.each_profile(actor, store))
        outdated = [one for one in wanted if profiles.is_outdated(one, engine)]
        for one in with_progress(outdated, doing="Embedding anew", quiet=as_json):
            try:
                done.append(profiles.reembed_profile(actor, store, engine, one.id))
            except (AudioNotKept, SealBroken, AudioError, InvalidRequest) as error:
                failed.append((one, error))
                if not as_json:
                    say(f"{one.id}: {error.code}: {error}")
            except ProfileNotFound:  # deleted meanwhile: nothing is left to do
                continue
    already = len(wanted) - len(outdated)
    if as_json:
        from earmark.cli.shapes import reembedding_json

        say_json(reembedding_json(engine.entry.id, done=len(done), already=already, failed=failed))
    else:
        there = f"; {already:,} needed nothing" if already else ""
        wrong = f"; {len(failed):,} could not be brought over" if failed else ""
        say(f"Brought {counted(len(done), 'profile')} to {engine.entry.id}{there}{wrong}.")
    return worst([exit_for(type(error)) for _, error in failed] or [Exit.OK])
