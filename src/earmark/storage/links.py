"""A text to the tenant's signature of it."""

from earmark.storage.store import Store
from earmark.storage.tenant_keys import read_tenant_key


def sign_link(tenant: str, store: Store, text: bytes) -> bytes:
    """Return 32 bytes that nobody without the tenant's key can make. Raises TenantNotFound, SealBroken."""
    with store.reading() as connection:
        return read_tenant_key(connection, store.vault, tenant).sign_link(text)
