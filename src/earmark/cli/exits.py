"""Errors to exit codes: what a script that calls `earmark` can rely on."""

from enum import IntEnum

from earmark.errors import AudioError, EarmarkError, NotFound, ServiceError, StoreError, UsageError


class Exit(IntEnum):
    """The exit codes; the sentence of each stands in `MEANING`."""

    OK = 0
    NO = 1
    USAGE = 2
    AUDIO = 3
    NOT_FOUND = 4
    STORE = 5
    SERVICE = 6
    INTERNAL = 70  # EX_SOFTWARE of sysexits.h
    INTERRUPTED = 130  # 128 + SIGINT, as shells have it


MEANING: dict[Exit, str] = {
    Exit.OK: "accepted, somebody was identified, or the command did what was asked",
    Exit.NO: "rejected, or nobody was identified",
    Exit.USAGE: "the command was used wrongly, or cannot be carried out as asked",
    Exit.AUDIO: "a recording cannot be used",
    Exit.NOT_FOUND: "a file, profile or model is not there",
    Exit.STORE: "the store cannot be used",
    Exit.SERVICE: "the service cannot start, be reached, or answer now",
    Exit.INTERNAL: "a fault of Earmark itself: please report it",
    Exit.INTERRUPTED: "stopped by Ctrl-C",
}

_FAMILIES: tuple[tuple[type[EarmarkError], Exit], ...] = (
    (AudioError, Exit.AUDIO),
    (NotFound, Exit.NOT_FOUND),
    (UsageError, Exit.USAGE),
    (StoreError, Exit.STORE),
    (ServiceError, Exit.SERVICE),
)


def exit_for(error: type[EarmarkError]) -> Exit:
    """The exit code of an error class: that of the family it belongs to."""
    for family, code in _FAMILIES:
        if issubclass(error, family):
            return code
    return Exit.INTERNAL


def worst(codes: list[Exit]) -> Exit:
    """One exit code for several recordings: the gravest that occurs."""
    order = (Exit.INTERNAL, Exit.STORE, Exit.SERVICE, Exit.AUDIO, Exit.USAGE, Exit.NOT_FOUND, Exit.NO)
    return next((code for code in order if code in codes), Exit.OK)
