"""An audit to the sections about all trials together: error rates, scores, operating point."""

import numpy as np

from earmark.evaluation.audit.audit import Audit
from earmark.evaluation.drawing import det_svg, histogram_svg
from earmark.evaluation.operating import Point
from earmark.evaluation.pages.charts import tippett_svg
from earmark.evaluation.pages.document import (
    Figure,
    Notice,
    Section,
    Table,
    Text,
    one_in,
    percent,
    plain,
    with_interval,
)

BRACKETS = "In brackets: 95 % intervals, drawn over speakers, since trials of the same people hang together."


def error_section(audit: Audit) -> Section:
    """EER, detection costs and Cllr, with the DET curve."""
    asked, found = audit.asked, audit.overall
    costs = f"prior {asked.costs.p_target:g}, costs {asked.costs.miss:g} and {asked.costs.false_match:g}"
    rows = [
        ("Equal error rate (EER)", with_interval(found["EER"]), "where FMR and FNMR are the same"),
        ("EER on the convex hull", with_interval(found["EER on hull"]), "as some toolkits report it"),
        (f"FNMR at FMR {percent(asked.fmr)}", with_interval(found["FNMR at FMR"]), "threshold set here"),
        ("minDCF", with_interval(found["minDCF"], rate=False), f"least detection cost; {costs}"),
    ]
    if "actDCF" in found:
        rows.append(("actDCF", with_interval(found["actDCF"], rate=False), "the same when LLRs are believed"))
        rows.append(("Cllr", with_interval(found["Cllr"], rate=False), "in bits: 0 perfect, 1 worthless"))
    rows.append(("min Cllr", with_interval(found["min Cllr"], rate=False), "what calibration cannot remove"))
    table = Table(("measure", "value", "meaning"), tuple((a, c, b) for a, b, c in rows), words=2)
    table = Table(("measure", "meaning", "value"), table.rows, words=2)
    figure = Figure(
        "det",
        det_svg("False matches against false non-matches", [("all trials", audit.rates, 0, False)]),
        "DET curve of all trials, on axes of normal deviates. Nearer to the lower left is better; the dotted "
        "diagonal is where both errors are equal.",
    )
    return Section("Error rates", (Text(BRACKETS), table, figure))


def score_section(audit: Audit) -> Section:
    """Histogram and Tippett plot."""
    trials, blocks = audit.scored.trials, []
    genuine, impostor = trials.scores[trials.genuine], trials.scores[~trials.genuine]
    axis = "log-likelihood ratio (natural log)" if audit.scored.is_llr else "score"
    if audit.chosen is not None:
        blocks.append(
            Figure(
                "scores",
                histogram_svg(
                    "Scores of both kinds of trials",
                    genuine,
                    impostor,
                    audit.chosen.threshold,
                    f"accept from {audit.chosen.threshold:.2f}",
                    axis=axis,
                ),
                "Shares of same-speaker (genuine) and different-speaker (impostor) trials by score. What "
                "lies on the wrong side of the line is decided wrongly.",
            )
        )
    if audit.scored.is_llr:
        blocks.append(
            Figure(
                "tippett",
                tippett_svg("Tippett plot", genuine / np.log(10.0), impostor / np.log(10.0)),
                "Share of trials whose likelihood ratio is at least as high. Right of 0 speaks for the same "
                "speaker: the orange curve should have fallen to 0 there, the blue one should not have "
                "begun to fall.",
            )
        )
    return Section("Scores", tuple(blocks))


def operating_section(audit: Audit) -> Section:
    """What each false-match rate costs, and whether the model keeps it."""
    promised = any(point.promised for point in audit.points)
    head = ["FMR asked for", "threshold here", "FNMR here"]
    if promised:
        head[1:1] = ["model's threshold", "FMR by it", "FNMR by it", "kept?"]
    rows = tuple(_row(point, promised=promised) for point in audit.points)
    told = (
        "The model's threshold is what `earmark verify --fmr` uses. The threshold here is read from these "
        "recordings; it is left out where fewer than 30 false matches would decide it."
        if promised
        else "Thresholds are read from these recordings, where at least 30 false matches decide them."
    )
    return Section("Operating point", (*recommendation(audit), Text(told), Table(tuple(head), rows, words=0)))


def _row(point: Point, *, promised: bool) -> tuple[str, ...]:
    cells = [f"{percent(point.asked)}"]
    if promised:
        own = point.promised
        cells += (
            ["-", "-", "-", "-"]
            if own is None
            else [
                plain(own.threshold),
                with_interval(own.fmr),
                with_interval(own.fnmr),
                {True: "yes", False: "no", None: "cannot say"}[point.kept],
            ]
        )
    found = point.found
    if found is None:
        return (*cells, "too few", "-")
    return (*cells, plain(found.threshold), with_interval(found.fnmr))


def recommendation(audit: Audit) -> tuple[Notice, ...]:
    """Which threshold to use, in words."""
    asked = audit.asked.fmr
    point = next(point for point in audit.points if point.asked == asked)
    rate = f"{percent(asked)} ({one_in(asked)})"
    own, found = point.promised, point.found
    if own is None and found is None:
        words = (
            f"These recordings are too few to set a threshold for a false-match rate of {percent(asked)}: "
            f"that takes {30 / asked:,.0f} trials of different speakers. Ask for a higher rate with --fmr, "
            "or add speakers."
        )
        return (Notice(words),)
    here = ""
    if found is not None:
        scale = "LLR" if audit.scored.is_llr else "a score of"
        here = (
            f"accepting from {scale} {plain(found.threshold)} on keeps the rate on these recordings and "
            f"refuses {with_interval(found.fnmr)} of the genuine"
        )
    if own is None:
        return (Notice(f"For a false-match rate of {rate}: {here}.", warning=False),)
    told = f"{with_interval(own.fmr)} of strangers pass, {with_interval(own.fnmr)} of the genuine are refused"
    if point.kept is False:
        words = f"The model's threshold for a false-match rate of {rate} lets in more than that here: {told}."
        return (Notice(f"{words} {_or_fit(here, fitted=audit.fitted is not None)}"),)
    if found is not None and own.fmr.high < asked and found.fnmr.high < own.fnmr.low:
        words = f"The model's threshold for a false-match rate of {rate} is too strict here: {told}."
        return (Notice(f"{words} {_or_fit(here, fitted=audit.fitted is not None)}"),)
    if point.kept is None:
        words = f"Whether the model's threshold keeps a false-match rate of {rate} cannot be said yet"
        return (Notice(f"{words}: add speakers. At LLR {plain(own.threshold)}, {told}."),)
    words = f"Use the model's threshold, LLR {plain(own.threshold)}: a false-match rate of {rate} is kept"
    return (Notice(f"{words}; {told}.", warning=False),)


def _or_fit(here: str, *, fitted: bool) -> str:
    """The advice when the model's threshold does not suit."""
    fit = "fit a calibration on recordings like these (--calibrate)"
    if fitted:
        fit = "install the calibration that was fitted here, if it is better"
    return f"{here[0].upper()}{here[1:]}. For all rates, {fit}." if here else f"{fit[0].upper()}{fit[1:]}."
