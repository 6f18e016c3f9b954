"""Links to recordings: what they let in, for how long, and that nobody else can make or change one."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import KeyInvalid
from earmark.service.actor import Actor, Permission, local_actor
from earmark.service.media_links import LIFETIME, LinkUse, make_link, open_link
from earmark.service.tenants import create_tenant, delete_tenant
from earmark.storage.store import Store, open_store

KEY = "a/b-c_d.wav"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(tmp_path_factory.mktemp("home"), environ={}) as opened:
        create_tenant(local_actor(), opened, "elsewhere")
        yield opened


def refused(store: Store, link: str | None, use: LinkUse = LinkUse.UPLOAD) -> None:
    with pytest.raises(KeyInvalid, match="ask for a new one"):
        open_link(store, link, use, now=NOW)


@pytest.mark.parametrize("use", LinkUse)
@pytest.mark.parametrize("tenant", ["default", "elsewhere"])
def test_a_link_lets_in_its_tenant_to_its_recording(use: LinkUse, tenant: str, store: Store) -> None:
    link = make_link(local_actor(tenant), store, KEY, use, now=NOW)
    assert open_link(store, link, use, now=NOW) == (
        Actor(tenant, frozenset({Permission.RECOGNISE})),
        KEY,
    )
    assert set(link) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def test_it_is_for_one_use(store: Store) -> None:
    refused(store, make_link(local_actor(), store, KEY, LinkUse.DOWNLOAD, now=NOW))
    link = make_link(local_actor(), store, KEY, LinkUse.UPLOAD, now=NOW)
    refused(store, link, LinkUse.DOWNLOAD)


def test_it_ends_after_an_hour(store: Store) -> None:
    link = make_link(local_actor(), store, KEY, LinkUse.UPLOAD, now=NOW)
    second = timedelta(seconds=1)
    assert open_link(store, link, LinkUse.UPLOAD, now=NOW + LIFETIME - second)[1] == KEY
    with pytest.raises(KeyInvalid):
        open_link(store, link, LinkUse.UPLOAD, now=NOW + LIFETIME)


@settings(deadline=None)
@given(place=st.integers(0, 10_000), letter=st.sampled_from("abcXYZ019-_."))
def test_whoever_changes_it_is_refused(place: int, letter: str, store: Store) -> None:
    link = make_link(local_actor(), store, KEY, LinkUse.UPLOAD, now=NOW)
    place %= len(link)
    changed = link[:place] + letter + link[place + 1 :]
    try:
        found = open_link(store, changed, LinkUse.UPLOAD, now=NOW)
    except KeyInvalid:
        return
    # The last letter of a base64 text has bits that say nothing.
    assert found == (Actor("default", frozenset({Permission.RECOGNISE})), KEY)
    assert changed == link or place in (len(link) - 1, link.index(".") - 1)


def test_a_signature_of_another_tenant_is_none(store: Store) -> None:
    theirs = make_link(local_actor("elsewhere"), store, KEY, LinkUse.UPLOAD, now=NOW)
    said, _, signature = theirs.partition(".")
    told = json.loads(base64.urlsafe_b64decode(said + "=="))
    told[0] = "default"
    forged = base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")
    refused(store, f"{forged}.{signature}")


@settings(deadline=None)
@given(
    link=st.one_of(st.none(), st.text(), st.binary().map(lambda data: base64.b64encode(data).decode() + "."))
)
def test_anything_else_is_refused(link: str | None, store: Store) -> None:
    refused(store, link)


@pytest.mark.parametrize(
    "said", ["[]", "[1,2,3,4]", "{}", "null", '["default"]', "[" * 2_000, '["nobody",1,2,3]']
)
def test_nonsense_in_the_right_clothes_is_refused(said: str, store: Store) -> None:
    refused(store, base64.urlsafe_b64encode(said.encode()).decode().rstrip("=") + ".AAAA")


def test_it_dies_with_its_tenant(store: Store) -> None:
    create_tenant(local_actor(), store, "short-lived")
    link = make_link(local_actor("short-lived"), store, KEY, LinkUse.UPLOAD, now=NOW)
    delete_tenant(local_actor(), store, "short-lived")
    refused(store, link)
