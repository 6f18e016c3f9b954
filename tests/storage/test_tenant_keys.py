"""Master key, tenant's key, profile's key: whoever loses one loses all below it, and nothing moves across."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from earmark.errors import EarmarkError, SealBroken, TenantNotFound
from earmark.storage.answers import find_answer, keep_answer
from earmark.storage.profiles import find_profile, list_profiles, reset_profile
from earmark.storage.schema import (
    answers,
    enrolment_audio,
    enrolments,
    profile_keys,
    profiles,
    tenant_keys,
)
from earmark.storage.store import DEFAULT_TENANT, Store
from earmark.storage.tenants import create_tenant, delete_tenant
from earmark.storage.values import Profile
from earmark.storage.vault import Place, RecordKind, Vault
from earmark.storage.voiceprints import load_record, load_voiceprint

pytestmark = pytest.mark.databases("sqlite", "postgres")

OTHER = "other"
OF_A_PROFILE = (profiles, profile_keys, enrolments, enrolment_audio)

Rows = list[tuple[sa.Table, list[dict[str, object]]]]


@pytest.fixture
def ada(store: Store, people: Callable[..., Profile]) -> Profile:
    """A profile of the default tenant; there is another tenant, with nobody."""
    create_tenant(store, OTHER)
    return people("ada")


def take_out(store: Store, tenant: str) -> Rows:
    with store.reading() as connection:
        return [
            (table, [dict(row) for row in connection.execute(of_tenant(table, tenant)).mappings()])
            for table in OF_A_PROFILE
        ]


def of_tenant(table: sa.Table, tenant: str) -> sa.Select[tuple[object, ...]]:
    return sa.select(table).where(table.c.tenant == tenant)


def put_in(store: Store, rows: Rows, tenant: str) -> None:
    """Write rows as somebody would who can write the file and knows the format."""
    with store.writing() as connection:
        for table, found in rows:
            connection.execute(sa.insert(table), [row | {"tenant": tenant} for row in found])


def wrapped(store: Store, column: sa.Column[bytes], tenant: str) -> bytes:
    with store.reading() as connection:
        found = connection.scalar(sa.select(column).where(column.table.c.tenant == tenant))
    assert isinstance(found, bytes)
    return found


def everything(tenant: str, store: Store, profile_id: UUID) -> list[Callable[[], object]]:
    return [
        lambda: find_profile(tenant, store, profile_id),
        lambda: list_profiles(tenant, store),
        lambda: load_voiceprint(tenant, store, profile_id),
        lambda: load_record(tenant, store, profile_id),
    ]


def test_each_key_is_under_the_one_above(store: Store, ada: Profile) -> None:
    of_tenant = wrapped(store, tenant_keys.c.wrapped, DEFAULT_TENANT)
    of_profile = wrapped(store, profile_keys.c.wrapped, DEFAULT_TENANT)
    tenant_key = store.vault.tenant_key(of_tenant, DEFAULT_TENANT)
    data_key = tenant_key.unwrap(of_profile, ada.id)
    with store.reading() as connection:
        sealed = connection.scalar(sa.select(profiles.c.label_sealed))
    assert sealed is not None
    assert data_key.open(sealed, Place(DEFAULT_TENANT, ada.id, RecordKind.LABEL, ada.id)) == b"ada"
    for attempt in (
        lambda: store.vault.rewrap(of_profile, ada.id, tenant_key),  # the master key alone opens no data key
        lambda: tenant_key.unwrap(of_profile, uuid4()),
        lambda: store.vault.tenant_key(of_tenant, OTHER),
        lambda: Vault(bytes(32)).tenant_key(of_tenant, DEFAULT_TENANT),
        lambda: store.vault.tenant_key(wrapped(store, tenant_keys.c.wrapped, OTHER), OTHER).unwrap(
            of_profile, ada.id
        ),
    ):
        with pytest.raises(SealBroken):
            attempt()


def test_a_profile_moved_to_another_tenant_does_not_open(store: Store, ada: Profile) -> None:
    put_in(store, take_out(store, DEFAULT_TENANT), OTHER)
    for attempt in everything(OTHER, store, ada.id):
        with pytest.raises(SealBroken):
            attempt()
    for attempt in everything(DEFAULT_TENANT, store, ada.id):
        assert attempt()


def test_nor_does_it_with_the_tenants_key(store: Store, ada: Profile) -> None:
    """Not even when the other tenant is given this one's key."""
    put_in(store, take_out(store, DEFAULT_TENANT), OTHER)
    stolen = wrapped(store, tenant_keys.c.wrapped, DEFAULT_TENANT)
    with store.writing() as connection:
        connection.execute(sa.update(tenant_keys).values(wrapped=stolen))
    for attempt in everything(OTHER, store, ada.id):
        with pytest.raises(SealBroken):
            attempt()
    for attempt in everything(DEFAULT_TENANT, store, ada.id):
        assert attempt()


