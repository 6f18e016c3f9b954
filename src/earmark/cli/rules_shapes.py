"""A tenant's rules, and how fresh a voiceprint is, to the JSON that `--json` prints; see `shapes.py`."""

from typing import TYPE_CHECKING, Annotated, TypedDict

from earmark.cli.rules_costs import ExpectedJson, expected_json
from earmark.storage.values import Use

if TYPE_CHECKING:
    from earmark.service.costs import RulesCost
    from earmark.service.following import Renewal
    from earmark.service.rules import Rules
    from earmark.voice.scoring.operating import Aim


class AimJson(TypedDict):
    """What decisions of one use are set by: `fmr`, or `fpir`, or costs and a prior."""

    own: Annotated[bool, "false for the default"]
    fmr: Annotated[float | None, "false-match rate of each comparison"]
    fpir: Annotated[float | None, "share of strangers taken for somebody, however many are compared"]
    cost_miss: Annotated[float | None, "of not recognising somebody"]
    cost_false: Annotated[float | None, "of taking a stranger for somebody"]
    prior: Annotated[float | None, "how often it is the person, or somebody who is known"]
    doubt: Annotated[float | None, "share of strangers that may get an uncertain answer; null: ten times"]


class RulesJson(TypedDict):
    """What `rules` shows."""

    verify: AimJson
    identify: AimJson
    watchlist: AimJson
    learn: Annotated[bool, "voiceprints move with recordings that are surely the person's"]
    watch_drift: Annotated[bool, "it is noted how well accepted recordings fit"]
    renew_days: Annotated[int | None, "days after which a voiceprint is too old; null for never"]
    expected: Annotated[ExpectedJson, "what decisions by these rules cost"]
    own_cohort: Annotated[bool, "enrolled people count as strangers beside the cohort that ships"]


class RenewalJson(TypedDict):
    """One profile of `rules due`."""

    profile: Annotated[str, "identifier"]
    label: Annotated[str | None, "what people call it"]
    due: Annotated[bool, "whether the person should enrol anew"]
    reasons: Annotated[list[str], "in words"]
    enrolled: Annotated[str | None, "the newest recording: ISO 8601, UTC"]
    learned: Annotated[int, "recordings that moved the voiceprint"]


def rules_json(rules: "Rules", cost: "RulesCost") -> RulesJson:
    """A tenant's `Rules`, and what they can be expected to cost."""
    return {
        "verify": aim_json(rules.aims[Use.VERIFY], own=Use.VERIFY in rules.own),
        "identify": aim_json(rules.aims[Use.IDENTIFY], own=Use.IDENTIFY in rules.own),
        "watchlist": aim_json(rules.aims[Use.WATCHLIST], own=Use.WATCHLIST in rules.own),
        "learn": rules.learn,
        "watch_drift": rules.watch_drift,
        "renew_days": rules.renew_days,
        "expected": expected_json(cost),
        "own_cohort": rules.own_cohort,
    }


def aim_json(aim: "Aim", *, own: bool) -> AimJson:
    """An `Aim`."""
    costs = aim.costs
    return {
        "own": own,
        "fmr": aim.fmr,
        "fpir": aim.fpir,
        "cost_miss": None if costs is None else costs.miss,
        "cost_false": None if costs is None else costs.false,
        "prior": None if costs is None else costs.prior,
        "doubt": aim.doubt,
    }


def renewal_json(renewal: "Renewal", *, profile: str, label: str | None) -> RenewalJson:
    """How fresh a voiceprint is."""
    return {
        "profile": profile,
        "label": label,
        "due": renewal.due,
        "reasons": list(renewal.reasons),
        "enrolled": None if renewal.enrolled is None else renewal.enrolled.isoformat(timespec="seconds"),
        "learned": 0 if renewal.learned is None else renewal.learned.recordings,
    }
