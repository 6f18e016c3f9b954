"""One job from its order to its outcome: fetch, listen, tell how far it is, and end it once."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import BinaryIO
from uuid import UUID

from earmark.errors import EarmarkError, MediaNotFound, NotFound, StoreError
from earmark.service.fetching import fetch
from earmark.service.hearing import hear_order
from earmark.service.jobs import MEDIA, Jobs, finish
from earmark.service.media import MediaRules, reading
from earmark.service.orders import Order, Outcome
from earmark.storage import jobs as rows
from earmark.storage import media as recordings
from earmark.storage.store import Store
from earmark.storage.values import JobState
from earmark.voice.engine import Engine

MOST_ATTEMPTS = 10  # of a job whose process dies, before it is the job that is to blame
EVERY = 1.0  # seconds between two looks at the row: progress out, an end from elsewhere in
FETCHED = timedelta(days=2)  # that a recording is kept at most which nobody removes
FAULT = "A fault of Earmark itself. Please report it with the time at which the job ended."

log = logging.getLogger(__name__)


class Done(Enum):
    """What became of an attempt."""

    ENDED = "ended"  # now or before
    PUT_OFF = "put off"  # this process stops: somebody else begins anew
    TRY_AGAIN = "try again"  # the store cannot be used at the moment


@dataclass(frozen=True)
class Workshop:
    """What jobs are worked on with."""

    store: Store
    engine: Engine
    jobs: Jobs
    rules: MediaRules
    most_seconds: float  # of one job
    describe: Callable[[BaseException], str]  # an unexpected exception, without any value


class _Stop(Exception):
    """The attempt is not to go on."""


class _Halted(_Stop):
    """This process stops."""


class _Gone(_Stop):
    """The job was ended or deleted by somebody else."""


class _TooSlow(_Stop):
    """The job has taken all the time that it may take."""


def work(shop: Workshop, tenant: str, job_id: UUID, *, halted: Callable[[], bool]) -> Done:
    """Carry out a job that has not ended. Raises nothing: what goes wrong is how the job ends.

    What a process that was killed had done of it is done again.
    """
    if halted():
        return Done.PUT_OFF
    try:
        return _attempt(shop, tenant, job_id, halted)
    except NotFound:  # the job or its tenant was deleted meanwhile
        return Done.ENDED
    except StoreError as error:
        log.warning("A job is tried again: the store cannot be used (%s).", error.code)
        return Done.TRY_AGAIN
    except Exception as error:
        log.exception("A job could not be ended: %s.", shop.describe(error))
        return Done.TRY_AGAIN


def _attempt(shop: Workshop, tenant: str, job_id: UUID, halted: Callable[[], bool]) -> Done:
    attempts = rows.begin_job(tenant, shop.store, job_id, now=datetime.now(UTC))
    if attempts is None:
        shop.jobs.tell(tenant, job_id)  # whoever ended it may have died before telling
        return Done.ENDED
    watch = _Watch(shop, tenant, job_id, halted)
    state, outcome = JobState.FAILED, Outcome()
    try:
        if attempts > MOST_ATTEMPTS:
            outcome = Outcome(
                error=f"The job was begun {MOST_ATTEMPTS} times, and the process died each time: the "
                "recording may be at fault. Send it in another format.",
                code="interrupted",
            )
        else:
            outcome = _outcome(shop, tenant, job_id, watch)
            state = JobState.SUCCEEDED
    except _Halted:
        rows.put_off_job(tenant, shop.store, job_id, now=datetime.now(UTC))
        return Done.PUT_OFF
    except _Gone:
        return Done.ENDED
    except _TooSlow:
        outcome = Outcome(
            error=f"The job was stopped after {shop.most_seconds / 3600:.3g} h: cut the recording.",
            code="job_timed_out",
        )
    except StoreError:
        raise
    except EarmarkError as error:
        outcome = Outcome(error=str(error), code=error.code)
    except Exception as error:
        log.exception("A job failed: %s.", shop.describe(error))
        outcome = Outcome(error=FAULT, code=EarmarkError.code)
    finish(tenant, shop.store, shop.jobs, job_id, state, outcome)
    return Done.ENDED


def _outcome(shop: Workshop, tenant: str, job_id: UUID, watch: "_Watch") -> Outcome:
    kept = rows.read_order(tenant, shop.store, job_id)
    if kept is None:
        raise _Gone
    order = Order.from_bytes(kept)
    with _recording(shop, tenant, job_id, order, watch) as file:
        heard = hear_order(tenant, shop.store, shop.engine, order, file, told=watch.told)
    return replace(heard, model=shop.engine.entry.id)


class _Watch:
    """Looks up from the work now and then, and stops it when there is a reason."""

    def __init__(self, shop: Workshop, tenant: str, job_id: UUID, halted: Callable[[], bool]) -> None:
        self._shop, self._tenant, self._job_id, self._halted = shop, tenant, job_id, halted
        self._progress = 0.0
        self._next = time.monotonic() + EVERY
        self._end = time.monotonic() + shop.most_seconds

    def told(self, progress: float) -> None:
        """Take how much is done, 0 to 1. Raises `_Stop`."""
        self._progress = min(max(progress, self._progress), 0.99)
        self.look()

    def look(self) -> None:
        """Stop the work where there is a reason to. Raises `_Stop`."""
        if self._halted():
            raise _Halted
        now = time.monotonic()
        if now > self._end:
            raise _TooSlow
        if now < self._next:
            return
        self._next = now + EVERY
        at = datetime.now(UTC)
        if not rows.report_progress(self._tenant, self._shop.store, self._job_id, self._progress, now=at):
            raise _Gone


@contextmanager
def _recording(shop: Workshop, tenant: str, job_id: UUID, order: Order, watch: _Watch) -> Iterator[BinaryIO]:
    """The job's recording as a file, fetched first where it is elsewhere."""
    blobs = shop.jobs.media
    media_id = recordings.media_of_job(tenant, shop.store, job_id)
    try:
        if media_id is None:
            raise MediaNotFound("It is still to be fetched.")
        sealed = recordings.open_file(tenant, shop.store, blobs, media_id)
    except MediaNotFound:
        if order.source.startswith(MEDIA):  # replaced between the order and the queue
            media_id, _ = recordings.find_media(tenant, shop.store, order.source.removeprefix(MEDIA))
        elif "://" not in order.source:  # it came with the order
            raise
        else:
            media_id = _fetch(shop, tenant, job_id, order.source, watch)
        sealed = recordings.open_file(tenant, shop.store, blobs, media_id)
    sealed.look = watch.look
    with reading(sealed) as file:
        yield file


def _fetch(shop: Workshop, tenant: str, job_id: UUID, address: str, watch: _Watch) -> UUID:
    begun = recordings.media_of_job(tenant, shop.store, job_id)
    if begun is not None:  # by a process that died
        recordings.remove_media(tenant, shop.store, shop.jobs.media, begun)

    def pieces() -> Iterator[bytes]:
        for piece in fetch(address, policy=shop.jobs.rules.policy, most_bytes=shop.rules.most_bytes):
            watch.look()
            yield piece

    media_id, _ = recordings.put_media(
        tenant,
        shop.store,
        shop.jobs.media,
        None,
        pieces(),
        job_id=job_id,
        most_bytes=shop.rules.most_bytes,
        tenant_bytes=shop.rules.tenant_bytes,
        lifetime=FETCHED,
    )
    return media_id
