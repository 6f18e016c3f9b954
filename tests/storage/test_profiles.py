"""Profiles in the store: what goes in comes out, by tenant, whole or not at all."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import numpy as np
import pytest
import sqlalchemy as sa

from earmark.errors import (
    InvalidRequest,
    LabelTaken,
    ModelMismatch,
    ProfileNotFound,
    SealBroken,
    TenantNotFound,
)
from earmark.storage.clips import decode_clip, encode_clip
from earmark.storage.labels import normalise_label, parse_guid
from earmark.storage.profiles import (
    MAX_ENROLMENTS,
    add_enrolments,
    create_profile,
    delete_profile,
    find_profile,
    list_profiles,
)
from earmark.storage.schema import enrolment_audio, enrolments, metadata, profile_keys, profiles
from earmark.storage.store import DEFAULT_TENANT, Store
from earmark.storage.tenants import create_tenant
from earmark.storage.values import Profile, ProfileKind, ProfileState
from earmark.storage.voiceprints import (
    count_models,
    list_profile_ids,
    load_gallery,
    load_record,
    load_voiceprint,
    replace_embeddings,
)
from earmark.voice.features import Floats
from earmark.voice.voiceprint import Embedding

pytestmark = pytest.mark.databases("sqlite", "postgres")

Take = tuple[list[Floats], list[Embedding]]
OTHER = "other"


@pytest.fixture
def other(store: Store) -> str:
    """Make a second tenant."""
    return create_tenant(store, OTHER).id


def rows(store: Store) -> dict[str, int]:
    counted = (profiles, profile_keys, enrolments, enrolment_audio)
    with store.reading() as connection:
        return {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in counted
        }


def test_a_profile_comes_back_as_it_was(store: Store, take: Callable[..., Take]) -> None:
    clips, embeddings = take(3)
    made = create_profile(
        DEFAULT_TENANT, store, clips=clips, embeddings=embeddings, label="Ada Lovelace", locale="en-GB"
    )
    assert find_profile(DEFAULT_TENANT, store, made.id) == made
    assert find_profile(DEFAULT_TENANT, store, str(made.id)) == made
    assert find_profile(DEFAULT_TENANT, store, made.id.hex.upper()) == made
    assert find_profile(DEFAULT_TENANT, store, "Ada Lovelace") == made
    assert made.id.version == 4
    assert (made.kind, made.state) == (ProfileKind.TEXT_INDEPENDENT, ProfileState.ENROLLED)
    assert made.locale == "en-GB"
    assert made.model == "test@1"
    assert made.created.utcoffset() == timedelta(0)
    assert made.speech_seconds == 3 * 4.5
    voiceprint = load_voiceprint(DEFAULT_TENANT, store, made.id)
    assert voiceprint.model == "test@1"
    for kept, embedding in zip(voiceprint.embeddings, embeddings, strict=True):
        assert kept.vector.dtype == np.float32
        np.testing.assert_array_equal(kept.vector, embedding.vector)
        assert kept.quality == embedding.quality
    for record, clip in zip(load_record(DEFAULT_TENANT, store, made.id).records, clips, strict=True):
        assert record.audio is not None
        np.testing.assert_allclose(decode_clip(record.audio), clip, atol=0.51 / 32_768)


def test_adding_keeps_the_order(
    store: Store, people: Callable[..., Profile], take: Callable[..., Take]
) -> None:
    made = people("ada", number=2)
    clips, embeddings = take(2, seed=7)
    grown = add_enrolments(DEFAULT_TENANT, store, made.id, clips=clips, embeddings=embeddings)
    assert grown.enrolments[:2] == made.enrolments
    assert grown.updated > made.updated
    assert grown == find_profile(DEFAULT_TENANT, store, "ada")
    last = load_voiceprint(DEFAULT_TENANT, store, made.id).embeddings[-1]
    np.testing.assert_array_equal(last.vector, embeddings[-1].vector)


def test_a_label_is_taken_once_in_a_tenant(store: Store, people: Callable[..., Profile], other: str) -> None:
    people("ada")
    before = rows(store)
    with pytest.raises(LabelTaken):
        people("ada", seed=1)
    assert rows(store) == before
    people("ada", tenant=other)
    people(None, seed=2)
    people(None, seed=3)


def test_one_name_typed_two_ways_is_one_label(people: Callable[..., Profile], store: Store) -> None:
    made = people("Zoe\u0308")
    assert find_profile(DEFAULT_TENANT, store, "Zo\u00eb") == made
    with pytest.raises(LabelTaken):
        people("Zo\u00eb")


@pytest.mark.parametrize(
    "label", ["a", "O'Brien", "ada.lovelace+work@example.org", "明美", "अदा", "A b-c_d 9", "a" * 100]
)
def test_labels_that_may_be(label: str) -> None:
    assert normalise_label(label) == label


@pytest.mark.parametrize(
    "label",
    [
        "",
        " ",
        " a",
        "a ",
        "a  b",
        "a,b",
        "a\nb",
        "a\0",
        "a/b",
        "-a",
        ".a",
        "a" * 101,
        "\u202eada",
        str(UUID(int=1)),
        UUID(int=1).hex,
    ],
)
def test_labels_that_may_not_be(label: str, store: Store) -> None:
    with pytest.raises(InvalidRequest):
        normalise_label(label)
    if parse_guid(label) is None:
        with pytest.raises(ProfileNotFound):
            find_profile(DEFAULT_TENANT, store, label)


@pytest.mark.parametrize("text", ["", "\0", "en\0GB", "\ud800", "a\nb", "x" * 201])
def test_a_locale_and_a_passphrase_that_may_not_be(text: str, store: Store) -> None:
    for wrong in ({"locale": text}, {"phrase": text}):
        with pytest.raises(InvalidRequest):
            create_profile(DEFAULT_TENANT, store, **wrong)  # type: ignore[arg-type]
    assert set(rows(store).values()) == {0}


def test_another_tenants_profile_is_nobody(
    store: Store, people: Callable[..., Profile], other: str, take: Callable[..., Take]
) -> None:
    made = people("ada")
    clips, embeddings = take(1)
    messages = set()
    for call in (
        lambda: find_profile(other, store, "ada"),
        lambda: find_profile(other, store, made.id),
        lambda: find_profile(other, store, uuid4()),
        lambda: load_voiceprint(other, store, made.id),
        lambda: load_record(other, store, made.id),
        lambda: delete_profile(other, store, made.id),
        lambda: add_enrolments(other, store, made.id, clips=clips, embeddings=embeddings),
        lambda: replace_embeddings(other, store, made.id, {}),
    ):
        with pytest.raises(ProfileNotFound) as caught:
            call()
        messages.add(str(caught.value))
    assert len(messages) == 1, "the message tells whether the profile exists"
    assert list_profiles(other, store) == []
    assert list_profile_ids(other, store) == []
    assert count_models(other, store) == {}
    assert len(load_gallery(other, store, model="test@1", dimension=64)) == 0
    assert len(load_gallery(other, store, [made.id], model="test@1", dimension=64)) == 0
    assert find_profile(DEFAULT_TENANT, store, made.id) == made


def test_an_unknown_tenant_gets_nothing_stored(store: Store, people: Callable[..., Profile]) -> None:
    with pytest.raises(TenantNotFound):
        people("ada", tenant="nobody")
    assert set(rows(store).values()) == {0}


def test_every_table_that_holds_people_has_the_tenant_in_its_key() -> None:
    for table in metadata.sorted_tables:
        if table.name not in ("master_keys", "tenants", "executors"):
            assert "tenant" in table.primary_key.columns
            assert all("tenant" in key.column_keys for key in table.foreign_key_constraints)


def test_pages_of_profiles(store: Store, people: Callable[..., Profile]) -> None:
    made = sorted((people(None, number=1, seed=seed) for seed in range(7)), key=lambda profile: profile.id)
    first = list_profiles(DEFAULT_TENANT, store, limit=3)
    second = list_profiles(DEFAULT_TENANT, store, limit=10, after=first[-1].id)
    assert first + second == made
    assert list_profile_ids(DEFAULT_TENANT, store) == [profile.id for profile in made]


def test_models_do_not_mix(store: Store, people: Callable[..., Profile], take: Callable[..., Take]) -> None:
    made = people("ada")
    clips, embeddings = take(1, model="test@2")
    before = rows(store)
    with pytest.raises(ModelMismatch, match="test@1"):
        add_enrolments(DEFAULT_TENANT, store, made.id, clips=clips, embeddings=embeddings)
    with pytest.raises(ModelMismatch):
        create_profile(
            DEFAULT_TENANT, store, clips=clips * 2, embeddings=[embeddings[0], take(1)[1][0]], label="bob"
        )
    with pytest.raises(ModelMismatch):
        load_gallery(DEFAULT_TENANT, store, model="test@2", dimension=64)
    assert rows(store) == before
    people("bob", model="test@2")
    assert count_models(DEFAULT_TENANT, store) == {"test@1": 1, "test@2": 1}


def test_a_profile_is_bounded(store: Store, take: Callable[..., Take]) -> None:
    clips, embeddings = take(1, seconds=0.01)
    many = MAX_ENROLMENTS + 1
    with pytest.raises(InvalidRequest):
        create_profile(DEFAULT_TENANT, store, clips=clips * many, embeddings=embeddings * many)
    full = create_profile(
        DEFAULT_TENANT, store, clips=clips * MAX_ENROLMENTS, embeddings=embeddings * MAX_ENROLMENTS
    )
    with pytest.raises(InvalidRequest):
        add_enrolments(DEFAULT_TENANT, store, full.id, clips=clips, embeddings=embeddings)


def test_the_gallery_has_the_averages(store: Store, people: Callable[..., Profile]) -> None:
    made = [people(f"p{seed}", seed=seed) for seed in range(5)]
    gallery = load_gallery(DEFAULT_TENANT, store, model="test@1", dimension=64)
    assert sorted(gallery.keys) == sorted(str(profile.id) for profile in made)
    for key, row, seconds in zip(gallery.keys, gallery.matrix, gallery.speech_seconds, strict=True):
        voiceprint = load_voiceprint(DEFAULT_TENANT, store, find_profile(DEFAULT_TENANT, store, key).id)
        np.testing.assert_array_equal(row, voiceprint.vector)
        assert seconds == voiceprint.speech_seconds
    some = load_gallery(DEFAULT_TENANT, store, [made[1].id, uuid4()], model="test@1", dimension=64)
    assert list(some.keys) == [str(made[1].id)]


def test_embeddings_are_replaced_whole(
    store: Store, people: Callable[..., Profile], take: Callable[..., Take]
) -> None:
    made = people("ada", number=3)
    _, new = take(3, seed=9, model="test@2")
    ids = [enrolment.id for enrolment in made.enrolments]
    with pytest.raises(InvalidRequest):
        replace_embeddings(DEFAULT_TENANT, store, made.id, dict(zip(ids[:2], new[:2], strict=True)))
    assert find_profile(DEFAULT_TENANT, store, made.id) == made
    replace_embeddings(DEFAULT_TENANT, store, made.id, dict(zip(ids, new, strict=True)))
    voiceprint = load_voiceprint(DEFAULT_TENANT, store, made.id)
    assert voiceprint.model == find_profile(DEFAULT_TENANT, store, "ada").model == "test@2"
    np.testing.assert_array_equal(voiceprint.embeddings[2].vector, new[2].vector)


def test_a_failure_in_the_middle_stores_nothing(store: Store, take: Callable[..., Take]) -> None:
    clips, embeddings = take(3)
    one, two = uuid4(), uuid4()
    with pytest.raises(InvalidRequest):
        create_profile(
            DEFAULT_TENANT,
            store,
            clips=clips,
            embeddings=embeddings,
            label="ada",
            enrolment_ids=[one, two, one],
        )
    assert set(rows(store).values()) == {0}


@pytest.mark.parametrize("column", ["label_sealed", "label_hash"])
def test_exchanged_labels_are_found(store: Store, people: Callable[..., Profile], column: str) -> None:
    ada, bob = people("ada"), people("bob", seed=1)
    with store.writing() as connection:
        cell = profiles.c[column]
        content = {
            profile.id: connection.scalar(sa.select(cell).where(profiles.c.id == profile.id))
            for profile in (ada, bob)
        }
        connection.execute(sa.update(profiles).where(profiles.c.id == bob.id).values({column: None}))
        for mine, theirs in ((ada, bob), (bob, ada)):
            connection.execute(
                sa.update(profiles).where(profiles.c.id == mine.id).values({column: content[theirs.id]})
            )
    with pytest.raises(SealBroken):
        find_profile(DEFAULT_TENANT, store, "ada")


@pytest.mark.parametrize(
    ("table", "column"), [(enrolments, "embedding_sealed"), (enrolment_audio, "audio_sealed")]
)
def test_exchanged_records_are_found(
    store: Store, people: Callable[..., Profile], table: sa.Table, column: str
) -> None:
    made = people("ada")  # even within one profile
    key = table.c[1]
    with store.writing() as connection:
        contents = [
            connection.scalar(sa.select(table.c[column]).where(key == enrolment.id))
            for enrolment in made.enrolments
        ]
        for enrolment, content in zip(made.enrolments, reversed(contents), strict=True):
            connection.execute(sa.update(table).where(key == enrolment.id).values({column: content}))
    with pytest.raises(SealBroken):
        load_record(DEFAULT_TENANT, store, made.id)


def test_a_missing_recording_is_found(store: Store, people: Callable[..., Profile]) -> None:
    made = people("ada")
    with store.writing() as connection:
        connection.execute(
            sa.delete(enrolment_audio).where(enrolment_audio.c.enrolment_id == made.enrolments[0].id)
        )
    with pytest.raises(SealBroken):
        load_record(DEFAULT_TENANT, store, made.id)


def test_clips_beyond_full_scale_are_held_at_it() -> None:
    clip = np.array([-2.0, -1.0, 0.0, 1.0, 2.0], np.float32)
    np.testing.assert_allclose(decode_clip(encode_clip(clip)), [-1, -1, 0, 1 - 2**-15, 1 - 2**-15])


@pytest.mark.parametrize(
    "flac", [b"", b"fLaC", b"RIFF" + bytes(60), encode_clip(np.zeros(100, np.float32))[:40]]
)
def test_what_is_no_clip_is_refused(flac: bytes) -> None:
    with pytest.raises(ValueError, match="FLAC"):
        decode_clip(flac)
