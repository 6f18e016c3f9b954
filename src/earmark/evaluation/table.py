"""Banks of embeddings to the rows of the evaluation table, and the rows to Markdown and JSON."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from earmark.evaluation.bank import Bank, Condition, trials_of
from earmark.evaluation.conditions import CHANNELS, SHORT
from earmark.evaluation.intervals import Estimate, Trials, estimate, measure
from earmark.evaluation.metrics import Rates, eer_of, fnmr_at_fmr_of, min_dcf_of

MEASURES: dict[str, Callable[[Rates], float]] = {
    "EER": eer_of,
    "minDCF": min_dcf_of,
    "FNMR": partial(fnmr_at_fmr_of, fmr=0.01),
}
CLEAN = Condition("full", "full", "clean")


@dataclass(frozen=True, eq=False)
class Line:
    """One row of the table: what was tried, how much, and each listener's measures."""

    part: str  # "pooled", "condition", "short test" or "set"
    name: str
    trials: int
    genuine: int
    speakers: int
    results: tuple[dict[str, Estimate], ...]  # in the order of the banks


def conditions() -> Iterator[tuple[str, str, Condition]]:
    """(part, name, condition) of every row over all sets."""
    for length in SHORT:
        for channel in CHANNELS:
            yield "condition", f"{length}, {channel}", Condition(length, length, channel)
    for length in SHORT:
        if length != "full":
            yield "short test", f"{length} against full enrolment, clean", Condition("full", length, "clean")


def make_line(part: str, name: str, each: Sequence[Trials]) -> Line:
    """Measure one row: the same trials, scored by each listener."""
    first = each[0]
    return Line(
        part,
        name,
        first.scores.size,
        int(first.genuine.sum()),
        np.unique(np.concatenate([first.enrol, first.test])).size,
        tuple(measure(trials, MEASURES) for trials in each),
    )


def make_lines(banks: Sequence[Bank], advance: Callable[[], None]) -> list[Line]:
    """All rows; `advance` is called after each of `line_count` rows."""
    lines = []
    for part, name, condition in conditions():
        lines.append(make_line(part, name, [trials_of(bank, condition) for bank in banks]))
        advance()
    for dataset in banks[0].sets:
        lines.append(make_line("set", dataset, [trials_of(bank, CLEAN, [dataset]) for bank in banks]))
        advance()
    return [
        mean_line("mean of the 24 conditions", [line for line in lines if line.part == "condition"]),
        mean_line("mean of the sets, full, clean", [line for line in lines if line.part == "set"]),
        *lines,
    ]


def line_count(banks: Sequence[Bank]) -> int:
    """How often `make_lines` advances."""
    return sum(1 for _ in conditions()) + len(banks[0].sets)


def mean_line(name: str, lines: Sequence[Line]) -> Line:
    """Equal-weight mean of several rows' measures; its interval comes from the means of their replicates."""
    results = [
        {
            key: estimate(
                float(np.mean([line.results[place][key].value for line in lines])),
                np.mean([line.results[place][key].draws for line in lines], axis=0),
            )
            for key in MEASURES
        }
        for place in range(len(lines[0].results))
    ]
    trials, genuine = sum(line.trials for line in lines), sum(line.genuine for line in lines)
    return Line("pooled", name, trials, genuine, max(line.speakers for line in lines), tuple(results))


def difference(line: Line, key: str = "EER") -> Estimate:
    """Second listener less the first: above zero where the first is ahead. Replicates are paired."""
    ours, theirs = line.results[0][key], line.results[1][key]
    return estimate(theirs.value - ours.value, theirs.draws - ours.draws, within=(-1.0, 1.0))


def wins(lines: Sequence[Line]) -> tuple[int, int]:
    """(rows in which the first listener's EER is lower, rows), pooled ones left out."""
    rows = [line for line in lines if line.part != "pooled"]
    return sum(difference(line).value > 0 for line in rows), len(rows)


def _percent(found: Estimate) -> str:
    return f"{100 * found.value:.1f} ({100 * found.low:.1f}-{100 * found.high:.1f})"


def _plain(found: Estimate) -> str:
    return f"{found.value:.2f} ({found.low:.2f}-{found.high:.2f})"


HEADS = ("EER %", "minDCF(0.01)", "FNMR % at FMR 1 %")
TITLES = {
    "pooled": "Pooled",
    "condition": "By length (both sides) and channel (test side), all sets pooled",
    "short test": "Short test against full-length enrolment, all sets pooled",
    "set": "By set, full length, clean",
}


def to_markdown(lines: Sequence[Line], listeners: Sequence[str]) -> str:
    """The table as Markdown; in each cell the value and its 95 % interval over speakers."""
    text = []
    for part, title in TITLES.items():
        rows = [line for line in lines if line.part == part]
        heads = ["", "trials (genuine), speakers"]
        heads += [f"{name}<br>{key}" for key in HEADS for name in listeners]
        text += [f"### {title}", "", "| " + " | ".join(heads) + " |", "|---|---|" + "--:|" * (len(heads) - 2)]
        for line in rows:
            cells = [line.name, f"{line.trials:,} ({line.genuine:,}), {line.speakers}"]
            for key in MEASURES:
                show = _plain if key == "minDCF" else _percent
                best = min(result[key].value for result in line.results)
                for result in line.results:
                    cell = show(result[key])
                    cells.append(f"**{cell}**" if result[key].value == best else cell)
            text.append("| " + " | ".join(cells) + " |")
        text.append("")
    return "\n".join(text)


def to_json(lines: Sequence[Line], listeners: Sequence[str]) -> list[dict[str, Any]]:
    """The rows as plain values, rates 0 to 1."""
    return [
        {
            "part": line.part,
            "name": line.name,
            "trials": line.trials,
            "genuine": line.genuine,
            "speakers": line.speakers,
            "results": {
                name: {key: [found.value, found.low, found.high] for key, found in result.items()}
                for name, result in zip(listeners, line.results, strict=True)
            },
        }
        for line in lines
    ]
