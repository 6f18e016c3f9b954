"""A job that has ended to a message at the address that came with it, and the secret that signs messages.

One call of `attempt` is one delivery attempt; who calls it again, and when, is the durable queue's business.
A message may arrive more than once, always with the same job's identifier.
"""

import secrets
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import httpcore

from earmark.errors import AddressRefused
from earmark.service.actor import Actor, Permission, needs
from earmark.service.jobs import find_job, read_order, read_outcome
from earmark.service.orders import Order, Outcome
from earmark.service.outgoing import Policy, TooManyRedirects, request
from earmark.storage.secrets import find_secret, put_secret
from earmark.storage.store import Store
from earmark.storage.values import Job

SECONDS = 10.0  # that a receiver has to answer
REDIRECTS = 2
NAME = "webhooks"
PREFIX = "whsec_"


class Failure(StrEnum):
    """Why an attempt did not arrive."""

    TIMEOUT = "timeout"
    REDIRECTS = "redirects"
    CONNECTION = "connection"
    TLS = "tls"
    STATUS = "status"  # an answer that is no success
    REFUSED = "refused"  # the address may not be called: trying again is no use


@dataclass(frozen=True)
class Attempt:
    """What a message is written for."""

    secret: str
    at: datetime
    number: int  # 0 for the first
    reason: Failure | None  # of the attempt before


@dataclass(frozen=True)
class Message:
    """What is sent."""

    headers: Mapping[str, str]
    body: bytes


# A door's way to tell of a job: each writes as its clients expect.
Write = Callable[[Job, Order, Outcome | None, Attempt], Message]


@needs(Permission.RECOGNISE)
def attempt(
    actor: Actor,
    store: Store,
    job_id: UUID,
    *,
    writers: Mapping[str, Write],
    policy: Policy,
    number: int,
    reason: Failure | None = None,
    now: datetime | None = None,
) -> Failure | None:
    """Tell of a job's end once; None when it arrived, or when there is nobody to tell.

    `writers` has each door by its name. Raises JobNotFound for a job that was deleted meanwhile.
    """
    job = find_job(actor, store, job_id)
    order = read_order(actor, store, job_id)
    if order is None or order.webhook is None or not job.state.ended:
        return None
    outcome = read_outcome(actor, store, job_id)
    secret = _secret(actor.tenant, store)
    written = writers[job.door](
        job, order, outcome, Attempt(secret, now or datetime.now(UTC), number, reason)
    )
    return _send(written, order.webhook.url, policy)


@needs(Permission.MANAGE)
def webhook_secret(actor: Actor, store: Store) -> str:
    """Return the secret that signs the tenant's messages; it is made when first asked for, or needed."""
    return _secret(actor.tenant, store)


@needs(Permission.MANAGE)
def rotate_webhook_secret(actor: Actor, store: Store) -> str:
    """Make a new secret and return it; messages are signed by it from now on."""
    secret = _make()
    put_secret(actor.tenant, store, NAME, secret.encode(), replace=True)
    return secret


def _make() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _secret(tenant: str, store: Store) -> str:
    """Return the tenant's secret; of two who make it at once the first one's stays."""
    found = find_secret(tenant, store, NAME)
    if found is None:
        found = put_secret(tenant, store, NAME, _make().encode(), replace=False)
    return found.decode()


def _send(message: Message, address: str, policy: Policy) -> Failure | None:
    try:
        with request(
            "POST",
            address,
            policy=policy,
            seconds=SECONDS,
            redirects=REDIRECTS,
            body=message.body,
            headers=message.headers,
        ) as answer:
            return None if 200 <= answer.status < 300 else Failure.STATUS
    except TimeoutError:
        return Failure.TIMEOUT
    except TooManyRedirects:
        return Failure.REDIRECTS
    except AddressRefused:
        return Failure.REFUSED
    except ssl.SSLError:
        return Failure.TLS
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
        return Failure.CONNECTION
