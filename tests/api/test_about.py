"""Health, version, unknown addresses, and what every answer carries."""

import sqlite3
from importlib.metadata import version
from pathlib import Path

import pytest
from api import asking
from fastapi.routing import APIRoute
from server import Server, running_server

from earmark.api.app import FAMILIES
from earmark.voice.engine import Engine


def test_live_ready_and_version_need_no_key(server: Server) -> None:
    with asking.client(server) as client:
        del client.headers["Ocp-Apim-Subscription-Key"]
        assert client.get("/live").json() == {"status": "alive"}
        model = Engine().entry.id
        assert client.get("/ready").json() == {"status": "ready", "model": model}
        assert client.get("/version").json() == {"version": version("earmark"), "model": model}
        assert client.get("/openapi.json").json()["openapi"].startswith("3.")


def test_a_store_that_cannot_be_read_is_not_ready(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, asking.client(server) as client:
        with sqlite3.connect(tmp_path / "earmark.db") as beside:
            beside.execute("alter table tenants rename to hidden")
        told = client.get("/ready")
        assert told.status_code == 503
        assert told.json()["status"] != "ready"
        assert client.get("/live").status_code == 200
        with sqlite3.connect(tmp_path / "earmark.db") as beside:
            beside.execute("alter table hidden rename to tenants")
        assert client.get("/ready").status_code == 200


def test_an_answer_carries_an_id_and_is_kept_by_nobody(server: Server) -> None:
    with asking.client(server) as client:
        own = client.get("/live", headers={"X-Request-Id": "0123456789abcdef"})
        assert own.headers["x-request-id"] == "0123456789abcdef"
        made = [client.get("/live", headers={"X-Request-Id": text}) for text in ("", "a b c d e f g h", "<>")]
        ids = {answer.headers["x-request-id"] for answer in made}
        assert len(ids) == 3
        assert all(len(one) == 36 for one in ids)
        assert own.headers["cache-control"] == "no-store"
        assert own.headers["x-content-type-options"] == "nosniff"
        assert "server" not in own.headers


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/speaker-recognition/nothing", ("error", "code")),
        ("/speaker/identification/v2.0/nothing", ("error", "code")),
        ("/spid/v1.0/nothing", ("error", "code")),
        ("/v1/nothing", ("status",)),
        ("/nothing", ("status",)),
    ],
)
def test_an_unknown_address_is_answered_as_its_family_does(
    path: str, place: tuple[str, ...], server: Server
) -> None:
    with asking.client(server) as client:
        told = client.get(path)
        assert told.status_code == 404
        found = told.json()
        for name in place:
            found = found[name]
        assert found in ("NotFound", 404)


@pytest.mark.parametrize("path", [asking.VERIFICATION, "/live", "/spid/v1.0/identificationProfiles"])
def test_a_method_that_an_address_does_not_take(path: str, server: Server) -> None:
    with asking.client(server) as client:
        told = client.put(path, params=asking.VERSION)
        assert told.status_code == 405
        assert "GET" in told.headers["allow"]


@pytest.mark.parametrize("path", ["{}/", "/{}", "//{}//", "{}///"])
def test_slashes_too_many_change_nothing(path: str, server: Server) -> None:
    with asking.client(server) as client:
        whole = path.format(asking.VERIFICATION)
        told = client.get(server.url + whole, params=asking.VERSION)
        assert told.status_code == 200, told.text


def test_a_page_of_another_origin_may_call_only_where_it_is_set(tmp_path: Path, server: Server) -> None:
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    with asking.client(server) as client:
        assert "access-control-allow-origin" not in client.options("/live", headers=asked).headers
    env = {"EARMARK_CORS_ORIGINS": "https://app.example"}
    with running_server(tmp_path, env=env) as open_to_one, asking.client(open_to_one) as client:
        told = client.options(asking.VERIFICATION, headers=asked)
        assert told.headers["access-control-allow-origin"] == "https://app.example"
        other = client.options(asking.VERIFICATION, headers=asked | {"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers


def test_no_request_waits_for_routes_to_be_built() -> None:
    """FastAPI builds those of a router within another when a request first asks for one."""
    routers = [router for family in FAMILIES for router in family.routers]
    assert all(isinstance(route, APIRoute) for router in routers for route in router.routes)
