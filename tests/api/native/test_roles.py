"""What each role may do, by one table: every route below /v1 with a key of one role alone."""

from collections.abc import Iterator
from uuid import UUID

import httpx
import pytest
from api.routes import Route, routes
from server import Server

ALL = {"recognise", "enrol", "manage", "audit"}
MAY: dict[str, set[str]] = {
    "POST /v1/profiles": {"enrol"},
    "GET /v1/profiles": {"manage"},
    "GET /v1/profiles/{profile_id}": {"manage", "enrol"},
    "PATCH /v1/profiles/{profile_id}": {"manage"},
    "DELETE /v1/profiles/{profile_id}": {"manage"},
    "POST /v1/profiles/{profile_id}/reset": {"manage"},
    "POST /v1/profiles/{profile_id}/enrolments": {"enrol"},
    "POST /v1/profiles/{profile_id}/verify": {"recognise"},
    "POST /v1/profiles/export": {"manage"},
    "POST /v1/profiles/import": {"manage"},
    "POST /v1/identify": {"recognise"},
    "POST /v1/inspect": {"recognise", "enrol"},
    "POST /v1/diarizations": {"recognise"},
    "GET /v1/diarizations": {"recognise"},
    "GET /v1/diarizations/{diarization_id}": {"recognise"},
    "GET /v1/diarizations/{diarization_id}/turns": {"recognise"},
    "POST /v1/diarizations/{diarization_id}/cancel": {"recognise"},
    "DELETE /v1/diarizations/{diarization_id}": {"recognise"},
    "GET /v1/webhook-secret": {"manage"},
    "POST /v1/webhook-secret/rotate": {"manage"},
    # pyannoteAI's
    "GET /v1/test": ALL,
    "POST /v1/media/input": {"recognise"},
    "POST /v1/media/output": {"recognise"},
    "POST /v1/diarize": {"recognise"},
    "POST /v1/voiceprint": {"recognise"},
    "GET /v1/jobs": {"recognise"},
    "GET /v1/jobs/{job_id}": {"recognise"},
    "GET /v1/keys": {"manage"},
    "POST /v1/keys": {"manage"},
    "DELETE /v1/keys/{key_id}": {"manage"},
    "POST /v1/keys/{key_id}/rotate": {"manage"},
    "GET /v1/tenant": ALL,
    "PATCH /v1/tenant": {"manage"},
    "GET /v1/rules": ALL,
    "PATCH /v1/rules": {"manage"},
    "PUT /v1/rules/{use}": {"manage"},
    "DELETE /v1/rules/{use}": {"manage"},
    "GET /v1/profiles/{profile_id}/renewal": {"manage", "enrol"},
    "DELETE /v1/profiles/{profile_id}/learned": {"manage"},
    "GET /v1/me": ALL,
    "GET /v1/phrases": ALL,
    "POST /v1/phrases": {"manage"},
    "DELETE /v1/phrases": {"manage"},
    "POST /v1/phrases/examine": {"manage", "enrol"},
    "POST /v1/challenges": {"recognise"},
    "GET /v1/profiles/{profile_id}/lock": {"manage", "recognise"},
    "DELETE /v1/profiles/{profile_id}/lock": {"manage"},
}
NATIVE = [route for route in routes() if route.path.startswith("/v1/")]


@pytest.fixture(scope="module")
def keys(server: Server) -> Iterator[dict[str, httpx.Client]]:
    """A client for every role alone."""
    with httpx.Client(base_url=server.url, headers=server.headers) as first:
        made = {role: first.post("/v1/keys", json={"roles": [role]}).json()["secret"] for role in ALL}
    clients = {
        role: httpx.Client(base_url=server.url, headers={"X-API-Key": key}) for role, key in made.items()
    }
    yield clients
    for client in clients.values():
        client.close()


def test_the_table_has_every_route() -> None:
    assert {f"{route.method} {route.path}" for route in NATIVE} == set(MAY)


@pytest.mark.parametrize("route", NATIVE, ids=lambda route: f"{route.method} {route.path}")
def test_a_role_opens_what_the_table_says(route: Route, keys: dict[str, httpx.Client]) -> None:
    wav = {"content-type": "audio/wav"}
    forms = {
        "/v1/profiles/import": {"data": {"passphrase": "x" * 8}, "files": {"file": b"x"}},
        "/v1/profiles/export": {"json": {"passphrase": "x" * 8}},
        "/v1/keys": {"json": {"roles": ["manage"]}},
        "/v1/tenant": {"json": {"keep_audio": True}},
        "/v1/phrases": {"json": {"phrase": "be yourself"}},
        "/v1/phrases/examine": {"json": {"phrase": "be yourself"}},
        "/v1/challenges": {"json": {"profile": str(UUID(int=1))}},
        "/v1/rules/{use}": {"json": {"fmr": 0.01}},
        "/v1/diarizations": {"json": {"source": "media://a"}},
    }
    recording = {"url": "media://a", "voiceprints": []}  # for those of pyannoteAI's that take a body
    forms |= {f"/v1/{name}": {"json": recording} for name in ("diarize", "voiceprint")}
    forms |= {f"/v1/media/{name}": {"json": recording} for name in ("input", "output")}
    forms |= {route.path: {"json": recording}} if route.json else {}
    listens = route.path.endswith(("enrolments", "verify", "identify", "inspect"))
    usual = {"content": b"x", "headers": wav} if listens else {"json": {}}
    request = {} if route.method == "GET" else forms.get(route.path, usual)
    for role, client in keys.items():
        answer = client.request(route.method, route.url(), **request)  # type: ignore[arg-type]
        assert (answer.status_code != 403) == (role in MAY[f"{route.method} {route.path}"]), role


def test_a_key_gives_only_what_it_has(server: Server) -> None:
    with httpx.Client(base_url=server.url, headers=server.headers) as first:
        some = first.post("/v1/keys", json={"roles": ["manage"]}).json()["secret"]
        all_of_them = first.get("/v1/keys").json()["items"][0]["id"]
    with httpx.Client(base_url=server.url, headers={"X-API-Key": some}) as client:
        assert client.post("/v1/keys", json={"roles": ["recognise"]}).status_code == 403
        assert client.post(f"/v1/keys/{all_of_them}/rotate").status_code == 403
        assert client.post("/v1/keys", json={"roles": ["manage"]}).status_code == 201
        refused = client.post("/v1/keys", json={"roles": ["operate"]})
        assert refused.status_code == 422