def test_a_destroyed_key_destroys_what_is_below_it(store: Store, ada: Profile) -> None:
    keep_answer(DEFAULT_TENANT, store, ada.id, b"{}", fingerprint=b"", lifetime=timedelta(days=1))
    with store.writing() as connection:
        connection.execute(sa.delete(tenant_keys).where(tenant_keys.c.tenant == DEFAULT_TENANT))
    for attempt in everything(DEFAULT_TENANT, store, ada.id):
        with pytest.raises(TenantNotFound):
            attempt()
    with pytest.raises(TenantNotFound):
        find_answer(DEFAULT_TENANT, store, ada.id)


def test_a_copy_from_before_a_deletion_opens_no_more(store: Store, people: Callable[..., Profile]) -> None:
    create_tenant(store, OTHER)
    made = people("ada", tenant=OTHER)
    copy = take_out(store, OTHER)
    delete_tenant(store, OTHER)
    create_tenant(store, OTHER)  # with a key of its own
    put_in(store, copy, OTHER)
    for attempt in everything(OTHER, store, made.id):
        with pytest.raises(SealBroken):
            attempt()


@pytest.mark.parametrize("table", [profile_keys, enrolments, enrolment_audio])
def test_a_copy_from_before_a_reset_opens_no_more(store: Store, ada: Profile, table: sa.Table) -> None:
    copy = dict(take_out(store, DEFAULT_TENANT))
    reset_profile(DEFAULT_TENANT, store, ada.id)
    with store.writing() as connection:
        if table is profile_keys:  # the old key opens the new label no more
            connection.execute(sa.delete(profile_keys))
            connection.execute(sa.insert(profile_keys), copy[profile_keys])
        else:
            connection.execute(sa.insert(enrolments), copy[enrolments])
            connection.execute(sa.insert(enrolment_audio), copy[enrolment_audio])
    attempts = everything(DEFAULT_TENANT, store, ada.id)
    for attempt in attempts[:2] if table is profile_keys else attempts[2:]:
        with pytest.raises(SealBroken):
            attempt()


def test_an_answer_moved_to_another_tenant_or_identifier_does_not_open(store: Store) -> None:
    create_tenant(store, OTHER)
    one, two = uuid4(), uuid4()
    keep_answer(DEFAULT_TENANT, store, one, b"one", fingerprint=b"", lifetime=timedelta(days=1))
    for column, value, tenant, asked in (("id", two, DEFAULT_TENANT, two), ("tenant", OTHER, OTHER, two)):
        with store.writing() as connection:
            connection.execute(sa.update(answers).values({column: value}))
        with pytest.raises(SealBroken):
            find_answer(tenant, store, asked)
    with store.writing() as connection:
        connection.execute(sa.update(answers).values(tenant=DEFAULT_TENANT, id=one))
    assert find_answer(DEFAULT_TENANT, store, one).body == b"one"


def test_errors_tell_nothing_of_the_keys(store: Store, ada: Profile) -> None:
    put_in(store, take_out(store, DEFAULT_TENANT), OTHER)
    with pytest.raises(EarmarkError) as caught:
        find_profile(OTHER, store, ada.id)
    for secret in ("ada", str(ada.id), wrapped(store, profile_keys.c.wrapped, OTHER).hex()):
        assert secret not in str(caught.value)
