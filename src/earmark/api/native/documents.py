"""What FastAPI cannot see from a signature, for the OpenAPI document: bodies read by hand, and refusals."""

from typing import Any, get_args

from pydantic import BaseModel

from earmark.api.native import wire
from earmark.api.native.errors import MEDIA_TYPE
from earmark.voice.decode.limits import MAX_CHANNELS, MAX_RATE, MIN_RATE, Encoding

AUDIO_TYPES = (
    *("audio/wav", "audio/flac", "audio/ogg", "audio/mpeg", "audio/mp4", "audio/L16"),
    "application/octet-stream",
)
STREAMED_TYPES = tuple(kind for kind in AUDIO_TYPES if kind != "audio/L16")
BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
PROBLEMS = {
    400: "The request cannot be read.",
    401: "The key is missing or not valid.",
    403: "The key lacks a role.",
    404: "There is no such thing.",
    408: "The body did not arrive in time.",
    409: "It contradicts what is stored.",
    412: "It was changed since it was read.",
    413: "The body is too large.",
    415: "The body is no recording that can be read.",
    422: "The request or the recording cannot be used.",
    423: "Too many attempts on the profile have failed.",
    429: "Too much work is waiting.",
    500: "A fault of the service.",
    503: "The store cannot be used.",
}
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {MEDIA_TYPE: {"schema": wire.Problem.model_json_schema()}}}
    for status, text in PROBLEMS.items()
}
IF_MATCH: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that the profile must still have.",
    "schema": {"type": "string"},
}
IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text of your own: the request is carried out once, however often it is sent in 24 h.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
RAW_SCHEMAS: dict[str, dict[str, Any]] = {
    "encoding": {"type": "string", "enum": list(get_args(Encoding))},
    "sample_rate": {"type": "integer", "minimum": MIN_RATE, "maximum": MAX_RATE, "default": 16_000},
    "channels": {"type": "integer", "minimum": 1, "maximum": MAX_CHANNELS, "default": 1},
}
RAW: tuple[dict[str, Any], ...] = tuple(
    {"name": name, "in": "query", "required": False, "schema": schema, "description": "Of headerless PCM."}
    for name, schema in RAW_SCHEMAS.items()
)


def json_body(model: type[BaseModel], *parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a body of JSON."""
    schema = model.model_json_schema()
    return _described({"application/json": {"schema": schema}}, parameters, required="required" in schema)


def audio_body(
    *parameters: dict[str, Any], several: bool = False, **fields: dict[str, Any]
) -> dict[str, Any]:
    """Return the description of a body that is a recording, or a form with recordings and fields."""
    one: dict[str, Any] = BINARY["schema"]
    audio = {"type": "array", "items": one, "minItems": 1} if several else one
    form = {"type": "object", "required": ["audio"], "properties": {"audio": audio, **fields}}
    # The form first: generators of clients take the first that they can write, and recordings come as files.
    content = {"multipart/form-data": {"schema": form}} | dict.fromkeys(AUDIO_TYPES, BINARY)
    return _described(content, (*RAW, *parameters), required=True)


def diarization_body(*parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a body that is JSON, or a recording with the same options in the query."""
    asked = wire.NewDiarization.model_json_schema()
    content = {"application/json": {"schema": asked}} | dict.fromkeys(STREAMED_TYPES, BINARY)
    options = [
        {"name": name, "in": "query", "required": False, "schema": schema, "description": "Of a recording."}
        for name, schema in wire.DiarizationOptions.model_json_schema()["properties"].items()
    ]
    return _described(content, (*options, *parameters), required=True)


def _described(
    content: dict[str, Any], parameters: tuple[dict[str, Any], ...], *, required: bool
) -> dict[str, Any]:
    return {"requestBody": {"required": required, "content": content}, "parameters": list(parameters)}
