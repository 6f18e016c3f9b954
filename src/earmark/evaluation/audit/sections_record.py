"""An audit to the sections that say what it rests on: data, calibration, failures, provenance."""

from collections import Counter

from earmark.evaluation.audit.audit import Audit
from earmark.evaluation.audit.calibrating import Fitted, Worth
from earmark.evaluation.audit.clips import Clip
from earmark.evaluation.audit.provenance import Provenance
from earmark.evaluation.intervals import Estimate
from earmark.evaluation.pages.charts import tippett_svg
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

MOST_LISTED, MOST_NAMED = 200, 30
LN10 = 2.302585092994046

TERMS = (
    ("FMR", "false-match rate: share of different-speaker trials that are accepted"),
    ("FNMR", "false non-match rate: share of same-speaker trials that are refused"),
    ("FTE", "failure to enrol or acquire: share of recordings that gave no voiceprint"),
    ("FPIR, FNIR", "the same of searches among many people: false positive, false negative"),
    ("LLR", "natural logarithm of the likelihood ratio, same speaker against different speakers"),
    ("SNR", "signal-to-noise ratio, estimated"),
)


def data_section(audit: Audit) -> Section:
    """How much there was."""
    trials = audit.scored.trials
    attempts = len(audit.clips) + len(audit.failures)
    same = int(trials.genuine.sum())
    rows = [
        ("speakers", f"{audit.speakers:,}"),
        ("of them with same-speaker trials", f"{audit.owners:,}"),
        ("recordings", f"{attempts:,}"),
        ("of them unusable (FTE)", f"{len(audit.failures):,} ({percent(len(audit.failures) / attempts)})"),
        ("of them usable, but refused by `earmark verify`", f"{sum(audit.refused.values()):,}"),
        ("same-speaker trials", f"{same:,}"),
        ("different-speaker trials", f"{trials.scores.size - same:,}"),
        ("trials that were possible", f"{audit.pairs.possible:,}"),
    ]
    if audit.asked.enrol > 1:
        rows.append(("recordings that enrol one speaker", f"{audit.asked.enrol}"))
    if audit.lost:
        rows.append(("listed trials without a usable recording", f"{audit.lost:,}"))
    blocks: list[Block] = [Table(("what", "how many"), tuple(rows))]
    if audit.refused:
        codes = ", ".join(f"{code} {count:,}" for code, count in sorted(audit.refused.items()))
        blocks.append(
            Text(
                f"Refused by verify: {codes}. They are measured all the same; --strict counts them as "
                "unusable."
            )
        )
    return Section("Data", tuple(blocks))


def calibration_section(fitted: Fitted, fmr: float) -> Section:
    """What a calibration fitted on one half is worth on the other."""
    columns: list[tuple[str, Worth]] = [("new calibration", fitted.after)]
    if fitted.before is not None:
        columns.insert(0, ("model's own", fitted.before))
    names = (("actDCF", "act_dcf"), ("minDCF", "min_dcf"), ("Cllr", "cllr"), ("min Cllr", "min_cllr"))
    rows = tuple(
        (name, *(with_interval(getattr(worth, key), rate=False) for _, worth in columns))
        for name, key in names
    )
    points = [worth.point for _, worth in columns]
    rows += (
        (
            f"FMR at its threshold for {percent(fmr)}",
            *(_cell(None if point is None else point.fmr) for point in points),
        ),
        ("FNMR there", *(_cell(None if point is None else point.fnmr) for point in points)),
    )
    low, high = fitted.calibration.thresholds[-1][0], fitted.calibration.thresholds[0][0]
    text = Text(
        f"Fitted on {fitted.fitted_trials:,} trials of {fitted.fitted_speakers} speakers ({fitted.shape}); "
        f"the figures are of the other {fitted.tested_speakers} speakers. It supports false-match rates from "
        f"{percent(low)} to {percent(high)}. Install it with `earmark models calibrate calibration.toml`."
    )
    trials = fitted.tested.trials
    figure = Figure(
        "tippett-calibrated",
        tippett_svg(
            "Tippett plot of the new calibration, other half",
            trials.scores[trials.genuine] / LN10,
            trials.scores[~trials.genuine] / LN10,
        ),
        "As above, for speakers that the calibration has not seen.",
    )
    return Section(
        "New calibration", (_verdict(fitted), text, Table(("", *(name for name, _ in columns)), rows), figure)
    )


