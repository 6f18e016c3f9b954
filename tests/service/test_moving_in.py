"""Profiles of a table under their own GUIDs: the rules, before and with a store."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
import voices

from earmark.errors import PermissionDenied, StoreBusy
from earmark.service.actor import Actor, Permission
from earmark.service.arrivals import Arrival, Row, gather_arrivals
from earmark.service.enrol import enrol
from earmark.service.moving_in import POLICIES, find_settled, move_in
from earmark.service.policy import ANY_WORDS
from earmark.service.profiles import create_profile, each_profile, show_profile
from earmark.service.recognise import verify
from earmark.storage.store import Store
from earmark.storage.values import ProfileKind, ProfileState
from earmark.voice.engine import Engine

Clips = dict[str, list[Path]]
KINDS = {"ByVoice": ProfileKind.IDENTIFICATION, "Passphrase": ProfileKind.TEXT_DEPENDENT}
GUID = UUID("678e0747-b842-4d20-b2d5-30b5fd92371a")
OTHER = UUID("8f1d2c3b-0a4e-4f6d-9b7c-5e6a7d8c9b0a")
HERE = Path("folder")


def row(number: int = 2, **changes: object) -> Row:
    plain = Row(number=number, profile=str(GUID), kind="ByVoice", locale="en-US", recordings=("a.wav",))
    return replace(plain, **changes)  # type: ignore[arg-type]


def gathered(*rows: Row) -> tuple[list[Arrival], list[tuple[int, str, str]]]:
    arrivals, refusals = gather_arrivals(rows, kinds=KINDS, folder=HERE)
    return arrivals, [(one.row, one.profile, one.error.code) for one in refusals]


def test_rows_of_one_guid_are_one_profile() -> None:
    arrivals, refusals = gathered(
        row(2, profile="678E0747B8424D20B2D530B5FD92371A", locale="EN-us", label="ada"),
        row(3, profile=str(OTHER), kind="by-voice ", recordings=("b.wav",)),
        row(4, kind="", locale="", recordings=("c.wav", "d.wav")),
    )
    assert refusals == []
    assert [arrival.id for arrival in arrivals] == [GUID, OTHER]
    assert arrivals[0] == Arrival(
        id=GUID,
        kind=ProfileKind.IDENTIFICATION,
        locale="en-US",
        label="ada",
        phrase=None,
        recordings=(HERE / "a.wav", HERE / "c.wav", HERE / "d.wav"),
        rows=(2, 4, 4),
    )


@pytest.mark.parametrize(
    ("rows", "refused"),
    [
        ([row(profile="nope")], [(2, "nope", "invalid_argument")]),
        ([row(profile="")], [(2, "", "invalid_argument")]),
        ([row(profile=str(UUID(int=0)))], [(2, str(UUID(int=0)), "invalid_argument")]),
        ([row(kind="Sunshine")], [(2, str(GUID), "invalid_argument")]),
        ([row(kind="")], [(2, str(GUID), "invalid_argument")]),
        ([row(locale="")], [(2, str(GUID), "invalid_argument")]),
        ([row(locale="english")], [(2, str(GUID), "invalid_argument")]),
        ([row(recordings=())], [(2, str(GUID), "invalid_argument")]),
        ([row(recordings=("a\0.wav",))], [(2, str(GUID), "invalid_argument")]),
        ([row(label="a,b")], [(2, str(GUID), "invalid_request")]),
        ([row(phrase="be yourself")], [(2, str(GUID), "invalid_request")]),
        ([row(kind="Passphrase", phrase="open sesame")], [(2, str(GUID), "invalid_argument")]),
        ([row(kind="Passphrase", locale="de-DE")], [(2, str(GUID), "invalid_request")]),
        ([row(), row(3)], [(3, str(GUID), "invalid_request")]),  # the same recording
        ([row(), row(3, kind="Passphrase", recordings=("b.wav",))], [(3, str(GUID), "invalid_request")]),
        ([row(), row(3, locale="en-GB", recordings=("b.wav",))], [(3, str(GUID), "invalid_request")]),
        (
            [row(label="ada"), row(3, label="ben", recordings=("b.wav",))],
            [(3, str(GUID), "invalid_request")],
        ),
    ],
)
def test_what_contradicts_itself_is_refused_whole(rows: list[Row], refused: list[object]) -> None:
    good = row(9, profile=str(OTHER))
    arrivals, refusals = gathered(*rows, good)
    assert [arrival.id for arrival in arrivals] == [OTHER]
    assert refusals == refused


def test_two_profiles_of_one_label() -> None:
    arrivals, refusals = gathered(row(label="ada"), row(3, profile=str(OTHER), label="ada"))
    assert [arrival.id for arrival in arrivals] == [GUID]
    assert refusals == [(3, str(OTHER), "label_taken")]


def test_a_passphrase_as_people_write_it() -> None:
    said = row(kind="Passphrase", phrase="My voice is my passport, verify me.")
    [arrival], _ = gathered(said)
    assert arrival.phrase == "my voice is my passport verify me"


def coming(kind: ProfileKind, *recordings: Path, label: str | None = None) -> Arrival:
    return Arrival(GUID, kind, "en-US", label, None, recordings, tuple(range(2, 2 + len(recordings))))


@pytest.mark.parametrize("kind", list(POLICIES))
def test_a_profile_comes_under_its_guid(
    kind: ProfileKind, actor: Actor, store: Store, engine: Engine, clips: Clips, tmp_path: Path
) -> None:
    recordings = spoken(tmp_path) if kind is ProfileKind.TEXT_DEPENDENT else clips["ada"]
    arrival = coming(kind, *recordings, label="ada")
    tried = move_in(actor, store, engine, arrival, dry_run=True)
    assert (tried.refusals, len(tried.qualities)) == ((), len(recordings))
    assert list(each_profile(actor, store)) == []

    done = move_in(actor, store, engine, arrival)
    assert done == tried  # a dry run says what happens
    found = show_profile(actor, store, GUID, kind=kind)
    assert (found.label, found.locale, found.state) == ("ada", "en-US", ProfileState.ENROLLED)
    assert verify(actor, store, engine, GUID, recordings[0], kind=kind).accepted


def spoken(folder: Path, *numbers: int) -> list[Path]:
    """Recordings of somebody who says a passphrase."""
    paths = [folder / f"{number}.wav" for number in numbers or (1, 2, 3)]
    for path in paths:
        path.write_bytes(voices.wav("mary", int(path.stem)))
    return paths


def test_a_recording_of_other_words_is_named(
    actor: Actor, store: Store, engine: Engine, clips: Clips, tmp_path: Path
) -> None:
    for phrase in (None, voices.PASSPHRASE):
        arrival = coming(ProfileKind.TEXT_DEPENDENT, *spoken(tmp_path), clips["ada"][0], label="ada")
        for dry_run in (True, False):
            moved = move_in(actor, store, engine, replace(arrival, phrase=phrase), dry_run=dry_run)
            [refusal] = moved.refusals
            assert refusal.error.code == "phrase_not_heard"
            assert "4 of 4" in str(refusal.error)
    assert list(each_profile(actor, store)) == []


def test_too_little_is_refused_unless_any_length_will_do(
    actor: Actor, store: Store, engine: Engine, clips: Clips
) -> None:
    short = coming(ProfileKind.VERIFICATION, clips["ada"][0])
    for dry_run in (True, False):
        [refusal] = move_in(actor, store, engine, short, dry_run=dry_run).refusals
        assert (refusal.row, refusal.profile, refusal.file) == (2, str(GUID), None)
        assert refusal.error.code == "speech_too_short"
        assert f"need {ANY_WORDS.enough_seconds:.1f}" in str(refusal.error)
    assert list(each_profile(actor, store)) == []
    assert move_in(actor, store, engine, short, any_length=True).refusals == ()

    two = replace(coming(ProfileKind.TEXT_DEPENDENT, *clips["ben"][:2]), id=OTHER)
    [refusal] = move_in(actor, store, engine, two, any_length=True).refusals  # three, whatever is asked
    assert refusal.error.code == "invalid_request"


def test_all_recordings_that_cannot_be_used_are_named(
    actor: Actor, store: Store, engine: Engine, clips: Clips, tmp_path: Path
) -> None:
    junk, gone = tmp_path / "junk.wav", tmp_path / "gone.wav"
    junk.write_bytes(b"this is no sound")
    bad = clips["ada"][0].parents[1] / "_bad" / "silent.opus"
    for dry_run in (True, False):
        arrival = coming(ProfileKind.IDENTIFICATION, *clips["ada"], junk, gone, bad)
        refusals = move_in(actor, store, engine, arrival, dry_run=dry_run).refusals
        assert [(one.row, one.file, one.error.code) for one in refusals] == [
            (7, str(junk), "audio_not_recognised"),
            (8, str(gone), "file_not_found"),
            (9, str(bad), "audio_silent"),
        ]
    assert list(each_profile(actor, store)) == []


def test_recordings_of_two_people_are_refused_unless_forced(
    actor: Actor, store: Store, engine: Engine, clips: Clips
) -> None:
    mixed = coming(ProfileKind.IDENTIFICATION, *clips["ada"][:4], clips["ben"][0])
    [refusal] = move_in(actor, store, engine, mixed).refusals
    assert "another person" in str(refusal.error)
    assert move_in(actor, store, engine, mixed, force=True).refusals == ()


def test_who_is_here_already(
    actor: Actor, stranger: Actor, store: Store, engine: Engine, clips: Clips
) -> None:
    arrival = coming(ProfileKind.IDENTIFICATION, *clips["ada"])
    assert find_settled(actor, store, [arrival]) == ([arrival], [], [])
    move_in(actor, store, engine, arrival)
    assert find_settled(actor, store, [arrival]) == ([], [arrival], [])
    assert find_settled(stranger, store, [arrival]) == ([arrival], [], [])
    [again] = move_in(actor, store, engine, arrival).refusals  # two runs side by side
    assert again.error.code == "profile_taken"

    _, _, [of_another_kind] = find_settled(actor, store, [replace(arrival, kind=ProfileKind.VERIFICATION)])
    assert "another kind" in str(of_another_kind.error)
    create_profile(actor, store, kind=ProfileKind.IDENTIFICATION, profile_id=OTHER)
    _, _, [unfinished] = find_settled(actor, store, [replace(arrival, id=OTHER)])
    assert "not enrolled" in str(unfinished.error)


def test_a_label_that_is_taken(actor: Actor, store: Store, engine: Engine, clips: Clips) -> None:
    enrol(actor, store, engine, "ada", clips["ben"][:2])
    for dry_run in (True, False):
        arrival = coming(ProfileKind.IDENTIFICATION, *clips["ada"], label="ada")
        [refusal] = move_in(actor, store, engine, arrival, dry_run=dry_run).refusals
        assert refusal.error.code == "label_taken"


def test_what_is_no_fault_of_the_profile_stops_the_import(
    actor: Actor, store: Store, engine: Engine, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise StoreBusy("another process holds the store")

    arrival = coming(ProfileKind.IDENTIFICATION, *clips["ada"])
    with pytest.raises(PermissionDenied):
        move_in(replace(actor, permissions=frozenset({Permission.MANAGE})), store, engine, arrival)
    monkeypatch.setattr("earmark.service.enrol.create_profile", busy)
    with pytest.raises(StoreBusy):
        move_in(actor, store, engine, arrival)
