"""An audit to its report: what matters first, the evidence after it, what it rests on last."""

from earmark.evaluation.audit.audit import Audit
from earmark.evaluation.audit.provenance import Provenance
from earmark.evaluation.audit.sections_parts import circumstances_section, gallery_section, group_section
from earmark.evaluation.audit.sections_record import (
    alike_section,
    calibration_section,
    data_section,
    failure_section,
    provenance_section,
)
from earmark.evaluation.audit.sections_scores import (
    error_section,
    operating_section,
    recommendation,
    score_section,
)
from earmark.evaluation.pages.document import (
    Block,
    Bullets,
    Document,
    Notice,
    Section,
    percent,
    with_interval,
)

FEW_OWNERS = 30  # speakers with two recordings; with fewer, false non-match rates are a first impression
FEW_SPEAKERS = 30
MANY_FAILURES = 0.05


def make_document(audit: Audit, made: Provenance) -> Document:
    """The whole report."""
    sections = (
        summary_section(audit),
        data_section(audit),
        error_section(audit),
        operating_section(audit),
        score_section(audit),
        circumstances_section(audit),
        gallery_section(audit),
        group_section(audit),
        calibration_section(audit.fitted, audit.asked.fmr) if audit.fitted else None,
        alike_section(audit),
        failure_section(audit),
        provenance_section(made),
    )
    return Document(
        f"Speaker recognition on {made.source}",
        f"{audit.speakers:,} speakers, {len(audit.clips):,} usable recordings, "
        f"{audit.scored.trials.scores.size:,} trials; {made.model}",
        tuple(section for section in sections if section is not None and section.blocks),
        f"Made by Earmark {made.versions['earmark']}. It may name your speakers and recordings: keep it as "
        "you keep those.",
    )


def summary_section(audit: Audit) -> Section:
    """The few sentences that a hurried reader needs."""
    blocks: list[Block] = [*recommendation(audit), Bullets(tuple(summary_lines(audit)))]
    return Section("In short", (*blocks, *(Notice(words) for words in warnings_of(audit))))


def summary_lines(audit: Audit) -> list[str]:
    """The main figures in words."""
    found = audit.overall
    points = [f"Equal error rate {with_interval(found['EER'])}."]
    if audit.chosen is not None:
        points.append(
            f"At the threshold {audit.chosen.threshold:.2f}, {with_interval(audit.chosen.fmr)} of strangers "
            f"are accepted and {with_interval(audit.chosen.fnmr)} of the genuine are refused."
        )
    if "Cllr" in found:
        points.append(
            f"The likelihood ratios cost {found['Cllr'].value:.3f} bits (Cllr); "
            f"{found['min Cllr'].value:.3f} would be the least with these scores."
        )
    attempts = len(audit.clips) + len(audit.failures)
    points.append(f"{percent(len(audit.failures) / attempts)} of the recordings could not be used (FTE).")
    for comparison, verdict, _ in audit.groups:
        if verdict.differs:
            points.append(f"By {comparison.attribute}: {' '.join(verdict.sentences)}")
    return points


def warnings_of(audit: Audit) -> list[str]:
    """What the data cannot carry."""
    found = []
    if audit.owners < FEW_OWNERS:
        found.append(
            f"Only {audit.owners} speakers have two recordings or more. False non-match rates rest on these "
            f"few people; from {FEW_OWNERS} on they begin to say something about others."
        )
    if audit.speakers < FEW_SPEAKERS:
        found.append(
            f"Only {audit.speakers} speakers: false-match rates below "
            f"{percent(6.0 / (audit.speakers * max(audit.speakers - 1, 1)))} cannot be seen with so few "
            "pairs of people."
        )
    attempts = len(audit.clips) + len(audit.failures)
    if len(audit.failures) > MANY_FAILURES * attempts:
        found.append(
            f"{len(audit.failures):,} of {attempts:,} recordings could not be used. Error rates are those "
            "of the others, and may be better than what people will meet."
        )
    if audit.scored.is_llr and audit.overall["Cllr"].value > 1.0:
        found.append("Cllr is above 1: these likelihood ratios mislead. Fit a calibration with --calibrate.")
    return found
