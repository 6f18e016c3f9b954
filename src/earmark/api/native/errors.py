"""Errors to RFC 9457 problem details: our class to a status and a title."""

import math
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from earmark import errors
from earmark.errors import EarmarkError, QualityRefused, ServiceBusy

MEDIA_TYPE = "application/problem+json"

# The most particular class decides; a class that is not listed is answered as its parent is.
STATUS: dict[type[EarmarkError], int] = {
    errors.EarmarkError: 500,
    errors.AudioError: 422,
    errors.AudioNotRecognised: 415,
    errors.AudioCodecMissing: 415,
    errors.AudioTooLarge: 413,
    errors.NotFound: 404,
    errors.UsageError: 422,
    errors.LabelTaken: 409,
    errors.ProfileTaken: 409,
    errors.TenantTaken: 409,
    errors.ProfileNotEnrolled: 409,
    errors.ProfileChanged: 409,
    errors.EnrolmentLimit: 409,
    errors.ProfileLocked: 423,
    errors.ChallengeRefused: 409,
    errors.ProfileLimit: 409,
    errors.AudioNotKept: 409,
    errors.ModelMismatch: 409,
    errors.RequestTooLarge: 413,
    errors.RequestTooSlow: 408,
    errors.MethodNotAllowed: 405,
    errors.KeyInvalid: 401,
    errors.PermissionDenied: 403,
    errors.StoreError: 503,
    errors.ServiceError: 503,
    errors.ServiceBusy: 429,
}


def status_of(error: type[EarmarkError]) -> int:
    """Return the status of an error class: its own, or that of the nearest class above it."""
    return next(STATUS[cls] for cls in error.__mro__ if cls in STATUS)


def respond(error: EarmarkError, request: Request) -> Response:
    """Return the problem document of an error."""
    status = status_of(type(error))
    if isinstance(error, errors.ProfileChanged) and "if-match" in request.headers:
        status = 412
    body: dict[str, object] = {
        "type": f"urn:earmark:error:{error.code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": str(error),
        "code": error.code,
    }
    headers = {}
    if isinstance(error, QualityRefused):
        body |= {"measure": error.measure, "value": float(error.value), "limit": float(error.limit)}
    if isinstance(error, ServiceBusy):
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    if isinstance(error, errors.ProfileLocked) and error.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="earmark"'
    return JSONResponse(body, status, headers, MEDIA_TYPE)
