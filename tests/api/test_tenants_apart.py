"""Every route of every family, asked by another tenant for what the first one has: there is nothing."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import uuid4

import httpx
import pytest
import voices
from api.routes import Route, routes
from contract import surface
from contract.speech import connected
from server import Server, running_server

from earmark.service.actor import ROLES, local_actor
from earmark.service.keys import create_key
from earmark.service.tenants import create_tenant
from earmark.storage.store import open_store

PHRASE = "seven green bottles stand on the garden wall"  # as in routes.QUERY
JSON_BODIES: dict[str, dict[str, object]] = {
    "/v1/profiles/export": {"passphrase": "correct horse"},
    "/v1/keys": {"roles": ["recognise"]},
    "/v1/tenant": {"keep_audio": True},
    "/v1/phrases": {"phrase": PHRASE},
    "/v1/phrases/examine": {"phrase": PHRASE},
    "/v1/challenges": {"profile": "{profile_id}"},
    "/v1/rules/{use}": {"fmr": 0.01},
    "/v1/diarizations": {"source": "media://{media}"},
}
# Of pyannoteAI's API, at the root and below its prefix.
RECORDING: dict[str, object] = {"url": "media://{media}"}
PYANNOTEAI_BODIES = {
    "/v1/media/input": RECORDING,
    "/v1/media/output": RECORDING,
    "/v1/diarize": RECORDING,
    "/v1/voiceprint": RECORDING,
    "/v1/identify": RECORDING | {"voiceprints": []},
}
PREFIX = "/pyannoteai"
# Without anything of a tenant in them: whoever has a key, or nobody, may ask.
COMMON = {"/live", "/ready", "/version"}
# Whoever has a link may use it, without a key (tests/service/test_media_links.py).
LINKED = {"/pyannoteai/media"}
LISTENS = ("verify", "identify", "enroll", "enrolments", "inspect")


@dataclass(frozen=True)
class Tenant:
    """A key, and the client that sends it."""

    client: httpx.Client

    def ask(self, route: Route, owned: dict[str, str]) -> httpx.Response:
        """Ask rightly for things that somebody owns."""
        path, _, query = (
            replace(route, path=route.path.format(use="watchlist", **owned))
            .url(owned["profile_id"])
            .partition("?")
        )
        if route.path == "/v1/identify" and not route.json:
            query = f"profile={owned['profile_id']}"
        if route.path == "/v1/profiles/import":
            form = {"passphrase": "correct horse"}
            return self.client.post(path, data=form, files={"file": owned["export"].encode("latin-1")})
        listens = any(word in path.rsplit("/", 1)[-1].lower() for word in LISTENS) and not asks_json(route)
        clip = ("mary", 4) if is_dependent(route.path) else ("ada", 1, 2)
        body = voices.wav(*clip) if listens else self._json(route, owned)
        kind = {"content-type": "audio/wav" if listens else "application/json"}
        return self.client.request(route.method, f"{path}?{query}", content=body, headers=kind)

    def _json(self, route: Route, owned: dict[str, str]) -> bytes | None:
        if route.method == "GET":
            return None
        if asks_json(route):
            body = PYANNOTEAI_BODIES[route.path.removeprefix(PREFIX)]
        else:
            body = JSON_BODIES.get(route.path, {} if route.path.startswith("/v1/") else {"locale": "en-US"})
        text = json.dumps(body).replace("{media}", owned.get("media", ""))
        return text.replace("{profile_id}", owned["profile_id"]).encode()


def is_dependent(path: str) -> bool:
    """Whether a path is about profiles of passphrases."""
    return "text-dependent" in path or "/spid/v1.0/verif" in path


def asks_json(route: Route) -> bool:
    """Whether it is a route of pyannoteAI's that takes a body."""
    plain = route.path.removeprefix(PREFIX)
    return plain in PYANNOTEAI_BODIES and (plain != "/v1/identify" or route.json or route.path != plain)


@dataclass(frozen=True)
class House:
    """A server with two tenants."""

    server: Server
    mine: Tenant
    theirs: Tenant
    their_key: str


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running_server(tmp_path_factory.mktemp("home")) as server:
        with open_store(server.home, environ={}) as store:
            create_tenant(local_actor(), store, "elsewhere")
            key = create_key(local_actor("elsewhere"), store, roles=ROLES).secret
        clients = [
            httpx.Client(base_url=server.url, headers={"X-API-Key": secret}, timeout=60)
            for secret in (server.key, key)
        ]
        with clients[0], clients[1]:
            yield House(server, Tenant(clients[0]), Tenant(clients[1]), key)


