"""What a tenant's rules cost: by use and number of people, from a model's evidence, or how to get some."""

from dataclasses import replace
from pathlib import Path

import pytest
from pricing import PRICES

from earmark.service.actor import Actor
from earmark.service.costs import show_costs
from earmark.service.enrol import enrol
from earmark.service.rules import change_rules, show_rules
from earmark.storage.store import Store
from earmark.storage.values import Use
from earmark.voice.engine import Engine
from earmark.voice.models.catalog import ModelEntry
from earmark.voice.scoring.operating import Aim, Costs

pytestmark = pytest.mark.databases("sqlite", "postgres")


@pytest.fixture
def model(engine: Engine) -> ModelEntry:
    """A model whose calibration ends at 1 in 10,000, with evidence."""
    return replace(engine.entry, prices=PRICES)


def test_each_use_costs_what_its_rate_costs(actor: Actor, store: Store, model: ModelEntry) -> None:
    found = show_costs(actor, store, show_rules(actor, store), model)
    assert (found.model, found.note, found.prices) == ("spectrum@1", None, PRICES)
    (verify,) = found.uses[Use.VERIFY]
    assert (verify.compared, verify.fmr, verify.warning) == (1, 0.001, None)
    assert verify.cases[0].fnmr.value == pytest.approx(0.4)
    # 1 search in 100 among ten people is 1 comparison in 1,000; of a thousand it is beyond all trials.
    searches = {cost.compared: cost for cost in found.uses[Use.IDENTIFY]}
    assert list(searches) == [10, 100, 1_000]
    assert searches[10].fmr == pytest.approx(0.001)
    assert searches[10].cases[0].fnmr.value == pytest.approx(0.4)
    assert searches[100].cases[0].fnmr.value == pytest.approx(0.6)
    assert searches[100].cases[0].fmr is None
    assert "were not measured" in str(searches[100].warning)
    assert "More people will be missed" in str(searches[1_000].warning)
    assert found.uses[Use.WATCHLIST][0].fmr == pytest.approx(0.0001)


def test_the_tenants_own_people_are_counted_and_no_others(
    actor: Actor,
    stranger: Actor,
    store: Store,
    engine: Engine,
    model: ModelEntry,
    clips: dict[str, list[Path]],
) -> None:
    for name in ("ada", "ben"):
        enrol(actor, store, engine, name, clips[name][:2])

    def sizes(who: Actor) -> list[int]:
        found = show_costs(who, store, show_rules(who, store), model)
        return [cost.compared for cost in found.uses[Use.IDENTIFY]]

    assert sizes(actor) == [2, 10, 100, 1_000]
    assert sizes(stranger) == [10, 100, 1_000]


def test_costs_and_priors_come_to_a_rate(actor: Actor, store: Store, model: ModelEntry) -> None:
    aims = {
        Use.VERIFY: Aim(costs=Costs(1.0, 20.0, 0.5)),  # a threshold of log 20 = 3.0, that of 1 in 1,000
        Use.IDENTIFY: Aim(fmr=0.01),
        Use.WATCHLIST: Aim(costs=Costs(1.0, 1.0, 0.5)),
    }
    rules = change_rules(actor, store, aims=aims)
    uses = show_costs(actor, store, rules, model).uses
    assert uses[Use.VERIFY][0].fmr == pytest.approx(0.001, rel=0.01)
    assert [(cost.compared, cost.fmr) for cost in uses[Use.IDENTIFY]] == [(1, 0.01)]
    rates = [cost.fmr or 0.0 for cost in uses[Use.WATCHLIST]]
    assert rates == sorted({*rates} - {0.0}, reverse=True)
    assert len(rates) == 3


def test_a_rate_that_the_model_does_not_support(actor: Actor, store: Store, model: ModelEntry) -> None:
    rules = change_rules(actor, store, aims={Use.VERIFY: Aim(fmr=1e-6)})
    (cost,) = show_costs(actor, store, rules, model).uses[Use.VERIFY]
    assert (cost.fmr, cost.cases) == (None, ())
    assert "choose one between 0.0001 and 0.1" in str(cost.warning)


def test_without_evidence_it_is_said_how_to_get_it(actor: Actor, store: Store, engine: Engine) -> None:
    rules = show_rules(actor, store)
    found = show_costs(actor, store, rules, engine.entry)
    assert found.prices is None
    assert "earmark evaluate --calibrate" in str(found.note)
    (verify,) = found.uses[Use.VERIFY]
    assert (verify.fmr, verify.cases, verify.warning) == (0.001, (), None)
    undecided = show_costs(actor, store, rules, replace(engine.entry, calibration=None))
    assert "decides nothing" in str(undecided.note)
    assert undecided.uses[Use.VERIFY] == ()


def test_ones_own_cohort_was_not_in_it(actor: Actor, store: Store, model: ModelEntry) -> None:
    rules = change_rules(actor, store, own_cohort=True)
    assert "not with your own people" in str(show_costs(actor, store, rules, model).note)
