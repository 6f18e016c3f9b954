"""Permissions are checked at every use case, before anything is looked at."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from earmark.errors import PermissionDenied
from earmark.service import enrol, profiles, recognise
from earmark.service.actor import Actor, Permission, local_actor
from earmark.storage.store import DEFAULT_TENANT

# Reviewed by hand: a new use case is added here with what it takes.
TAKES = {
    "enrol": Permission.ENROL,
    "add_recordings": Permission.ENROL,
    "verify": Permission.RECOGNISE,
    "identify": Permission.RECOGNISE,
    "gather_candidates": Permission.RECOGNISE,
    "list_profiles": Permission.MANAGE,
    "show_profile": Permission.MANAGE,
    "delete_profile": Permission.MANAGE,
    "export_profiles": Permission.MANAGE,
    "import_profiles": Permission.MANAGE,
    "reembed_profile": Permission.MANAGE,
}


def use_cases() -> dict[str, Callable[..., Any]]:
    return {
        name: function
        for module in (enrol, profiles, recognise)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and next(iter(inspect.signature(function).parameters), "") == "actor"
    }


def test_every_use_case_takes_its_permission() -> None:
    assert {name: getattr(function, "permission", None) for name, function in use_cases().items()} == TAKES


@pytest.mark.parametrize(("name", "permission"), TAKES.items())
def test_an_actor_without_it_is_refused_before_anything_else(name: str, permission: Permission) -> None:
    actor = Actor(DEFAULT_TENANT, frozenset(Permission) - {permission})
    required = [
        parameter.name
        for parameter in list(inspect.signature(use_cases()[name]).parameters.values())[1:]
        if parameter.default is inspect.Parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    with pytest.raises(PermissionDenied, match=permission.value):
        use_cases()[name](actor, *[None] * len(required))  # nothing to work with: nothing is touched


def test_whoever_opens_the_folder_may_do_everything() -> None:
    assert local_actor() == Actor(DEFAULT_TENANT, frozenset(Permission))
