"""A response to an error of the tree or to whether the request should be sent again, and when."""

import json
import random
from typing import Any

import httpx

from earmark.client.calls import Call
from earmark.errors import (
    EarmarkError,
    ProfileLocked,
    QualityRefused,
    ServiceBusy,
    ServiceError,
    ServiceUnreachable,
)

LONGEST_WAIT = 8.0  # seconds
BUSY = {429, 503}


def check(response: httpx.Response, call: Call[Any], *, again: bool) -> None:
    """Do nothing for a success; otherwise raise the error that the service told, by its stable code.

    What is to be deleted and is gone when asked `again` was deleted the first time.
    """
    if response.is_success or (again and call.method == "DELETE" and response.status_code == 404):
        return
    try:
        problem = response.json()
        code, detail = str(problem["code"]), str(problem["detail"])
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        raise ServiceError(
            f"The answer is not Earmark's (status {response.status_code}): check the address."
        ) from None
    raise _error(code, detail, problem, response)


def unreachable(error: httpx.TransportError) -> ServiceUnreachable:
    """Return the error for a service that gives no answer."""
    kind = type(error).__name__
    return ServiceUnreachable(
        f"The service does not answer ({kind}): check that it runs, its address and the network."
    )


def wait_seconds(
    outcome: httpx.Response | httpx.TransportError, call: Call[Any], attempt: int
) -> float | None:
    """Return after how many seconds to send again; None for never. `attempt` counts from 0."""
    backoff = min(LONGEST_WAIT, 0.25 * 2.0**attempt) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
    if isinstance(outcome, httpx.TransportError):
        never_sent = isinstance(outcome, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        return backoff if call.repeatable or never_sent else None
    if outcome.status_code not in BUSY:
        return None
    told = outcome.headers.get("retry-after", "")
    return min(LONGEST_WAIT, float(told)) + backoff if told.isdecimal() else backoff


def _error(code: str, detail: str, problem: Any, response: httpx.Response) -> EarmarkError:
    kind = _by_code(EarmarkError, code)
    if kind is None:  # a newer service may know more errors
        return EarmarkError(f"{detail} ({code})")
    if issubclass(kind, QualityRefused):
        return kind(
            detail,
            measure=str(problem.get("measure")),
            value=float(problem.get("value", "nan")),
            limit=float(problem.get("limit", "nan")),
        )
    if issubclass(kind, ProfileLocked):
        told = response.headers.get("retry-after", "")
        return kind(detail, retry_after=float(told) if told.isdecimal() else None)
    if issubclass(kind, ServiceBusy):
        told = response.headers.get("retry-after", "1")
        return kind(detail, retry_after=float(told) if told.isdecimal() else 1.0)
    return kind(detail)


def _by_code(root: type[EarmarkError], code: str) -> type[EarmarkError] | None:
    if root.code == code:
        return root
    return next((found for child in root.__subclasses__() if (found := _by_code(child, code))), None)
