"""Jobs to work that is done, whatever happens to this process, and their ends to webhooks."""

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

from earmark.errors import NotFound, StoreError
from earmark.service.actor import Actor, Permission
from earmark.service.durable import Durable, Line
from earmark.service.executor_id import hold_executor_id
from earmark.service.job_work import Done, Workshop, work
from earmark.service.jobs import JobRules
from earmark.service.looking_after import Timetable, look_after
from earmark.service.media import MediaRules
from earmark.service.retention import Retention, Swept, sweep
from earmark.service.webhooks import Failure, Write, attempt
from earmark.storage import jobs as rows
from earmark.storage.blobs import MediaStore
from earmark.storage.store import Store
from earmark.voice.engine import Engine

JOBS, TELLING = "jobs", "telling"
TELLERS, TELLERS_OF_TENANT = 16, 2  # webhooks called at once: a slow receiver holds up its own tenant alone
RETRY = 20.0  # seconds until a job is tried again that met a store which could not be used

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Work:
    """How a process works on jobs."""

    workers: int = 1  # jobs at once; 0 leaves them to other processes
    rules: JobRules = field(default_factory=JobRules)
    media_rules: MediaRules = field(default_factory=MediaRules)
    retention: Retention = field(default_factory=Retention)
    timetable: Timetable = field(default_factory=Timetable)
    waits: tuple[float, ...] = (0.0, 60.0, 300.0)  # seconds before a webhook is tried again
    drain_seconds: float = 30.0  # that running jobs get to stop in good order


class JobQueue:
    """The queue of jobs, and this process's part in working on it; close it."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        media: MediaStore,
        how: Work,
        *,
        writers: Mapping[str, Write],
        describe: Callable[[BaseException], str],
    ) -> None:
        """Begin to work. `writers` write each door's webhooks, `describe` words exceptions without values."""
        self.media, self.rules, self.how = media, how.rules, how
        self._store, self._writers, self._describe = store, writers, describe
        self._stopping = threading.Event()
        self._waiting: dict[UUID, set[Callable[[], None]]] = defaultdict(set)
        self._lock = threading.Lock()
        seconds = how.retention.running.total_seconds()
        self._shop = Workshop(store, engine, self, how.media_rules, seconds, describe)
        self.executor, self._give_back = hold_executor_id(store.home)
        tellers = TELLERS if how.workers else 0
        lines = (
            Line(JOBS, self._work, how.workers),
            Line(TELLING, self._tell, tellers, at_once_each=TELLERS_OF_TENANT, poll=0.3),
        )
        self._threads: tuple[threading.Thread, ...] = ()
        try:
            self._durable = Durable(store)
        except BaseException:
            self._give_back()
            raise
        try:
            self._durable.launch(self.executor, lines)
        except BaseException:
            self.close()
            raise
        self._threads = look_after(store, self, self.executor, how.timetable, self._stopping, describe)

    def close(self) -> None:
        """Put off what is being worked on, and stop. What is put off is done by the next process."""
        self._stopping.set()
        self._durable.close(drain_seconds=self.how.drain_seconds)
        for thread in self._threads:
            thread.join(self.how.drain_seconds)
        self._give_back()

    def enqueue(self, tenant: str, job_id: UUID, *, turn: int, within: object = None) -> None:
        """Have a job worked on; `within` a transaction of the store, once that has ended well."""
        self._put(tenant, str(job_id), turn=turn, within=within)

    def tell(self, tenant: str, job_id: UUID) -> None:
        """Wake whoever waits for a job here, and have its webhook called where its end is to be told."""
        with self._lock:
            waiting = self._waiting.pop(job_id, set())
        for wake in waiting:
            wake()
        if rows.is_to_tell(tenant, self._store, job_id):
            self._durable.put(TELLING, f"{job_id}.told0", tenant, str(job_id), 0, None, tenant=tenant)

    async def wait(self, job_id: UUID, seconds: float) -> None:
        """Wait until a job ends in this process, and no longer than `seconds`: others are not heard here."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(ended.set)

        with self._lock:
            self._waiting[job_id].add(wake)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), seconds)
        finally:
            with self._lock:
                self._waiting[job_id].discard(wake)
                if not self._waiting[job_id]:
                    del self._waiting[job_id]

    def waiting(self) -> set[str]:
        """Return the jobs that are in the queue or worked on, by identifier."""
        return {entry.partition(".")[0] for entry in self._durable.entries(JOBS)}

    def forget_done(self, *, before: datetime) -> int:
        """Forget what was done before then; returns how much."""
        return self._durable.forget_done(before=before)

    def begun_by(self) -> dict[str, list[str]]:
        """Return what is worked on, by the process that began it."""
        return self._durable.begun_by()

    def take_over(self, begun: list[str]) -> None:
        """Put what was begun by a process that has died back into the queue."""
        self._durable.take_over(begun)

    def sweep(self, *, now: datetime | None = None) -> Swept:
        """Remove what is no longer kept, and mend what a crash left."""
        return sweep(
            self._store, self.media, self, now=now or datetime.now(UTC), retention=self.how.retention
        )

    def _put(self, tenant: str, job_id: str, *, turn: int, delay: float = 0.0, within: object = None) -> None:
        entry = f"{job_id}.{uuid4().hex[:8]}"
        self._durable.put(JOBS, entry, tenant, job_id, turn, priority=turn, delay=delay, within=within)

    def _work(self, tenant: str, job_id: str, turn: int) -> None:
        done = work(self._shop, tenant, UUID(job_id), halted=self._stopping.is_set)
        if done is not Done.ENDED:
            self._put(tenant, job_id, turn=turn, delay=RETRY if done is Done.TRY_AGAIN else 0.0)

    def _tell(self, tenant: str, job_id: str, number: int, reason: str | None) -> None:
        """Try once; what fails is tried again later, as another entry, so that waiting holds up nobody."""
        waits = self.how.waits
        again: tuple[int, str | None, float]
        try:
            failure = attempt(
                Actor(tenant, frozenset({Permission.RECOGNISE})),
                self._store,
                UUID(job_id),
                writers=self._writers,
                policy=self.rules.webhook_policy,
                number=number,
                reason=None if reason is None else Failure(reason),
            )
            if failure is None or failure is Failure.REFUSED or number >= len(waits):
                rows.mark_told(tenant, self._store, UUID(job_id))
                return
            again = (number + 1, str(failure), waits[number])
        except NotFound:  # the job or its tenant was deleted meanwhile
            return
        except StoreError:
            again = (number, reason, RETRY)
        except Exception as error:
            log.warning("A webhook could not be called: %s.", self._describe(error))
            rows.mark_told(tenant, self._store, UUID(job_id))
            return
        entry = f"{job_id}.told{again[0]}" + ("" if again[0] > number else f".{uuid4().hex[:8]}")
        self._durable.put(TELLING, entry, tenant, job_id, again[0], again[1], tenant=tenant, delay=again[2])
