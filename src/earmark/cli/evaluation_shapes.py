"""What `evaluate` and `compare` print with `--json`; the whole of it stands in report.json."""

from typing import TYPE_CHECKING, Annotated, Any, NotRequired, TypedDict

if TYPE_CHECKING:
    from earmark.evaluation.audit.audit import Audit
    from earmark.evaluation.forensic.comparing import Compared


class EvaluationJson(TypedDict):
    """The head of a report."""

    out: Annotated[str, "folder of report.html, report.json, report.md and figures/"]
    speakers: Annotated[int, "with a usable recording"]
    clips: Annotated[int, "recordings tried"]
    failures: Annotated[int, "of them unusable"]
    genuine: Annotated[int, "same-speaker trials"]
    impostor: Annotated[int, "different-speaker trials"]
    overall: Annotated[dict[str, Any], "measure to [value, low, high], 95 % intervals over speakers"]
    warnings: Annotated[list[str], "what the data cannot carry"]
    calibration: NotRequired[Annotated[str, "file of the fitted calibration"]]


class ComparisonJson(TypedDict):
    """One questioned recording of `compare` against the known ones."""

    file: Annotated[str, "the questioned recording"]
    sha256: Annotated[str, "of its bytes"]
    score: Annotated[float, "cosine with the known recordings together"]
    llr: Annotated[float, "natural-log likelihood ratio as the calibration gives it"]
    log10_lr: Annotated[float, "as a decimal logarithm, held within what the validation can carry"]
    words: Annotated[str, "support for one of the propositions, in the words of ENFSI's scale"]
    beyond_validation: Annotated[bool, "stronger than the calibration's trials can show"]


def evaluation_json(audit: "Audit", *, out: str, calibration: str | None) -> EvaluationJson:
    """The head of an audit's report."""
    from earmark.evaluation.audit.as_json import interval
    from earmark.evaluation.audit.document import warnings_of

    same = int(audit.scored.trials.genuine.sum())
    shape: EvaluationJson = {
        "out": out,
        "speakers": audit.speakers,
        "clips": len(audit.clips) + len(audit.failures),
        "failures": len(audit.failures),
        "genuine": same,
        "impostor": audit.scored.trials.scores.size - same,
        "overall": {name: interval(found) for name, found in audit.overall.items()},
        "warnings": warnings_of(audit),
    }
    if calibration is not None:
        shape["calibration"] = calibration
    return shape


def comparison_json(each: "Compared") -> ComparisonJson:
    """One comparison."""
    return {
        "file": each.questioned.name,
        "sha256": each.questioned.sha256,
        "score": each.score,
        "llr": each.finding.llr,
        "log10_lr": each.finding.log10_lr,
        "words": each.finding.words,
        "beyond_validation": each.finding.beyond,
    }
