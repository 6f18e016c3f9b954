"""An audit to plain values for report.json: rates 0 to 1, intervals as [value, low, high], null if "
"unknown."""

import math
from collections.abc import Sequence
from typing import Any

from earmark.evaluation.audit.audit import Audit
from earmark.evaluation.audit.calibrating import Fitted, Worth
from earmark.evaluation.audit.document import warnings_of
from earmark.evaluation.audit.provenance import Provenance
from earmark.evaluation.audit.sections_scores import recommendation
from earmark.evaluation.buckets import Bucket
from earmark.evaluation.fairness import Comparison
from earmark.evaluation.fairness_words import Verdict
from earmark.evaluation.intervals import Estimate
from earmark.evaluation.operating import Setting

FORMAT = "earmark report 1"


def to_json(audit: Audit, made: Provenance) -> dict[str, Any]:
    """The whole report."""
    trials = audit.scored.trials
    return {
        "format": FORMAT,
        "made": vars(made),
        "data": {
            "speakers": audit.speakers,
            "speakers_with_same_speaker_trials": audit.owners,
            "speakers_with_one_clip": list(audit.single),
            "clips": len(audit.clips) + len(audit.failures),
            "failures": [
                {"clip": each.clip.name, "code": each.code, "message": each.message}
                for each in audit.failures
            ],
            "fte": len(audit.failures) / (len(audit.clips) + len(audit.failures)),
            "refused_by_verify": dict(sorted(audit.refused.items())),
            "genuine": int(trials.genuine.sum()),
            "impostor": int((~trials.genuine).sum()),
            "possible": audit.pairs.possible,
            "lost": audit.lost,
        },
        "scores_are_llrs": audit.scored.is_llr,
        "overall": {name: interval(found) for name, found in audit.overall.items()},
        "operating_points": [
            {
                "fmr": point.asked,
                "promised": _setting(point.promised),
                "kept": point.kept,
                "found": _setting(point.found),
            }
            for point in audit.points
        ],
        "chosen": _setting(audit.chosen),
        "by_seconds": _buckets(audit.durations),
        "by_snr_db": _buckets(audit.noises),
        "identification": [
            {
                "size": row.size,
                "strangers": row.strangers,
                "fpir": audit.asked.fpir,
                "threshold": row.threshold,
                "fnir": interval(row.fnir),
                "fpir_at_promised_threshold": interval(row.fpir_promised),
            }
            for row in audit.open_sets
        ],
        "groups_fmr": audit.groups_fmr,
        "groups": [_comparison(comparison, verdict) for comparison, verdict, _ in audit.groups],
        "calibration": None if audit.fitted is None else _fitted(audit.fitted),
        "most_alike": [
            {"score": score, "clips": [audit.clips[one].name, audit.clips[other].name]}
            for score, one, other in audit.alike
        ],
        "recommendation": [notice.words for notice in recommendation(audit)],
        "warnings": warnings_of(audit),
    }


def interval(found: Estimate | None) -> list[float | None] | None:
    """[value, low, high]."""
    return None if found is None else [_number(found.value), _number(found.low), _number(found.high)]


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _setting(found: Setting | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"threshold": found.threshold, "fmr": interval(found.fmr), "fnmr": interval(found.fnmr)}


def _buckets(buckets: Sequence[Bucket]) -> list[dict[str, Any]]:
    return [
        {
            "from": _number(bucket.low),
            "to": _number(bucket.high),
            "genuine": bucket.genuine,
            "impostor": bucket.impostor,
            "speakers": bucket.speakers,
            "eer": interval(bucket.eer),
            "fmr": interval(bucket.fmr),
            "fnmr": interval(bucket.fnmr),
        }
        for bucket in buckets
    ]


def _comparison(comparison: Comparison, verdict: Verdict) -> dict[str, Any]:
    return {
        "attribute": comparison.attribute,
        "of_speakers": comparison.of_speakers,
        "threshold": comparison.threshold,
        "garbe": interval(comparison.garbe),
        "worst_fmr": verdict.worst_fmr,
        "worst_fnmr": verdict.worst_fnmr,
        "differs": verdict.differs,
        "verdict": list(verdict.sentences),
        "warnings": list(verdict.warnings),
        "groups": [
            {
                "name": group.name,
                "speakers": group.speakers,
                "genuine": group.genuine,
                "impostor": group.impostor,
                "fmr": interval(group.fmr),
                "fnmr": interval(group.fnmr),
                "fmr_ratio": interval(group.fmr_ratio),
                "fnmr_ratio": interval(group.fnmr_ratio),
                "fmr_judged": group.fmr_judged,
                "fnmr_judged": group.fnmr_judged,
            }
            for group in comparison.groups
        ],
    }


def _fitted(fitted: Fitted) -> dict[str, Any]:
    return {
        "shape": fitted.shape,
        "fitted_speakers": fitted.fitted_speakers,
        "tested_speakers": fitted.tested_speakers,
        "before": None if fitted.before is None else worth_json(fitted.before),
        "after": worth_json(fitted.after),
        "act_dcf_gain": interval(fitted.gain),
        "table": fitted.calibration.to_table(),
    }


def worth_json(worth: Worth) -> dict[str, Any]:
    """Figures of a calibration."""
    return {
        "cllr": interval(worth.cllr),
        "min_cllr": interval(worth.min_cllr),
        "act_dcf": interval(worth.act_dcf),
        "min_dcf": interval(worth.min_dcf),
        "fmr": interval(None if worth.point is None else worth.point.fmr),
        "fnmr": interval(None if worth.point is None else worth.point.fnmr),
    }
