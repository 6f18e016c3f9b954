"""The secret that signs a tenant's messages: made once, kept sealed, and replaced when asked."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from earmark.errors import PermissionDenied
from earmark.service.actor import Actor, Permission, local_actor
from earmark.service.tenants import create_tenant, delete_tenant
from earmark.service.webhooks import rotate_webhook_secret, webhook_secret
from earmark.storage.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path, environ={})


def test_it_is_made_once_and_stays(store: Store, tmp_path: Path) -> None:
    secret = webhook_secret(local_actor(), store)
    assert len(secret) > 40
    assert webhook_secret(local_actor(), store) == secret
    store.close()
    with open_store(tmp_path, environ={}) as again:
        assert webhook_secret(local_actor(), again) == secret
    assert secret.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_a_new_one_replaces_it(store: Store) -> None:
    before = webhook_secret(local_actor(), store)
    after = rotate_webhook_secret(local_actor(), store)
    assert after != before
    assert webhook_secret(local_actor(), store) == after


def test_many_who_ask_first_get_the_same(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: webhook_secret(local_actor(), store), range(16)))
    assert len(found) == 1


def test_each_tenant_has_its_own_and_takes_it_along(store: Store) -> None:
    create_tenant(local_actor(), store, "clinic")
    assert webhook_secret(local_actor("clinic"), store) != webhook_secret(local_actor(), store)
    delete_tenant(local_actor(), store, "clinic")
    create_tenant(local_actor(), store, "clinic")
    webhook_secret(local_actor("clinic"), store)


@pytest.mark.parametrize("permission", [Permission.RECOGNISE, Permission.ENROL, Permission.AUDIT])
def test_only_who_may_manage_sees_it(store: Store, permission: Permission) -> None:
    actor = Actor("default", frozenset({permission}))
    with pytest.raises(PermissionDenied):
        webhook_secret(actor, store)
    with pytest.raises(PermissionDenied):
        rotate_webhook_secret(actor, store)
