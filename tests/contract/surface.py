"""Azure Speaker Recognition, transcribed: every operation and field of four protocols, as rows to be proven.

An operation's row is `protocol family: operation`, such as `2021-09-05 identification: GET /profiles/{id}`; a
field's is `protocol group field`, such as `WebSocket enrollment audioLength`. The source is the contract,
sections 1 to 4.
"""

from typing import Literal

Protocol = Literal["v1.0", "v2.0", "2021-09-05", "WebSocket"]
PROTOCOLS: tuple[Protocol, ...] = ("v1.0", "v2.0", "2021-09-05", "WebSocket")

TITLES: dict[str, str] = {
    "v1.0": "REST v1.0 (`/spid/v1.0`), 2015 to 2020",
    "v2.0": "REST v2.0 (`/speaker/.../v2.0/...`), 2020 to 2021",
    "2021-09-05": "REST 2021-09-05 (`/speaker-recognition/...`), the general availability",
    "WebSocket": "WebSocket (`/speaker/ws/...`), npm 1.27 to 1.46",
}

# The three families; the key is the word that rows use, the value what stands in paths and messages.
FAMILIES: dict[str, str] = {
    "identification": "identification/text-independent",
    "verification": "verification/text-independent",
    "text-dependent": "verification/text-dependent",
}
SCENARIOS: dict[str, str] = {
    "identification": "TextIndependentIdentification",
    "verification": "TextIndependentVerification",
    "text-dependent": "TextDependentVerification",
}

_LIFE = ("POST /profiles", "GET /profiles", "GET /profiles/{id}", "DELETE /profiles/{id}")
_V1_LIFE = ("POST", "GET", "GET /{id}", "DELETE /{id}", "POST /{id}/reset", "POST /{id}/enroll")
_V2 = (*_LIFE, "POST /profiles/{id}/reset", "POST /profiles/{id}/enrollments")
_GA = (*_LIFE, "POST /profiles/{id}:reset", "POST /profiles/{id}/enrollments", "GET /phrases/{locale}")
_WS = ("create", "fetch one", "fetch all", "reset", "delete", "phrases", "enroll", "recognise")


def _v1(name: str) -> tuple[str, ...]:
    verbs = [line.partition(" ") for line in _V1_LIFE]
    return tuple(f"{method} /{name}{rest}" for method, _, rest in verbs)


# protocol -> family -> operations; a path is what follows the family's base.
OPERATIONS: dict[Protocol, dict[str, tuple[str, ...]]] = {
    "v1.0": {
        "identification": (*_v1("identificationProfiles"), "POST /identify", "GET /operations/{id}"),
        "text-dependent": (*_v1("verificationProfiles"), "POST /verify", "GET /verificationPhrases"),
    },
    "v2.0": {
        "identification": (*_V2, "POST /profiles/identifySingleSpeaker"),
        "verification": (*_V2, "POST /profiles/{id}/verify"),
        "text-dependent": (*_V2, "POST /profiles/{id}/verify", "GET /phrases/{locale}"),
    },
    "2021-09-05": {
        "identification": (*_GA, "POST /profiles:identifySingleSpeaker"),
        "verification": (*_GA, "POST /profiles/{id}:verify"),
        "text-dependent": (*_GA, "POST /profiles/{id}:verify"),
    },
    "WebSocket": dict.fromkeys(FAMILIES, _WS),
}

_LENGTHS = ("enrollmentsLength", "enrollmentsSpeechLength")
_PROFILE = (
    *("profileId", "locale", "enrollmentStatus", "createdDateTime", "lastUpdatedDateTime", "modelVersion"),
    *("enrollmentsCount", *_LENGTHS),
)
_ENROLLMENT = (
    *("profileId", "enrollmentStatus", "enrollmentsCount", *_LENGTHS, "audioLength", "audioSpeechLength"),
)
_IDENTIFIED = (
    *("identifiedProfile.profileId", "identifiedProfile.score"),
    *("profilesRanking[].profileId", "profilesRanking[].score"),
)
_WS_PROFILE = (
    *("profileId", "profileStatus", "locale", "enrollmentStatus", "enrollmentsCount", *_LENGTHS),
    *("remainingEnrollmentsCount", "remainingEnrollmentsSpeechLength", "passPhrase"),
)


def in_sec(*names: str) -> tuple[str, ...]:
    """The names, and those of lengths a second time as 2021-09-05 spells them: both are sent."""
    return (*names, *(f"{name}InSec" for name in names if name.endswith("Length")))


