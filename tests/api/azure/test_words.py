"""Words through Azure's protocols: own phrases, activation phrases, and the lock that may be asked for."""

from collections.abc import Iterator

import httpx
import pytest
import voices
from contract.fields import VERSION
from contract.plain import Rest, refused
from contract.speech import connected
from server import Server, running_server

OWN = "seven green bottles stand on the garden wall"
INACTIVE = {"verification": "Inactive", "identification": "Inactive"}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own, whose Azure APIs lock, with a phrase of its tenant's."""
    env = {"EARMARK_AZURE_LOCK_OUT": "true"}
    with running_server(tmp_path_factory.mktemp("strict"), env=env) as running:
        with httpx.Client(base_url=running.url, headers=running.headers) as api:
            api.post("/v1/phrases", json={"phrase": OWN}).raise_for_status()
            api.patch("/v1/tenant", json={"activation": True}).raise_for_status()
        yield running


def test_a_tenants_own_phrases_are_listed_in_every_generation(strict: Server) -> None:
    known = [
        *(httpx.get(strict.url + "/v1/phrases?locale=en-us", headers=strict.headers).json())["passphrases"]
    ]
    assert known[-1] == OWN
    assert (
        Rest(strict, "v2.0", "text-dependent").ask("GET /phrases/{locale}", path="/phrases/en-US").json()
        == known
    )
    newer = Rest(strict, VERSION, "text-dependent").ask("GET /phrases/{locale}", path="/phrases/en-US")
    assert [one["passPhrase"] for one in newer.json()["value"]] == known
    key = {"Ocp-Apim-Subscription-Key": strict.key}
    old = httpx.get(f"{strict.url}/spid/v1.0/verificationPhrases?locale=en-us", headers=key).json()
    assert [one["phrase"] for one in old] == known
    with connected(strict) as speech:
        said = speech.ask("speaker.profile.phrases", "text-dependent", locale="en-us")
        assert said["phrases"] == known


def test_a_profile_waits_for_an_activation_phrase(strict: Server) -> None:
    for family in INACTIVE:
        rest = Rest(strict, VERSION, family)
        profile = rest.create()
        assert rest.get(profile).json()["profileStatus"] == "Inactive"
        listed = rest.ask("GET /profiles").json()["value"]
        assert {one["profileStatus"] for one in listed} == {"Inactive"}
        message = refused(rest.enroll(profile, voices.wav("ada", 1)), 400, "InvalidRequest")
        assert message.startswith("InvalidPhrase: The first recording does not say an activation phrase")
        assert rest.get(profile).json()["enrollmentsCount"] == 0
        older = Rest(strict, "v2.0", family)
        refused(older.enroll(older.create(), voices.wav("ada", 1)), 400, "InvalidRequest")
    with connected(strict) as speech:
        profile = speech.create("verification")
        sound = voices.pcm("ada", 1, 2, 3, 4, 5)
        said = speech.ask("speaker.profile.enroll", "verification", sound, profileIds=[profile])
        assert said["status"]["statusCode"] == "InvalidPhrase"
        found = speech.ask("speaker.profile.fetch", "verification", profileIds=[profile])
        assert found["profiles"][0]["profileStatus"] == "Inactive"


def test_a_lock_where_it_is_asked_for(strict: Server) -> None:
    rest = Rest(strict, VERSION, "text-dependent")
    profile = rest.create()
    assert "profileStatus" not in rest.get(profile).json()
    for take in (1, 2, 3):
        assert rest.enroll(profile, voices.wav("mary", take)).status_code == 201
    for _ in range(5):
        said = rest.verify(profile, voices.wav("john", 5)).json()
        assert said["recognitionResult"] == "Reject"
    refused(rest.verify(profile, voices.wav("mary", 5)), 403, "InvalidOperation")
    with connected(strict, "/speaker/ws/verification/text-dependent/recognition") as speech:
        sound = voices.pcm("mary", 5)
        said = speech.ask("speaker.context", "text-dependent", sound, profileIds=[profile])
        assert said["status"]["statusCode"] == "InvalidOperation"


def test_no_lock_otherwise(server: Server) -> None:
    rest = Rest(server, VERSION, "text-dependent")
    profile = rest.create()
    for take in (1, 2, 3):
        rest.enroll(profile, voices.wav("mary", take))
    for _ in range(6):
        assert rest.verify(profile, voices.wav("mary other", 5)).json()["score"] < 0.5
    assert rest.verify(profile, voices.wav("mary", 5)).json()["recognitionResult"] == "Accept"
