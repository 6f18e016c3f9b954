"""A tenant's secrets to sealed rows and back, each under a name."""

from uuid import UUID, uuid5

import sqlalchemy as sa

from earmark.storage.schema import secrets
from earmark.storage.store import Store
from earmark.storage.tenant_keys import read_tenant_key
from earmark.storage.vault import NOBODY, RecordKind


def find_secret(tenant: str, store: Store, name: str) -> bytes | None:
    """Return a secret, or None when there is none of this name. Raises TenantNotFound, SealBroken."""
    query = sa.select(secrets.c.sealed).where(secrets.c.tenant == tenant, secrets.c.name == name)
    with store.reading() as connection:
        key = read_tenant_key(connection, store.vault, tenant)
        sealed = connection.scalar(query)
        return None if sealed is None else key.open(sealed, RecordKind.SECRET, _place(name))


def put_secret(tenant: str, store: Store, name: str, secret: bytes, *, replace: bool) -> bytes:
    """Store a secret and return the one that is there then: without `replace` an older one stays."""
    same = (secrets.c.tenant == tenant) & (secrets.c.name == name)
    with store.writing() as connection:
        key = read_tenant_key(connection, store.vault, tenant)
        known = connection.scalar(sa.select(secrets.c.sealed).where(same))
        if known is not None and not replace:
            return key.open(known, RecordKind.SECRET, _place(name))
        connection.execute(sa.delete(secrets).where(same))
        sealed = key.seal(secret, RecordKind.SECRET, _place(name))
        connection.execute(sa.insert(secrets).values(tenant=tenant, name=name, sealed=sealed))
    return secret


def _place(name: str) -> UUID:
    return uuid5(NOBODY, name)
