"""Trials of speakers that nothing was fitted on to what a calibration's rates cost, and that to Markdown."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from earmark.evaluation.averages import error_rates_at, speaker_counts
from earmark.evaluation.bank import Bank, Condition, Scored, trials_of
from earmark.evaluation.buckets import FEW_SPEAKERS, FEW_TRIALS, SECONDS
from earmark.evaluation.conditions import CHANNELS, LENGTHS
from earmark.evaluation.fit import take
from earmark.evaluation.intervals import Estimate, Trials, join_trials
from earmark.evaluation.operating import RATES
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.operating import threshold_at
from earmark.voice.scoring.prices import Case, Prices, Share, in_hundred, one_in

BEYOND = (1e-5, 1e-6, 1e-7)  # what searches come to; misses can be measured there, strangers cannot
SEEN = 3  # strangers' trials times the rate, at least: were the rate higher, one of them would have passed


def price_bank(tested: Bank, scored: Scored, meaning: Calibration) -> Prices | None:
    """By length of the recording under test, the longest enrolment: all channels, then the clean longest."""
    longest, *_ = lengths = sorted(LENGTHS, key=lambda name: -LENGTHS[name])
    groups: list[tuple[str, str, tuple[str, ...]]] = [
        (f"{LENGTHS[longest]:g} s, clean", longest, ("clean",)),
    ]
    groups += [(f"{LENGTHS[name]:g} s", name, CHANNELS) for name in lengths]
    parts = []
    for name, length, channels in groups:
        conditions = [Condition(longest, length, channel) for channel in channels]
        parts.append((name, join_trials([trials_of(tested, each, scored=scored) for each in conditions])))
    return price(parts, meaning, sets=len(tested.sets), recorded=", ".join(CHANNELS))


def price_trials(trials: Trials, meaning: Calibration, *, recorded: str) -> Prices | None:
    """All of these, then by the speech of the recording under test, where there is enough."""
    parts = [("all", trials)]
    for low, high in reversed(list(pairwise(SECONDS))):
        part = take(trials, (trials.test_seconds >= low) & (trials.test_seconds < high))
        same = part.genuine
        if same.sum() >= FEW_TRIALS and not same.all() and speaker_counts(part)[0] >= FEW_SPEAKERS:
            parts.append((f"{low:g} s or more" if np.isinf(high) else f"{low:g} to {high:g} s", part))
    return price(parts, meaning, sets=np.unique(trials.sets).size, recorded=recorded)


def price(
    parts: Sequence[tuple[str, Trials]], meaning: Calibration, *, sets: int, recorded: str
) -> Prices | None:
    """What the rates of `meaning` cost in each of the named parts, whose scores are its LLRs.

    None when there are too few trials to see two rates.
    """
    highest = meaning.thresholds[0][0]
    strangers = max(int(np.count_nonzero(~trials.genuine)) for _, trials in parts)
    rates = [rate for rate in (*RATES, *BEYOND) if rate <= highest]
    measured = sum(rate * strangers >= SEEN for rate in rates)
    if measured < 2 or not parts[0][1].genuine.any():
        return None
    limits = [threshold_at(meaning, rate) for rate in rates]
    cases = []
    for name, trials in parts:
        found = error_rates_at(trials, limits)
        cases.append(
            Case(
                name,
                round(float(np.median(trials.test_seconds)), 1),
                tuple(_share(missed) for _, missed in found),
                tuple(_share(passed) for passed, _ in found[:measured]),
            )
        )
    speakers = np.unique(np.concatenate([part.enrol[part.genuine] for _, part in parts])).size
    return Prices(speakers, sets, recorded, tuple(rates), measured, tuple(cases))


def to_markdown(prices: Prices) -> str:
    """The table: a row for each rate, a column for each case."""
    return "\n".join(_lines(prices)) + "\n"


def _lines(prices: Prices) -> Iterator[str]:
    names = [case.name for case in prices.cases]
    yield "| strangers get in | at most " + " | ".join(names) + " | most who were seen to |"
    yield "|---|" + "--:|" * len(names) + "---|"
    yield "| | speech " + " | ".join(f"{case.seconds:g} s" for case in prices.cases) + " | |"
    for place, rate in enumerate(prices.rates):
        cells = [_percent(expected.fnmr) for expected in prices.at(rate)]
        seen = "too few tried"
        if place < prices.measured:
            worst = max(prices.cases, key=lambda case: case.fmr[place].value)
            seen = f"{worst.name}: {_percent(worst.fmr[place])}"
        yield f"| {one_in(rate)} | " + " | ".join(cells) + f" | {seen} |"


def _percent(share: Share) -> str:
    low, value, high = (in_hundred(end) for end in (share.low, share.value, share.high))
    return f"{value} % ({low}-{high})"


def _share(found: Estimate) -> Share:
    value, low, high = (float(f"{end:.3g}") for end in (found.value, found.low, found.high))
    return Share(value, min(low, value), max(high, value))
