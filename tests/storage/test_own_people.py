"""Whom a tenant's people are compared beside: its own, of one model, and as they are now."""

from collections.abc import Callable

import numpy as np
import pytest

from earmark.storage import own_people
from earmark.storage.learned import learn
from earmark.storage.own_people import load_own_people
from earmark.storage.profiles import add_enrolments, create_profile, delete_profile, reset_profile
from earmark.storage.store import DEFAULT_TENANT as T
from earmark.storage.store import Store, open_store
from earmark.storage.tenants import create_tenant
from earmark.storage.values import Profile, ProfileKind, ProfileState
from earmark.storage.voiceprints import load_voiceprint
from earmark.voice.features import Floats
from earmark.voice.scoring.own_people import OwnPeople
from earmark.voice.voiceprint import Embedding

pytestmark = pytest.mark.databases("sqlite", "postgres")

Take = tuple[list[Floats], list[Embedding]]
FEWEST = 8  # here


@pytest.fixture(autouse=True)
def _fewest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_people, "FEWEST", FEWEST)


@pytest.fixture
def crowd(people: Callable[..., Profile]) -> list[Profile]:
    """Just enough people, by GUID."""
    made = [people(None, number=1 + place % 2, seed=place, seconds=0.01) for place in range(FEWEST)]
    return sorted(made, key=lambda profile: profile.id)


def load(store: Store, *, tenant: str = T, model: str = "test@1") -> OwnPeople:
    found = load_own_people(tenant, store, model=model)
    assert found is not None
    return found


def test_all_are_read_once_in_the_order_of_their_identifiers(store: Store, crowd: list[Profile]) -> None:
    found = load(store)
    assert found.keys == [str(profile.id) for profile in crowd]
    for place in (0, 7):
        voiceprint = load_voiceprint(T, store, crowd[place].id)
        assert found.voices.vectors[place] == pytest.approx(voiceprint.vector)
        assert found.voices.seconds[place] == voiceprint.speech_seconds
        assert (found.voices.snr_db[place], found.voices.bandwidth_hz[place]) == voiceprint.recorded
    assert load(store) is found


def test_too_few_are_nobody(store: Store, crowd: list[Profile]) -> None:
    assert len(load(store)) == FEWEST
    delete_profile(T, store, crowd[3].id)
    assert load_own_people(T, store, model="test@1") is None


@pytest.mark.databases("sqlite")
def test_only_some_hundred_are_taken_always_the_same(
    store: Store, crowd: list[Profile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_people, "MOST", FEWEST - 3)
    monkeypatch.setattr(own_people, "FEWEST", 3)
    assert load(store).keys == [str(profile.id) for profile in crowd[: FEWEST - 3]]


@pytest.mark.usefixtures("crowd")
def test_others_are_not_among_them(
    store: Store, people: Callable[..., Profile], take: Callable[..., Take]
) -> None:
    """Of another tenant or model, of a passphrase, or not enrolled yet."""
    before = load(store)
    create_tenant(store, "elsewhere")
    for place in range(FEWEST + 1):
        people(None, number=1, seed=place, tenant="elsewhere", seconds=0.01)
    clips, embeddings = take(1, seconds=0.01)
    for wrong in ({"kind": ProfileKind.TEXT_DEPENDENT}, {"state": ProfileState.ENROLLING}):
        create_profile(T, store, clips=clips, embeddings=embeddings, **wrong)
    people(None, number=1, model="other@1", seconds=0.01)
    assert load(store) is before
    theirs = load(store, tenant="elsewhere")
    assert len(theirs) == FEWEST + 1
    assert not set(theirs.keys) & set(before.keys)
    assert load_own_people(T, store, model="other@1") is None


def test_who_changes_or_leaves_does_so_at_once(
    store: Store, crowd: list[Profile], people: Callable[..., Profile], take: Callable[..., Take]
) -> None:
    for seed in range(3):
        people(None, number=1, seed=100 + seed, seconds=0.01)
    before = load(store)
    clips, embeddings = take(1, seed=50, seconds=0.01)
    add_enrolments(T, store, crowd[4].id, clips=clips, embeddings=embeddings)
    changed = load(store)
    assert changed.keys == before.keys
    moved = np.flatnonzero((changed.voices.vectors != before.voices.vectors).any(axis=1))
    assert [before.keys[place] for place in moved.tolist()] == [str(crowd[4].id)]
    delete_profile(T, store, crowd[5].id)
    reset_profile(T, store, crowd[6].id)
    gone = {str(crowd[5].id), str(crowd[6].id)}
    assert load(store).keys == [key for key in before.keys if key not in gone]


def test_what_another_process_deletes_is_gone_too(
    store: Store, crowd: list[Profile], people: Callable[..., Profile], database_url: str | None
) -> None:
    people(None, number=1, seed=100, seconds=0.01)
    before = load(store)
    with open_store(store.home, database_url=database_url, environ={}) as other:
        delete_profile(T, other, crowd[0].id)
    assert load(store).keys == [key for key in before.keys if key != str(crowd[0].id)]


@pytest.mark.databases("sqlite")
def test_nobody_stays_in_memory_who_was_deleted_here(store: Store, crowd: list[Profile]) -> None:
    load(store)
    delete_profile(T, store, crowd[0].id)
    assert store.own_people == {}


@pytest.mark.databases("sqlite")
def test_a_cohort_does_not_move_with_what_is_learned(
    store: Store, crowd: list[Profile], take: Callable[..., Take]
) -> None:
    before = load(store)
    learn(T, store, crowd[2].id, take(1, seed=60)[1][0])
    assert load(store).voices.vectors == pytest.approx(before.voices.vectors)


@pytest.mark.databases("sqlite")
def test_few_tenants_stay_in_memory(
    store: Store, people: Callable[..., Profile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_people, "FEWEST", 1)
    monkeypatch.setattr(own_people, "KEPT", 2)
    for place, name in enumerate(("a", "b", "c")):
        create_tenant(store, name)
        people(None, number=1, seed=place, tenant=name, seconds=0.01)
        assert len(load(store, tenant=name)) == 1
    assert {tenant for tenant, _ in store.own_people} == {"b", "c"}
