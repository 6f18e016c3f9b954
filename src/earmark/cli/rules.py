"""`earmark rules`: by what a tenant decides, what voiceprints learn, and who should enrol anew."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from earmark.cli.compose import compose, open_profiles
from earmark.cli.exits import Exit
from earmark.cli.options import DEFAULT_TENANT, AsJson, Home, Label, Model, Tenant
from earmark.cli.output import say, say_json, say_table
from earmark.errors import InvalidRequest

if TYPE_CHECKING:
    from earmark.cli.rules_shapes import AimJson
    from earmark.service.actor import Actor
    from earmark.service.costs import RulesCost
    from earmark.service.rules import Rules
    from earmark.storage.store import Store
    from earmark.voice.scoring.operating import Costs

app = typer.Typer(
    help="Say by what decisions are set, whether voiceprints learn, and when people should enrol anew.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

SET_EPILOG = """\b
Examples:
  earmark rules set verify --fmr 0.0001                  1 stranger in 10,000 gets in
  earmark rules set verify --fmr 0.001 --doubt 0.02      and 1 in 50 is asked for more
  earmark rules set identify --fpir 0.01                 1 stranger in 100 is taken for somebody
  earmark rules set watchlist --cost-miss 50 --cost-false 1 --prior 0.001
  earmark rules set --own-cohort                         strangers are also like the people enrolled here

The threshold of a search rises with the number of people compared, so that --fpir holds for ten as for
100,000. With costs it is set where mistakes cost least: --prior is how often it is the person (verify), or
somebody who is enrolled. A rule holds for every door of the service, unless a request asks for another rate.
What a rule costs, in people who are missed, is told after it, as far as it was measured.

With --own-cohort, off unless chosen, up to 500 of the people enrolled here count as strangers beside those
that ship, to everybody but themselves: what they have in common, such as their microphones, then says
nothing. It takes 30 people of any words.
"""

CARE_EPILOG = """\b
Examples:
  earmark rules care --renew-days 730       ask people to enrol anew after two years
  earmark rules care --renew-days 0         never (the default)
  earmark rules care --learn                let voiceprints follow how voices change

Learning keeps no recording. A verification moves the voiceprint a little when the recording fits what was
enrolled so well that 1 stranger in 10,000 would at most, is good enough to enrol with, and is the first of
the day; `earmark rules forget NAME` goes back to what was enrolled. A replayed recording cannot be told from
a live voice yet: think of that before you let voiceprints learn.
"""

UseName = Annotated[
    Literal["verify", "identify", "watchlist"],
    typer.Argument(metavar="verify|identify|watchlist", help="What it is for.", show_default=False),
]


@app.command("show")
def show(
    model: Model = None, tenant: Tenant = DEFAULT_TENANT, home: Home = None, as_json: AsJson = False
) -> int:
    """Show by what decisions are set, what that costs, and how voiceprints are looked after."""
    from earmark.service.rules import show_rules

    with open_profiles(home, tenant=tenant) as (actor, store):
        rules = show_rules(actor, store)
        return _tell(rules, _price(actor, store, rules, home, model), as_json=as_json)


@app.command("set", epilog=SET_EPILOG)
def set_rule(
    use: Annotated[
        Literal["verify", "identify", "watchlist"] | None,
        typer.Argument(metavar="verify|identify|watchlist", help="What it is for.", show_default=False),
    ] = None,
    fmr: Annotated[
        float | None, typer.Option("--fmr", metavar="RATE", help="False-match rate of each comparison.")
    ] = None,
    fpir: Annotated[
        float | None, typer.Option("--fpir", metavar="RATE", help="Strangers taken for somebody in a search.")
    ] = None,
    cost_miss: Annotated[float | None, typer.Option(help="Cost of not recognising somebody.")] = None,
    cost_false: Annotated[float | None, typer.Option(help="Cost of taking a stranger for somebody.")] = None,
    prior: Annotated[float | None, typer.Option(help="How often it is the person, 0 to 1.")] = None,
    doubt: Annotated[
        float | None,
        typer.Option(metavar="RATE", help="Strangers that may be uncertain.  [default: ten times]"),
    ] = None,
    own_cohort: Annotated[
        bool | None,
        typer.Option("--own-cohort/--no-own-cohort", help="Count enrolled people as strangers to others."),
    ] = None,
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Decide a use by a rate, or by costs and a prior.

    With --own-cohort enrolled people count as strangers, in every use.
    """
    from earmark.service.profiles import UNCHANGED
    from earmark.service.rules import change_rules
    from earmark.storage.values import Use
    from earmark.voice.scoring.operating import Aim

    priced, aims = (cost_miss, cost_false, prior), {}
    if use is not None:
        aims[Use(use)] = Aim(fmr=fmr, fpir=fpir, costs=_costs(*priced), doubt=doubt)
    elif own_cohort is None or any(one is not None for one in (fmr, fpir, doubt, *priced)):
        raise InvalidRequest("Say what for: `earmark rules set verify --fmr 0.001`, or identify, watchlist.")
    own = UNCHANGED if own_cohort is None else own_cohort
    with open_profiles(home, tenant=tenant) as (actor, store):
        rules = change_rules(actor, store, aims=aims, own_cohort=own)
        return _tell(rules, _price(actor, store, rules, home), as_json=as_json)


