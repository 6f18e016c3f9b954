"""By what a tenant decides: kept, reset, apart from other tenants; what a request asks for comes first."""

from dataclasses import replace
from pathlib import Path

import pytest

from earmark.errors import InvalidRequest, TenantNotFound
from earmark.service.actor import Actor
from earmark.service.enrol import enrol
from earmark.service.next_steps import NextStep, next_step
from earmark.service.recognise import identify, verify
from earmark.service.rules import DEFAULTS, change_rules, show_rules
from earmark.service.tenants import create_tenant, delete_tenant
from earmark.storage.operating_points import put_aim, read_aims
from earmark.storage.store import Store
from earmark.storage.values import Use
from earmark.voice.engine import Engine
from earmark.voice.quality import Quality
from earmark.voice.scoring.decision import Answer
from earmark.voice.scoring.operating import Aim, Costs

pytestmark = pytest.mark.databases("sqlite", "postgres")

Clips = dict[str, list[Path]]
GOOD = Quality(12.0, 13.0, 30.0, 0.0, 7_900.0, -20.0, several_voices=False)


@pytest.mark.parametrize(
    "aim",
    [Aim(fmr=0.01), Aim(fmr=0.01, doubt=0.05), Aim(costs=Costs(2.0, 30.0, 0.125)), Aim(fpir=0.02, doubt=0.5)],
)
def test_what_is_set_is_shown_until_it_is_reset(actor: Actor, store: Store, aim: Aim) -> None:
    assert show_rules(actor, store).aims == DEFAULTS
    rules = change_rules(actor, store, aims={Use.WATCHLIST: aim})
    assert rules == show_rules(actor, store)
    assert rules.aims[Use.WATCHLIST] == aim
    assert rules.own == {Use.WATCHLIST}
    assert change_rules(actor, store, aims={Use.WATCHLIST: None}).aims == DEFAULTS


def test_care_is_changed_field_by_field(actor: Actor, store: Store) -> None:
    first = show_rules(actor, store)
    assert (first.learn, first.watch_drift, first.renew_days) == (False, False, None)
    change_rules(actor, store, learn=True)
    rules = change_rules(actor, store, renew_days=365, watch_drift=True)
    assert (rules.learn, rules.watch_drift, rules.renew_days) == (True, True, 365)
    rules = change_rules(actor, store, renew_days=None, learn=False)
    assert (rules.learn, rules.watch_drift, rules.renew_days) == (False, True, None)


def test_what_makes_no_sense_changes_nothing(actor: Actor, store: Store) -> None:
    for wrong in ({"renew_days": 0}, {"renew_days": 40_000}, {"aims": {Use.VERIFY: Aim(fpir=0.01)}}):
        with pytest.raises(InvalidRequest):
            change_rules(actor, store, learn=True, **wrong)
    assert not show_rules(actor, store).learn


def test_each_tenant_has_its_own(actor: Actor, stranger: Actor, store: Store) -> None:
    change_rules(actor, store, aims={Use.VERIFY: Aim(fmr=0.01)}, learn=True)
    theirs = show_rules(stranger, store)
    assert (theirs.own, theirs.learn) == (frozenset(), False)


def test_rules_go_with_their_tenant(actor: Actor, store: Store) -> None:
    create_tenant(actor, store, "acme")
    put_aim("acme", store, Use.VERIFY, Aim(fmr=0.01))
    delete_tenant(actor, store, "acme")
    assert read_aims("acme", store) == {}
    with pytest.raises(TenantNotFound):
        show_rules(replace(actor, tenant="acme"), store)


def test_a_request_comes_before_the_tenants_rule_and_that_before_the_usual(
    actor: Actor, store: Store, engine: Engine, clips: Clips
) -> None:
    enrol(actor, store, engine, "ada", clips["ada"][:2])

    def rate(*, aim: Aim | None = None, usual: Aim | None = None) -> float:
        verified = verify(actor, store, engine, "ada", clips["ada"][3], aim=aim, usual=usual)
        return verified.decision.operating_point.fmr

    assert rate() == 0.001
    assert rate(usual=Aim(fmr=0.02)) == 0.02
    change_rules(actor, store, aims={Use.VERIFY: Aim(fmr=0.05)})
    assert rate(usual=Aim(fmr=0.02)) == 0.05
    assert rate(usual=Aim(fmr=0.02), aim=Aim(fmr=0.01)) == 0.01
    with pytest.raises(InvalidRequest, match="compares one person"):
        rate(aim=Aim(fpir=0.01))


def test_searches_have_rules_by_use(actor: Actor, store: Store, engine: Engine, clips: Clips) -> None:
    for name in ("ada", "ben"):
        enrol(actor, store, engine, name, clips[name][:2])
    change_rules(actor, store, aims={Use.WATCHLIST: Aim(fpir=0.05)})

    def point(use: Use) -> tuple[float | None, int]:
        found = identify(actor, store, engine, clips["ada"][3], use=use)
        return found.identification.operating_point.fpir, found.identification.operating_point.compared

    assert point(Use.IDENTIFY) == (0.01, 2)
    assert point(Use.WATCHLIST) == (0.05, 2)
    with pytest.raises(InvalidRequest):
        point(Use.VERIFY)
    only = identify(actor, store, engine, clips["ada"][3], among=["ada"])
    assert only.identification.operating_point.compared == 1


def test_an_uncertain_answer_says_what_to_ask_for(
    actor: Actor, store: Store, engine: Engine, clips: Clips
) -> None:
    enrol(actor, store, engine, "ada", clips["ada"][:2])
    never = Aim(costs=Costs(1.0, 1e30, 0.5), doubt=0.09)
    verified = verify(actor, store, engine, "ada", clips["ada"][3], aim=never)
    assert (verified.answer, verified.decision.accepted) == (Answer.UNCERTAIN, False)
    assert verified.next_step is NextStep.MORE_SPEECH  # a sample clip has a few seconds
    found = identify(actor, store, engine, clips["ada"][3], aim=never)
    assert found.identification.answer is Answer.UNCERTAIN
    assert found.identification.best is None
    assert found.next_step is NextStep.MORE_SPEECH
    sure = verify(actor, store, engine, "ada", clips["ada"][3])
    assert (sure.answer, sure.next_step) == (Answer.ACCEPTED, None)


def test_what_to_ask_for_next() -> None:
    unsure = Answer.UNCERTAIN
    assert next_step(Answer.ACCEPTED, GOOD, claimed=True) is None
    assert next_step(Answer.REJECTED, GOOD, claimed=True) is None
    for poor in (replace(GOOD, speech_seconds=4.0), replace(GOOD, snr_db=5.0), replace(GOOD, clipped=0.1)):
        assert next_step(unsure, poor, claimed=True) is NextStep.MORE_SPEECH
    assert next_step(unsure, GOOD, claimed=True) is NextStep.CHALLENGE
    assert next_step(unsure, GOOD, claimed=True, challenged=True) is NextStep.PERSON
    assert next_step(unsure, GOOD, claimed=False) is NextStep.PERSON
