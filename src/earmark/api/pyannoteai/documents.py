"""What FastAPI cannot see of pyannoteAI's requests, for the OpenAPI document: they are read by hand."""

from typing import Any

from pydantic import BaseModel

from earmark.api.pyannoteai import wire

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": wire.Invalid, "description": "Something in the request is wrong."},
    401: {"model": wire.Refused, "description": "The key is missing or not valid."},
    403: {"model": wire.Refused, "description": "The key lacks a role."},
    404: {"model": wire.Refused, "description": "There is no such job or recording."},
    408: {"model": wire.Refused, "description": "The body did not arrive in time."},
    409: {"model": wire.Refused, "description": "It contradicts what is stored."},
    413: {"model": wire.Refused, "description": "The body is too large."},
    429: {"model": wire.Refused, "description": "As many jobs are unfinished as may be."},
    500: {"model": wire.Refused, "description": "A fault of the service."},
    503: {"model": wire.Refused, "description": "The store cannot be used."},
}
RECORDING: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A recording, whatever type it says it has.",
        "content": {"application/octet-stream": RECORDING},
    }
}

DOWNLOAD: dict[str, Any] = {
    "description": "The recording.",
    "content": {"application/octet-stream": RECORDING},
}


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """Return the description of a body of JSON."""
    schema = model.model_json_schema()
    whole = _inline(schema, schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": whole}}}}


def _inline(schema: Any, parts: dict[str, Any]) -> Any:
    """Put the parts of a schema where they are referred to: what is written by hand has no components."""
    if isinstance(schema, list):
        return [_inline(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline(parts[schema["$ref"].rpartition("/")[2]], parts)
    return {name: _inline(one, parts) for name, one in schema.items()}
