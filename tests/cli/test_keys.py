"""API keys from the command line: made, shown once, listed, rotated and revoked."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command import Earmark

from earmark.cli.keys import parse_end, parse_span
from earmark.errors import InvalidRequest, KeyInvalid
from earmark.service.actor import ROLES, Permission
from earmark.service.keys import authenticate
from earmark.storage.store import open_store


def may(home: Path, secret: str) -> frozenset[Permission]:
    with open_store(home) as store:
        return authenticate(store, secret).permissions


def test_a_secret_is_all_that_is_printed_and_works(earmark: Earmark, home: Path) -> None:
    made = earmark("keys", "create", "--name", "kiosk", "--role", "recognise", "--role", "enrol")
    assert made.code == 0
    secret = made.out.strip()
    assert made.out == f"{secret}\n"
    assert secret not in made.err
    assert "only now" in made.err
    assert may(home, secret) == {Permission.RECOGNISE, Permission.ENROL}

    [listed] = earmark("keys", "list", "--json").json["keys"]
    assert listed["name"] == "kiosk"
    assert listed["roles"] == ["enrol", "recognise"]
    assert (listed["expires"], listed["expired"]) == (None, False)
    assert listed["hint"] == secret[-4:]
    table = earmark("keys", "list").out
    assert f"...{secret[-4:]}" in table
    assert secret not in table


def test_json_holds_the_secret_once(earmark: Earmark, home: Path) -> None:
    made = earmark("keys", "create", "--role", "all", "--expires", "90d", "--json")
    assert made.err == ""
    assert made.out.count(made.json["secret"]) == 1
    assert may(home, made.json["secret"]) == ROLES
    ends = datetime.fromisoformat(made.json["key"]["expires"])
    assert timedelta(days=89) < ends - datetime.now(UTC) <= timedelta(days=90)
    assert made.json["secret"] not in earmark("keys", "list", "--json").out


def test_rotating_with_and_without_an_overlap(earmark: Earmark, home: Path) -> None:
    first = earmark("keys", "create", "--role", "enrol", "--name", "app", "--json").json
    second = earmark("keys", "rotate", first["key"]["id"], "--overlap", "1h", "--json").json
    assert second["key"]["name"] == "app"
    assert may(home, first["secret"]) == may(home, second["secret"]) == {Permission.ENROL}
    third = earmark("keys", "rotate", second["key"]["id"])
    assert may(home, third.out.strip()) == {Permission.ENROL}
    with pytest.raises(KeyInvalid):
        may(home, second["secret"])


def test_revoking(earmark: Earmark, home: Path) -> None:
    made = earmark("keys", "create", "--role", "enrol", "--json").json
    assert earmark("keys", "revoke", made["key"]["id"], "--json").json == {"revoked": made["key"]["id"]}
    with pytest.raises(KeyInvalid):
        may(home, made["secret"])
    again = earmark("keys", "revoke", made["key"]["id"], "--json")
    assert (again.code, again.json["error"]["code"]) == (4, "key_not_found")
    assert "keys create" in earmark("keys", "list").out


def test_a_secret_in_the_place_of_an_identifier_is_not_repeated(earmark: Earmark) -> None:
    secret = earmark("keys", "create", "--role", "enrol").out.strip()
    refused = earmark("keys", "revoke", secret)
    assert refused.code == 2
    assert secret not in refused.err
    assert "keys list" in refused.err


def test_keys_belong_to_a_tenant(earmark: Earmark, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = earmark("keys", "create", "--role", "enrol", "--tenant", "acme", "--json")
    assert (nobody.code, nobody.json["error"]["code"]) == (4, "tenant_not_found")
    assert earmark("tenants", "create", "acme").code == 0
    made = earmark("keys", "create", "--role", "enrol", "--tenant", "acme", "--json").json
    with open_store(home) as store:
        assert authenticate(store, made["secret"]).tenant == "acme"
    assert earmark("keys", "list", "--json").json == {"keys": []}
    assert earmark("keys", "revoke", made["key"]["id"]).code == 4
    monkeypatch.setenv("EARMARK_TENANT", "acme")
    assert len(earmark("keys", "list", "--json").json["keys"]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("create",),
        ("create", "--role", "everything"),
        ("create", "--role", ","),
        ("create", "--role", "operate"),
        ("create", "--role", "enrol", "--expires", "soon"),
        ("create", "--role", "enrol", "--expires", "2020-01-01"),
        ("create", "--role", "enrol", "--expires", "0d"),
        ("create", "--role", "enrol", "--expires", "999999w"),
        ("create", "--role", "enrol", "--name", ""),
        ("rotate", "0f5c1a2e-3333-4444-5555-666677778888", "--overlap", "31d"),
        ("rotate", "0f5c1a2e-3333-4444-5555-666677778888", "--overlap", "an hour"),
        ("revoke", "first"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(earmark: Earmark, arguments: tuple[str, ...]) -> None:
    refused = earmark("keys", *arguments)
    assert (refused.code, refused.out) == (2, "")
    assert len(refused.err.splitlines()) == 1
    assert json.loads(earmark("keys", *arguments, "--json").out)["error"]["exit"] == 2


def test_spans_and_dates() -> None:
    assert parse_span("90d") == timedelta(days=90)
    assert parse_span("30M") == timedelta(minutes=30)
    assert parse_end("2027-06-30") == datetime(2027, 6, 30, tzinfo=UTC)
    assert parse_end("2027-06-30T18:00") == datetime(2027, 6, 30, 18, tzinfo=UTC)
    assert parse_end("2027-06-30T18:00+02:00") == datetime(2027, 6, 30, 16, tzinfo=UTC)
    for text in ("", "d", "-1d", "1.5h", "1y", "1e9d"):
        with pytest.raises(InvalidRequest):
            parse_span(text)


def test_the_secret_of_webhooks_is_shown_and_replaced(earmark: Earmark) -> None:
    shown = earmark("keys", "webhook-secret")
    assert (shown.code, shown.err) == (0, "")
    secret = shown.out.strip()
    assert secret.startswith("whsec_")
    assert earmark("keys", "webhook-secret").out.strip() == secret
    replaced = earmark("keys", "webhook-secret", "--rotate").out.strip()
    assert replaced not in ("", secret)
    assert earmark("keys", "webhook-secret").out.strip() == replaced
