"""What a tenant's rules can be expected to cost, to the JSON that `--json` prints and to lines."""

from typing import TYPE_CHECKING, Annotated, TypedDict

from earmark.cli.output import counted, say, say_table
from earmark.storage.values import Use

if TYPE_CHECKING:
    from earmark.service.costs import Cost, RulesCost
    from earmark.voice.scoring.prices import Share


class ShareJson(TypedDict):
    """A share with its 95 % interval over speakers, all 0 to 1."""

    value: float
    low: float
    high: float


class ExpectedCaseJson(TypedDict):
    """What a rate comes to in recordings of one kind."""

    name: Annotated[str, 'such as "4 s": how long the recording is at most']
    seconds: Annotated[float, "speech in it, in the median"]
    fnmr: Annotated[ShareJson, "the right people who are missed"]
    fmr: Annotated[ShareJson | None, "strangers who pass; null where too few were tried to see it"]


class ExpectedCostJson(TypedDict):
    """What a rule comes to when so many people are compared."""

    compared: Annotated[int, "people"]
    fmr: Annotated[float | None, "of each comparison; null for a rate that the model cannot keep"]
    cases: Annotated[list[ExpectedCaseJson], "the most speech first; empty where none were measured"]
    warning: Annotated[str | None, "in words, such as for rates that were not measured"]


class MeasuredJson(TypedDict):
    """What costs were measured on: people that nothing was fitted on."""

    speakers: Annotated[int, "how many"]
    sets: Annotated[int, "of how many sets of recordings"]
    recorded: Annotated[str, "what the recordings came through"]
    lowest_fmr: Annotated[float, "the lowest rate that was measured"]


class ExpectedJson(TypedDict):
    """What the rules can be expected to cost."""

    model: Annotated[str, "the model that decides"]
    measured: MeasuredJson | None
    note: Annotated[str | None, "what to know of the figures, or how to get some"]
    verify: list[ExpectedCostJson]
    identify: Annotated[
        list[ExpectedCostJson],
        "by the number of people, your own among them; before a search follows its own strangers",
    ]
    watchlist: list[ExpectedCostJson]


def expected_json(cost: "RulesCost") -> ExpectedJson:
    """A `RulesCost`."""
    prices = cost.prices
    return {
        "model": cost.model,
        "measured": None
        if prices is None
        else {
            "speakers": prices.speakers,
            "sets": prices.sets,
            "recorded": prices.recorded,
            "lowest_fmr": prices.lowest,
        },
        "note": cost.note,
        "verify": [_cost_json(one) for one in cost.uses[Use.VERIFY]],
        "identify": [_cost_json(one) for one in cost.uses[Use.IDENTIFY]],
        "watchlist": [_cost_json(one) for one in cost.uses[Use.WATCHLIST]],
    }


def say_expected(cost: "RulesCost") -> None:
    """How many of the right people are missed, a row for each use and number of people; then the evidence."""
    from earmark.voice.scoring.prices import one_in

    rows = [(_who(use, one), one) for use in Use for one in cost.uses[use]]
    warnings = list(dict.fromkeys(one.warning for _, one in rows if one.warning))
    marks = {words: "*" * (place + 1) for place, words in enumerate(warnings)}
    if rows:
        say()
    prices = cost.prices
    if prices is not None:
        say("Expected: how many of 100 right people are missed (95 % interval), by the length of recordings;")
        say("and how many of 100 strangers were seen to get in, at the length where most did.")
        names, heard = zip(*((case.name, f"{case.seconds:g} s") for case in prices.cases), strict=True)
        lines: list[tuple[str, ...]] = [("speech in it", "", *heard, "")]
        for who, one in rows:
            rate = "none" if one.fmr is None else one_in(one.fmr)
            mark = marks.get(one.warning or "", "")
            lines.append((who, f"{rate}{mark}", *_cells(one, len(names))))
        say_table(("at most so long", "false matches", *names, "seen"), lines)
        say(
            f"Measured with {cost.model} on {counted(prices.speakers, 'speaker')} of "
            f"{counted(prices.sets, 'set')} that nothing was fitted on: {prices.recorded}."
        )
    for words, mark in marks.items():
        say(f"{mark} {words}")
    if cost.note is not None:
        say(cost.note)


def _cells(cost: "Cost", columns: int) -> list[str]:
    seen = [case.fmr for case in cost.cases if case.fmr is not None]
    missed = [_percent(case.fnmr) for case in cost.cases] or ["-"] * columns
    return [*missed, _percent(max(seen, key=lambda share: share.value)) if seen else "-"]


def _who(use: Use, cost: "Cost") -> str:
    people = f", {cost.compared:,} people" if cost.compared > 1 else ""
    return f"{use.value}{people}"


def _percent(share: "Share") -> str:
    from earmark.voice.scoring.prices import in_hundred

    return f"{in_hundred(share.value)} ({in_hundred(share.low)}-{in_hundred(share.high)})"


def _cost_json(cost: "Cost") -> ExpectedCostJson:
    return {
        "compared": cost.compared,
        "fmr": cost.fmr,
        "cases": [
            {
                "name": case.name,
                "seconds": case.seconds,
                "fnmr": _share_json(case.fnmr),
                "fmr": None if case.fmr is None else _share_json(case.fmr),
            }
            for case in cost.cases
        ],
        "warning": cost.warning,
    }


def _share_json(share: "Share") -> ShareJson:
    low, value, high = (float(f"{end:.3g}") for end in (share.low, share.value, share.high))
    return {"value": value, "low": low, "high": high}