@app.command("reset")
def reset(use: UseName, tenant: Tenant = DEFAULT_TENANT, home: Home = None, as_json: AsJson = False) -> int:
    """Decide a use by the default again."""
    from earmark.service.rules import change_rules
    from earmark.storage.values import Use

    with open_profiles(home, tenant=tenant) as (actor, store):
        rules = change_rules(actor, store, aims={Use(use): None})
        return _tell(rules, _price(actor, store, rules, home), as_json=as_json)


@app.command("care", epilog=CARE_EPILOG)
def care(
    learn: Annotated[
        bool | None, typer.Option("--learn/--no-learn", help="Move voiceprints with what is surely theirs.")
    ] = None,
    watch_drift: Annotated[
        bool | None, typer.Option("--watch-drift/--no-watch-drift", help="Note how well recordings fit.")
    ] = None,
    renew_days: Annotated[
        int | None,
        typer.Option(
            "--renew-days", min=0, metavar="DAYS", help="Ask for renewal after so many days; 0 for never."
        ),
    ] = None,
    tenant: Tenant = DEFAULT_TENANT,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Let voiceprints learn, watch their drift, and ask for renewal, or do not."""
    from earmark.service.profiles import UNCHANGED
    from earmark.service.rules import change_rules

    with open_profiles(home, tenant=tenant) as (actor, store):
        rules = change_rules(
            actor,
            store,
            learn=UNCHANGED if learn is None else learn,
            watch_drift=UNCHANGED if watch_drift is None else watch_drift,
            renew_days=UNCHANGED if renew_days is None else renew_days or None,
        )
        return _tell(rules, _price(actor, store, rules, home), as_json=as_json)


@app.command("due")
def due(
    model: Model = None, tenant: Tenant = DEFAULT_TENANT, home: Home = None, as_json: AsJson = False
) -> int:
    """List the people who should enrol anew, by the rules, and why."""
    from earmark.cli.rules_shapes import renewal_json
    from earmark.service.following import show_renewal
    from earmark.service.profiles import each_profile

    found = []
    with compose(home, tenant=tenant, model=model) as parts:
        for profile in each_profile(parts.actor, parts.store):
            renewal = show_renewal(parts.actor, parts.store, parts.engine, profile.id)
            if renewal.due:
                found.append(renewal_json(renewal, profile=str(profile.id), label=profile.label))
    if as_json:
        say_json({"due": found})
    elif not found:
        say("Nobody needs to enrol anew.")
    else:
        say_table(
            ("name", "identifier", "why"),
            [(one["label"] or "-", one["profile"], " ".join(one["reasons"])) for one in found],
        )
    return Exit.OK


@app.command("forget")
def forget(name: Label, tenant: Tenant = DEFAULT_TENANT, home: Home = None, as_json: AsJson = False) -> int:
    """Go back to the voice that was enrolled: forget what recognitions have taught."""
    from earmark.service.following import forget_learned

    with open_profiles(home, tenant=tenant) as (actor, store):
        forgotten = forget_learned(actor, store, name)
    if as_json:
        say_json({"forgotten": forgotten})
    else:
        say(f"{name} is as enrolled{'' if forgotten else ' already'}.")
    return Exit.OK


def _costs(miss: float | None, false: float | None, prior: float | None) -> "Costs | None":
    from earmark.voice.scoring.operating import Costs

    if miss is None and false is None and prior is None:
        return None
    if miss is None or false is None or prior is None:
        raise InvalidRequest("Costs and prior belong together: give --cost-miss, --cost-false, --prior.")
    return Costs(miss, false, prior)


def _price(
    actor: "Actor", store: "Store", rules: "Rules", home: Path | None, model: str | None = None
) -> "RulesCost":
    """What rules cost; of the model its catalogue entry is enough."""
    from earmark.service.costs import show_costs
    from earmark.voice.models.catalog import default_home, find_model, load_catalog

    entry = find_model(load_catalog(home or default_home()), model)
    return show_costs(actor, store, rules, entry)


def _tell(rules: "Rules", cost: "RulesCost", *, as_json: bool) -> int:
    from earmark.cli.rules_costs import say_expected
    from earmark.cli.rules_shapes import rules_json

    shape = rules_json(rules, cost)
    if as_json:
        say_json(shape)
        return Exit.OK
    aims = {"verify": shape["verify"], "identify": shape["identify"], "watchlist": shape["watchlist"]}
    say_table(
        ("use", "decided by", "uncertain from", ""),
        [(use, *_aim_words(aim), "" if aim["own"] else "default") for use, aim in aims.items()],
    )
    say(f"Voiceprints {'learn' if rules.learn else 'do not learn'} from recognitions.")
    say(f"Drift is {'watched' if rules.watch_drift else 'not watched'}.")
    say(f"Enrolled people {'count' if rules.own_cohort else 'do not count'} as strangers to others.")
    days = rules.renew_days
    say("Nobody is asked to renew." if days is None else f"After {days:,} days people are asked to renew.")
    say_expected(cost)
    return Exit.OK


def _aim_words(aim: "AimJson") -> tuple[str, str]:
    doubt = "ten times that" if aim["doubt"] is None else f"{aim['doubt']:g}"
    if aim["fmr"] is not None:
        return f"false-match rate {aim['fmr']:g}", doubt
    if aim["fpir"] is not None:
        return f"false-positive rate {aim['fpir']:g} of a search", doubt
    costs = f"costs {aim['cost_miss']:g} (miss), {aim['cost_false']:g} (false), prior {aim['prior']:g}"
    return costs, doubt
