"""Profiles that grow recording by recording, by many who add at once, and that are changed and emptied."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest

from earmark.errors import (
    InvalidRequest,
    LabelTaken,
    ModelMismatch,
    ProfileChanged,
    ProfileNotFound,
    ProfileTaken,
)
from earmark.service import enrol as enrolling
from earmark.service.actor import Actor
from earmark.service.enrol import add_recordings, enrol
from earmark.service.policy import ANY_WORDS
from earmark.service.profiles import (
    change_profile,
    create_profile,
    delete_profile,
    list_profiles,
    reset_profile,
    show_profile,
)
from earmark.service.recognise import verify
from earmark.storage.store import DEFAULT_TENANT, Store
from earmark.storage.values import Profile, ProfileKind, ProfileState
from earmark.storage.voiceprints import load_record, load_voiceprint
from earmark.voice.audio import load_clip
from earmark.voice.engine import Engine
from earmark.voice.features import Floats

pytestmark = pytest.mark.databases("sqlite", "postgres")

Clips = dict[str, list[Path]]
ENROLLING, ENROLLED = ProfileState.ENROLLING, ProfileState.ENROLLED


@pytest.fixture
def empty(actor: Actor, store: Store) -> Profile:
    return create_profile(actor, store, label="ada", locale="en-US")


def cut(path: Path, seconds: float) -> Floats:
    return load_clip(path)[: round(seconds * 16_000)]


def test_other_kinds_other_tenants_and_other_models(
    actor: Actor, stranger: Actor, store: Store, engine: Engine, other_engine: Engine, clips: Clips
) -> None:
    made = create_profile(actor, store, kind=ProfileKind.IDENTIFICATION)
    one = clips["ada"][:1]
    for who, kind in ((actor, ProfileKind.VERIFICATION), (stranger, None)):
        for call in (
            lambda: add_recordings(who, store, engine, made.id, one, kind=kind),  # noqa: B023
            lambda: show_profile(who, store, made.id, kind=kind),  # noqa: B023
            lambda: reset_profile(who, store, made.id, kind=kind),  # noqa: B023
            lambda: delete_profile(who, store, made.id, kind=kind),  # noqa: B023
        ):
            with pytest.raises(ProfileNotFound):
                call()
    assert add_recordings(actor, store, engine, made.id, one, kind=ProfileKind.IDENTIFICATION).added == 1
    with pytest.raises(ModelMismatch):
        add_recordings(actor, store, other_engine, made.id, one)
    reset_profile(actor, store, made.id)
    assert add_recordings(actor, store, other_engine, made.id, one).profile.model == "other@1"


def test_another_person_is_not_added_to_a_profile_that_grows(
    actor: Actor, store: Store, engine: Engine, clips: Clips, empty: Profile
) -> None:
    grown = add_recordings(actor, store, engine, "ada", clips["ada"][:2], policy=ANY_WORDS).profile
    with pytest.raises(InvalidRequest, match="another person"):
        add_recordings(actor, store, engine, "ada", clips["dima"][:1], policy=ANY_WORDS)
    assert show_profile(actor, store, "ada") == grown
    reset_profile(actor, store, "ada")
    assert add_recordings(actor, store, engine, "ada", clips["dima"][:1]).profile.state is ENROLLED
    assert verify(actor, store, engine, "ada", clips["dima"][3]).accepted
    assert not verify(actor, store, engine, "ada", clips["ada"][3]).accepted, "nothing of before is left"


def test_label_and_locale_change_or_stay(actor: Actor, store: Store, empty: Profile) -> None:
    def change(**new: Any) -> tuple[str | None, str | None]:
        done = change_profile(actor, store, empty.id, **new)
        assert done == show_profile(actor, store, empty.id)
        return done.label, done.locale

    assert change() == ("ada", "en-US")
    assert change(label="Ada L.") == ("Ada L.", "en-US")
    assert change(locale="en-GB") == ("Ada L.", "en-GB")
    assert change(locale=None) == ("Ada L.", None)
    assert change(locale="de", label=None) == (None, "de")
    create_profile(actor, store, label="ben")
    with pytest.raises(LabelTaken):
        change(label="ben")
    assert change(label="ada") == ("ada", "de")
    assert change_profile(actor, store, "ada", label="found by its label").label == "found by its label"


def test_who_decided_by_an_old_revision_is_told(
    actor: Actor, store: Store, engine: Engine, clips: Clips, empty: Profile
) -> None:
    def add(revision: int) -> Profile:
        return add_recordings(actor, store, engine, empty.id, clips["ada"][:1], expected=revision).profile

    calls: list[Callable[[int], object]] = [
        lambda revision: change_profile(actor, store, empty.id, locale="de", expected=revision),
        add,
        lambda revision: reset_profile(actor, store, empty.id, expected=revision),
        lambda revision: delete_profile(actor, store, empty.id, expected=revision),
    ]
    for now, call in enumerate(calls):
        before = show_profile(actor, store, empty.id)
        assert before.revision == now
        for wrong in (now - 1, now + 1):
            with pytest.raises(ProfileChanged):
                call(wrong)
        assert show_profile(actor, store, empty.id) == before
        call(now)
    assert list_profiles(actor, store) == []


def test_a_guid_in_use(actor: Actor, store: Store, engine: Engine, clips: Clips, empty: Profile) -> None:
    with pytest.raises(ProfileTaken):
        create_profile(actor, store, profile_id=empty.id)
    with pytest.raises(ProfileTaken):
        enrol(actor, store, engine, None, clips["ben"][:1], profile_id=empty.id)
    assert list_profiles(actor, store) == [empty]
    chosen = uuid4()
    assert enrol(actor, store, engine, None, clips["ben"][:1], profile_id=chosen).profile.id == chosen
    with pytest.raises(InvalidRequest, match="text-dependent"):
        create_profile(actor, store, phrase="any words at all")


def test_a_request_sent_again_adds_nothing(
    actor: Actor, store: Store, engine: Engine, clips: Clips, empty: Profile
) -> None:
    ids = [uuid4(), uuid4()]

    def send(audios: list[Any], **more: Any) -> Any:
        return add_recordings(actor, store, engine, "ada", audios, enrolment_ids=ids, **more)

    first = send(clips["ada"][:2], expected=0)
    assert [one.id for one in first.enrolments] == ids
    add_recordings(actor, store, engine, "ada", clips["ada"][2:3])
    again = send([Path("nowhere.wav")] * 2, expected=0)  # not even listened to
    assert again.enrolments == first.enrolments
    assert (again.added, len(again.profile.enrolments), again.missing.nothing) == (2, 3, True)
    assert again.profile == show_profile(actor, store, "ada")
    reset_profile(actor, store, "ada")
    assert send(clips["ada"][:2]).added == 2, "what a reset erased can be added again"


class Together(Engine):
    """An engine whose callers have all listened before the first of them goes on."""

    barrier: Barrier | None = None

    def embed(self, *args: Any, **kwargs: Any) -> Any:
        embedding = super().embed(*args, **kwargs)
        if self.barrier is not None:
            self.barrier.wait(60)
        return embedding


@pytest.fixture
def together(models: Path) -> Callable[[int], Together]:
    def make(callers: int) -> Together:
        engine = Together(model="spectrum", home=models)
        engine.barrier = Barrier(callers)
        return engine

    return make


def test_all_who_add_at_once_have_added(
    actor: Actor, store: Store, clips: Clips, empty: Profile, together: Callable[[int], Together]
) -> None:
    callers = 12
    engine, ids = together(callers), [uuid4() for _ in range(callers)]
    short = [cut(clips["ada"][number % 5], 2.5) for number in range(callers)]

    def add(number: int) -> Profile:
        return add_recordings(
            actor, store, engine, "ada", [short[number]], policy=ANY_WORDS, force=True,
            enrolment_ids=[ids[number]],
        ).profile  # fmt: skip

    with ThreadPoolExecutor(callers) as pool:
        seen = list(pool.map(add, range(callers)))
    profile = show_profile(actor, store, "ada")
    assert {one.id for one in profile.enrolments} == set(ids)
    assert sorted(one.revision for one in seen) == list(range(1, callers + 1)), "one after the other"
    assert profile.revision == callers
    assert profile.speech_seconds > 20
    assert profile.state is ENROLLED, "it is judged by what all of them added"
    for one in seen:
        assert one.state is (ENROLLED if one.speech_seconds >= 20 else ENROLLING)
    record = load_record(DEFAULT_TENANT, store, profile.id)
    for kept in record.records:
        assert kept.audio is not None
        expected = load_clip(short[ids.index(kept.enrolment.id)])
        assert kept.enrolment.quality.total_seconds == pytest.approx(expected.size / 16_000)


@pytest.mark.parametrize("expected", [None, 0])
def test_one_request_that_comes_twice_at_once_adds_once(
    actor: Actor,
    store: Store,
    clips: Clips,
    empty: Profile,
    together: Callable[[int], Together],
    expected: int | None,
) -> None:
    engine, ids = together(4), [uuid4()]

    def add(_: int) -> tuple[UUID, ...]:
        done = add_recordings(
            actor, store, engine, "ada", clips["ada"][:1], enrolment_ids=ids, expected=expected
        )
        return tuple(one.id for one in done.enrolments)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(add, range(4))) == [tuple(ids)] * 4
    assert [one.id for one in show_profile(actor, store, "ada").enrolments] == ids


def test_of_two_who_expect_the_same_revision_one_is_told(
    actor: Actor, store: Store, clips: Clips, empty: Profile, together: Callable[[int], Together]
) -> None:
    engine = together(4)

    def add(number: int) -> bool:
        try:
            add_recordings(actor, store, engine, "ada", clips["ada"][number : number + 1], expected=0)
        except ProfileChanged:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(add, range(4))) == 1
    assert len(show_profile(actor, store, "ada").enrolments) == 1


def test_resets_among_additions_leave_one_voice(
    actor: Actor, store: Store, clips: Clips, empty: Profile, together: Callable[[int], Together]
) -> None:
    """Ada adds and resets, dima adds: nobody's recording may land beside the other's."""
    engine = together(3)

    def add(number: int) -> None:
        name = ("ada", "dima", "ada")[number]
        for path in clips[name][:4]:
            with suppress(InvalidRequest):  # it is of another person than the rest
                add_recordings(actor, store, engine, "ada", [path])
            reset_profile(actor, store, empty.id) if number == 2 else None

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(add, range(3)))
    profile = show_profile(actor, store, "ada")
    assert profile.state is (ENROLLED if profile.enrolments else ENROLLING)
    record = load_record(DEFAULT_TENANT, store, profile.id)
    assert [one.enrolment for one in record.records] == list(profile.enrolments)
    if profile.enrolments:
        embeddings = load_voiceprint(DEFAULT_TENANT, store, profile.id).embeddings
        alike = [float(np.dot(embeddings[0].vector, one.vector)) for one in embeddings]
        assert min(alike) > 0.9


def test_a_reset_between_judging_and_storing(
    actor: Actor, store: Store, engine: Engine, clips: Clips, empty: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    resets = [empty.id]

    def load(*args: Any, **options: Any) -> Any:
        if resets:
            reset_profile(actor, store, resets.pop())
        return load_voiceprint(*args, **options)

    add_recordings(actor, store, engine, "ada", clips["ada"][:2])
    monkeypatch.setattr(enrolling, "load_voiceprint", load)
    done = add_recordings(actor, store, engine, "ada", clips["dima"][:1])
    assert (resets, len(done.profile.enrolments), done.consistency) == ([], 1, None)