def _cell(rate: Estimate | None) -> str:
    return "not supported" if rate is None else with_interval(rate)


def _verdict(fitted: Fitted) -> Notice:
    after = fitted.after.act_dcf.value
    if fitted.gain is None or fitted.before is None:
        return Notice(f"The model had no calibration; with this one actDCF is {plain(after)}.", warning=False)
    before, gain = fitted.before.act_dcf.value, fitted.gain
    change = f"actDCF goes from {plain(before)} to {plain(after)} on speakers that it has not seen"
    if gain.low > 0:
        return Notice(f"The new calibration is better: {change}. Install it.", warning=False)
    if gain.value > 0:
        return Notice(f"The new calibration seems better, not surely: {change}.", warning=False)
    return Notice(f"The new calibration is no better: {change}. Keep the model's own.")


def alike_section(audit: Audit) -> Section | None:
    """Pairs of different speakers that sound most alike."""
    if not audit.alike:
        return None
    rows = tuple(
        (_called(audit.clips[one]), _called(audit.clips[other]), plain(score))
        for score, one, other in audit.alike
    )
    text = Text(
        "Recordings of different speakers that the model takes for the same person most strongly. If some "
        "are of one person after all, mend the labels: a few wrong ones spoil every rate."
    )
    return Section(
        "Worth listening to",
        (text, Table(("recording (speaker)", "recording (speaker)", "score"), rows, words=2)),
    )


def _called(clip: Clip) -> str:
    return f"{clip.name} ({clip.speaker})"


def failure_section(audit: Audit) -> Section | None:
    """Recordings that could not be used, and speakers with one recording."""
    blocks: list[Block] = []
    if audit.failures:
        counted = Counter(failure.code for failure in audit.failures)
        codes = ", ".join(f"{code} {count:,}" for code, count in sorted(counted.items()))
        blocks.append(Text(f"{len(audit.failures):,} recordings gave no voiceprint: {codes}."))
        rows = tuple(
            (failure.clip.name, failure.code, failure.message) for failure in audit.failures[:MOST_LISTED]
        )
        blocks.append(Table(("recording", "code", "why, and what to do"), rows, words=3))
        if len(audit.failures) > MOST_LISTED:
            blocks.append(Text(f"The rest of the {len(audit.failures):,} are in report.json."))
    if audit.single:
        shown = ", ".join(audit.single[:MOST_NAMED])
        more = " and others (see report.json)" if len(audit.single) > MOST_NAMED else ""
        blocks.append(
            Text(
                f"{len(audit.single):,} speakers have one usable recording only, so they are never compared "
                f"with themselves: {shown}{more}."
            )
        )
    return Section("What was left out", tuple(blocks)) if blocks else None


def provenance_section(made: Provenance) -> Section:
    """Terms, parameters, versions and hashes."""
    rows = [
        ("source", made.source),
        ("SHA-256 over all inputs", made.data_sha256),
        ("model", made.model),
        ("SHA-256 of the weights", made.weights_sha256 or "-"),
        ("calibration", made.calibration),
        *made.parameters.items(),
        *(
            (f"version of {name}" if name != "processor" else name, value)
            for name, value in made.versions.items()
        ),
    ]
    if made.date:
        rows.append(("date, as given", made.date))
    return Section(
        "How it was made",
        (
            Text(
                "The same inputs, versions and parameters on the same kind of processor give this report "
                "again, byte for byte."
            ),
            Table(("what", "value"), tuple(rows), words=2),
            Table(("term", "meaning (ISO/IEC 19795-1)"), TERMS, words=2),
        ),
    )
