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


@dataclass(frozen=True)
class Actor:
    """On whose behalf a use case runs; its first argument."""

    tenant: str
    permissions: frozenset[Permission]


def local_actor() -> Actor:
    """Return whoever can open the home folder: the default tenant, with every permission."""
    return Actor(DEFAULT_TENANT, frozenset(Permission))


def needs(
    permission: Permission,
) -> Callable[[Callable[Concatenate[Actor, P], R]], Callable[Concatenate[Actor, P], R]]:
    """Mark a use case with the permission that it takes; PermissionDenied for an actor without."""

    def mark(use_case: Callable[Concatenate[Actor, P], R]) -> Callable[Concatenate[Actor, P], R]:
        @wraps(use_case)
        def checked(actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> R:
            if permission not in actor.permissions:
                raise PermissionDenied(
                    f"This takes the permission '{permission}', which the caller lacks: ask for it."
                )
            return use_case(actor, *args, **kwargs)

        checked.permission = permission  # type: ignore[attr-defined]  # a test sees that none is forgotten
        return checked

    return mark
