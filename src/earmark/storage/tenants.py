"""Tenants to rows and back: make, list, change and delete; deleting destroys the wrapping key first."""

import re
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from earmark.errors import InvalidRequest, TenantNotFound, TenantTaken
from earmark.storage.schema import api_keys, tenant_keys, tenants
from earmark.storage.store import DEFAULT_TENANT, Store
from earmark.storage.tenant_keys import NO_TENANT, insert_tenant_key, remove_leaving
from earmark.storage.values import Tenant

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")


def create_tenant(store: Store, tenant: str, *, keep_audio: bool = True) -> Tenant:
    """Store a new tenant with a key of its own. Raises TenantTaken, InvalidRequest for its name."""
    if not NAME.fullmatch(tenant):
        raise InvalidRequest(
            "A tenant's name has 1 to 64 small letters, digits and hyphens, and begins and ends with "
            "a letter or digit: choose another."
        )
    now = datetime.now(UTC)
    with store.writing() as connection:
        finished = remove_leaving(connection)  # one of this name may be half deleted
        try:
            connection.execute(sa.insert(tenants).values(id=tenant, created=now, keep_audio=keep_audio))
        except IntegrityError:
            raise TenantTaken("There is a tenant of this name already: choose another.") from None
        insert_tenant_key(connection, store.vault, tenant)
    if finished:
        store.forget_deleted()
    return Tenant(tenant, now, keep_audio)


def find_tenant(store: Store, tenant: str) -> Tenant:
    """Return a tenant; TenantNotFound."""
    for found in _read(store, tenants.c.id == tenant) if NAME.fullmatch(tenant) else ():
        return found
    raise TenantNotFound(NO_TENANT)


def list_tenants(store: Store) -> list[Tenant]:
    """Return all tenants, by name."""
    return _read(store, sa.true())


def change_tenant(store: Store, tenant: str, **new: bool | int | None) -> Tenant:
    """Give a tenant other values of these fields of `Tenant`; TenantNotFound."""
    if new:
        with store.writing() as connection:
            same = (tenants.c.id == tenant) & ~tenants.c.leaving
            if connection.execute(sa.update(tenants).where(same).values(**new)).rowcount == 0:
                raise TenantNotFound(NO_TENANT)
    return find_tenant(store, tenant)


def delete_tenant(store: Store, tenant: str) -> bool:
    """Destroy the tenant's wrapping key, and only then remove its data; TenantNotFound, InvalidRequest.

    From the first moment on nothing of the tenant can be opened, whatever happens to the rest; a removal
    that is cut short is finished when it is asked for again, or the store is opened, or another tenant is
    made or deleted. Returns False as `delete_profile` does.
    """
    if tenant == DEFAULT_TENANT:
        raise InvalidRequest("The default tenant cannot be deleted: delete its profiles, or the whole store.")
    with store.writing() as connection:
        leaves = sa.update(tenants).where(tenants.c.id == tenant).values(leaving=True)
        if connection.execute(leaves).rowcount == 0:
            raise TenantNotFound(NO_TENANT)
        connection.execute(sa.delete(tenant_keys).where(tenant_keys.c.tenant == tenant))
        connection.execute(sa.delete(api_keys).where(api_keys.c.tenant == tenant))
    forgotten = store.forget_deleted()
    with store.writing() as connection:
        remove_leaving(connection)
    return store.forget_deleted() and forgotten


def _read(store: Store, which: sa.ColumnElement[bool]) -> list[Tenant]:
    query = sa.select(tenants).where(which, ~tenants.c.leaving)
    with store.reading() as connection:
        found = [
            Tenant(
                row.id,
                row.created,
                row.keep_audio,
                row.learn,
                row.watch_drift,
                row.renew_days,
                row.activation,
                row.own_cohort,
            )
            for row in connection.execute(query)
        ]
    return sorted(found, key=lambda tenant: tenant.id)  # here, since servers sort text in ways of their own
