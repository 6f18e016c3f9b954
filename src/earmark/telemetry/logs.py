"""Events to structured log lines on standard error, our own and those of libraries alike."""

import logging
import sys
from typing import Literal

import structlog

# Libraries that would write requests' paths with their queries, in which clients put keys, or values.
QUIET = (
    *("uvicorn", "uvicorn.error", "uvicorn.access", "websockets", "multipart", "alembic"),
    *("httpx", "httpcore"),
)


def set_up_logs(*, level: str = "info", form: Literal["auto", "json", "text"] = "auto") -> None:
    """Send structlog's and the standard library's events to standard error, one line each."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    as_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if as_text
        else structlog.processors.JSONRenderer(sort_keys=True)
    )
    handler = logging.StreamHandler(sys.stderr)
    # No `format_exc_info`: a traceback shows values. Faults are described by telemetry/faults.py.
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                _drop_exceptions,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _drop_exceptions(
    _logger: object, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    for field in ("exc_info", "exception", "stack_info"):
        event.pop(field, None)
    record = event.get("_record")
    if record is not None:
        record.exc_info = record.exc_text = None
    return event
