"""Tenants: made, listed and deleted by whoever runs the service; each looks after its own settings."""

from earmark.service.actor import Actor, Permission, needs
from earmark.storage import tenants
from earmark.storage.blobs import MediaStore
from earmark.storage.store import Store
from earmark.storage.values import Tenant


@needs(Permission.OPERATE)
def create_tenant(actor: Actor, store: Store, tenant: str, *, keep_audio: bool = True) -> Tenant:  # noqa: ARG001
    """Make a tenant with a key of its own. Raises TenantTaken, InvalidRequest for its name."""
    return tenants.create_tenant(store, tenant, keep_audio=keep_audio)


@needs(Permission.OPERATE)
def list_tenants(actor: Actor, store: Store) -> list[Tenant]:  # noqa: ARG001
    """Return all tenants, by name."""
    return tenants.list_tenants(store)


@needs(Permission.OPERATE)
def delete_tenant(actor: Actor, store: Store, tenant: str, *, media: MediaStore | None = None) -> bool:  # noqa: ARG001
    """Destroy a tenant's wrapping key, then its profiles, keys, answers, jobs and recordings in `media`.

    Without `media` what is left of recordings, which nothing opens, goes with the next sweep. Raises
    TenantNotFound, InvalidRequest for the default tenant. Returns False as `delete_profile` does.
    """
    forgotten = tenants.delete_tenant(store, tenant)
    if media is not None:
        media.remove(tenant)
    return forgotten


@needs(Permission.MANAGE, Permission.ENROL, Permission.RECOGNISE, Permission.AUDIT)
def show_tenant(actor: Actor, store: Store) -> Tenant:
    """Return the actor's own tenant."""
    return tenants.find_tenant(store, actor.tenant)


@needs(Permission.MANAGE)
def set_keep_audio(actor: Actor, store: Store, keep: bool) -> Tenant:
    """Keep the recordings of coming enrolments, sealed, or do not.

    Without them a voiceprint cannot be made again when the model changes: such people must enrol anew.
    Recordings that are kept already stay.
    """
    return tenants.change_tenant(store, actor.tenant, keep_audio=keep)


@needs(Permission.MANAGE)
def set_activation(actor: Actor, store: Store, wanted: bool) -> Tenant:
    """Let the first recording of a profile of any words have to say an activation phrase, or do not.

    The phrase is compared and not stored; profiles that have recordings already stay as they are.
    """
    return tenants.change_tenant(store, actor.tenant, activation=wanted)
