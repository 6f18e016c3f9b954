"""A tenant's own passphrases to rows and back."""

from datetime import UTC, datetime

import sqlalchemy as sa

from earmark.errors import InvalidRequest
from earmark.storage.schema import passphrases
from earmark.storage.store import Store
from earmark.storage.tenant_keys import read_tenant_key

MOST = 1_000  # passphrases of a tenant in a locale


def list_phrases(tenant: str, store: Store, locale: str) -> list[str]:
    """Return the passphrases that a tenant added in a locale (small letters), oldest first."""
    with store.reading() as connection:
        return _read(connection, tenant, locale)


def add_phrase(tenant: str, store: Store, locale: str, phrase: str) -> bool:
    """Store a passphrase; False when it is there already. Raises InvalidRequest when there are too many."""
    now = datetime.now(UTC)
    with store.writing() as connection:
        read_tenant_key(connection, store.vault, tenant)  # TenantNotFound: deleted meanwhile
        known = _read(connection, tenant, locale)
        if phrase in known:
            return False
        if len(known) >= MOST:
            raise InvalidRequest(f"There are {MOST:,} passphrases already: remove some first.")
        row = {"tenant": tenant, "locale": locale, "phrase": phrase, "created": now}
        connection.execute(sa.insert(passphrases).values(row))
    return True


def remove_phrase(tenant: str, store: Store, locale: str, phrase: str) -> bool:
    """Remove a passphrase; returns whether it was there. Profiles that have it keep it."""
    same = (passphrases.c.tenant == tenant) & (passphrases.c.locale == locale)
    with store.writing() as connection:
        wanted = sa.delete(passphrases).where(same, passphrases.c.phrase == phrase)
        return connection.execute(wanted).rowcount > 0


def _read(connection: sa.Connection, tenant: str, locale: str) -> list[str]:
    of_locale = (passphrases.c.tenant == tenant) & (passphrases.c.locale == locale)
    query = sa.select(passphrases.c.phrase).where(of_locale)
    return list(connection.scalars(query.order_by(passphrases.c.created, passphrases.c.phrase)))
