"""What rules cost, as it goes over the wire."""

from pricing import PRICES

from earmark.api.native.rules_convert import to_rules
from earmark.service.costs import Cost, RulesCost
from earmark.service.rules import DEFAULTS, Rules
from earmark.storage.values import Use

RULES = Rules(DEFAULTS, frozenset(), learn=False, watch_drift=False, renew_days=None, own_cohort=False)


def test_figures_are_told_as_they_were_measured() -> None:
    seen = Cost(1, 0.001, PRICES.at(0.001), PRICES.warning(0.001))
    unseen = Cost(10, 0.0001, PRICES.at(0.0001), PRICES.warning(0.0001))
    uses = {Use.VERIFY: (seen,), Use.IDENTIFY: (unseen,), Use.WATCHLIST: ()}
    told = to_rules(RULES, RulesCost("toy@1", PRICES, None, uses)).expected
    assert told.measured is not None
    assert (told.measured.speakers, told.measured.sets, told.measured.lowest_fmr) == (40, 3, 0.001)
    long, short = told.verify[0].cases
    assert (long.name, long.seconds, long.fnmr.value) == ("30 s", 20.5, 0.4)
    assert long.fmr is not None
    assert (long.fmr.low, long.fmr.high) == (0.0002, 0.002)
    assert short.fnmr.high == 0.85
    (search,) = told.identify
    assert search.cases[0].fmr is None
    assert "were not measured" in str(search.warning)
    assert told.watchlist == []


def test_what_nobody_has_measured_is_no_figure() -> None:
    uses = {use: (Cost(1, 0.001, (), None),) for use in Use}
    told = to_rules(RULES, RulesCost("toy@1", None, "evaluate", uses)).expected
    assert (told.measured, told.note, told.verify[0].cases) == (None, "evaluate", [])
