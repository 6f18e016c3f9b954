"""A case to its report, in the wording of likelihood ratios; the same case gives the same bytes."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from earmark.evaluation.forensic.comparing import Case, Compared, Exhibit
from earmark.evaluation.forensic.scale import DIFFERENT, SAME, SOURCE, ratio_words, scale_rows
from earmark.evaluation.pages.charts import tippett_svg
from earmark.evaluation.pages.document import (
    Block,
    Bullets,
    Document,
    Figure,
    Notice,
    Section,
    Table,
    Text,
    plain,
)

LIMITS = (
    "A likelihood ratio says how much more probable the recordings' likeness is under one proposition than "
    "under the other. It is not the probability that either is true: that takes the other circumstances of "
    "the case, which are for the court.",
    "It holds for recordings like those of the validation: their language, channel, length and noise. "
    "Whether the recordings of the case are like them is for an expert to judge.",
    "The different speakers are those of the validation data. A relative, or somebody chosen for sounding "
    "alike, is more alike than they are.",
    "Nothing here tells a live voice from a replayed, converted or synthetic one.",
)
SCORED = {
    "cosine": "cosine of unit vectors",
    "llr": "cosine and PLDA, normalised by a cohort of strangers, aligned by how both sides were recorded",
}


def make_report(case: Case, versions: Mapping[str, str], *, date: str = "") -> Document:
    """The whole report."""
    sections = (
        Section("Conclusion", tuple(_conclusion(case))),
        Section("Propositions", (Bullets((f"Either {SAME},", f"or {DIFFERENT}.")),)),
        _recordings(case),
        _validation(case),
        Section(
            "Words for strength",
            (Text(f"From {SOURCE}."), Table(("likelihood ratio", "words"), tuple(scale_rows()), words=2)),
        ),
        Section("What it does not say", (Bullets(LIMITS),)),
        _made(case, versions, date),
    )
    count = len(case.compared)
    return Document(
        "Comparison of voices",
        f"{count} questioned recording{'' if count == 1 else 's'} against {len(case.known)} known; "
        f"{case.model}",
        sections,
        "The same files, calibration, versions and kind of processor give this report again, byte for byte.",
    )


def _conclusion(case: Case) -> list[Block]:
    blocks: list[Block] = []
    for each in case.compared:
        found = each.finding
        ratio = ratio_words(abs(found.log10_lr))
        likelier = SAME if found.log10_lr > 0 else DIFFERENT
        stronger = "at least " if found.beyond else ""
        blocks.append(
            Notice(
                f"{each.questioned.name}: the likeness found is {stronger}{ratio} times as probable if "
                f"{likelier} as if not (likelihood ratio {ratio_words(found.log10_lr)}). This is "
                f"{found.words}.",
                warning=False,
            )
        )
        if found.beyond:
            blocks.append(
                Text(
                    "The calibration gives a stronger ratio than its validation has comparisons to show; no "
                    "more is claimed than those can carry."
                )
            )
    doubtful = [each for each in (*case.known, *(each.questioned for each in case.compared)) if each.doubts]
    blocks += [Notice(f"{each.name}: {each.doubts}") for each in doubtful]
    return blocks


def _recordings(case: Case) -> Section:
    head = ("recording", "role", "speech", "SNR", "bandwidth")
    rows = [_row(each, "known") for each in case.known]
    rows += [_row(each.questioned, "questioned") for each in case.compared]
    hashes = [
        (each.name, each.sha256) for each in (*case.known, *(each.questioned for each in case.compared))
    ]
    figures = tuple(
        (
            each.questioned.name,
            plain(each.score),
            plain(each.finding.llr),
            plain(each.finding.llr / math.log(10)),
        )
        for each in case.compared
    )
    return Section(
        "Recordings",
        (
            Table(head, tuple(rows), words=2),
            Table(("recording", "SHA-256"), tuple(hashes), words=2),
            Table(("questioned", "cosine", "LLR (natural)", "log10 LR"), figures),
        ),
    )


def _row(each: Exhibit, role: str) -> tuple[str, ...]:
    quality = each.quality
    return (
        each.name,
        role,
        f"{quality.speech_seconds:.1f} s",
        f"{quality.snr_db:.0f} dB",
        f"{quality.bandwidth_hz:,.0f} Hz",
    )


def _validation(case: Case) -> Section:
    evidence = case.evidence
    genuine, impostor = (
        np.asarray(evidence[name], np.float64) / math.log(10) for name in ("genuine_llr", "impostor_llr")
    )
    after: Mapping[str, Any] = evidence["after"]
    text = Text(
        f"The calibration was fitted on {evidence['fitted_speakers']} speakers of “{evidence['source']}” and "
        f"validated on {evidence['tested_speakers']} others: {evidence['genuine_trials']:,} same-speaker "
        f"trials of {evidence['same_speaker_people']} people and {evidence['impostor_trials']:,} "
        f"different-speaker trials of {evidence['speaker_pairs']:,} pairs of people."
    )
    rows = tuple(
        (name, meaning, _three(after[key]))
        for name, meaning, key in (
            ("Cllr", "cost of the likelihood ratios in bits: 0 perfect, 1 worthless", "cllr"),
            ("min Cllr", "the part of it that no calibration removes", "min_cllr"),
        )
    )
    marks = [each.finding.log10_lr for each in case.compared]
    figure = Figure(
        "tippett",
        tippett_svg("Tippett plot of the validation", genuine, impostor, case=marks),
        "Share of validation trials whose likelihood ratio is at least as high. Orange right of 0, and blue "
        "left of 0, is misleading evidence.",
    )
    return Section(
        "Validation of the likelihood ratios",
        (text, Table(("measure", "meaning", "value and 95 % interval"), rows, words=2), figure),
    )


def _three(found: list[float]) -> str:
    return f"{found[0]:.3f} ({found[1]:.3f} to {found[2]:.3f})" if len(found) == 3 else "-"


def _made(case: Case, versions: Mapping[str, str], date: str) -> Section:
    rows = [
        ("model", case.model),
        ("SHA-256 of its weights", case.weights_sha256),
        ("calibration", case.calibration_id),
        ("SHA-256 over the validation data", str(case.evidence["data_sha256"])),
        ("score", SCORED[case.scored] + "; the known recordings' vectors are averaged"),
        ("speech of the known recordings", f"{case.known_seconds:.2f} s"),
        *((f"version of {name}" if name != "processor" else name, value) for name, value in versions.items()),
    ]
    if date:
        rows.append(("date, as given", date))
    return Section("How it was made", (Table(("what", "value"), tuple(rows), words=2),))


def summary_line(each: Compared) -> str:
    """One comparison in one line."""
    found = each.finding
    more = " or stronger" if found.beyond else ""
    return f"{each.questioned.name}: likelihood ratio {ratio_words(found.log10_lr)}{more}: {found.words}."
