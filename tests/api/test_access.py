"""Keys in all places, keys that are no longer good, and roles."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
import voices
from api import asking
from server import Server

from earmark.service.actor import Permission, local_actor
from earmark.service.keys import create_key, list_keys, revoke_key, rotate_key
from earmark.storage.store import open_store

RECOGNISE, ENROL, MANAGE, AUDIT = (
    Permission.RECOGNISE,
    Permission.ENROL,
    Permission.MANAGE,
    Permission.AUDIT,
)


def asks(server: Server, **given: dict[str, str]) -> int:
    """The status of a listing with these headers and this query."""
    query = asking.VERSION | given.get("query", {})
    with httpx.Client(trust_env=False, timeout=asking.PATIENCE) as client:
        return client.get(
            server.url + asking.VERIFICATION, params=query, headers=given.get("headers", {})
        ).status_code


@pytest.mark.parametrize(
    "name", ["Authorization", "X-API-Key", "Ocp-Apim-Subscription-Key", "Apim-Subscription-Id"]
)
def test_a_key_in_a_header(name: str, server: Server) -> None:
    lead = "Bearer " if name == "Authorization" else ""
    assert asks(server, headers={name: lead + server.key}) == 200
    assert asks(server, headers={name.lower(): lead.lower() + server.key}) == 200
    assert asks(server, headers={name: lead + "another-key-0123456789"}) == 401
    assert asks(server, headers={name: ""}) == 401


@pytest.mark.parametrize("name", ["Ocp-Apim-Subscription-Key", "Apim-Subscription-Id"])
def test_a_key_in_the_query(name: str, server: Server) -> None:
    assert asks(server, query={name: server.key}) == 200
    assert asks(server, query={name: "another-key-0123456789"}) == 401
    assert asks(server) == 401


def test_a_key_that_is_no_longer_good(server: Server) -> None:
    good = asking.new_key(server.home)
    assert asks(server, headers={"X-API-Key": good}) == 200
    with open_store(server.home, environ={}) as store:
        mine = next(key for key in list_keys(local_actor(), store) if good.endswith(key.hint))
        rotated = rotate_key(local_actor(), store, mine.id)
        assert asks(server, headers={"X-API-Key": good}) == 401, "rotated away"
        assert asks(server, headers={"X-API-Key": rotated.secret}) == 200
        revoke_key(local_actor(), store, rotated.key.id)
        assert asks(server, headers={"X-API-Key": rotated.secret}) == 401, "revoked"
        soon = datetime.now(UTC) + timedelta(milliseconds=50)
        brief = create_key(local_actor(), store, roles=[MANAGE], expires=soon).secret
        while datetime.now(UTC) < soon:
            pass
        assert asks(server, headers={"X-API-Key": brief}) == 401, "expired"


@pytest.mark.parametrize(
    ("roles", "may"),
    [
        ((RECOGNISE,), {"verify", "identify"}),
        ((ENROL,), {"create", "enrol", "show"}),
        ((MANAGE,), {"list", "show", "reset", "delete"}),
        ((AUDIT,), set()),
        ((RECOGNISE, ENROL), {"verify", "identify", "create", "enrol", "show"}),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, tuple) else "",
)
def test_a_role_opens_what_it_is_for_and_nothing_else(
    roles: tuple[Permission, ...], may: set[str], server: Server
) -> None:
    with asking.client(server) as owner, asking.client(server, asking.new_key(server.home, *roles)) as client:
        guid = asking.enrolled(owner)
        searched = owner.post(asking.IDENTIFICATION, params=asking.VERSION, json={"locale": "en-US"}).json()
        speech = voices.wav("ben", 1)
        one, found = f"{asking.VERIFICATION}/{guid}", {"profileIds": searched["profileId"]}
        statuses = {
            "verify": asking.verify(client, guid).status_code,
            "identify": client.post(
                f"{asking.IDENTIFICATION}:identifySingleSpeaker", params=asking.SHORT | found, content=speech
            ).status_code,
            "create": asking.create(client).status_code,
            "enrol": asking.enrol(client, guid).status_code,
            "list": client.get(asking.VERIFICATION, params=asking.VERSION).status_code,
            "show": client.get(one, params=asking.VERSION).status_code,
            "reset": client.post(f"{one}:reset", params=asking.VERSION).status_code,
            "delete": client.delete(one, params=asking.VERSION).status_code,
        }
    refused = {name for name, status in statuses.items() if status == 403}
    assert refused == set(statuses) - may, statuses
    assert all(status < 500 and status != 401 for status in statuses.values()), statuses


def test_a_refusal_says_the_same_whatever_is_wrong(server: Server) -> None:
    with open_store(server.home, environ={}) as store:
        made = create_key(local_actor(), store, roles=[MANAGE])
        revoke_key(local_actor(), store, made.key.id)
    bodies = set()
    for key in (made.secret, "never-there-0123456789", "x", "é" * 20):
        with httpx.Client(trust_env=False) as client:
            answer = client.get(
                server.url + asking.VERIFICATION,
                params=asking.VERSION | {"Ocp-Apim-Subscription-Key": key},
            )
        assert answer.status_code == 401
        bodies.add(answer.text)
    assert len(bodies) == 1
