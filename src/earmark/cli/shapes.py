"""Values to the JSON that `--json` prints: each shape is written down here once, with what its fields mean.

The shapes are stable: a field may be added, but none is renamed or removed without a new major version.
`docs/cli/reference.md` is generated from the annotations.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NotRequired, TypedDict

from earmark.cli.exits import exit_for
from earmark.errors import EarmarkError, QualityRefused
from earmark.voice.quality import Quality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from earmark.service.arrivals import Refusal
    from earmark.service.enrol import Enrolled
    from earmark.service.keys import ApiKey
    from earmark.service.moving_in import Moved
    from earmark.storage.values import Profile, Tenant
    from earmark.voice.models.catalog import ModelEntry
    from earmark.voice.models.self_check import SelfCheck


class QualityJson(TypedDict):
    """What was measured of one recording."""

    speech_seconds: Annotated[float, "net speech"]
    total_seconds: Annotated[float, "length of the recording"]
    snr_db: Annotated[float, "signal-to-noise ratio, estimated"]
    clipped: Annotated[float, "fraction of speech samples at full scale, 0 to 1"]
    bandwidth_hz: Annotated[float, "highest frequency that carries speech"]
    level_dbfs: Annotated[float, "level of the speech against full scale"]
    several_voices: Annotated[bool, "more than one speaker is likely"]


class ErrorJson(TypedDict):
    """What went wrong, under the key `error`."""

    code: Annotated[str, "stable, see the table of errors"]
    message: Annotated[str, "what is wrong and what to do next"]
    exit: Annotated[int, "the exit code that this error leads to"]
    file: NotRequired[Annotated[str, "the recording that it is about"]]
    measure: NotRequired[Annotated[str, "quality refusals: the field of the quality that fell short"]]
    value: NotRequired[Annotated[float, "quality refusals: what was measured"]]
    limit: NotRequired[Annotated[float, "quality refusals: what is asked for"]]


class InspectionJson(TypedDict):
    """One recording of `inspect`; `error` when it is not good enough, by itself when it cannot be decoded."""

    file: Annotated[str, "the recording"]
    quality: NotRequired[QualityJson]
    verdict: NotRequired[Annotated[str, "in words: what it is good enough for"]]
    error: NotRequired[ErrorJson]


class EmbeddingJson(TypedDict):
    """One recording of `embed`; a recording that cannot be used has `file` and `error` alone."""

    file: Annotated[str, "the recording"]
    vector: NotRequired[Annotated[list[float], "the embedding, of unit length; left out with --out"]]
    row: NotRequired[Annotated[int, "its row in the array that --out wrote"]]
    quality: NotRequired[QualityJson]
    model: NotRequired[Annotated[str, "name and version"]]
    error: NotRequired[ErrorJson]


class ProfileJson(TypedDict):
    """A stored profile, without its embeddings and audio."""

    profile: Annotated[str, "identifier"]
    label: Annotated[str | None, "what people call it"]
    phrase: Annotated[str | None, "passphrase of a text-dependent profile"]
    model: Annotated[str | None, "name and version; null before the first recording"]
    created: Annotated[str, "ISO 8601, UTC"]
    updated: Annotated[str, "ISO 8601, UTC"]
    speech_seconds: Annotated[float, "net speech over all recordings"]
    recordings: Annotated[list[QualityJson], "quality of each enrolment, oldest first"]


class EnrolmentJson(ProfileJson):
    """What `enroll` did: the profile as it is now, and how its new recordings sound beside the others."""

    added: Annotated[int, "recordings added by this command"]
    consistency: Annotated[
        list[float] | None, "LLR of each new recording against all others; null when alone"
    ]
    doubts: Annotated[list[str], "in words: recordings that sound unlike the rest"]
    guidance: Annotated[list[str], "in words: how much more to record, and how different"]


class ModelJson(TypedDict):
    """A model of the catalogue."""

    name: str
    version: str
    family: Annotated[str, "which front end it is fed by"]
    licence: str
    features: Annotated[str, "what it hears"]
    mean_normalised: Annotated[bool, "the mean over the window is subtracted per band"]
    sample_rate: int
    dimension: Annotated[int, "numbers in an embedding"]
    sha256: Annotated[str, "of its file"]
    calibrated: Annotated[bool, "whether it can decide; without, it only embeds"]
    default: Annotated[bool, "used when no --model is given"]


class SelfCheckJson(TypedDict):
    """How a model did on the built-in voices."""

    eer: Annotated[float, "equal error rate, 0 to 1"]
    same: Annotated[float, "mean cosine of two clips of one voice"]
    different: Annotated[float, "mean cosine of two voices"]


class ReembeddingFailureJson(TypedDict):
    """A profile that stays with the model that it had."""

    profile: Annotated[str, "identifier"]
    error: Annotated[ErrorJson, "why"]


class ReembeddingJson(TypedDict):
    """What `profiles reembed` did."""

    model: Annotated[str, "name and version that profiles were brought to"]
    reembedded: Annotated[int, "profiles brought over by this command"]
    already: Annotated[int, "profiles that were there already, or have no recording yet"]
    failed: list[ReembeddingFailureJson]


class KeyJson(TypedDict):
    """An API key without its secret."""

    id: Annotated[str, "identifier, by which it is revoked and rotated"]
    name: Annotated[str | None, "what people call it"]
    roles: Annotated[list[str], "what it may do"]
    created: Annotated[str, "ISO 8601, UTC"]
    expires: Annotated[str | None, "ISO 8601, UTC; null for never"]
    expired: Annotated[bool, "whether that time has passed"]
    hint: Annotated[str, "the secret's last four characters"]


class NewKeyJson(TypedDict):
    """What `keys create` and `keys rotate` made."""

    key: KeyJson
    secret: Annotated[str, "the key itself: shown this once, and not kept"]


class TenantJson(TypedDict):
    """A tenant."""

    tenant: Annotated[str, "its name"]
    created: Annotated[str, "ISO 8601, UTC"]
    keep_audio: Annotated[bool, "whether the recordings of enrolments are kept, sealed"]
    activation: Annotated[bool, "whether profiles of any words begin with an activation phrase"]


class MovedJson(TypedDict):
    """One profile of `import azure`; what is refused before any listening has no `recordings`."""

    profile: Annotated[str, "identifier, as before"]
    outcome: Annotated[str, "imported, would be imported, or refused"]
    recordings: NotRequired[Annotated[list[QualityJson], "quality of each recording"]]
    doubts: NotRequired[Annotated[list[str], "in words: recordings that sound unlike the rest"]]
    refusals: NotRequired[Annotated[list["RefusalJson"], "why it was refused"]]


class RefusalJson(TypedDict):
    """One reason of a refusal, as in the report."""

    row: Annotated[int, "of the table"]
    profile: Annotated[str, "identifier, or what stands in its place"]
    file: Annotated[str | None, "the recording that it is about; null when it is about the profile"]
    code: Annotated[str, "stable, see the table of errors"]
    message: Annotated[str, "what is wrong and what to do"]


def quality_json(quality: Quality) -> QualityJson:
    """A `Quality`, its numbers rounded to what they are good for."""
    return {
        "speech_seconds": round(quality.speech_seconds, 3),
        "total_seconds": round(quality.total_seconds, 3),
        "snr_db": round(quality.snr_db, 1),
        "clipped": round(quality.clipped, 5),
        "bandwidth_hz": round(quality.bandwidth_hz),
        "level_dbfs": round(quality.level_dbfs, 1),
        "several_voices": quality.several_voices,
    }


def error_json(error: EarmarkError, *, exit_code: int, file: str | None = None) -> ErrorJson:
    """An error of the tree."""
    shape: ErrorJson = {"code": error.code, "message": str(error), "exit": exit_code}
    if file is not None:
        shape["file"] = file
    if isinstance(error, QualityRefused):
        shape |= {"measure": error.measure, "value": error.value, "limit": error.limit}
    return shape


def profile_json(profile: "Profile") -> ProfileJson:
    """A stored `Profile`."""
    return {
        "profile": str(profile.id),
        "label": profile.label,
        "phrase": profile.phrase,
        "model": profile.model,
        "created": profile.created.isoformat(timespec="seconds"),
        "updated": profile.updated.isoformat(timespec="seconds"),
        "speech_seconds": round(profile.speech_seconds, 3),
        "recordings": [quality_json(enrolment.quality) for enrolment in profile.enrolments],
    }


def enrolment_json(done: "Enrolled") -> EnrolmentJson:
    """What an enrolment made."""
    return {
        **profile_json(done.profile),
        "added": done.added,
        "consistency": None if done.consistency is None else [round(llr, 4) for llr in done.consistency],
        "doubts": list(done.doubts),
        "guidance": list(done.guidance.hints),
    }


def model_json(entry: "ModelEntry", *, default: bool) -> ModelJson:
    """A `ModelEntry` of the catalogue."""
    return {
        "name": entry.name,
        "version": entry.version,
        "family": entry.family,
        "licence": entry.licence,
        "features": entry.features,
        "mean_normalised": entry.mean_normalised,
        "sample_rate": entry.sample_rate,
        "dimension": entry.dimension,
        "sha256": entry.sha256,
        "calibrated": entry.calibration is not None,
        "default": default,
    }


def check_json(check: "SelfCheck") -> SelfCheckJson:
    """A `SelfCheck`."""
    return {"eer": round(check.eer, 4), "same": round(check.same, 4), "different": round(check.different, 4)}


def reembedding_json(
    model: str, *, done: int, already: int, failed: "Sequence[tuple[Profile, EarmarkError]]"
) -> ReembeddingJson:
    """How many profiles are at the model now, and which are not."""
    failures: list[ReembeddingFailureJson] = [
        {"profile": str(profile.id), "error": error_json(error, exit_code=exit_for(type(error)))}
        for profile, error in failed
    ]
    return {"model": model, "reembedded": done, "already": already, "failed": failures}


def key_json(key: "ApiKey") -> KeyJson:
    """An `ApiKey`."""
    return {
        "id": str(key.id),
        "name": key.name,
        "roles": [role.value for role in sorted(key.roles)],
        "created": key.created.isoformat(timespec="seconds"),
        "expires": None if key.expires is None else key.expires.isoformat(timespec="seconds"),
        "expired": key.expires is not None and key.expires <= datetime.now(UTC),
        "hint": key.hint,
    }


def tenant_json(tenant: "Tenant") -> TenantJson:
    """A `Tenant`."""
    return {
        "tenant": tenant.id,
        "created": tenant.created.isoformat(timespec="seconds"),
        "keep_audio": tenant.keep_audio,
        "activation": tenant.activation,
    }


def refusal_json(refusal: "Refusal") -> RefusalJson:
    """A `Refusal` of a table's row."""
    return {
        "row": refusal.row,
        "profile": refusal.profile,
        "file": refusal.file,
        "code": refusal.error.code,
        "message": str(refusal.error),
    }


def moved_json(moved: "Moved", *, outcome: str) -> MovedJson:
    """What came of one arrival."""
    profile = str(moved.arrival.id)
    if moved.refusals:
        reasons = [refusal_json(refusal) for refusal in moved.refusals]
        return {"profile": profile, "outcome": outcome, "refusals": reasons}
    qualities = [quality_json(quality) for quality in moved.qualities]
    return {"profile": profile, "outcome": outcome, "recordings": qualities, "doubts": list(moved.doubts)}
