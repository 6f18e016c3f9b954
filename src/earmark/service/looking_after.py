"""Signs of life, the work of processes that have died, and the sweep: what goes on beside the jobs."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from earmark.storage.executors import beat, claim, claim_silent, forget_executors, list_silent
from earmark.storage.store import Store

SWEEP = "sweep"  # the name of its lease, among those of executors
FORGET = timedelta(days=1)  # after which nobody asks for a process that has gone

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Timetable:
    """How often, in seconds."""

    beat: float = 5.0
    silent: float = 30.0  # without a sign of life, until a process counts as dead
    sweep: float = 120.0


class Upkeep(Protocol):
    """What is looked after."""

    def begun_by(self) -> dict[str, list[str]]:
        """Return what is being worked on, by the name of the process that began it."""

    def take_over(self, begun: list[str]) -> None:
        """Put work of a process that has died back into the queue."""

    def sweep(self, *, now: datetime) -> object:
        """Remove what is no longer kept, and mend what a crash left."""


def look_after(
    store: Store,
    upkeep: Upkeep,
    executor: str,
    timetable: Timetable,
    stopping: threading.Event,
    describe: Callable[[BaseException], str],
) -> tuple[threading.Thread, ...]:
    """Start two threads: one that does nothing but give signs of life, one for all the rest."""

    def live() -> None:
        beat(store, executor, now=datetime.now(UTC))

    def tend() -> None:
        rescue(store, upkeep, executor, silent=timetable.silent, now=datetime.now(UTC))
        now = datetime.now(UTC)
        if claim(store, SWEEP, since=now - timedelta(seconds=timetable.sweep), now=now):
            upkeep.sweep(now=now)
            forget_executors(store, before=now - FORGET)

    def again(what: Callable[[], None]) -> None:
        while True:
            try:
                what()
            except Exception as error:  # whatever it is, the next time may go well
                log.warning("Looking after jobs did not succeed, and is tried again: %s.", describe(error))
            if stopping.wait(timetable.beat):
                return

    threads = tuple(
        threading.Thread(target=again, args=(what,), name=f"earmark-{what.__name__}", daemon=True)
        for what in (live, tend)
    )
    for thread in threads:
        thread.start()
    return threads


def rescue(store: Store, upkeep: Upkeep, executor: str, *, silent: float, now: datetime) -> int:
    """Take over what processes have begun that give no sign of life; returns how many processes.

    Of several who see it at once one does it: the others would begin anew what that one has begun.
    """
    begun = upkeep.begun_by()
    since = now - timedelta(seconds=silent)
    dead = list_silent(store, begun.keys() - {executor}, since=since, now=now)
    for name in dead:
        if claim_silent(store, name, since=since, now=now):
            upkeep.take_over(begun[name])
            log.warning("A process that worked on jobs has gone: %d are begun anew.", len(begun[name]))
    return len(dead)
