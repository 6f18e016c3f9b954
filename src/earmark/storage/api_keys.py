"""API keys to rows and back; only their SHA-256 is stored. A key that was revoked has no row."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from earmark.errors import InvalidRequest, KeyNotFound, TenantNotFound
from earmark.storage.schema import UtcTime, api_keys, tenants
from earmark.storage.store import Store
from earmark.storage.tenant_keys import NO_TENANT


@dataclass(frozen=True)
class KeyRow:
    """A stored key, without the key."""

    id: UUID
    tenant: str
    name: str | None
    roles: tuple[str, ...]
    created: datetime  # aware, UTC
    expires: datetime | None
    hint: str  # its last four characters


def insert_key(tenant: str, store: Store, row: KeyRow, digest: bytes, *, first: bool = False) -> bool:
    """Store a key by the SHA-256 of it; `first`: only where the tenant has none. Returns whether it was.

    Raises TenantNotFound: the tenant may have been deleted since the caller was known. Raises InvalidRequest
    when the key is another's: one that is made has 256 random bits, but one may be given from outside.
    """
    there = sa.select(sa.exists().where(tenants.c.id == tenant, ~tenants.c.leaving))
    with store.writing() as connection:
        if not connection.scalar(there):
            raise TenantNotFound(NO_TENANT)
        of_tenant = sa.select(sa.exists().where(api_keys.c.tenant == tenant))
        if first and connection.scalar(of_tenant):
            return False
        if connection.scalar(sa.select(sa.exists().where(api_keys.c.hash == digest))):
            raise InvalidRequest("This key is in use already: choose another.")
        connection.execute(_insert(tenant, row, digest))
        return True


def find_by_digest(store: Store, digest: bytes) -> KeyRow | None:
    """Return the key with this SHA-256, of whichever tenant: the tenant is what the key tells.

    The one call that does not take the tenant first. Keys are random, so an index on their hash tells
    nobody who measures time anything of use.
    """
    query = (
        sa.select(api_keys)
        .join(tenants, tenants.c.id == api_keys.c.tenant)
        .where(api_keys.c.hash == digest, ~tenants.c.leaving)
    )
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else _to_key(row)


def list_keys(tenant: str, store: Store) -> list[KeyRow]:
    """Return the tenant's keys, oldest first."""
    query = sa.select(api_keys).where(api_keys.c.tenant == tenant).order_by(api_keys.c.created, api_keys.c.id)
    with store.reading() as connection:
        return [_to_key(row) for row in connection.execute(query)]


def find_key(tenant: str, store: Store, key_id: UUID) -> KeyRow:
    """Return one of the tenant's keys; KeyNotFound."""
    for key in list_keys(tenant, store):
        if key.id == key_id:
            return key
    raise KeyNotFound("There is no API key of this identifier: list the keys to see those that there are.")


def delete_key(tenant: str, store: Store, key_id: UUID) -> None:
    """Remove a key; KeyNotFound."""
    find_key(tenant, store, key_id)
    same = (api_keys.c.tenant == tenant) & (api_keys.c.id == key_id)
    with store.writing() as connection:
        connection.execute(sa.delete(api_keys).where(same))


def replace_key(tenant: str, store: Store, old: UUID, row: KeyRow, digest: bytes, *, until: datetime) -> None:
    """Store a key in place of another, which works `until` then or its own earlier end; KeyNotFound."""
    same = (api_keys.c.tenant == tenant) & (api_keys.c.id == old)
    with store.writing() as connection:
        if until <= datetime.now(UTC):
            changed = connection.execute(sa.delete(api_keys).where(same))
        else:
            end = sa.literal(until, UtcTime)
            sooner = sa.case((api_keys.c.expires < until, api_keys.c.expires), else_=end)
            changed = connection.execute(sa.update(api_keys).where(same).values(expires=sooner))
        if changed.rowcount == 0:
            raise KeyNotFound("There is no API key of this identifier: it may have been revoked meanwhile.")
        connection.execute(_insert(tenant, row, digest))


def _insert(tenant: str, row: KeyRow, digest: bytes) -> sa.Insert:
    return sa.insert(api_keys).values(
        tenant=tenant,
        id=row.id,
        hash=digest,
        hint=row.hint,
        name=row.name,
        roles=",".join(row.roles),
        created=row.created,
        expires=row.expires,
    )


def _to_key(row: sa.Row[Any]) -> KeyRow:
    roles = tuple(role for role in row.roles.split(",") if role)
    return KeyRow(row.id, row.tenant, row.name, roles, row.created, row.expires, row.hint)
