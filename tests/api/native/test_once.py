"""Idempotency-Key: a request is carried out once, however often it is sent."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
import voices
from server import Server

from earmark.storage.schema import answers
from earmark.storage.store import open_store

KEY = "Idempotency-Key"


def once() -> dict[str, str]:
    return {KEY: str(uuid4())}


def enrol(api: httpx.Client, profile: str, headers: dict[str, str], *clips: int) -> httpx.Response:
    parts = [("audio", (f"{clip}.wav", voices.wav("ada", clip))) for clip in clips]
    return api.post(f"/v1/profiles/{profile}/enrolments", files=parts, headers=headers)


def forget(server: Server) -> None:
    """Lose all kept answers, as a crash between the deed and the keeping of its answer would."""
    opened = open_store(server.home, database_url=server.database_url, environ={})
    with opened as store, store.writing() as connection:
        connection.execute(sa.delete(answers))


def test_a_profile_is_made_once(api: httpx.Client) -> None:
    headers = once()
    first = api.post("/v1/profiles", json={"locale": "en-GB"}, headers=headers)
    again = api.post("/v1/profiles", json={"locale": "en-GB"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    other = api.post("/v1/profiles", json={"locale": "en-GB"}, headers=once())
    assert other.json()["id"] != first.json()["id"]


def test_recordings_are_added_once_whatever_boundary_they_come_between(
    api: httpx.Client, profile: str
) -> None:
    headers = once()
    first = enrol(api, profile, headers, 1, 2)
    again = enrol(api, profile, headers, 1, 2)  # httpx draws another boundary
    assert first.status_code == 201
    assert again.json() == first.json()
    assert len(api.get(f"/v1/profiles/{profile}").json()["enrolments"]) == 2


def test_a_reset_is_carried_out_once(api: httpx.Client, profile: str) -> None:
    headers = once()
    assert api.post(f"/v1/profiles/{profile}/reset", headers=headers).status_code == 200
    assert enrol(api, profile, {}, 1).status_code == 201
    assert api.post(f"/v1/profiles/{profile}/reset", headers=headers).status_code == 200
    assert len(api.get(f"/v1/profiles/{profile}").json()["enrolments"]) == 1


def test_a_key_that_came_with_something_else(api: httpx.Client, profile: str) -> None:
    headers = once()
    assert enrol(api, profile, headers, 1).status_code == 201
    for answer in (
        enrol(api, profile, headers, 2),
        enrol(api, profile, headers, 1, 2),
        api.post("/v1/profiles", json={}, headers=headers),
    ):
        assert answer.status_code == 422
        assert answer.json()["code"] == "repeated_differently"
    assert len(api.get(f"/v1/profiles/{profile}").json()["enrolments"]) == 1


def test_a_refused_request_may_be_sent_again_in_another_way(api: httpx.Client, profile: str) -> None:
    headers = once()
    refused = api.post(f"/v1/profiles/{profile}/enrolments", content=b"no sound", headers=headers)
    assert refused.status_code == 415
    assert enrol(api, profile, headers, 1).status_code == 201


def test_nothing_is_done_twice_when_the_answer_was_lost(
    api: httpx.Client, profile: str, server: Server
) -> None:
    headers, others = once(), once()
    made = api.post("/v1/profiles", json={"locale": "en-GB"}, headers=headers).json()
    added = enrol(api, profile, others, 1, 2).json()
    forget(server)
    again = api.post("/v1/profiles", json={"locale": "en-GB"}, headers=headers)
    assert again.json() == made
    repeated = enrol(api, profile, others, 1, 2)
    assert repeated.status_code == 201
    assert repeated.json()["added"] == added["added"]
    assert len(api.get(f"/v1/profiles/{profile}").json()["enrolments"]) == 2


def test_of_requests_at_once_one_is_carried_out(api: httpx.Client, profile: str) -> None:
    headers = once()
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: enrol(api, profile, headers, 1, 2), range(6)))
    statuses = {answer.status_code for answer in found}
    assert statuses <= {201, 429}
    assert 201 in statuses
    assert all("retry-after" in answer.headers for answer in found if answer.status_code == 429)
    assert len(api.get(f"/v1/profiles/{profile}").json()["enrolments"]) == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_a_key_that_cannot_be(key: str, api: httpx.Client) -> None:
    answer = api.post("/v1/profiles", json={}, headers={KEY: key})
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_argument"


def test_an_answer_is_not_told_to_a_key_that_may_not_ask(api: httpx.Client, server: Server) -> None:
    headers = once()
    assert api.post("/v1/profiles", json={}, headers=headers).status_code == 201
    weak = api.post("/v1/keys", json={"roles": ["recognise"]}).json()["secret"]
    with httpx.Client(base_url=server.url, headers={"X-API-Key": weak}) as other:
        assert other.post("/v1/profiles", json={}, headers=headers).status_code == 403
