"""Permissions are checked at every use case, before anything is looked at."""

import inspect
from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest

from earmark import service
from earmark.errors import PermissionDenied
from earmark.service.actor import Actor, Permission, local_actor
from earmark.storage.store import DEFAULT_TENANT

EVERY_ROLE = (Permission.MANAGE, Permission.ENROL, Permission.RECOGNISE, Permission.AUDIT)
EVERY_PHRASE = (Permission.RECOGNISE, Permission.ENROL, Permission.MANAGE, Permission.AUDIT)
ANSWERED = (Permission.RECOGNISE, Permission.ENROL, Permission.MANAGE)
# Reviewed by hand: a new use case is added here with what it takes, any of several.
TAKES: dict[str, tuple[Permission, ...]] = {
    "enrol": (Permission.ENROL,),
    "add_recordings": (Permission.ENROL,),
    "verify": (Permission.RECOGNISE,),
    "identify": (Permission.RECOGNISE,),
    "gather_candidates": (Permission.RECOGNISE,),
    "diarise": (Permission.RECOGNISE,),
    "make_link": (Permission.RECOGNISE,),
    "keep_for_job": (Permission.RECOGNISE,),
    "remove_unsubmitted": (Permission.RECOGNISE,),
    "submit_job": (Permission.RECOGNISE,),
    "find_job": (Permission.RECOGNISE,),
    "list_jobs": (Permission.RECOGNISE,),
    "read_order": (Permission.RECOGNISE,),
    "read_outcome": (Permission.RECOGNISE,),
    "cancel_job": (Permission.RECOGNISE,),
    "delete_job": (Permission.RECOGNISE,),
    "put_media": (Permission.RECOGNISE,),
    "find_media": (Permission.RECOGNISE,),
    "read_media": (Permission.RECOGNISE,),
    "open_media": (Permission.RECOGNISE,),
    "delete_media": (Permission.RECOGNISE,),
    "attempt": (Permission.RECOGNISE,),
    "webhook_secret": (Permission.MANAGE,),
    "rotate_webhook_secret": (Permission.MANAGE,),
    "create_profile": (Permission.ENROL,),
    "list_profiles": (Permission.MANAGE,),
    "show_profile": (Permission.MANAGE, Permission.ENROL),
    "change_profile": (Permission.MANAGE,),
    "reset_profile": (Permission.MANAGE,),
    "delete_profile": (Permission.MANAGE,),
    "export_profiles": (Permission.MANAGE,),
    "import_profiles": (Permission.MANAGE,),
    "each_profile": (Permission.MANAGE,),
    "rehearse": (Permission.ENROL,),
    "find_settled": (Permission.MANAGE,),
    "move_in": (Permission.ENROL,),
    "reembed_profile": (Permission.MANAGE,),
    "inspect_recording": (Permission.RECOGNISE, Permission.ENROL),
    "keep_answer": ANSWERED,
    "find_answer": ANSWERED,
    "create_key": (Permission.MANAGE,),
    "list_keys": (Permission.MANAGE,),
    "revoke_key": (Permission.MANAGE,),
    "rotate_key": (Permission.MANAGE,),
    "create_tenant": (Permission.OPERATE,),
    "list_tenants": (Permission.OPERATE,),
    "delete_tenant": (Permission.OPERATE,),
    "show_tenant": EVERY_ROLE,
    "set_keep_audio": (Permission.MANAGE,),
    "set_activation": (Permission.MANAGE,),
    "show_phrases": EVERY_PHRASE,
    "examine_phrase": (Permission.ENROL, Permission.MANAGE),
    "add_passphrase": (Permission.MANAGE,),
    "remove_passphrase": (Permission.MANAGE,),
    "create_challenge": (Permission.RECOGNISE,),
    "show_lock": (Permission.MANAGE, Permission.RECOGNISE),
    "unlock_profile": (Permission.MANAGE,),
    "show_rules": EVERY_ROLE,
    "show_costs": EVERY_ROLE,
    "change_rules": (Permission.MANAGE,),
    "show_renewal": (Permission.MANAGE, Permission.ENROL),
    "forget_learned": (Permission.MANAGE,),
}


MODULES = [f"{service.__name__}.{found.name}" for found in iter_modules(service.__path__)]


def use_cases() -> dict[str, Callable[..., Any]]:
    return {
        name: function
        for module in map(import_module, MODULES)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and next(iter(inspect.signature(function).parameters), "") == "actor"
    }


def test_every_use_case_takes_its_permission() -> None:
    assert {name: getattr(function, "permissions", None) for name, function in use_cases().items()} == TAKES


@pytest.mark.parametrize(("name", "permissions"), TAKES.items())
def test_an_actor_without_it_is_refused_before_anything_else(
    name: str, permissions: tuple[Permission, ...]
) -> None:
    actor = Actor(DEFAULT_TENANT, frozenset(Permission) - set(permissions))
    required = [
        parameter.name
        for parameter in list(inspect.signature(use_cases()[name]).parameters.values())[1:]
        if parameter.default is inspect.Parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    with pytest.raises(PermissionDenied, match=permissions[0].value):
        use_cases()[name](actor, *[None] * len(required))  # nothing to work with: nothing is touched


def test_whoever_opens_the_folder_may_do_everything() -> None:
    assert local_actor() == Actor(DEFAULT_TENANT, frozenset(Permission))
