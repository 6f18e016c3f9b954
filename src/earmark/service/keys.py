"""API keys: made, listed, revoked and rotated by a tenant; and a key to the actor who sent it."""

import hashlib
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from earmark.errors import InvalidRequest, KeyInvalid, PermissionDenied
from earmark.service.actor import ROLES, Actor, Permission, needs
from earmark.storage import api_keys
from earmark.storage.api_keys import KeyRow
from earmark.storage.store import DEFAULT_TENANT, Store

PREFIX = "em_"
OWN_KEY = re.compile(r"[!-~]{16,200}")  # printable ASCII without spaces: such as an old Azure key
MAX_NAME = 100
MAX_OVERLAP = timedelta(days=30)


@dataclass(frozen=True)
class ApiKey:
    """A key without its secret."""

    id: UUID
    name: str | None
    roles: frozenset[Permission]
    created: datetime  # aware, UTC
    expires: datetime | None
    hint: str  # the secret's last four characters


@dataclass(frozen=True)
class NewKey:
    """A key as it is told once; the secret is not kept."""

    key: ApiKey
    secret: str


@needs(Permission.MANAGE)
def create_key(
    actor: Actor,
    store: Store,
    *,
    roles: Collection[Permission],
    name: str | None = None,
    expires: datetime | None = None,
) -> NewKey:
    """Make a key with some of the actor's own roles.

    Raises PermissionDenied for a role that the actor lacks or no key may have, InvalidRequest for no role,
    a name of more than 100 characters, or an end that is past.
    """
    if not roles:
        raise InvalidRequest("A key without a role can do nothing: give it at least one.")
    if not set(roles) <= ROLES & actor.permissions:
        raise PermissionDenied("A key can be given only roles that whoever makes it has: ask for fewer.")
    if name is not None and not (1 <= len(name) <= MAX_NAME and name.isprintable()):
        raise InvalidRequest(f"A key's name has 1 to {MAX_NAME} printable characters: choose another.")
    if expires is not None and expires <= datetime.now(UTC):
        raise InvalidRequest("The key would have expired already: give a later time.")
    secret = _secret()
    row = _row(actor.tenant, secret, roles, name=name, expires=expires)
    api_keys.insert_key(actor.tenant, store, row, _digest(secret))
    return NewKey(_to_key(row), secret)


@needs(Permission.MANAGE)
def list_keys(actor: Actor, store: Store) -> list[ApiKey]:
    """Return the tenant's keys, oldest first; those that have expired too."""
    return [_to_key(row) for row in api_keys.list_keys(actor.tenant, store)]


@needs(Permission.MANAGE)
def revoke_key(actor: Actor, store: Store, key_id: UUID) -> None:
    """Make a key worthless at once; KeyNotFound."""
    api_keys.delete_key(actor.tenant, store, key_id)


@needs(Permission.MANAGE)
def rotate_key(actor: Actor, store: Store, key_id: UUID, *, overlap: timedelta = timedelta(0)) -> NewKey:
    """Make a key of the same name, roles and end in place of another, which works for `overlap` more.

    Raises KeyNotFound, PermissionDenied for a key with roles that the actor lacks, InvalidRequest for an
    overlap of more than 30 days, or a key that has expired: its successor would have expired as well.
    """
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise InvalidRequest(f"Both keys can work for at most {MAX_OVERLAP.days} days: ask for less.")
    old = _to_key(api_keys.find_key(actor.tenant, store, key_id))
    if not old.roles <= actor.permissions:
        raise PermissionDenied("This key has roles that the caller lacks: let somebody with them rotate it.")
    now = datetime.now(UTC)
    if old.expires is not None and old.expires <= now:
        raise InvalidRequest("This key has expired, and so would its successor: make a new key.")
    secret = _secret()
    row = _row(actor.tenant, secret, old.roles, name=old.name, expires=old.expires)
    until = now + overlap
    api_keys.replace_key(actor.tenant, store, key_id, row, _digest(secret), until=until)
    return NewKey(_to_key(row), secret)


def authenticate(store: Store, secret: str | None) -> Actor:
    """Return on whose behalf a request with this key comes. KeyInvalid says the same whatever is wrong."""
    row = api_keys.find_by_digest(store, _digest(secret)) if secret else None
    if row is None or (row.expires is not None and row.expires <= datetime.now(UTC)):
        raise KeyInvalid("The API key is missing or not valid: send one made by `earmark keys create`.")
    return Actor(row.tenant, frozenset(Permission(role) for role in row.roles) & ROLES)


def ensure_first_key(store: Store, bootstrap: str | None = None) -> NewKey | None:
    """Make the default tenant's first key, with all roles; None when the tenant has keys already.

    `bootstrap` is the key to make, for automated set-ups; it means nothing later. Of two processes that
    start at once, one makes it. Raises InvalidRequest when `bootstrap` can be no key.
    """
    if bootstrap is not None and not OWN_KEY.fullmatch(bootstrap):
        raise InvalidRequest(
            "EARMARK_BOOTSTRAP_KEY needs 16 to 200 printable characters without spaces: choose a longer one."
        )
    secret = bootstrap or _secret()
    row = _row(DEFAULT_TENANT, secret, ROLES, name="first", expires=None)
    made = api_keys.insert_key(DEFAULT_TENANT, store, row, _digest(secret), first=True)
    return NewKey(_to_key(row), secret) if made else None


def _row(
    tenant: str, secret: str, roles: Collection[Permission], *, name: str | None, expires: datetime | None
) -> KeyRow:
    ordered = tuple(role.value for role in Permission if role in roles)
    return KeyRow(uuid4(), tenant, name, ordered, datetime.now(UTC), expires, secret[-4:])


def _secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _digest(secret: str) -> bytes:
    # A key has 256 random bits, so a plain hash cannot be guessed at as a person's password could.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _to_key(row: KeyRow) -> ApiKey:
    roles = frozenset(Permission(role) for role in row.roles)
    return ApiKey(row.id, row.name, roles, row.created, row.expires, row.hint)
