"""Profiles that are made empty, grow, change and are emptied again; and what a tenant keeps of them."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from uuid import UUID, uuid4

import numpy as np
import pytest
import sqlalchemy as sa

from earmark.errors import (
    InvalidRequest,
    LabelTaken,
    ProfileChanged,
    ProfileLimit,
    ProfileNotFound,
    ProfileTaken,
)
from earmark.storage import profile_file
from earmark.storage.profiles import (
    add_enrolments,
    change_profile,
    create_profile,
    delete_profile,
    find_profile,
    list_profiles,
    reset_profile,
)
from earmark.storage.schema import enrolment_audio, enrolments, profile_keys, profiles
from earmark.storage.store import DEFAULT_TENANT, Store
from earmark.storage.tenants import change_tenant, create_tenant
from earmark.storage.transfer import export_profiles, import_profiles
from earmark.storage.values import Profile, ProfileKind, ProfileState
from earmark.storage.voiceprints import count_models, load_gallery, load_record, load_voiceprint
from earmark.voice.features import Floats
from earmark.voice.voiceprint import Embedding

pytestmark = pytest.mark.databases("sqlite", "postgres")

Take = tuple[list[Floats], list[Embedding]]
T = DEFAULT_TENANT
ACME = "acme"


def sealed_bytes(store: Store) -> list[bytes]:
    columns = (
        profile_keys.c.wrapped,
        profiles.c.label_sealed,
        enrolments.c.embedding_sealed,
        enrolment_audio.c.audio_sealed,
    )
    with store.reading() as connection:
        return [bytes(value) for column in columns for value in connection.scalars(sa.select(column))]


def lingering(home: Path, sealed: list[bytes]) -> int:
    content = b"".join(path.read_bytes() for path in home.glob("earmark.db*"))
    return sum(one[at : at + 16] in content for one in sealed for at in (24, len(one) // 2, len(one) - 17))


def test_empty_at_first(store: Store) -> None:
    made = create_profile(T, store, label="ada", locale="en-US", kind=ProfileKind.TEXT_DEPENDENT, phrase="p")
    assert (made.state, made.model, made.enrolments) == (ProfileState.ENROLLING, None, ())
    assert (made.revision, made.phrase, made.speech_seconds) == (0, "p", 0.0)
    assert find_profile(T, store, "ada") == made
    assert list_profiles(T, store) == [made]
    with pytest.raises(ProfileNotFound):
        load_voiceprint(T, store, made.id)
    assert load_record(T, store, made.id).records == ()


def test_growing_recording_by_recording(store: Store, take: Callable[..., Take]) -> None:
    profile = create_profile(T, store)
    for number, state in enumerate((ProfileState.ENROLLING, ProfileState.ENROLLED), 1):
        clips, embeddings = take(1, seed=number)
        before, ids = profile, [uuid4()]
        profile = add_enrolments(
            T, store, profile.id, clips=clips, embeddings=embeddings, state=state, enrolment_ids=ids
        )
        assert (profile.state, profile.model, profile.revision) == (state, "test@1", number)
        assert profile.enrolments[:-1] == before.enrolments
        assert profile.enrolments[-1].id == ids[0]
        assert profile.updated >= before.updated
        assert profile.created == before.created
    assert profile.speech_seconds == 9.0
    assert profile.total_seconds == 10.5


def test_only_what_is_enrolled_and_of_any_words_is_searched(store: Store, take: Callable[..., Take]) -> None:
    clips, embeddings = take(1)
    made = {
        (kind, state): create_profile(T, store, clips=clips, embeddings=embeddings, kind=kind, state=state).id
        for kind in ProfileKind
        for state in ProfileState
    }
    create_profile(T, store)
    gallery = load_gallery(T, store, model="test@1", dimension=64)
    assert set(gallery.keys) == {
        str(one)
        for (kind, state), one in made.items()
        if kind is not ProfileKind.TEXT_DEPENDENT and state is ProfileState.ENROLLED
    }
    assert count_models(T, store) == {"test@1": 3}
    for kind in ProfileKind:
        found = list_profiles(T, store, kind=kind, limit=2)
        assert {kind} == {one.kind for one in found}
        assert find_profile(T, store, found[0].id, kind=kind) == found[0]
        for other in set(ProfileKind) - {kind}:
            with pytest.raises(ProfileNotFound):
                find_profile(T, store, found[0].id, kind=other)


@pytest.mark.databases("sqlite")  # looks into the files
def test_a_reset_leaves_no_bytes(home: Path, store: Store, people: Callable[..., Profile]) -> None:
    other = people("ben", seed=1)
    theirs = sealed_bytes(store)
    made = people("ada", number=3, seconds=1.0)
    gone = [one for one in sealed_bytes(store) if one not in theirs]
    assert len(gone) == 8
    assert lingering(home, gone) == 3 * len(gone)
    emptied = reset_profile(T, store, made.id)
    assert lingering(home, gone) == 0
    assert lingering(home, theirs) == 3 * len(theirs)
    assert (emptied.id, emptied.label, emptied.kind, emptied.locale) == (
        made.id, "ada", made.kind, made.locale,
    )  # fmt: skip
    assert (emptied.state, emptied.model, emptied.enrolments) == (ProfileState.ENROLLING, None, ())
    assert (emptied.created, emptied.revision) == (made.created, made.revision + 1)
    assert find_profile(T, store, "ada") == emptied
    assert find_profile(T, store, other.id) == other
    with pytest.raises(ProfileNotFound):
        load_voiceprint(T, store, made.id)


def test_after_a_reset_it_grows_again(store: Store, take: Callable[..., Take]) -> None:
    clips, embeddings = take(2)
    made = create_profile(
        T, store, clips=clips, embeddings=embeddings, phrase="one", kind=ProfileKind.TEXT_DEPENDENT
    )
    assert reset_profile(T, store, made.id).phrase is None
    clips, embeddings = take(1, model="test@2")
    grown = add_enrolments(T, store, made.id, clips=clips, embeddings=embeddings, phrase="two")
    assert (grown.model, grown.phrase, grown.label, grown.revision) == ("test@2", "two", None, 2)
    np.testing.assert_array_equal(
        load_voiceprint(T, store, made.id).embeddings[0].vector, embeddings[0].vector
    )


def test_label_and_locale_change(store: Store, people: Callable[..., Profile]) -> None:
    ada, ben = people("ada"), people("ben", seed=1)
    changed = change_profile(T, store, ada.id, label="Ada L.", locale="en-GB")
    assert (changed.label, changed.locale, changed.revision) == ("Ada L.", "en-GB", 1)
    assert changed.enrolments == ada.enrolments
    assert find_profile(T, store, "Ada L.") == changed
    with pytest.raises(ProfileNotFound):
        find_profile(T, store, "ada")
    with pytest.raises(LabelTaken):
        change_profile(T, store, ada.id, label="ben", locale=None)
    assert find_profile(T, store, ada.id) == changed
    assert change_profile(T, store, ada.id, label="Ada L.", locale="en-GB").revision == 2
    nameless = change_profile(T, store, ada.id, label=None, locale=None)
    assert (nameless.label, nameless.locale) == (None, None)
    assert change_profile(T, store, ben.id, label="Ada L.", locale=None).label == "Ada L."
    for wrong in ({"label": ""}, {"locale": "x" * 36}, {"locale": ""}):
        with pytest.raises(InvalidRequest):
            change_profile(T, store, ada.id, **({"label": "a", "locale": None} | wrong))  # type: ignore[arg-type]
    assert find_profile(T, store, ada.id) == nameless


def test_who_decided_by_an_old_revision_is_told(
    store: Store, people: Callable[..., Profile], take: Callable[..., Take]
) -> None:
    made = people("ada")
    clips, embeddings = take(1)
    changes: list[Callable[[int], object]] = [
        lambda revision: change_profile(T, store, made.id, label="ada", locale="de", expected=revision),
        lambda revision: add_enrolments(
            T, store, made.id, clips=clips, embeddings=embeddings, expected=revision
        ),
        lambda revision: reset_profile(T, store, made.id, expected=revision),
        lambda revision: delete_profile(T, store, made.id, expected=revision),
    ]
    for now, change in enumerate(changes):
        before = find_profile(T, store, made.id)
        assert before.revision == now, "each change counts once"
        for wrong in (now - 1, now + 1):
            with pytest.raises(ProfileChanged):
                change(wrong)
        assert find_profile(T, store, made.id) == before
        change(now)
    for change in changes:
        with pytest.raises(ProfileNotFound):
            change(4)


def test_a_guid_is_taken_once_in_a_tenant(
    store: Store, people: Callable[..., Profile], take: Callable[..., Take]
) -> None:
    made = people("ada")
    for label in ("ben", None):
        with pytest.raises(ProfileTaken):
            create_profile(T, store, label=label, profile_id=made.id)
    with pytest.raises(LabelTaken):
        create_profile(T, store, label="ada")
    assert list_profiles(T, store) == [made]
    create_tenant(store, ACME)
    assert create_profile(ACME, store, label="ada", profile_id=made.id).id == made.id
    clips, embeddings = take(1)
    ids = [made.enrolments[0].id]
    with pytest.raises(InvalidRequest, match="stored already"):
        add_enrolments(T, store, made.id, clips=clips, embeddings=embeddings, enrolment_ids=ids)
    assert find_profile(T, store, made.id) == made


def test_a_limit_holds_for_each_kind_and_tenant_however_many_ask_at_once(store: Store) -> None:
    create_tenant(store, ACME)
    barrier = Barrier(8)

    def ask(number: int) -> UUID | None:
        barrier.wait()
        try:
            return create_profile(T, store, label=f"p{number}", kind=ProfileKind.IDENTIFICATION, most=3).id
        except ProfileLimit:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = {one for one in pool.map(ask, range(8)) if one}
    assert {one.id for one in list_profiles(T, store)} == made
    assert len(made) == 3
    create_profile(T, store, kind=ProfileKind.VERIFICATION, most=1)
    create_profile(ACME, store, kind=ProfileKind.IDENTIFICATION, most=1)
    with pytest.raises(ProfileLimit):
        create_profile(ACME, store, kind=ProfileKind.IDENTIFICATION, most=1)
    delete_profile(T, store, made.pop())
    create_profile(T, store, kind=ProfileKind.IDENTIFICATION, most=3)


def recordings(store: Store, tenant: str) -> int:
    with store.reading() as connection:
        query = sa.select(enrolment_audio.c.enrolment_id).where(enrolment_audio.c.tenant == tenant)
        return len(connection.scalars(query).all())


def test_recordings_are_kept_as_the_tenant_says(
    store: Store, people: Callable[..., Profile], take: Callable[..., Take]
) -> None:
    create_tenant(store, ACME, keep_audio=False)
    ada = people("ada", tenant=ACME)
    assert [one.audio_kept for one in ada.enrolments] == [False, False]
    assert recordings(store, ACME) == 0
    assert [one.audio for one in load_record(ACME, store, ada.id).records] == [None, None]
    assert len(load_voiceprint(ACME, store, ada.id).embeddings) == 2
    for keep in (True, False):
        assert change_tenant(store, ACME, keep_audio=keep).keep_audio is keep
        clips, embeddings = take(1, seed=7)
        ada = add_enrolments(ACME, store, ada.id, clips=clips, embeddings=embeddings)
    assert [one.audio_kept for one in ada.enrolments] == [False, False, True, False]
    assert recordings(store, ACME) == 1, "what is kept already stays"
    assert all(one.audio_kept for one in people("ada").enrolments), "another tenant's choice is its own"


def test_an_import_keeps_no_recordings_either(
    store: Store, people: Callable[..., Profile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile_file, "SCRYPT_N", 1 << 14)
    made = people("ada", number=3)
    file = io.BytesIO()
    export_profiles(DEFAULT_TENANT, store, file, profile_ids=[made.id], passphrase="correct horse battery")
    create_tenant(store, ACME, keep_audio=False)
    for added, skipped in ((1, 0), (0, 1)):
        file.seek(0)
        done = import_profiles(ACME, store, file, passphrase="correct horse battery")
        assert (len(done.added), len(done.skipped)) == (added, skipped)
    moved = find_profile(ACME, store, "ada")
    assert [one.audio_kept for one in moved.enrolments] == [False] * 3
    assert recordings(store, ACME) == 0
