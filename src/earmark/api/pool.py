"""Work for threads, bounded: so many at once, so many waiting, and a clear refusal beyond."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from earmark.errors import ServiceBusy

P = ParamSpec("P")
R = TypeVar("R")


class Pool:
    """Worker threads with a bounded queue; used from one event loop."""

    def __init__(self, *, workers: int, queue: int) -> None:
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="earmark")
        self._free = asyncio.Semaphore(workers)
        self._most_waiting = queue
        self._waiting = 0

    async def run(self, work: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Do the work in a thread and return its result; a caller who is cancelled gives up its place.

        Raises ServiceBusy when as many are waiting as may wait, and what the work raises.
        """
        if self._free.locked() and self._waiting >= self._most_waiting:
            raise ServiceBusy("As much work is waiting as may wait: ask again in a second.", retry_after=1.0)
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        # Held until the thread is done, not until the caller is: a thread cannot be stopped.
        context = contextvars.copy_context()
        done = self._executor.submit(context.run, partial(work, *args, **kwargs))
        loop = asyncio.get_running_loop()
        done.add_done_callback(lambda _: _release(loop, self._free))
        return await asyncio.wrap_future(done)

    def close(self) -> None:
        """Wait for work that has begun, and stop the threads."""
        self._executor.shutdown(wait=True, cancel_futures=True)


def _release(loop: asyncio.AbstractEventLoop, free: asyncio.Semaphore) -> None:
    try:
        loop.call_soon_threadsafe(free.release)
    except RuntimeError:
        return  # the loop has ended: nobody waits any more
