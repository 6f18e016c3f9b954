"""The end of a job to the message that its webhook gets (contract, section 8)."""

import hashlib
import hmac
import json

from earmark.api.pyannoteai import convert
from earmark.service.orders import Order, Outcome
from earmark.service.webhooks import Attempt, Failure, Message
from earmark.storage.values import Job, JobState

REASONS = {
    Failure.TIMEOUT: "http_timeout",
    Failure.REDIRECTS: "too_many_redirects",
    Failure.CONNECTION: "connection_failed",
    Failure.TLS: "ssl_error",
    Failure.STATUS: "http_error",
}


def write(job: Job, order: Order, outcome: Outcome | None, attempt: Attempt) -> Message:
    """Return what is sent: the output only of a job that succeeded, and only where it is wanted."""
    told: convert.Json = {"jobId": str(job.id), "status": convert.STATUS[job.state]}
    wanted = order.webhook is not None and not order.webhook.status_only
    if wanted and job.state is JobState.SUCCEEDED:
        told["output"] = convert.to_output(job, order, outcome)
    body = json.dumps(told, separators=(",", ":")).encode()
    headers = signed(attempt, body)
    if attempt.number:
        unknown = "unknown_error"
        reason = unknown if attempt.reason is None else REASONS.get(attempt.reason, unknown)
        headers |= {"x-retry-num": str(attempt.number), "x-retry-reason": reason}
    return Message(headers, body)


def signed(attempt: Attempt, body: bytes) -> dict[str, str]:
    """Return the headers by which a receiver knows who wrote a body, and when."""
    at = str(int(attempt.at.timestamp()))
    return {
        "Content-Type": "application/json",
        "X-Request-Timestamp": at,
        "X-Signature": sign(attempt.secret, at, body),
    }


def sign(secret: str, at: str, body: bytes) -> str:
    """Return the signature in hex: HMAC-SHA256 over `v0:`, the time, `:` and the body."""
    return hmac.new(secret.encode(), b"v0:" + at.encode() + b":" + body, hashlib.sha256).hexdigest()
