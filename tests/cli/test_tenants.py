"""Tenants from the command line: their profiles stay apart, and a deleted one is gone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from command import Earmark

from earmark.errors import KeyInvalid
from earmark.service.keys import authenticate
from earmark.storage.store import open_store
from earmark.storage.tenants import list_tenants

Clips = dict[str, list[Path]]


def test_create_and_list(earmark: Earmark) -> None:
    made = earmark("tenants", "create", "acme")
    assert made.code == 0
    assert "keys create --tenant acme" in made.out
    listed = earmark("tenants", "list", "--json").json["tenants"]
    assert [(one["tenant"], one["keep_audio"]) for one in listed] == [("acme", True), ("default", True)]
    assert "acme" in earmark("tenants", "list").out
    taken = earmark("tenants", "create", "acme", "--json")
    assert (taken.code, taken.json["error"]["code"]) == (2, "tenant_taken")
    assert earmark("tenants", "create", "A c m e").code == 2


def test_profiles_of_tenants_stay_apart(earmark: Earmark, clips: Clips) -> None:
    earmark("tenants", "create", "acme")
    acme = ("--tenant", "acme")
    assert earmark("enroll", "ada", *clips["ada"][:2], *acme).code == 0
    assert earmark("verify", "ada", clips["ada"][3], *acme).code == 0
    assert earmark("identify", clips["ada"][3], *acme).code == 0
    assert earmark("verify", "ada", clips["ada"][3]).code == 4
    assert earmark("profiles", "show", "ada").code == 4
    assert earmark("profiles", "list", "--json").json == {"profiles": []}
    assert len(earmark("profiles", "list", *acme, "--json").json["profiles"]) == 1
    assert earmark("profiles", "delete", "ada", "--yes").code == 4
    assert earmark("profiles", "delete", "ada", "--yes", *acme).code == 0
    assert earmark("profiles", "list", "--tenant", "nobody").code == 4


def test_delete_explains_itself_and_is_thorough(earmark: Earmark, clips: Clips, home: Path) -> None:
    earmark("tenants", "create", "acme")
    secret = earmark("keys", "create", "--tenant", "acme", "--role", "all").out.strip()
    earmark("enroll", "ada", *clips["ada"][:2], "--tenant", "acme")

    asked = earmark("tenants", "delete", "acme")
    assert asked.code == 2
    assert "wrapping key first" in asked.err
    assert "cannot be undone" in asked.err
    with open_store(home) as store:
        assert authenticate(store, secret).tenant == "acme"

    done = earmark("tenants", "delete", "acme", "--yes", "--json")
    assert done.json == {"deleted": "acme", "forgotten": True}
    with open_store(home) as store, pytest.raises(KeyInvalid):
        authenticate(store, secret)
    assert earmark("profiles", "list", "--tenant", "acme").code == 4
    assert earmark("tenants", "delete", "acme", "--yes").code == 4
    assert earmark("tenants", "delete", "default", "--yes").code == 2
    # The name is free again, and nothing of the old tenant is behind it.
    assert earmark("tenants", "create", "acme").code == 0
    assert earmark("profiles", "list", "--tenant", "acme", "--json").json == {"profiles": []}


def test_not_keeping_audio_states_what_it_costs(earmark: Earmark, clips: Clips) -> None:
    off = earmark("tenants", "keep-audio", "off")
    assert off.code == 0
    assert "have to enrol again" in off.out
    assert "have to enrol again" in earmark("tenants", "keep-audio", "off", "--json").json["limitation"]
    assert "have to enrol again" in earmark("tenants", "keep-audio", "--help").out.replace("\n", " ")
    assert [one["keep_audio"] for one in earmark("tenants", "list", "--json").json["tenants"]] == [False]
    assert earmark("enroll", "ada", *clips["ada"][:2]).code == 0
    assert earmark("verify", "ada", clips["ada"][3]).code == 0  # nothing but re-embedding needs it
    assert earmark("tenants", "keep-audio", "on", "--json").json["keep_audio"] is True
    assert earmark("tenants", "keep-audio", "maybe").code == 2
    assert earmark("tenants", "keep-audio", "on", "--tenant", "nobody").code == 4


@pytest.mark.parametrize("where", ["environment", "file"])
def test_the_database_that_the_settings_name(
    earmark: Earmark, home: Path, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    url = new_database()
    if where == "environment":
        monkeypatch.setenv("EARMARK_DATABASE_URL", url)
    else:
        home.mkdir()
        (home / "earmark.toml").write_text(f'database_url = "{url}"\n')
    assert earmark("tenants", "create", "acme").code == 0
    with open_store(home, database_url=url) as store:
        assert [tenant.id for tenant in list_tenants(store)] == ["acme", "default"]
    assert not (home / "earmark.db").exists()
    gone = earmark("tenants", "delete", "acme", "--yes")
    assert gone.code == 0
    assert "Sealed remains" in gone.out
