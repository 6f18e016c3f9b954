"""What FastAPI cannot see of Azure's requests, for the OpenAPI document: they are read by hand."""

from typing import Any

from earmark.api.azure.limits import LOCALES, PASSPHRASE_LOCALES, Scenario

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
SIZE: Schema = {"type": "integer", "minimum": 1, "maximum": 500}
ONE_ID: Schema = {"type": "string", "format": "uuid"}


def parameter(name: str, schema: Schema, description: str, *, required: bool = False) -> Schema:
    """Return the description of a query parameter."""
    return {"name": name, "in": "query", "required": required, "schema": schema, "description": description}


IDS = parameter("profileIds", TEXT, "GUIDs with commas between.", required=True)
V1_IDS = parameter("identificationProfileIds", TEXT, "GUIDs with commas between.", required=True)
V1_ID = parameter("verificationProfileId", ONE_ID, "Whose voice it should be.", required=True)
V1_SHORT = parameter("shortAudio", FLAG, "Take any amount of speech.")
IGNORE_LENGTH = parameter("ignoreMinLength", FLAG, "Take any amount of speech.")
PAGE = (
    parameter("maxpagesize", SIZE, "How many profiles."),
    parameter("token", TEXT, "From nextLink."),
)
PAGE_V2 = (
    parameter("$top", SIZE, "How many profiles."),
    parameter("$continuationToken", TEXT, "From @nextLink."),
)


def with_parameters(*parameters: Schema) -> Schema:
    """Return an operation's own query parameters."""
    return {"parameters": list(parameters)}


def locale_body(scenario: Scenario) -> Schema:
    """Return the body that makes a profile."""
    known = PASSPHRASE_LOCALES if scenario.dependent else LOCALES
    schema = {
        "type": "object",
        "required": ["locale"],
        "properties": {"locale": {"type": "string", "enum": list(known)}},
    }
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def audio_body(*parameters: Schema) -> Schema:
    """Return a body that is a recording, whatever type it says it has."""
    body = {
        "required": True,
        "description": "WAV: PCM of 16 kHz, 16 bit, mono.",
        "content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}},
    }
    return {"requestBody": body, "parameters": list(parameters)}
