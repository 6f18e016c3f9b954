"""An operation on diarizations to a request, and its answer to a value; no connection here."""

import io
import os
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypedDict
from uuid import UUID

import httpx

from earmark.api.native import wire
from earmark.client.calls import Audio, Call, as_model, fresh_key, given, guid_of, nothing
from earmark.errors import FileMissing, InvalidArgument

PATH = "/v1/diarizations"
HOLD = 15.0  # seconds that the service may wait with an answer
Who = Collection[UUID | str] | Literal["all"]
TurnsFormat = Literal["rttm", "srt", "svg"]


class Asked(TypedDict, total=False):
    """What is asked of a recording; None is left to the service."""

    speakers: int | None
    min_speakers: int | None
    max_speakers: int | None
    who: Who | None
    threshold: float | None
    exclusive: bool | None
    remember: bool | None
    webhook: str | None
    webhook_status_only: bool | None


def create(recording: Audio | None, source: str | None, asked: Asked) -> Call[wire.Diarization]:
    """Send a recording, or the address of one."""
    if (recording is None) == (source is None):
        raise InvalidArgument("Give either a recording or, as `source`, the address of one.")
    who = asked.get("who")
    named = None if who is None else ["all"] if who == "all" else [str(one) for one in who]
    if named == []:
        raise InvalidArgument("`who` names nobody: leave it out to look for nobody.")
    options = given(**dict(asked) | {"who": named})
    answer = as_model(wire.Diarization)
    if recording is None:
        body = options | {"source": source}
        return Call("POST", PATH, answer, headers=fresh_key(), json=body)
    opened, again = _opener(recording)
    headers = fresh_key() | {"Content-Type": "application/octet-stream"}
    params = {name: _text(value) for name, value in options.items()}
    return Call("POST", PATH, answer, params=params, headers=headers, stream=opened, repeatable=again)


def list_page(state: wire.JobState | None, limit: int, cursor: str | None) -> Call[wire.DiarizationPage]:
    """Ask for one page of diarizations."""
    params = given(state=state, limit=limit, cursor=cursor)
    return Call("GET", PATH, as_model(wire.DiarizationPage), params=params)


def show(diarization: UUID | str, wait: float) -> Call[wire.Diarization]:
    """Ask for a diarization, at once or when it has ended."""
    return Call("GET", _path(diarization), as_model(wire.Diarization), params={"wait": wait} if wait else {})


def show_turns(diarization: UUID | str, form: TurnsFormat, *, exclusive: bool) -> Call[str]:
    """Ask for the turns as other programs read them."""
    params = {"format": form, "exclusive": _text(exclusive)}
    return Call("GET", f"{_path(diarization)}/turns", lambda response: response.text, params=params)


def cancel(diarization: UUID | str) -> Call[wire.Diarization]:
    """End a diarization."""
    return Call("POST", f"{_path(diarization)}/cancel", as_model(wire.Diarization))


def delete(diarization: UUID | str) -> Call[None]:
    """Delete a diarization."""
    return Call("DELETE", _path(diarization), nothing)


def has_ended(found: wire.Diarization) -> bool:
    """Whether nothing more will come of it."""
    return found.state not in ("created", "running")


def hold_seconds(timeout: httpx.Timeout, left: float) -> float:
    """How long the service may wait with an answer: well within what the client waits itself."""
    return max(0.0, min(HOLD, left, HOLD if timeout.read is None else timeout.read / 2))


def _path(diarization: UUID | str) -> str:
    return f"{PATH}/{guid_of(diarization)}"


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _opener(audio: Audio) -> tuple[Callable[[], AbstractContextManager[BinaryIO]], bool]:
    """Return what opens a recording at its start, and whether it can be opened again."""
    if isinstance(audio, bytes):
        return lambda: io.BytesIO(audio), True
    if isinstance(audio, str | os.PathLike):
        path = Path(audio)
        return lambda: _open(path), True
    if not audio.seekable():
        return lambda: nullcontext(audio), False
    start = audio.tell()

    def rewound() -> AbstractContextManager[BinaryIO]:
        audio.seek(start)
        return nullcontext(audio)

    return rewound, True


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise FileMissing(f"The file {path} cannot be read ({error.strerror}): check the path.") from None
