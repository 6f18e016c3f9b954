"""The types on the wire of a tenant's rules and of renewal; `rules_convert.py` fills them from our values."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Use = Literal["verify", "identify", "watchlist"]
SearchUse = Literal["identify", "watchlist"]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AimRequest(_Request):
    """What decisions are set by: `fmr`, or `fpir`, or all three of costs and prior."""

    fmr: float | None = Field(None, gt=0, lt=0.5, description="False-match rate of each comparison.")
    fpir: float | None = Field(
        None,
        gt=0,
        lt=0.5,
        description="Share of strangers taken for somebody, however many are compared; not to verify.",
    )
    cost_miss: float | None = Field(None, gt=0, description="What it costs not to recognise somebody.")
    cost_false: float | None = Field(None, gt=0, description="What it costs to take a stranger for somebody.")
    prior: float | None = Field(
        None, gt=0, lt=1, description="How often it is the person, or somebody who is known."
    )
    doubt: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Share of strangers that may get an `uncertain`, of the same kind as the rate; ten times "
        "the rate when null, and none when it is the rate itself.",
    )


class Aim(_Answer):
    """What decisions of one use are set by."""

    own: bool = Field(description="False for the default.")
    fmr: float | None
    fpir: float | None
    cost_miss: float | None
    cost_false: float | None
    prior: float | None
    doubt: float | None


class Share(_Answer):
    """A share, 0 to 1, with its 95 % interval over speakers."""

    value: float
    low: float
    high: float


class ExpectedCase(_Answer):
    """What a rate comes to in recordings of one kind."""

    name: str = Field(description='Such as "4 s": how long the recording is at most.')
    seconds: float = Field(description="Speech in it, in the median.")
    fnmr: Share = Field(description="The right people who are missed.")
    fmr: Share | None = Field(description="Strangers who pass; null where too few were tried to see it.")


class ExpectedCost(_Answer):
    """What a rule comes to when so many people are compared."""

    compared: int
    fmr: float | None = Field(description="Of each comparison; null for a rate that the model cannot keep.")
    cases: list[ExpectedCase] = Field(description="The most speech first; empty where none were measured.")
    warning: str | None = Field(description="In words, such as for rates that were not measured.")


class Measured(_Answer):
    """What costs were measured on: people that nothing was fitted on."""

    speakers: int
    sets: int
    recorded: str = Field(description="What the recordings came through.")
    lowest_fmr: float = Field(description="The lowest rate that was measured.")


class Expected(_Answer):
    """What the rules can be expected to cost."""

    model: str
    measured: Measured | None
    note: str | None = Field(description="What to know of the figures, or how to get some.")
    verify: list[ExpectedCost]
    identify: list[ExpectedCost] = Field(
        description="By the number of people, your own among them; before a search follows its own strangers."
    )
    watchlist: list[ExpectedCost]


class Rules(_Answer):
    """What a tenant decides by, and how it looks after voiceprints."""

    verify: Aim
    identify: Aim
    watchlist: Aim
    learn: bool = Field(description="Voiceprints move with recordings that are surely the person's.")
    watch_drift: bool = Field(description="It is noted how well accepted recordings fit.")
    renew_days: int | None = Field(description="Days after which a voiceprint is too old; never when null.")
    own_cohort: bool = Field(
        description="Enrolled people count as strangers beside the cohort that ships, to all but themselves."
    )
    expected: Expected = Field(description="What decisions by these rules cost.")


class RulesChange(_Request):
    """What is to be changed of a tenant's rules."""

    learn: bool | None = None
    watch_drift: bool | None = None
    renew_days: int | None = Field(None, description="Never when null.")
    own_cohort: bool | None = None


class Learned(_Answer):
    """What was learned of a voice; a mean, of which no recording is kept."""

    recordings: int
    begun: datetime
    updated: datetime


class Drift(_Answer):
    """How well accepted recordings fit, as mean log-likelihood ratios."""

    recordings: int
    early_llr: float
    recent_llr: float
    updated: datetime


class Renewal(_Answer):
    """Whether a person should enrol anew."""

    due: bool
    reasons: list[str] = Field(description="In words; empty when it is not due.")
    enrolled: datetime | None = Field(description="The newest recording.")
    learned: Learned | None
    drift: Drift | None
