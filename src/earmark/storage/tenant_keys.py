"""A tenant to its key and a key to its end, inside a transaction that the caller holds."""

import sqlalchemy as sa

from earmark.errors import TenantNotFound
from earmark.storage.schema import (
    answers,
    api_keys,
    jobs,
    media,
    operating_points,
    passphrases,
    profile_keys,
    profiles,
    secrets,
    tenant_keys,
    tenants,
)
from earmark.storage.vault import TenantKey, Vault

NO_TENANT = "There is no tenant of this name: `earmark tenants list` shows those that there are."


def read_tenant_key(connection: sa.Connection, vault: Vault, tenant: str) -> TenantKey:
    """Return the tenant's key. Raises TenantNotFound (never there, or its key is destroyed), SealBroken."""
    wrapped = connection.scalar(sa.select(tenant_keys.c.wrapped).where(tenant_keys.c.tenant == tenant))
    if wrapped is None:
        raise TenantNotFound(NO_TENANT)
    return vault.tenant_key(wrapped, tenant)


def insert_tenant_key(connection: sa.Connection, vault: Vault, tenant: str) -> TenantKey:
    """Make and write the key of a tenant that has none."""
    key, wrapped = vault.make_tenant_key(tenant)
    connection.execute(sa.insert(tenant_keys).values(tenant=tenant, wrapped=wrapped))
    return key


def complete_tenant_keys(connection: sa.Connection, vault: Vault) -> None:
    """Give a key to every tenant that has none, and wrap the data keys of its profiles anew under it.

    Tenants were without keys in 0.1; those that are being deleted have lost theirs for good.
    """
    without = sa.select(tenants.c.id).where(
        ~tenants.c.leaving, tenants.c.id.not_in(sa.select(tenant_keys.c.tenant))
    )
    for tenant in connection.scalars(without).all():
        key = insert_tenant_key(connection, vault, tenant)
        of_tenant = sa.select(profile_keys).where(profile_keys.c.tenant == tenant)
        for row in connection.execute(of_tenant).all():
            same = (profile_keys.c.tenant == tenant) & (profile_keys.c.profile_id == row.profile_id)
            wrapped = vault.rewrap(row.wrapped, row.profile_id, key)
            connection.execute(sa.update(profile_keys).where(same).values(wrapped=wrapped))


def remove_leaving(connection: sa.Connection) -> bool:
    """Remove tenants whose key is destroyed, with all their data; returns whether there were any."""
    leaving = sa.select(tenants.c.id).where(tenants.c.leaving)
    # Keys, enrolments and audio go with their profile; what is left of media is rubbish without its key.
    for table in (profiles, answers, api_keys, jobs, media, secrets, operating_points, passphrases):
        connection.execute(sa.delete(table).where(table.c.tenant.in_(leaving)))
    return connection.execute(sa.delete(tenants).where(tenants.c.leaving)).rowcount > 0
