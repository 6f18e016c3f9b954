"""A home folder to the name that a process works on jobs under: the same after a restart, never twice."""

import os
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

FILE = "executor"


def hold_executor_id(home: Path) -> tuple[str, Callable[[], None]]:
    """Return a name that no other process has, and what gives it back.

    The first process of a home folder has the name in the file `executor`, so that after a crash it goes on
    at once with what it had begun. Others have a new one, and what they leave is taken over by the others.
    The lock ends with the process, however that ends.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return str(uuid4()), lambda: None
    handle = os.open(home / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return str(uuid4()), lambda: None
    known = os.read(handle, 64).decode("ascii", "replace").strip()
    if len(known) != len(str(uuid4())):
        known = str(uuid4())
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{known}\n".encode(), 0)
    return known, lambda: os.close(handle)
