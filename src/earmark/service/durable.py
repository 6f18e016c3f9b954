"""Calls to calls that survive the process: the one place that knows DBOS, the library that carries them.

Its tables stand in the store's own database and hold tenants and identifiers of jobs, never what was asked.
It runs inside this process: no port, no call to anywhere.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from earmark.storage.job_engine import make_job_engine
from earmark.storage.store import Store

if TYPE_CHECKING:
    from dbos import DBOSConfig, EnqueueOptions

NAME = "earmark"
SCHEMA = "earmark_jobs"  # of the library's tables, where a database has schemas
VERSION = "1"  # of what is queued: what one release accepted, the next one works on
ACTIVE = ["ENQUEUED", "DELAYED", "PENDING"]
DONE = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
PAGE = 500  # entries that are forgotten at a time

log = logging.getLogger(__name__)
_one_at_a_time = threading.Lock()  # the library's state is the process's


@dataclass(frozen=True)
class Line:
    """A queue, and what is called for each entry: it takes the entry's arguments and raises nothing."""

    name: str
    call: Callable[..., None]
    at_once: int  # in this process; 0 leaves it to other processes
    at_once_each: int | None = None  # of one tenant
    poll: float = 0.2  # seconds between two looks


class Durable:
    """Queues whose entries are called at least once, by this process or another; close it."""

    def __init__(self, store: Store) -> None:
        """Prepare the queues; `launch` begins to work."""
        from dbos import DBOSClient, DBOSPortableJSONSerializer

        if not _one_at_a_time.acquire(blocking=False):
            raise RuntimeError("jobs are worked on in this process already: close the others first")
        _silence()
        self._count, self._active = threading.Lock(), 0
        self._store = store
        self._engine = make_job_engine(store)
        self._client = DBOSClient(
            system_database_engine=self._engine,
            dbos_system_schema=SCHEMA,
            serializer=DBOSPortableJSONSerializer(),
            application_name=NAME,
            lazy=True,  # there may be no tables yet
            retry_connection_errors=False,  # who asks is told that the database is away
        )

    def launch(self, executor: str, lines: tuple[Line, ...]) -> None:
        """Make the library's tables where there are none, and begin to work, also on what was begun before.

        Raises StoreError.
        """
        from dbos import DBOS, DBOSPortableJSONSerializer

        config: DBOSConfig = {
            "name": NAME,
            "system_database_engine": self._engine,
            "dbos_system_schema": SCHEMA,
            "executor_id": executor,
            "application_version": VERSION,
            "serializer": DBOSPortableJSONSerializer(),
            "use_listen_notify": False,
            "notification_listener_polling_interval_sec": 0.2,  # also how long it takes to stop
            "log_level": "WARNING",
            "enable_otlp": False,
            "max_executor_threads": sum(line.at_once for line in lines) + 4,
        }
        DBOS(config=config)
        for line in lines:
            DBOS.workflow(name=line.name)(self._counted(line.call))
        DBOS.listen_queues([line.name for line in lines if line.at_once])
        with self._store.database.explained():
            DBOS.launch()
            for line in lines:
                if line.at_once:
                    DBOS.register_queue(
                        line.name,
                        worker_concurrency=line.at_once,
                        partition_worker_concurrency=line.at_once_each,
                        polling_interval_sec=line.poll,
                        on_conflict="always_update",
                    )

    def put(
        self,
        line: str,
        entry: str,
        *arguments: str | int | None,
        tenant: str | None = None,
        priority: int | None = None,
        delay: float = 0.0,
        within: Any = None,
    ) -> None:
        """Put an entry into a queue; one that is in it, or was a moment ago, stays as it is.

        `within` is a connection to the same database: the entry is there when its transaction ends well.
        Raises StoreError.
        """
        options: EnqueueOptions = {
            "workflow_name": line,
            "queue_name": line,
            "workflow_id": entry,
            "app_version": VERSION,
        }
        if tenant is not None:
            options["queue_partition_key"] = tenant
        if priority is not None:
            options["priority"] = priority
        if delay:
            options["delay_seconds"] = delay
        with self._store.database.explained():
            if within is None:
                self._client.enqueue(options, *arguments)
            else:
                self._client.enqueue_in_transaction(within, options, *arguments)

    def entries(self, line: str) -> set[str]:
        """Return the entries that wait in a queue, or are worked on by whichever process."""
        return {one.workflow_id for one in self._list(status=ACTIVE, queue_name=line)}

    def begun_by(self) -> dict[str, list[str]]:
        """Return what is worked on in all queues, by the executor that began it."""
        begun: dict[str, list[str]] = defaultdict(list)
        for one in self._list(status="PENDING"):
            begun[one.executor_id or ""].append(one.workflow_id)
        return dict(begun)

    def take_over(self, entries: list[str]) -> None:
        """Put what was begun by a process that has died back into its queue."""
        by_queue: dict[str, list[str]] = defaultdict(list)
        for one in self._list(status="PENDING", workflow_ids=entries):
            by_queue[one.queue_name or ""].append(one.workflow_id)
        for queue, found in by_queue.items():
            with self._store.database.explained():
                self._client.resume_workflows(found, queue_name=queue)

    def forget_done(self, *, before: datetime) -> int:
        """Forget what was done before then; returns how much."""
        forgotten = 0
        while True:
            found = self._list(status=DONE, completed_before=before.isoformat(), limit=PAGE)
            if not found:
                return forgotten
            with self._store.database.explained():
                self._client.delete_workflows([one.workflow_id for one in found])
            forgotten += len(found)

    def close(self, *, drain_seconds: float) -> None:
        """Begin nothing more, wait for what is being called, and stop."""
        from dbos import DBOS

        with self._count:
            busy = self._active > 0
        # The library looks once a second whether all has ended, also when nothing was begun.
        DBOS.destroy(
            destroy_registry=True, workflow_completion_timeout_sec=max(1, round(drain_seconds)) if busy else 0
        )
        self._client.destroy()
        self._engine.dispose()
        _one_at_a_time.release()

    def _counted(self, call: Callable[..., None]) -> Callable[..., None]:
        def counted(*arguments: str | int | None) -> None:
            with self._count:
                self._active += 1
            try:
                call(*arguments)
            finally:
                with self._count:
                    self._active -= 1

        return counted

    def _list(self, **which: Any) -> list[Any]:
        with self._store.database.explained():
            return self._client.list_workflows(
                **which, application_name=NAME, load_input=False, load_output=False
            )


class _Told(logging.Handler):
    """What the library reports, as a line of ours: where, and none of its text, which may quote values."""

    def emit(self, record: logging.LogRecord) -> None:
        fault = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else "no exception"
        log.warning("The job library reports trouble (%s, %s:%d).", fault, record.filename, record.lineno)


def _silence() -> None:
    """Keep the library from the console: it adds a handler of its own where there is none."""
    library = logging.getLogger("dbos")
    library.handlers[:] = [_Told(logging.WARNING)]
    library.propagate = False
