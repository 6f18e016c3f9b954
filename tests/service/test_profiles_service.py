"""Listing, showing, deleting, exporting and importing, by actor."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import pytest

from earmark.errors import FileMissing, InvalidRequest, ProfileNotFound
from earmark.service import profiles
from earmark.service.actor import Actor
from earmark.service.enrol import add_recordings, enrol
from earmark.service.recognise import verify
from earmark.storage.store import Store, open_store
from earmark.storage.values import Profile
from earmark.voice.engine import Engine

pytestmark = pytest.mark.databases("sqlite", "postgres")

PASSPHRASE = "correct horse battery"


@pytest.fixture
def people(actor: Actor, store: Store, engine: Engine, clips: dict[str, list[Path]]) -> list[Profile]:
    return [enrol(actor, store, engine, name, clips[name][:1]).profile for name in ("ada", "ben", "clara")]


def test_listing_and_showing(actor: Actor, stranger: Actor, store: Store, people: list[Profile]) -> None:
    listed = profiles.list_profiles(actor, store)
    assert sorted(profile.label or "" for profile in listed) == ["ada", "ben", "clara"]
    assert profiles.list_profiles(actor, store, limit=2) == listed[:2]
    assert profiles.list_profiles(actor, store, after=listed[1].id) == listed[2:]
    assert profiles.show_profile(actor, store, "ada") == people[0]
    assert profiles.list_profiles(stranger, store) == []
    for limit in (0, 1_001):
        with pytest.raises(InvalidRequest):
            profiles.list_profiles(actor, store, limit=limit)


def test_deleting(actor: Actor, stranger: Actor, store: Store, people: list[Profile]) -> None:
    with pytest.raises(ProfileNotFound):
        profiles.delete_profile(stranger, store, people[0].id)
    forgotten = not store.database.shared  # PostgreSQL keeps sealed remains
    assert profiles.delete_profile(actor, store, "ada") is forgotten
    assert profiles.delete_profile(actor, store, people[1].id) is forgotten
    assert [profile.label for profile in profiles.list_profiles(actor, store)] == ["clara"]
    for gone in ("ada", people[0].id):
        with pytest.raises(ProfileNotFound):
            profiles.show_profile(actor, store, gone)


def test_profiles_move_to_another_home_and_are_recognised_there(
    actor: Actor,
    store: Store,
    engine: Engine,
    people: list[Profile],
    clips: dict[str, list[Path]],
    tmp_path: Path,
) -> None:
    path = tmp_path / "people.earmark"
    assert profiles.export_profiles(actor, store, path, passphrase=PASSPHRASE) == 3
    with open_store(tmp_path / "elsewhere", environ={}) as there:
        done = profiles.import_profiles(actor, there, path, passphrase=PASSPHRASE)
        assert set(done.added) == {profile.id for profile in people}
        assert profiles.list_profiles(actor, there) == profiles.list_profiles(actor, store)
        here = verify(actor, store, engine, "ada", clips["ada"][3])
        assert verify(actor, there, engine, "ada", clips["ada"][3]) == here


def test_exporting_some(
    actor: Actor, stranger: Actor, store: Store, people: list[Profile], tmp_path: Path
) -> None:
    file = io.BytesIO()
    keys: list[str | UUID] = ["ada", people[2].id, str(people[0].id)]
    assert profiles.export_profiles(actor, store, file, keys=keys, passphrase=PASSPHRASE) == 2
    with pytest.raises(ProfileNotFound):
        profiles.export_profiles(actor, store, file, keys=["nobody"], passphrase=PASSPHRASE)
    with pytest.raises(ProfileNotFound):
        profiles.export_profiles(stranger, store, file, keys=["ada"], passphrase=PASSPHRASE)
    with pytest.raises(FileMissing):
        profiles.import_profiles(actor, store, tmp_path / "nowhere", passphrase=PASSPHRASE)


def test_all_profiles_page_by_page(
    actor: Actor,
    stranger: Actor,
    store: Store,
    people: list[Profile],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(profiles, "MAX_LISTED", 2)
    assert sorted(one.id for one in profiles.each_profile(actor, store)) == sorted(one.id for one in people)
    assert list(profiles.each_profile(stranger, store)) == []


class Joined(Engine):
    """An engine during whose first embedding somebody else adds a recording."""

    def embed(self, *args: Any, **kwargs: Any) -> Any:
        if self.meanwhile:
            self.meanwhile.pop()()
        return super().embed(*args, **kwargs)

    meanwhile: ClassVar[list[Callable[[], object]]] = []


def test_what_is_added_while_embedding_anew_is_embedded_too(
    actor: Actor,
    store: Store,
    engine: Engine,
    people: list[Profile],
    clips: dict[str, list[Path]],
    models: Path,
) -> None:
    joined = Joined(model="other", home=models)
    joined.meanwhile.append(lambda: add_recordings(actor, store, engine, "ada", clips["ada"][1:2]))
    done = profiles.reembed_profile(actor, store, joined, "ada")
    assert (done.model, len(done.enrolments)) == ("other@1", 2)
    assert verify(actor, store, joined, "ada", clips["ada"][3]).accepted
    assert profiles.reembed_profile(actor, store, joined, "ada") == done  # there already: nothing changes
    assert profiles.show_profile(actor, store, people[1].id).model == "spectrum@1"
