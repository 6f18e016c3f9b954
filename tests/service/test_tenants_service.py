"""Tenants as use cases: who may make them, who sees what, and what keeping no recordings means."""

from dataclasses import replace
from pathlib import Path

import pytest

from earmark.errors import (
    AudioNotKept,
    InvalidRequest,
    KeyInvalid,
    OperationNotFound,
    PermissionDenied,
    ProfileNotFound,
    TenantNotFound,
    TenantTaken,
)
from earmark.service.actor import ROLES, Actor, Permission, local_actor
from earmark.service.answers import find_answer, keep_answer
from earmark.service.enrol import add_recordings, enrol
from earmark.service.keys import authenticate, create_key, list_keys
from earmark.service.profiles import (
    export_profiles,
    import_profiles,
    list_profiles,
    reembed_profile,
    show_profile,
)
from earmark.service.recognise import identify, verify
from earmark.service.tenants import (
    create_tenant,
    delete_tenant,
    list_tenants,
    set_keep_audio,
    show_tenant,
)
from earmark.storage.store import DEFAULT_TENANT, Store
from earmark.storage.values import ProfileKind
from earmark.voice.engine import Engine

pytestmark = pytest.mark.databases("sqlite", "postgres")

Clips = dict[str, list[Path]]
ACME = "acme"


@pytest.fixture
def theirs(actor: Actor, store: Store) -> Actor:
    """Someone of a tenant that keeps no recordings."""
    create_tenant(actor, store, ACME, keep_audio=False)
    return replace(actor, tenant=ACME)


def test_made_shown_and_listed(actor: Actor, theirs: Actor, store: Store) -> None:
    assert [(one.id, one.keep_audio) for one in list_tenants(actor, store)] == [
        (ACME, False),
        (DEFAULT_TENANT, True),
    ]
    assert show_tenant(theirs, store).id == ACME
    assert show_tenant(actor, store).id == DEFAULT_TENANT
    with pytest.raises(TenantTaken):
        create_tenant(actor, store, ACME)
    with pytest.raises(InvalidRequest):
        create_tenant(actor, store, "No Name")
    for call in (show_tenant, lambda who, where: set_keep_audio(who, where, keep=True)):
        with pytest.raises(TenantNotFound):
            call(local_actor("nobody"), store)


def test_no_key_makes_or_deletes_tenants(actor: Actor, theirs: Actor, store: Store) -> None:
    key = authenticate(store, create_key(actor, store, roles=ROLES).secret)
    for call in (
        lambda: create_tenant(key, store, "another"),
        lambda: list_tenants(key, store),
        lambda: delete_tenant(key, store, ACME),
    ):
        with pytest.raises(PermissionDenied, match="operate"):
            call()
    assert len(list_tenants(actor, store)) == 2
    assert show_tenant(key, store).id == DEFAULT_TENANT
    assert not set_keep_audio(key, store, keep=False).keep_audio
    assert show_tenant(theirs, store).keep_audio is False
    with pytest.raises(PermissionDenied):
        set_keep_audio(Actor(ACME, frozenset({Permission.ENROL})), store, keep=True)


def test_a_deleted_tenant_is_nobody(
    actor: Actor, theirs: Actor, store: Store, engine: Engine, clips: Clips
) -> None:
    ours = enrol(actor, store, engine, "ada", clips["ada"][:1]).profile
    gone = enrol(theirs, store, engine, "ada", clips["ada"][:1]).profile
    secret = create_key(theirs, store, roles=ROLES).secret
    kept = keep_answer(theirs, store, gone.id, b"{}")
    assert delete_tenant(actor, store, ACME) is not store.database.shared  # PostgreSQL keeps sealed remains
    with pytest.raises(KeyInvalid):
        authenticate(store, secret)
    for not_found, call in (
        (ProfileNotFound, lambda: show_profile(theirs, store, gone.id)),
        (OperationNotFound, lambda: find_answer(theirs, store, kept.id)),
        (TenantNotFound, lambda: enrol(theirs, store, engine, "eva", clips["eva"][:1])),
        (TenantNotFound, lambda: create_key(theirs, store, roles=[Permission.ENROL])),
        (TenantNotFound, lambda: identify(theirs, store, engine, clips["ada"][3])),
        (TenantNotFound, lambda: keep_answer(theirs, store, gone.id, b"{}")),
        (TenantNotFound, lambda: delete_tenant(actor, store, ACME)),
    ):
        with pytest.raises(not_found):
            call()
    assert list_keys(theirs, store) == []
    assert list_profiles(actor, store) == [ours]
    assert verify(actor, store, engine, "ada", clips["ada"][3]).accepted
    with pytest.raises(InvalidRequest):
        delete_tenant(actor, store, DEFAULT_TENANT)


def test_without_recordings_people_are_recognised_but_not_embedded_anew(
    actor: Actor, theirs: Actor, store: Store, engine: Engine, other_engine: Engine, clips: Clips
) -> None:
    made = enrol(theirs, store, engine, "ada", clips["ada"][:1]).profile
    assert [one.audio_kept for one in made.enrolments] == [False]
    assert verify(theirs, store, engine, "ada", clips["ada"][3]).accepted
    assert not verify(theirs, store, engine, "ada", clips["dima"][3]).accepted
    with pytest.raises(AudioNotKept, match="enrol again"):
        reembed_profile(theirs, store, other_engine, "ada")
    set_keep_audio(theirs, store, keep=True)
    add_recordings(theirs, store, engine, "ada", clips["ada"][1:2])
    with pytest.raises(AudioNotKept):
        reembed_profile(theirs, store, other_engine, "ada")  # one without is one too many
    assert show_profile(theirs, store, "ada").model == "spectrum@1"
    ben = enrol(theirs, store, engine, "ben", clips["ben"][:1]).profile
    set_keep_audio(theirs, store, keep=False)
    assert reembed_profile(theirs, store, other_engine, ben.id).model == "other@1", "what is kept stays"


def test_a_tenant_without_recordings_takes_people_in_without_theirs(
    actor: Actor, theirs: Actor, store: Store, engine: Engine, clips: Clips, tmp_path: Path
) -> None:
    made = enrol(actor, store, engine, "ada", clips["ada"][:2], kind=ProfileKind.IDENTIFICATION).profile
    file = tmp_path / "people.earmark"
    export_profiles(actor, store, file, passphrase="correct horse battery")
    assert import_profiles(theirs, store, file, passphrase="correct horse battery").added == (made.id,)
    moved = show_profile(theirs, store, "ada", kind=ProfileKind.IDENTIFICATION)
    assert [one.audio_kept for one in moved.enrolments] == [False, False]
    assert [one.quality for one in moved.enrolments] == [one.quality for one in made.enrolments]
    assert verify(theirs, store, engine, "ada", clips["ada"][3]).accepted
    assert all(one.audio_kept for one in show_profile(actor, store, "ada").enrolments)
