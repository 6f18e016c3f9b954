"""Errors to pyannoteAI's bodies (contract, section 5): fields for what is malformed, else a request's id."""

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from earmark import errors
from earmark.api.limits import request_id_of
from earmark.errors import EarmarkError, ServiceBusy

# A class that is not listed is answered as its parent is.
STATUS: dict[type[EarmarkError], int] = {
    errors.EarmarkError: 500,
    errors.AudioError: 400,
    errors.AudioTooLarge: 413,
    errors.NotFound: 404,
    errors.UsageError: 400,
    errors.ProfileNotEnrolled: 409,
    errors.ProfileChanged: 409,
    errors.KeyInvalid: 401,  # and no other: the SDK explains this one alone
    errors.PermissionDenied: 403,
    errors.MethodNotAllowed: 405,
    errors.RequestTooLarge: 413,
    errors.RequestTooSlow: 408,
    errors.StoreError: 503,
    errors.ServiceError: 503,
    errors.ServiceBusy: 429,
}


def status_of(error: type[EarmarkError]) -> int:
    """Return the status of an error class: its own, or that of the nearest class above it."""
    return next(STATUS[cls] for cls in error.__mro__ if cls in STATUS)


def respond(error: EarmarkError, request: Request) -> Response:
    """Return the body of an error."""
    status = status_of(type(error))
    if status == 400:
        fields = fields_of(error)
        message = "; ".join(f"{one['field']}: {one['message']}" for one in fields if one["field"])
        return JSONResponse({"message": message or str(error), "errors": fields}, status)
    headers = {}
    if isinstance(error, ServiceBusy):
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="earmark"'
    return JSONResponse({"requestId": request_id_of(request), "message": str(error)}, status, headers)


def fields_of(error: EarmarkError) -> list[dict[str, str]]:
    """Say which fields are wrong, as far as that is known."""
    cause = error.__cause__
    if not isinstance(cause, RequestValidationError):
        return []
    return [{"field": _name(one["loc"]), "message": _message(one["msg"])} for one in cause.errors()]


def _name(place: tuple[str | int, ...]) -> str:
    """Write a place as `voiceprints[0].voiceprint`; where in the request it is, clients know."""
    name = ""
    for part in place[1:]:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    return name


def _message(text: str) -> str:
    return text.removeprefix("Value error, ")
