"""Whether the service can do its work now."""

from earmark.storage.store import Store
from earmark.storage.tenants import list_tenants


def check_store(store: Store) -> None:
    """Do nothing when the store can be read; StoreError when it cannot."""
    list_tenants(store)
