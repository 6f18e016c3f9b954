"""Who is calling: a tenant and permissions; and the one point at which permissions are checked."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from earmark.errors import PermissionDenied
from earmark.storage.store import DEFAULT_TENANT

P = ParamSpec("P")
R = TypeVar("R")


class Permission(StrEnum):
    """What an actor may do."""

    RECOGNISE = "recognise"  # verify and identify
    ENROL = "enrol"  # make profiles and add to them
    MANAGE = "manage"  # list, show, delete, export, import, embed anew
    AUDIT = "audit"  # read who did what
    OPERATE = "operate"  # make and delete tenants: only for whoever can open the home folder


ROLES = frozenset(Permission) - {Permission.OPERATE}  # what an API key may be given


@dataclass(frozen=True)
class Actor:
    """On whose behalf a use case runs; its first argument."""

    tenant: str
    permissions: frozenset[Permission]


def local_actor(tenant: str = DEFAULT_TENANT) -> Actor:
    """Return whoever can open the home folder, acting for a tenant, with every permission."""
    return Actor(tenant, frozenset(Permission))


def needs(
    *permissions: Permission,
) -> Callable[[Callable[Concatenate[Actor, P], R]], Callable[Concatenate[Actor, P], R]]:
    """Mark a use case with the permissions of which it takes any; PermissionDenied for an actor without."""

    def mark(use_case: Callable[Concatenate[Actor, P], R]) -> Callable[Concatenate[Actor, P], R]:
        @wraps(use_case)
        def checked(actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> R:
            if actor.permissions.isdisjoint(permissions):
                wanted = " or ".join(f"'{permission}'" for permission in permissions)
                raise PermissionDenied(
                    f"This takes the permission {wanted}, which the caller lacks: ask for it."
                )
            return use_case(actor, *args, **kwargs)

        checked.permissions = permissions  # type: ignore[attr-defined]  # a test sees that none is forgotten
        return checked

    return mark
