"""A request to what a use case takes: JSON by a model, recordings in every shape, and conditions (ETag)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

import numpy as np
from fastapi import Query
from pydantic import BaseModel, ValidationError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from earmark.api.body import read_body
from earmark.api.door import Door
from earmark.api.parts import Part, read_boundary, read_parts
from earmark.errors import AudioEmpty, AudioNotRecognised, InvalidArgument, InvalidRequest
from earmark.storage.values import Profile
from earmark.voice.audio import RawFormat

M = TypeVar("M", bound=BaseModel)
JSON_BYTES = 1 << 20
ETAG = re.compile(r'"(\d{1,18})"')

Fmr = Annotated[
    float | None,
    Query(gt=0, lt=0.5, description="False-match rate to decide by, instead of the service's own."),
]


@dataclass(frozen=True)
class Recordings:
    """What a request carries to be listened to."""

    audios: Sequence[bytes]
    raw: RawFormat | None  # for PCM without a header
    fields: dict[str, list[str]] = field(default_factory=dict)  # of a form, beside its recordings

    def content(self) -> list[bytes]:
        """Return all that came, whatever boundary it came between."""
        texts = [f"{name}={value}" for name, values in sorted(self.fields.items()) for value in values]
        return [*self.audios, *(text.encode() for text in texts)]


async def read_json(request: Request, model: type[M]) -> M:
    """Return the body as the model; InvalidRequest names what is wrong, without its value.

    The body is read when the caller is known, and never more of it than JSON needs.
    """
    body = await read_body(request, most=JSON_BYTES)
    try:
        return model.model_validate_json(body or b"{}")
    except ValidationError as error:
        raise problem_of(error) from None


def problem_of(error: ValidationError) -> InvalidRequest:
    """Return the error that says what is wrong in which fields, without their values."""
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    return InvalidRequest("; ".join(_problem(one) for one in problems) + ".")


async def read_recordings(request: Request, door: Door) -> Recordings:
    """Return the recordings of a body: one by itself, or the parts `audio` of a form.

    A recording by itself may be PCM without a header: `audio/L16; rate=16000; channels=1` (RFC 2586), or
    any type with `encoding`, `sample_rate` and `channels` in the query. Raises AudioEmpty, AudioTooLarge,
    AudioNotRecognised (JSON or a page instead of audio), InvalidRequest.
    """
    body = await read_body(request, most=door.settings.upload_bytes)
    content_type = request.headers.get("content-type")
    boundary = read_boundary(content_type)
    if boundary is not None:
        return _of_form(read_parts(body, boundary), _raw_format(request))
    if not body:
        raise AudioEmpty("The request has no recording in its body: send one.")
    kind, options = parse_options_header(content_type)
    if kind in (b"application/json", b"application/x-www-form-urlencoded", b"multipart/form-data"):
        raise AudioNotRecognised("The body is no recording: send it as audio/wav, say, or as a form's part.")
    if kind == b"audio/l16":
        return _of_l16(body, options)
    return Recordings([body], _raw_format(request))


def one_recording(recordings: Recordings) -> bytes:
    """Return the only recording; InvalidRequest when there are more."""
    if len(recordings.audios) != 1:
        raise InvalidRequest(f"{len(recordings.audios)} recordings came, and one is compared: send one.")
    return recordings.audios[0]


def etag(profile: Profile) -> dict[str, str]:
    """Return the header that tells a profile's revision."""
    return {"ETag": f'"{profile.revision}"'}


def expected_revision(request: Request) -> int | None:
    """Return the revision that If-Match asks for; None for any. InvalidArgument."""
    wanted = request.headers.get("if-match")
    if wanted is None or wanted.strip() == "*":
        return None
    found = ETAG.fullmatch(wanted.strip())
    if found is None:
        raise InvalidArgument("If-Match takes one ETag as it was sent, or *.")
    return int(found[1])


def _of_form(parts: list[Part], raw: RawFormat | None) -> Recordings:
    audios = [part.data for part in parts if part.name == "audio"]
    if not audios:
        raise AudioEmpty("The form has no recording: send each one as a part named audio.")
    fields: dict[str, list[str]] = {}
    for part in parts:
        if part.name != "audio":
            fields.setdefault(part.name, []).append(part.data.decode("utf-8", "replace"))
    return Recordings(audios, raw, fields)


def _of_l16(body: bytes, options: dict[bytes, bytes]) -> Recordings:
    rate, channels = options.get(b"rate", b"8000"), options.get(b"channels", b"1")
    if not (rate.isdigit() and channels.isdigit() and len(rate) < 8 and len(channels) < 4):
        raise InvalidArgument("audio/L16 takes rate and channels as numbers.")
    # L16 is in network byte order; a last half sample is left out.
    samples = np.frombuffer(body[: len(body) // 2 * 2], ">i2").astype("<i2").tobytes()
    return Recordings([samples], RawFormat("s16le", int(rate), int(channels)))


def _raw_format(request: Request) -> RawFormat | None:
    query = request.query_params
    encoding = query.get("encoding")
    if encoding is None:
        return None
    rate, channels = query.get("sample_rate", "16000"), query.get("channels", "1")
    if not (rate.isdecimal() and channels.isdecimal() and len(rate) < 8 and len(channels) < 4):
        raise InvalidArgument("sample_rate and channels must be numbers.")
    return RawFormat(encoding, int(rate), int(channels))  # type: ignore[arg-type]  # it checks


def _problem(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"] if isinstance(part, str))
    return f"{where}: {error['msg']}" if where else str(error["msg"])
