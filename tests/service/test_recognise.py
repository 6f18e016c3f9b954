"""Verifying and identifying against the store."""

from dataclasses import replace
from pathlib import Path

import pytest

from earmark.errors import AudioError, InvalidRequest, ModelMismatch, ProfileNotFound
from earmark.service.actor import Actor
from earmark.service.enrol import enrol
from earmark.service.profiles import delete_profile, reembed_profile
from earmark.service.recognise import gather_candidates, identify, verify
from earmark.storage.store import Store
from earmark.storage.values import Profile
from earmark.voice.engine import Engine
from earmark.voice.samples import bad_clips, stranger_clips
from earmark.voice.scoring.operating import Aim

Clips = dict[str, list[Path]]
SOME = ("ada", "ben", "dima")


@pytest.fixture
def people(actor: Actor, store: Store, engine: Engine, clips: Clips) -> dict[str, Profile]:
    return {name: enrol(actor, store, engine, name, clips[name][:2]).profile for name in SOME}


def test_verifying_is_what_the_engine_decides(
    actor: Actor, store: Store, engine: Engine, clips: Clips, people: dict[str, Profile]
) -> None:
    for name in ("ada", "ben"):
        expected = engine.verify(engine.enrol(clips[name][:2]), clips["ada"][3], fmr=0.01)
        decision = verify(actor, store, engine, name, clips["ada"][3], aim=Aim(fmr=0.01)).decision
        assert decision.accepted == expected.accepted == (name == "ada")
        assert decision.llr == pytest.approx(expected.llr, abs=1e-3)
        assert decision.operating_point == expected.operating_point
    assert verify(actor, store, engine, str(people["ada"].id), clips["ada"][3]).decision.accepted


def test_identifying_finds_the_speaker(
    actor: Actor, store: Store, engine: Engine, clips: Clips, people: dict[str, Profile]
) -> None:
    found = identify(actor, store, engine, clips["ada"][4], top=2)
    assert found.identification.best == str(people["ada"].id)
    assert found.labels[found.identification.candidates[0].key] == "ada"
    assert len(found.identification.candidates) == len(found.labels) == 2


def test_identifying_among_some(
    actor: Actor, store: Store, engine: Engine, clips: Clips, people: dict[str, Profile]
) -> None:
    found = identify(actor, store, engine, clips["ada"][4], among=["ben", people["dima"].id, "ben"])
    assert {found.labels[one.key] for one in found.identification.candidates} == {"ben", "dima"}
    assert found.identification.best is None
    with pytest.raises(ProfileNotFound):
        identify(actor, store, engine, clips["ada"][4], among=["ben", "nobody"])


def test_candidates_gathered_once_serve_many_recordings(
    actor: Actor, stranger: Actor, store: Store, engine: Engine, clips: Clips, people: dict[str, Profile]
) -> None:
    candidates = gather_candidates(actor, store, engine)
    for name in ("ada", "ben"):
        once = identify(actor, store, engine, clips[name][4], among=candidates)
        assert once == identify(actor, store, engine, clips[name][4])
    delete_profile(actor, store, "ada")
    assert "ada" not in identify(actor, store, engine, clips["ada"][4], among=candidates).labels.values()
    with pytest.raises(ProfileNotFound):
        identify(stranger, store, engine, clips["ada"][4], among=candidates)


def test_profiles_without_a_label_have_none(actor: Actor, store: Store, engine: Engine, clips: Clips) -> None:
    made = enrol(actor, store, engine, None, clips["ada"][:2]).profile
    found = identify(actor, store, engine, clips["ada"][3])
    assert found.identification.best == str(made.id)
    assert found.labels == {}


def test_nobody_to_compare_with(
    actor: Actor, stranger: Actor, store: Store, engine: Engine, clips: Clips
) -> None:
    with pytest.raises(ProfileNotFound, match="enrol"):
        identify(actor, store, engine, clips["ada"][3])
    made = enrol(actor, store, engine, "ada", clips["ada"][:1]).profile
    for key in ("ada", made.id):
        with pytest.raises(ProfileNotFound):
            verify(stranger, store, engine, key, clips["ada"][3])
        with pytest.raises(ProfileNotFound):
            identify(stranger, store, engine, clips["ada"][3], among=[key])
    with pytest.raises(ProfileNotFound):
        identify(stranger, store, engine, clips["ada"][3])


@pytest.mark.parametrize("top", [0, -1, 101])
def test_top_is_bounded(actor: Actor, store: Store, engine: Engine, clips: Clips, top: int) -> None:
    enrol(actor, store, engine, "ada", clips["ada"][:1])
    with pytest.raises(InvalidRequest):
        identify(actor, store, engine, clips["ada"][3], top=top)


def test_a_bad_recording(actor: Actor, store: Store, engine: Engine, clips: Clips) -> None:
    enrol(actor, store, engine, "ada", clips["ada"][:1])
    with pytest.raises(AudioError):
        verify(actor, store, engine, "ada", bad_clips()["silent"])
    with pytest.raises(AudioError):
        identify(actor, store, engine, b"no audio")


def test_another_model_and_embedding_anew(
    actor: Actor, store: Store, engine: Engine, other_engine: Engine, clips: Clips
) -> None:
    enrol(actor, store, engine, "ada", clips["ada"][:2])
    enrol(actor, store, other_engine, "ben", clips["ben"][:2])
    with pytest.raises(ModelMismatch, match="re-embed"):
        verify(actor, store, other_engine, "ada", clips["ada"][3])
    with pytest.raises(ModelMismatch, match="1 of 2"):
        identify(actor, store, other_engine, clips["ada"][3])
    with pytest.raises(ModelMismatch):
        identify(actor, store, other_engine, clips["ada"][3], among=["ada"])
    assert identify(actor, store, other_engine, clips["ben"][3], among=["ben"]).identification.best
    changed = reembed_profile(actor, store, other_engine, "ada")
    assert changed.model == "other@1"
    decision = verify(actor, store, other_engine, "ada", clips["ada"][3]).decision
    expected = other_engine.verify(other_engine.enrol(clips["ada"][:2]), clips["ada"][3])
    assert decision.llr == pytest.approx(expected.llr, abs=0.1)  # the kept recordings have 16 bits
    assert identify(actor, store, other_engine, clips["ada"][3]).identification.best == str(changed.id)


def test_with_the_model_that_ships(actor: Actor, store: Store, home: Path, clips: Clips) -> None:
    engine = Engine(home=home)
    for name in ("ada", "ben"):
        enrol(actor, store, engine, name, clips[name][:3])
    assert verify(actor, store, engine, "ada", clips["ada"][3]).decision.accepted
    assert not verify(actor, store, engine, "ada", clips["ben"][3]).decision.accepted
    found = identify(actor, store, engine, clips["ben"][4])
    assert found.labels[found.identification.best or ""] == "ben"
    assert identify(actor, store, engine, stranger_clips()[0]).identification.best is None


def test_permissions_do_not_leak_into_results(
    actor: Actor, store: Store, engine: Engine, clips: Clips
) -> None:
    """Whoever may only recognise still gets the candidates' labels."""
    enrol(actor, store, engine, "ada", clips["ada"][:2])
    only = replace(actor, permissions=frozenset({"recognise"}))  # type: ignore[arg-type]  # StrEnum equals its text
    assert list(identify(only, store, engine, clips["ada"][3]).labels.values()) == ["ada"]
