"""The OpenAPI document against the service that it describes, by requests that schemathesis makes up."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
import voices
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from server import Server, running_server

AUDIO_TYPES = ("audio/wav", "audio/flac", "audio/ogg", "audio/mpeg", "audio/mp4", "audio/L16")
EXAMPLES = 12  # for each operation
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
# What nobody can make up: identifiers that the service chooses, and a file that only it can write.
OUT_OF_REACH = {
    "GET /spid/v1.0/operations/{operation_id}",
    "DELETE /v1/keys/{key_id}",
    "POST /v1/keys/{key_id}/rotate",
    "POST /v1/profiles/import",
}


@pytest.fixture(scope="module", autouse=True)
def recordings() -> None:
    """Bodies of audio: a recording, the beginning of one, or anything."""
    sound = voices.wav("ada", 1, 2)
    some = st.one_of(st.sampled_from([sound, sound[: len(sound) // 3]]), st.binary(max_size=2_000))
    schemathesis.openapi.media_type(AUDIO_TYPES[0], some, aliases=AUDIO_TYPES[1:])
    for kind in AUDIO_TYPES:
        schemathesis.serializer(kind)(lambda _, value: value if isinstance(value, bytes) else bytes(value))


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: made-up requests revoke keys and delete people."""
    with running_server(tmp_path_factory.mktemp("home")) as running:
        yield running


def test_every_operation_answers_as_documented(described: Server) -> None:
    document: Any = schemathesis.openapi.from_url(f"{described.url}/openapi.json")
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) > 50
    succeeded: set[str] = set()

    with httpx.Client(base_url=described.url, headers=described.headers, timeout=60) as client:
        for operation in operations:
            strategies = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]

            @given(case=st.one_of(*strategies), known=st.sampled_from((0, 1, 2, 2)))
            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            )
            def answers(case: Any, known: int) -> None:
                if known:
                    use_known(case, client)
                if known == 2 and case.media_type in (*AUDIO_TYPES, "application/octet-stream"):
                    clip = ("mary", 4) if is_dependent(case.path) else ("ada", 1, 2)
                    case.body, case.media_type = voices.wav(*clip), "audio/wav"
                answer = case.call_and_validate(checks=CHECKS, headers=described.headers, timeout=30)
                if answer.status_code < 300:
                    succeeded.add(case.operation.label)

            try:
                answers()
            except Exception as error:
                error.add_note(f"operation: {operation.label}")
                raise
    refused = {operation.label for operation in operations} - succeeded
    assert refused <= OUT_OF_REACH, "these were never asked rightly, so little is known of them"


def use_known(case: Any, client: httpx.Client) -> None:
    """Put in what cannot be guessed, so that a request gets as far as its recording."""
    use_known_recording(case, client)
    use_known_words(case, client)
    if case.path == "/v1/rules/{use}" and case.method == "PUT":  # one of three ways to say it, and no other
        case.body = {"fmr": 0.01}
    places = ("profile_id", "profileIds", "identificationProfileIds", "verificationProfileId")
    named = {parameter.name for parameter in case.operation.iter_parameters()}
    if wanted := [name for name in places if name in named]:
        someone = enrolled(client, case.path)
        for name in wanted:
            (case.path_parameters if name == "profile_id" else case.query)[name] = someone
    if "locale" in named:
        (case.path_parameters if "{locale}" in case.path else case.query)["locale"] = "en-US"
    if "api-version" in named:
        case.query["api-version"] = "2021-09-05"
    if "encoding" in named:  # a recording with a header
        for name in ("encoding", "sample_rate", "channels", "profile", "kind"):
            case.query.pop(name, None)
        case.headers.pop("If-Match", None)
    if "ignoreMinLength" in named:
        case.query["ignoreMinLength"] = "true"
    if "shortAudio" in named:
        case.query["shortAudio"] = "true"


def use_known_words(case: Any, client: httpx.Client) -> None:
    """Put in a passphrase that will do, and somebody who can be given a challenge."""
    asked = {"phrase": "seven green bottles stand on the garden wall", "locale": "en-US"}
    if case.path.startswith("/v1/phrases") and case.method == "POST":
        case.body = asked
    elif case.path == "/v1/phrases" and case.method == "DELETE":
        client.post(case.path, json=asked).raise_for_status()
        case.query |= asked
    elif case.path == "/v1/challenges":
        case.body = {"profile": enrolled(client, "/v1/verify")}


def use_known_recording(case: Any, client: httpx.Client) -> None:
    """Put in a recording that was uploaded, or a job that listened to one; nobody is called."""
    path = case.path
    if "{job_id}" in path:
        case.path_parameters["job_id"] = listened(client)
    if "{diarization_id}" in path:
        case.path_parameters["diarization_id"] = listened(client)
    if path == "/pyannoteai/media":
        use = "input" if case.method == "PUT" else "output"
        link = client.post(f"/v1/media/{use}", json={"url": uploaded(client)}).raise_for_status()
        case.query["link"] = link.json()["url"].partition("link=")[2]
    if isinstance(case.body, dict) and (path.startswith("/pyannoteai/") or path == "/v1/diarizations"):
        for name in ("webhook", "numSpeakers", "minSpeakers", "maxSpeakers", "who"):
            case.body.pop(name, None)
        case.body |= {"source" if path == "/v1/diarizations" else "url": uploaded(client)}
        case.body |= {"voiceprints": []} if path.endswith("identify") else {}
        case.body |= {"transcription": False} if path.endswith("diarize") else {}
    if path == "/v1/diarizations" and case.method == "POST":
        for name in ("webhook", "who", "cursor"):
            case.query.pop(name, None)


def uploaded(client: httpx.Client) -> str:
    """Upload a recording; returns its key."""
    key = "media://known.wav"
    link = client.post("/v1/media/input", json={"url": key}).raise_for_status().json()["url"]
    httpx.put(link, content=voices.wav("ada", 1)).raise_for_status()
    return key


def listened(client: httpx.Client) -> str:
    """Make a job, as pyannoteAI's clients do, and wait for its end."""
    asked = {"url": uploaded(client)}
    job = client.post("/v1/diarize", json=asked).raise_for_status().json()["jobId"]
    client.get(f"/v1/jobs/{job}").raise_for_status()
    return str(job)


def is_dependent(path: str) -> bool:
    """Whether a path is about profiles of passphrases."""
    return "dependent" in path.replace("independent", "") or "/spid/v1.0/verif" in path


def enrolled(client: httpx.Client, path: str) -> str:
    """Make a person of the kind that a path is about; they may be gone after the request."""
    kind = "text-independent"
    if not path.startswith("/v1/"):
        kind = "identification" if "dentif" in path else "verification"
        kind = "text-dependent" if is_dependent(path) else kind
    # An example before may have asked for activation phrases.
    client.patch("/v1/tenant", json={"activation": False}).raise_for_status()
    made = client.post("/v1/profiles", json={"kind": kind}).raise_for_status().json()["id"]
    if any(verb in path.lower() for verb in ("verify", "identify")):
        for take in (1, 2, 3) if kind == "text-dependent" else (4,):
            sound = voices.wav("mary" if kind == "text-dependent" else "ada", take)
            client.post(f"/v1/profiles/{made}/enrolments", content=sound).raise_for_status()
    return str(made)
