"""An unexpected exception to where it happened in our own files, without any value: values may be voices."""

import traceback
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def describe_fault(error: BaseException) -> str:
    """Return such as `KeyError at cli/main.py:70 > service/enrol.py:12`."""
    places = [
        f"{Path(frame.filename).relative_to(PACKAGE).as_posix()}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(PACKAGE)
    ]
    return f"{type(error).__name__} at {' > '.join(places) or 'start'}"
