"""Recordings to answers, one line or JSON entry each: one that cannot be used does not stop the others."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from earmark.cli.exits import Exit, exit_for, worst
from earmark.cli.output import about, say, say_json
from earmark.cli.progress import with_progress
from earmark.cli.sources import Recording
from earmark.errors import AudioError, EarmarkError, FileMissing

R = TypeVar("R")


@dataclass(frozen=True)
class Telling(Generic[R]):
    """How a command tells its results."""

    doing: str  # beside the progress bar
    words: Callable[[R], str]  # a result to its line
    shape: Callable[[R, str], Mapping[str, object]]  # a result and its recording's name to JSON
    answer: Callable[[R], Exit] = lambda _: Exit.OK
    yes: str = "usable"  # what the summary calls Exit.OK
    no: str | None = None  # and Exit.NO, where a command knows it


def tell(
    recordings: Sequence[Recording],
    work: Callable[[Recording], R],
    how: Telling[R],
    *,
    alone: bool,
    as_json: bool,
) -> Exit:
    """Carry out `work` on every recording, tell each result as it comes, and sum up at the end.

    `alone`: one recording was named outright; its answer stands by itself, and AboutFile is raised when it
    cannot be used. Raises as well any error that would meet all recordings.
    """
    if alone:
        return _tell_one(recordings[0], work, how, as_json=as_json)
    codes: list[Exit] = []
    entries: list[Mapping[str, object]] = []
    for recording, result in _each(recordings, work, doing=how.doing, quiet=as_json):
        if isinstance(result, EarmarkError):
            codes.append(exit_for(type(result)))
            line = f"{result}"
        else:
            codes.append(how.answer(result))
            line = how.words(result)
        if as_json:
            entries.append(_entry(recording, result, how))
        else:
            say(f"{recording.name}: {line}")
    counts = {"recordings": len(codes), how.yes: codes.count(Exit.OK)}
    if how.no is not None:
        counts[how.no] = codes.count(Exit.NO)
    counts["unusable"] = len(codes) - codes.count(Exit.OK) - codes.count(Exit.NO)
    if as_json:
        say_json({"results": entries, "summary": counts})
    else:
        say(", ".join(f"{count:,} {what}" for what, count in counts.items()) + ".")
    return worst(codes)


def _tell_one(
    recording: Recording, work: Callable[[Recording], R], how: Telling[R], *, as_json: bool
) -> Exit:
    with about(recording.name):
        result = work(recording)
    if as_json:
        say_json(how.shape(result, recording.name))
    else:
        say(how.words(result))
    return how.answer(result)


def _entry(recording: Recording, result: R | EarmarkError, how: Telling[R]) -> Mapping[str, object]:
    if isinstance(result, EarmarkError):
        from earmark.cli.shapes import error_json

        return {"file": recording.name, "error": error_json(result, exit_code=exit_for(type(result)))}
    return how.shape(result, recording.name)


def _each(
    recordings: Sequence[Recording], work: Callable[[Recording], R], *, doing: str, quiet: bool
) -> Iterator[tuple[Recording, R | EarmarkError]]:
    for recording in with_progress(recordings, doing=doing, quiet=quiet):
        try:
            yield recording, work(recording)
        except (AudioError, FileMissing) as error:
            yield recording, error
