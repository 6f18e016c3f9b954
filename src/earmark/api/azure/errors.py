"""Errors to Azure's bodies: our class to a status and a code, for v1.0 and for the later versions."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from earmark import errors
from earmark.errors import EarmarkError

# Status and code (contract, section 2). A class that is not listed is answered as its parent is.
STATUS: dict[type[EarmarkError], tuple[int, str]] = {
    errors.EarmarkError: (500, "InternalServerError"),
    errors.AudioError: (400, "InvalidRequest"),
    errors.NotFound: (404, "NotFound"),
    errors.ProfileNotFound: (404, "Not Found"),  # as the published examples write it
    errors.UsageError: (400, "InvalidRequest"),
    errors.InvalidArgument: (400, "InvalidArgument"),
    errors.KeyInvalid: (401, "Unauthorized"),
    errors.PermissionDenied: (403, "Forbidden"),
    errors.ProfileLimit: (403, "Forbidden"),
    errors.EnrolmentLimit: (403, "InvalidOperation"),
    errors.ProfileLocked: (403, "InvalidOperation"),
    errors.ChallengeRefused: (409, "Conflict"),
    errors.ProfileChanged: (409, "Conflict"),
    errors.ModelMismatch: (409, "Conflict"),
    errors.MethodNotAllowed: (405, "MethodNotAllowed"),
    errors.RequestTooLarge: (413, "RequestEntityTooLarge"),
    errors.RequestTooSlow: (408, "RequestTimeout"),
    errors.ServiceBusy: (429, "RateLimit"),
    errors.StoreError: (503, "ServiceUnavailable"),
    errors.ServiceError: (503, "ServiceUnavailable"),
}

INVALID_PHRASE = "InvalidPhrase"  # all that the real service of v1.0 said of other words


def status_of(error: type[EarmarkError]) -> tuple[int, str]:
    """Return status and code of an error class: its own, or those of the nearest class above it."""
    return next(STATUS[cls] for cls in error.__mro__ if cls in STATUS)


def message_of(error: EarmarkError) -> str:
    """Return Azure's own words where they are known, else ours."""
    if isinstance(error, errors.SpeechTooShort):
        limit = f"{error.limit:g}"
        return f"Invalid audio length. Minimum allowed length is {limit} second(s)."
    if isinstance(error, errors.ProfileNotEnrolled):
        return "Profile is not enrolled."
    if isinstance(error, errors.PhraseNotHeard):
        return f"{INVALID_PHRASE}: {error}"
    return str(error)


def respond(error: EarmarkError, request: Request) -> Response:
    """Return the error body of v2.0 and 2021-09-05."""
    status, code = status_of(type(error))
    # A passphrase's 50 recordings are an invalid operation, 300 s of any words an invalid request.
    if isinstance(error, errors.EnrolmentLimit) and "/text-independent/" in request.url.path:
        code = "InvalidRequest"
    return _answer(error, status, code, message_of(error))


def respond_v1(error: EarmarkError, request: Request) -> Response:  # noqa: ARG001
    """Return the error body of v1.0, whose codes were fewer."""
    status, code = status_of(type(error))
    code = {400: "BadRequest", 404: "NotFound"}.get(status, code)
    message = INVALID_PHRASE if isinstance(error, errors.PhraseNotHeard) else message_of(error)
    return _answer(error, status, code, message)


def _answer(error: EarmarkError, status: int, code: str, message: str) -> Response:
    headers = {"x-ms-error-code": code}
    if isinstance(error, errors.ServiceBusy):
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)