# protocol -> group -> fields. Groups that name an object list all its fields; `query`, `header` and `body`
# list what a client may send.
FIELDS: dict[Protocol, dict[str, tuple[str, ...]]] = {
    "v1.0": {
        "header": ("Ocp-Apim-Subscription-Key", "Operation-Location (answer)"),
        "query": (
            *("shortAudio (enroll)", "shortAudio (identify)", "identificationProfileIds"),
            *("verificationProfileId", "locale"),
        ),
        "body": (
            *("locale (JSON)", "locale (form)", "WAV (application/octet-stream, chunked)"),
            *(
                "WAV (multipart: Data)",
                "WAV (multipart: enrollmentData)",
                "WAV (multipart: verificationData)",
            ),
            *("WAV (multipart: identificationData)", "WAV (multipart/form-data without boundary)"),
        ),
        "created identification profile": ("identificationProfileId",),
        "created verification profile": ("verificationProfileId",),
        "identification profile": (
            *("identificationProfileId", "locale", "enrollmentSpeechTime", "remainingEnrollmentSpeechTime"),
            *("createdDateTime", "lastActionDateTime", "enrollmentStatus"),
        ),
        "verification profile": (
            *("verificationProfileId", "locale", "enrollmentsCount", "remainingEnrollmentsCount"),
            *("createdDateTime", "lastActionDateTime", "enrollmentStatus"),
        ),
        "verification enrollment": ("enrollmentStatus", "enrollmentsCount", "remainingEnrollments", "phrase"),
        "verification result": ("result", "confidence", "phrase"),
        "verification phrase": ("phrase",),
        "operation (succeeded)": ("status", "createdDateTime", "lastActionDateTime", "processingResult"),
        "operation (failed)": ("status", "createdDateTime", "lastActionDateTime", "message"),
        "processingResult of enroll": (
            *("enrollmentStatus", "enrollmentSpeechTime", "remainingEnrollmentSpeechTime", "speechTime"),
        ),
        "processingResult of identify": ("identifiedProfileId", "confidence"),
        "error": ("error.code", "error.message"),
    },
    "v2.0": {
        "header": ("Ocp-Apim-Subscription-Key", "Authorization: Bearer", "Location (answer of create)"),
        "query": (
            *("$top", "$continuationToken", "ignoreMinLength (enrollments)", "ignoreMinLength (verify)"),
            *("ignoreMinLength (identifySingleSpeaker)", "profileIds"),
            *("$skip (refused)", "$filter (refused)", "$orderBy (refused)", "$delta (refused)"),
        ),
        "body": ("locale", "WAV"),
        "profile (text-dependent)": (*_PROFILE, "remainingEnrollmentsCount"),
        "profile (text-independent)": (*_PROFILE, "remainingEnrollmentsSpeechLength"),
        "enrollment (text-dependent)": (*_ENROLLMENT, "remainingEnrollmentsCount", "passPhrase"),
        "enrollment (text-independent)": (*_ENROLLMENT, "remainingEnrollmentsSpeechLength"),
        "verify": ("recognitionResult", "score"),
        "identify": _IDENTIFIED,
        "page": ("profiles", "@nextLink"),
        "phrases": ("[]",),
        "error": ("error.code", "error.message"),
    },
    "2021-09-05": {
        "header": (
            *("Ocp-Apim-Subscription-Key", "Authorization: Bearer", "location (answer of create)"),
            *("location (answer of reset)", "x-ms-error-code (answer)"),
        ),
        "query": (
            *("api-version", "maxpagesize", "ignoreMinLength (enrollments)", "ignoreMinLength (verify)"),
            *("ignoreMinLength (identifySingleSpeaker)", "profileIds"),
        ),
        "body": ("locale", "WAV", "PCM without header"),
        "profile (text-dependent)": in_sec(*_PROFILE, "remainingEnrollmentsCount"),
        "profile (text-independent)": in_sec(*_PROFILE, "remainingEnrollmentsSpeechLength", "profileStatus"),
        "enrollment (text-dependent)": in_sec(*_ENROLLMENT, "remainingEnrollmentsCount", "passPhrase"),
        "enrollment (text-independent)": in_sec(*_ENROLLMENT, "remainingEnrollmentsSpeechLength"),
        "verify": ("recognitionResult", "score"),
        "identify": _IDENTIFIED,
        "page": ("value", "nextLink"),
        "phrases (text-dependent)": ("value[].passPhrase",),
        "phrases (text-independent)": ("value[].activationPhrase",),
        "error": ("error.code", "error.message"),
    },
    "WebSocket": {
        "key": (
            *("header Ocp-Apim-Subscription-Key", "header Apim-Subscription-Id"),
            *("query Ocp-Apim-Subscription-Key", "query Apim-Subscription-Id"),
        ),
        "path": (*("/speaker/ws/{path}/profile", "/speaker/ws/{path}/recognition", "any (fromEndpoint)"),),
        "query": ("format", "language", "X-ConnectionId"),
        "connection header": ("X-ConnectionId", "connectionId"),
        "client header": ("Path", "X-RequestId", "X-Timestamp", "Content-Type"),
        "answer header": ("Path", "X-RequestId", "Content-Type"),
        "client message": (
            *("speech.config", "audio (binary)", "audio (binary, empty: the end)", "telemetry"),
        ),
        "body": (
            *("scenario", "locale", "number", "profileIds", "maxPageSize"),
            *("features.interimResult", "features.progressiveDetection"),
            "context.audio.source.samplerate",
        ),
        "speaker.profiles": ("scenario", "operation", "status.statusCode", "status.reason", "profiles"),
        "speaker.phrases": ("status.statusCode", "status.reason", "locale", "passPhraseType", "phrases"),
        "speaker.profile.enrollment": ("scenario", "status.statusCode", "status.reason", "enrollment"),
        "speaker.response (identification)": (
            *("scenario", "status.statusCode", "status.reason", "identificationResult"),
        ),
        "speaker.response (verification)": (
            *("scenario", "status.statusCode", "status.reason", "verificationResult"),
        ),
        "profile": _WS_PROFILE,
        "enrollment": (*_WS_PROFILE, "audioLength", "audioSpeechLength"),
        "verificationResult": ("recognitionResult", "profileId", "score"),
        "identificationResult": _IDENTIFIED,
        "missing profile": ("profileId", "enrollmentStatus"),
    },
}


def operations(protocol: Protocol) -> list[str]:
    """The names of a protocol's operation rows."""
    families = OPERATIONS[protocol].items()
    return [f"{protocol} {family}: {operation}" for family, listed in families for operation in listed]


def fields(protocol: Protocol) -> list[str]:
    """The names of a protocol's field rows."""
    return [f"{protocol} {group} {field}" for group, listed in FIELDS[protocol].items() for field in listed]


def rows() -> list[str]:
    """The names of all rows."""
    return [row for protocol in PROTOCOLS for row in (*operations(protocol), *fields(protocol))]
