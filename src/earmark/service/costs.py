"""A tenant's rules to what they can be expected to cost: how many of the right people are missed."""

from collections.abc import Mapping
from dataclasses import dataclass

from earmark.errors import InvalidRequest
from earmark.service.actor import Actor, Permission, needs
from earmark.service.rules import Rules
from earmark.storage.store import Store
from earmark.storage.values import Use
from earmark.storage.voiceprints import count_models
from earmark.voice.models.catalog import ModelEntry
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.operating import Aim, set_point
from earmark.voice.scoring.prices import Expected, Prices

SIZES = (10, 100, 1_000)  # of galleries, beside the tenant's own


@dataclass(frozen=True)
class Cost:
    """What a rule comes to when so many people are compared."""

    compared: int
    fmr: float | None  # of each comparison; None for a rate that this model does not support
    cases: tuple[Expected, ...]  # none where nobody has measured them
    warning: str | None


@dataclass(frozen=True)
class RulesCost:
    """What a tenant's rules can be expected to cost."""

    model: str
    prices: Prices | None  # the evidence
    note: str | None  # what to know of it, or how to get some
    uses: Mapping[Use, tuple[Cost, ...]]  # by the number of people, which matters to searches alone


@needs(Permission.MANAGE, Permission.ENROL, Permission.RECOGNISE, Permission.AUDIT)
def show_costs(actor: Actor, store: Store, rules: Rules, model: ModelEntry) -> RulesCost:
    """Return what `rules` can be expected to cost when `model` decides."""
    ratios = model.ratios
    if ratios is None:
        none = f"{model.id} has no calibration and decides nothing: `earmark evaluate --calibrate` fits one."
        return RulesCost(model.id, None, none, dict.fromkeys(Use, ()))
    people = sum(count_models(actor.tenant, store).values())
    uses = {}
    for use, aim in rules.aims.items():
        alone = use is Use.VERIFY or aim.fmr is not None  # the rate of a comparison stays, however many
        sizes = (1,) if alone else sorted({*SIZES, people} - {0})
        uses[use] = tuple(_cost(aim, ratios, model.prices, size) for size in sizes)
    note = None
    if model.prices is None:
        note = (
            f"Nobody has measured what a rate costs with {model.id} and the calibration that it has here: "
            "`earmark evaluate --calibrate` does, on your recordings."
        )
    elif rules.own_cohort:
        note = "It was measured with the cohort that ships, and not with your own people beside it."
    return RulesCost(model.id, model.prices, note, uses)


def _cost(aim: Aim, ratios: Calibration, prices: Prices | None, compared: int) -> Cost:
    try:
        rate = set_point(ratios, aim, compared=compared).fmr
    except InvalidRequest as error:
        return Cost(compared, None, (), str(error))
    if prices is None:
        return Cost(compared, rate, (), None)
    return Cost(compared, rate, prices.at(rate), prices.warning(rate))
