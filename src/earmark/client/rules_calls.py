"""An operation on a tenant's rules, or on a voiceprint's freshness, to a request; no connection here."""

from typing import TypedDict
from uuid import UUID

from earmark.api.native import rules_wire as wire
from earmark.client.calls import Call, Unchanged, as_model, given, guid_of, nothing


class Asked(TypedDict, total=False):
    """What decisions are set by: `fmr`, or `fpir`, or costs and a prior; and `doubt` with any of them."""

    fmr: float | None
    fpir: float | None
    cost_miss: float | None
    cost_false: float | None
    prior: float | None
    doubt: float | None


def show_rules() -> Call[wire.Rules]:
    """Ask for the tenant's rules."""
    return Call("GET", "/v1/rules", as_model(wire.Rules))


def set_rule(use: wire.Use, asked: Asked) -> Call[wire.Rules]:
    """Decide a use by this."""
    return Call("PUT", f"/v1/rules/{use}", as_model(wire.Rules), json=given(**dict(asked)))


def reset_rule(use: wire.Use) -> Call[wire.Rules]:
    """Decide a use by the default."""
    return Call("DELETE", f"/v1/rules/{use}", as_model(wire.Rules))


def change_rules(
    learn: bool | None,
    watch_drift: bool | None,
    renew_days: int | Unchanged | None,
    own_cohort: bool | None,
) -> Call[wire.Rules]:
    """Change how voiceprints are looked after, and whether people count as strangers."""
    body = given(learn=learn, watch_drift=watch_drift, own_cohort=own_cohort)
    if not isinstance(renew_days, Unchanged):
        body["renew_days"] = renew_days
    return Call("PATCH", "/v1/rules", as_model(wire.Rules), json=body)


def show_renewal(profile: UUID | str) -> Call[wire.Renewal]:
    """Ask how fresh a voiceprint is."""
    return Call("GET", f"/v1/profiles/{guid_of(profile)}/renewal", as_model(wire.Renewal))


def forget_learned(profile: UUID | str) -> Call[None]:
    """Go back to the voice that was enrolled."""
    return Call("DELETE", f"/v1/profiles/{guid_of(profile)}/learned", nothing)
