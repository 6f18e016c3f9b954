"""A request with an Idempotency-Key to one that is carried out once, however often it is sent.

As in the IETF draft "The Idempotency-Key HTTP Header Field": the answer is kept, sealed, for 24 hours and
sent again for the same key; the same key with another request is refused. What is made gets an identifier
that follows from the key, so a request whose answer was lost in a crash is not carried out twice either.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from earmark.api.door import Door
from earmark.errors import InvalidArgument, OperationNotFound, RepeatedDifferently, ServiceBusy
from earmark.service.actor import Actor
from earmark.service.answers import find_answer, keep_answer

HEADER = "Idempotency-Key"
KEY = re.compile(r"[!-~]([ -~]{0,253}[!-~])?")
SPACE = uuid5(NAMESPACE_URL, "urn:earmark:idempotency")


@dataclass(frozen=True)
class Answer:
    """An answer that can be kept."""

    status: int
    body: BaseModel
    headers: dict[str, str]

    def respond(self) -> Response:
        """Return it as it is sent."""
        return _respond(self.status, self.body.model_dump_json(), self.headers)


async def once(
    request: Request,
    door: Door,
    actor: Actor,
    content: Sequence[bytes],
    work: Callable[[UUID | None], Awaitable[Answer]],
) -> Response:
    """Carry out `work`, or answer as before when the request carries a key that was used already.

    `content` is what came in the body; `work` takes the identifier that its outcome follows from, None when
    the request has no key. Raises RepeatedDifferently, InvalidArgument for a key that cannot be, ServiceBusy
    while the first request of the key is under way.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return (await work(None)).respond()
    if not KEY.fullmatch(key):
        raise InvalidArgument(f"{HEADER} takes 1 to 255 printable characters.")
    # The roles too: whoever may do less is not told the answer to what it may not ask.
    answer_id = uuid5(SPACE, f"{actor.tenant}\n{' '.join(sorted(actor.permissions))}\n{key}")
    under_way = door.under_way
    if answer_id in under_way:
        raise ServiceBusy(f"The first request with this {HEADER} is still under way: ask again.")
    under_way.add(answer_id)
    try:
        asked = _fingerprint(request, content)
        try:
            kept = await door.pool.run(find_answer, actor, door.store, answer_id)
        except OperationNotFound:
            answer = await work(uuid5(answer_id, asked.hex()))
            text = json.dumps([answer.status, answer.body.model_dump_json(), answer.headers])
            await door.pool.run(keep_answer, actor, door.store, answer_id, text.encode(), fingerprint=asked)
            return answer.respond()
        if kept.fingerprint != asked:
            raise RepeatedDifferently(f"This {HEADER} came with another request before: use a new one.")
        status, text, headers = json.loads(kept.body)
        return _respond(status, text, headers | {"Idempotency-Replayed": "true"})
    finally:
        under_way.discard(answer_id)


def _fingerprint(request: Request, content: Sequence[bytes]) -> bytes:
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    for part in content:
        digest.update(hashlib.sha256(part).digest())
    return digest.digest()


def _respond(status: int, content: str, headers: dict[str, str]) -> Response:
    return Response(content, status, headers, "application/json")