def own(client: httpx.Client, path: str, *, json: bool = False) -> dict[str, str]:
    """Make what a route can be asked for: a person of its kind, an operation, a key, an export, a job."""
    if asks_json(Route("POST", path, json)) or path.endswith("diarizations") or "{job_id}" in path:
        return own_recording(client)
    if "{diarization_id}" in path:
        job = client.post("/v1/diarizations", content=voices.wav("ada", 1)).raise_for_status().json()["id"]
        done = client.get(f"/v1/diarizations/{job}", params={"wait": 20}).json()
        assert done["state"] == "succeeded", done
        return {"diarization_id": job, "profile_id": job}
    dependent = is_dependent(path)
    kind = "text-dependent" if dependent else "identification" if "dentif" in path else "verification"
    made = client.post("/v1/profiles", json={"kind": kind}).raise_for_status().json()["id"]
    for take in (1, 2, 3) if dependent else (1,):
        sound = voices.wav("mary" if dependent else "ada", take)
        client.post(f"/v1/profiles/{made}/enrolments", content=sound).raise_for_status()
    owned = {"profile_id": made, "locale": "en-US"}
    if "{operation_id}" in path:
        speaker = client.post("/v1/profiles", json={"kind": "identification"}).json()["id"]
        query = {"shortAudio": "true"}
        enrolled = client.post(
            f"/spid/v1.0/identificationProfiles/{speaker}/enroll", content=sound, params=query
        )
        owned["operation_id"] = enrolled.headers["operation-location"].rsplit("/", 1)[1]
    if path == "/v1/phrases":
        client.post(path, json={"phrase": PHRASE}).raise_for_status()
    if "{key_id}" in path:
        owned["key_id"] = client.post("/v1/keys", json={"roles": ["audit"]}).json()["id"]
    if path.endswith("/import"):
        asked = {"passphrase": "correct horse", "profiles": [made]}
        owned["export"] = client.post("/v1/profiles/export", json=asked).content.decode("latin-1")
    return owned


def own_recording(client: httpx.Client) -> dict[str, str]:
    """Upload a recording, and have a job listen to it."""
    key = str(uuid4())
    link = client.post("/v1/media/input", json={"url": f"media://{key}"}).raise_for_status().json()["url"]
    httpx.put(link, content=voices.wav("ada", 1)).raise_for_status()
    job = client.post("/v1/diarize", json={"url": f"media://{key}"}).raise_for_status().json()["jobId"]
    return {"media": key, "job_id": job, "profile_id": key}


def names_something(route: Route) -> bool:
    """Whether a route is asked for one thing, by its path or its query."""
    asks_query = ("identify", "identifySingleSpeaker", "spid/v1.0/verify")
    asks_body = ("/diarize", "/v1/voiceprint", "/media/output", "/v1/challenges")
    if route.path.endswith(asks_body) or (route.method, route.path) == ("POST", "/v1/diarizations"):
        return True
    things = re.sub("{(locale|use)}", "", route.path)
    return "{" in things or route.path.endswith(asks_query)


ROUTES = [route for route in routes() if route.path not in COMMON | LINKED]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_there_is_nothing_of_another_tenant(route: Route, house: House) -> None:
    owned = own(house.mine.client, route.path, json=route.json)
    answer = house.theirs.ask(route, owned)
    if names_something(route):
        assert answer.status_code == 404, answer.text
    for name, thing in owned.items():
        if name not in ("locale", "export") and not route.path.endswith("/import"):
            assert thing not in answer.text.replace("\\", "")
    # The same request is right: its owner gets an answer, and what it is about is still there.
    mine = house.mine.ask(route, owned)
    assert mine.status_code < 300, mine.text


def test_the_walk_meets_what_is_owned() -> None:
    assert sum(names_something(route) for route in ROUTES) > 40
    assert {route.path.split("/")[1] for route in ROUTES} == {
        *("v1", "v2", "pyannoteai", "spid", "speaker", "speaker-recognition")
    }


def test_profiles_of_another_tenant_are_left_out_of_lists_and_exports(house: House) -> None:
    owned = own(house.mine.client, "verification")["profile_id"]
    theirs = house.theirs.client
    page = theirs.get("/v1/profiles", params={"limit": 500}).json()["items"]
    assert owned not in {profile["id"] for profile in page}
    asked = {"passphrase": "correct horse", "profiles": [owned]}
    assert theirs.post("/v1/profiles/export", json=asked).status_code == 404
    assert theirs.get("/v1/me").json()["tenant"] == "elsewhere"


def test_an_idempotency_key_is_a_tenants_own(house: House) -> None:
    made = [
        tenant.client.post("/v1/profiles", json={}, headers={"Idempotency-Key": "the same"}).json()["id"]
        for tenant in (house.mine, house.theirs)
    ]
    assert made[0] != made[1]


STEPS = (
    "speaker.profile.fetch",
    "speaker.profile.reset",
    "speaker.profile.delete",
    "speaker.profile.enroll",
    "speaker.context",
)


@pytest.mark.parametrize("family", surface.FAMILIES)
@pytest.mark.parametrize("step", STEPS)
def test_nor_over_a_websocket(step: str, family: str, house: House) -> None:
    path = f"/speaker/ws/{surface.FAMILIES[family]}/profile"
    owned = own(house.mine.client, surface.FAMILIES[family])["profile_id"]
    before = house.mine.client.get(f"/v1/profiles/{owned}").json()
    sound = voices.wav("ada", 4) if step in ("speaker.profile.enroll", "speaker.context") else None
    with connected(house.server, path, headers={"Ocp-Apim-Subscription-Key": house.their_key}) as speech:
        said = speech.ask(step, family, sound, profileIds=[owned])
        everyone = speech.ask("speaker.profile.fetch", family, maxPageSize=100)
    if step == "speaker.profile.fetch":
        assert "enrollmentsCount" not in json.dumps(said)
    else:
        assert said["status"]["statusCode"] != "Success"
    assert owned not in json.dumps(everyone)
    assert house.mine.client.get(f"/v1/profiles/{owned}").json() == before
