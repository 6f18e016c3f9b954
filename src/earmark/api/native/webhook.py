"""The end of a diarization to the message that its webhook gets: the diarization, as the API shows it."""

from earmark.api.native.diarization_convert import to_diarization
from earmark.api.pyannoteai.webhook import signed
from earmark.service.orders import Order, Outcome
from earmark.service.webhooks import Attempt, Message
from earmark.storage.values import Job


def write(job: Job, order: Order, outcome: Outcome | None, attempt: Attempt) -> Message:
    """Return what is sent; without what came of it where that is not wanted."""
    wanted = order.webhook is not None and not order.webhook.status_only
    told = to_diarization(job, outcome if wanted else None)
    left_out = None if wanted else {"output", "problem"}
    body = told.model_dump_json(exclude=left_out).encode()
    headers = signed(attempt, body)
    if attempt.number:
        headers["X-Retry-Num"] = str(attempt.number)
    return Message(headers, body)
