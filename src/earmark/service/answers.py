"""Answers kept for a day, sealed: operations that are asked for later, and requests that are sent again."""

from datetime import timedelta
from uuid import UUID

from earmark.service.actor import Actor, Permission, needs
from earmark.storage import answers
from earmark.storage.store import Store
from earmark.storage.values import Answer

LIFETIME = timedelta(hours=24)


@needs(Permission.RECOGNISE, Permission.ENROL, Permission.MANAGE)
def keep_answer(
    actor: Actor, store: Store, answer_id: UUID, body: bytes, *, fingerprint: bytes = b""
) -> Answer:
    """Keep an answer for 24 hours, in place of one of the same identifier."""
    return answers.keep_answer(
        actor.tenant, store, answer_id, body, fingerprint=fingerprint, lifetime=LIFETIME
    )


@needs(Permission.RECOGNISE, Permission.ENROL, Permission.MANAGE)
def find_answer(actor: Actor, store: Store, answer_id: UUID) -> Answer:
    """Return what was kept; OperationNotFound when there is nothing, or it has expired."""
    return answers.find_answer(actor.tenant, store, answer_id)
