"""An audit to the sections about parts of the trials: speech and noise, galleries, groups."""

from collections.abc import Sequence

import numpy as np

from earmark.evaluation.audit.audit import Audit
from earmark.evaluation.buckets import Bucket
from earmark.evaluation.fairness import Comparison
from earmark.evaluation.fairness_words import Verdict
from earmark.evaluation.intervals import Estimate
from earmark.evaluation.pages.charts import Dots, dots_svg
from earmark.evaluation.pages.document import (
    Block,
    Figure,
    Notice,
    Section,
    Table,
    Text,
    percent,
    plain,
    with_interval,
)


def circumstances_section(audit: Audit) -> Section | None:
    """Errors by seconds of speech and by noise."""
    if audit.chosen is None or not (audit.durations or audit.noises):
        return None
    text = Text(
        f"All at one threshold, {plain(audit.chosen.threshold)}; a trial counts by its worse side: the one "
        "with less speech, or with more noise. The dashed line is the false-match rate asked for. Rates are "
        "given from 30 same-speaker trials of 5 speakers on."
    )
    return Section(
        "Speech and noise",
        (
            text,
            *_buckets(audit, audit.durations, "duration", "Errors by seconds of speech", "s"),
            *_buckets(audit, audit.noises, "noise", "Errors by signal-to-noise ratio", "dB"),
        ),
    )


def _buckets(audit: Audit, buckets: Sequence[Bucket], name: str, title: str, unit: str) -> tuple[Block, ...]:
    names = [_range(bucket.low, bucket.high, unit) for bucket in buckets]
    rows = tuple(
        (
            words,
            f"{bucket.genuine:,}",
            f"{bucket.impostor:,}",
            f"{bucket.speakers:,}",
            with_interval(bucket.eer),
            with_interval(bucket.fmr),
            with_interval(bucket.fnmr),
        )
        for words, bucket in zip(names, buckets, strict=True)
    )
    head = ("speech" if unit == "s" else "SNR", "same", "different", "speakers", "EER", "FMR", "FNMR")
    table = Table(head, rows)
    if all(bucket.fmr is None for bucket in buckets):
        return (table,)
    dots = [
        Dots("FMR", [bucket.fmr for bucket in buckets]),
        Dots("FNMR", [bucket.fnmr for bucket in buckets]),
    ]
    marks = () if audit.chosen is None else (audit.asked.fmr,)
    return Figure(name, dots_svg(title, names, dots, marks=marks), f"{title}, with 95 % intervals."), table


def _range(low: float, high: float, unit: str) -> str:
    if low in (0.0, -np.inf):
        return f"under {high:g} {unit}"
    return f"{low:g} {unit} and more" if np.isinf(high) else f"{low:g} to {high:g} {unit}"


def gallery_section(audit: Audit) -> Section | None:
    """FNIR at FPIR by gallery size."""
    if not audit.open_sets:
        return None
    fpir = audit.asked.fpir
    head = ["people enrolled", "strangers", "threshold", f"FNIR at FPIR {percent(fpir)}"]
    promised = any(row.fpir_promised for row in audit.open_sets)
    if promised:
        head.append(f"FPIR at the threshold for FMR {percent(audit.asked.fmr)}")
    rows = []
    for row in audit.open_sets:
        cells = [f"{row.size:,}", f"{row.strangers:,}", plain(row.threshold), with_interval(row.fnir)]
        rows.append(tuple([*cells, with_interval(row.fpir_promised)] if promised else cells))
    text = (
        "Identification in galleries of randomly drawn people. FPIR is the share of searches by strangers "
        f"that name somebody; at a threshold that holds it at {percent(fpir)}, FNIR is the share of "
        "searches by enrolled people that do not find them first. In brackets: the middle 95 % of 100 draws "
        "of galleries."
    )
    if promised:
        text += (
            " The last column shows how false positives grow with the gallery when the threshold stays that "
            "of one comparison, as in `earmark identify`: ask for a lower --fmr there."
        )
    return Section("Identification", (Text(text), Table(tuple(head), tuple(rows), words=0)))


def group_section(audit: Audit) -> Section | None:
    """One part for each attribute: verdict, figure, table."""
    if not audit.groups or audit.groups_fmr is None:
        return None
    blocks: list[Block] = [
        Text(
            f"Errors of groups of people or recordings at one threshold for all: the one at which "
            f"{percent(audit.groups_fmr)} of all strangers pass here. A ratio compares a group with the "
            "mean of the other groups that have enough data; 1 is the same. GARBE runs from 0 (all groups "
            "alike) to 1."
        )
    ]
    for number, (comparison, verdict, dropped) in enumerate(audit.groups):
        blocks += _group(number, comparison, verdict, dropped)
    return Section("Groups", tuple(blocks))


def _group(number: int, comparison: Comparison, verdict: Verdict, dropped: int) -> list[Block]:
    name = comparison.attribute
    kind = (
        "False matches are counted between two speakers of the group."
        if comparison.of_speakers
        else "Trials count by the group of the recording under test."
    )
    blocks: list[Block] = [
        Notice(f"By {name}. {' '.join(verdict.sentences)}", warning=verdict.differs is not False),
        *(Notice(words) for words in verdict.warnings),
    ]
    rows = tuple(
        (
            group.name,
            f"{group.speakers:,}",
            f"{group.genuine:,}",
            f"{group.impostor:,}",
            with_interval(group.fmr) if group.fmr_judged else f"{_show(group.fmr)} few data",
            _ratio(group.fmr_ratio),
            with_interval(group.fnmr) if group.fnmr_judged else f"{_show(group.fnmr)} few data",
            _ratio(group.fnmr_ratio),
        )
        for group in comparison.groups
    )
    judged = [
        Dots("FMR", [group.fmr if group.fmr_judged else None for group in comparison.groups]),
        Dots("FNMR", [group.fnmr if group.fnmr_judged else None for group in comparison.groups]),
    ]
    if any(rate for dots in judged for rate in dots.rates):
        picture = dots_svg(f"Errors by {name}", [group.name for group in comparison.groups], judged)
        caption = f"Errors by {name}, with 95 % intervals; groups with too few data are left empty. {kind}"
        blocks.append(Figure(f"group-{number + 1}", picture, caption))
    head = (name, "speakers", "same", "different", "FMR", "ratio", "FNMR", "ratio")
    blocks.append(Table(head, rows))
    worst = [
        f"{kind}: “{group}”"
        for kind, group in (("FMR", verdict.worst_fmr), ("FNMR", verdict.worst_fnmr))
        if group
    ]
    told = f"Worst group by {', by '.join(worst)}. " if worst else ""
    garbe = "cannot be said" if comparison.garbe is None else with_interval(comparison.garbe, rate=False)
    more = f" {dropped} smaller groups are left out." if dropped else ""
    blocks.append(Text(f"{told}GARBE {garbe}.{more}"))
    return blocks


def _show(found: Estimate) -> str:
    return f"{percent(found.value)}," if np.isfinite(found.value) else ""


def _ratio(found: Estimate | None) -> str:
    if found is None:
        return "-"
    high = f"{found.high:.2f}" if found.high < 100 else "many"
    return f"{found.value:.2f} ({found.low:.2f} to {high})"
