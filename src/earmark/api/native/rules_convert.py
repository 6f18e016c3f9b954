"""A tenant's rules and a profile's freshness to the native API's types, and back: pure functions."""

from typing import Any

from earmark.api.native import rules_wire as wire
from earmark.errors import InvalidArgument
from earmark.service.costs import Cost, RulesCost
from earmark.service.following import Renewal
from earmark.service.rules import Rules
from earmark.storage.values import Use
from earmark.voice.scoring.operating import Aim, Costs
from earmark.voice.scoring.prices import Share


def to_rules(rules: Rules, cost: RulesCost) -> wire.Rules:
    """Return a tenant's rules, and what they can be expected to cost."""
    aims: dict[str, Any] = {use.value: _to_aim(rules.aims[use], own=use in rules.own) for use in (*Use,)}
    return wire.Rules(
        **aims,
        learn=rules.learn,
        watch_drift=rules.watch_drift,
        renew_days=rules.renew_days,
        own_cohort=rules.own_cohort,
        expected=_to_expected(cost),
    )


def from_aim(asked: wire.AimRequest) -> Aim:
    """Return what decisions shall be set by; InvalidRequest for what makes no sense."""
    priced = asked.cost_miss, asked.cost_false, asked.prior
    if any(value is not None for value in priced):
        if None in priced:
            raise InvalidArgument("Costs and prior belong together: give cost_miss, cost_false and prior.")
        miss, false, prior = (float(value or 0.0) for value in priced)
        return Aim(fmr=asked.fmr, fpir=asked.fpir, costs=Costs(miss, false, prior), doubt=asked.doubt)
    return Aim(fmr=asked.fmr, fpir=asked.fpir, doubt=asked.doubt)


def to_renewal(renewal: Renewal) -> wire.Renewal:
    """Return how fresh a voiceprint is."""
    taught, drift = renewal.learned, renewal.drift
    return wire.Renewal(
        due=renewal.due,
        reasons=list(renewal.reasons),
        enrolled=renewal.enrolled,
        learned=None
        if taught is None
        else wire.Learned(recordings=taught.recordings, begun=taught.begun, updated=taught.updated),
        drift=None
        if drift is None
        else wire.Drift(
            recordings=drift.recordings,
            early_llr=round(drift.early_llr, 4),
            recent_llr=round(drift.recent_llr, 4),
            updated=drift.updated,
        ),
    )


def _to_aim(aim: Aim, *, own: bool) -> wire.Aim:
    costs = aim.costs
    return wire.Aim(
        own=own,
        fmr=aim.fmr,
        fpir=aim.fpir,
        cost_miss=None if costs is None else costs.miss,
        cost_false=None if costs is None else costs.false,
        prior=None if costs is None else costs.prior,
        doubt=aim.doubt,
    )


def _to_expected(cost: RulesCost) -> wire.Expected:
    prices = cost.prices
    measured = None
    if prices is not None:
        measured = wire.Measured(
            speakers=prices.speakers, sets=prices.sets, recorded=prices.recorded, lowest_fmr=prices.lowest
        )
    uses: dict[str, Any] = {use.value: [_to_cost(one) for one in cost.uses[use]] for use in (*Use,)}
    return wire.Expected(model=cost.model, measured=measured, note=cost.note, **uses)


def _to_cost(cost: Cost) -> wire.ExpectedCost:
    cases = [
        wire.ExpectedCase(
            name=case.name,
            seconds=case.seconds,
            fnmr=_to_share(case.fnmr),
            fmr=None if case.fmr is None else _to_share(case.fmr),
        )
        for case in cost.cases
    ]
    return wire.ExpectedCost(compared=cost.compared, fmr=cost.fmr, cases=cases, warning=cost.warning)


def _to_share(share: Share) -> wire.Share:
    low, value, high = (float(f"{end:.3g}") for end in (share.low, share.value, share.high))
    return wire.Share(value=value, low=low, high=high)
