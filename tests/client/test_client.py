"""`earmark.Client` on a real service: every method, every kind of recording, and errors as they are told."""

import asyncio
import inspect
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest
import voices
from server import Server

from earmark import AsyncClient, Client, errors
from earmark.client import Pcm
from earmark.voice.samples import sample_speakers


def test_a_life(client: Client) -> None:
    made = client.create_profile("ada", locale="en-GB")
    assert made.state == "enrolling"
    assert made.missing.speech_seconds == 4
    with pytest.raises(errors.ProfileNotEnrolled):
        client.verify(made.id, voices.wav("ada", 4))

    done = client.enrol(made.id, voices.wav("ada", 1), voices.wav("ada", 2))
    assert len(done.added) == 2
    assert done.profile.state == "enrolled"
    assert done.profile.missing.speech_seconds == 0
    assert done.consistency is not None
    assert len(done.consistency) == 2

    assert client.verify(made.id, voices.wav("ada", 4)).accepted
    decision = client.verify(made.id, voices.wav("stranger", 4), fmr=0.01)
    assert not decision.accepted
    assert decision.operating_point.fmr == 0.01
    found = client.identify(voices.wav("ada", 5), among=[made.id])
    assert found.best is not None
    assert found.best.profile == made.id
    assert found.best.label == "ada"
    assert client.identify(voices.wav("stranger", 4)).best is None

    changed = client.change_profile(made.id, label="ada lovelace")
    assert (changed.label, changed.locale) == ("ada lovelace", "en-GB")
    assert client.change_profile(made.id, locale=None).locale is None
    assert client.find_profile("ada") is None
    again = client.find_profile("ada lovelace")
    assert again == client.show_profile(made.id)

    emptied = client.reset_profile(made.id)
    assert (emptied.state, emptied.enrolments) == ("enrolling", [])
    client.delete_profile(made.id)
    with pytest.raises(errors.ProfileNotFound):
        client.show_profile(made.id)


def test_rules_and_renewal(client: Client) -> None:
    assert client.set_rule("verify", fmr=0.01, doubt=0.05).verify.own
    expected = client.show_rules().expected
    assert expected.verify[0].fmr == 0.01
    assert {10, 100, 1_000} <= {one.compared for one in expected.identify}
    assert client.set_rule("watchlist", cost_miss=1, cost_false=9, prior=0.1).watchlist.cost_false == 9
    assert client.change_rules(renew_days=10).renew_days == 10
    assert client.change_rules(learn=True).renew_days == 10
    assert client.change_rules(own_cohort=True).own_cohort
    made = client.create_profile()
    done = client.enrol(made.id, voices.wav("ada", 1), voices.wav("ada", 2))
    assert done.guidance.occasions == 1
    decision = client.verify(made.id, voices.wav("ada", 4))
    assert decision.operating_point.fmr == 0.01
    assert (decision.answer, decision.next_step, decision.renewal) == ("accepted", None, [])
    found = client.identify(voices.wav("ada", 5), among=[made.id], use="identify", fpir=0.02)
    assert (found.operating_point.fpir, found.answer) == (0.02, "accepted")
    renewal = client.show_renewal(made.id)
    assert not renewal.due
    assert (renewal.learned is not None) == decision.learned
    client.forget_learned(made.id)
    assert client.show_renewal(made.id).learned is None
    with pytest.raises(errors.InvalidRequest):
        client.set_rule("verify", fpir=0.01)
    for use in ("verify", "watchlist"):
        client.reset_rule(use)
    rules = client.change_rules(learn=False, renew_days=None, own_cohort=False)
    assert rules == client.show_rules()
    assert not rules.verify.own
    client.delete_profile(made.id)


def test_recordings_come_as_paths_bytes_files_and_raw_samples(client: Client) -> None:
    profile = client.create_profile().id
    path = sample_speakers()["ben"][0]
    with path.open("rb") as file:
        done = client.enrol(profile, path, str(sample_speakers()["ben"][1]), file)
    assert len(done.added) == 3
    raw = voices.pcm("ben", 4)
    narrow = np.frombuffer(raw, "<i2")[::2].tobytes()
    plain = client.verify(profile, voices.wav("ben", 4))
    assert client.verify(profile, raw, pcm=Pcm()).llr == plain.llr
    half = client.inspect(narrow, pcm=Pcm(sample_rate=8_000)).quality
    assert half.total_seconds == pytest.approx(plain.quality.total_seconds, abs=0.01)
    assert client.inspect(io.BytesIO(voices.wav("ben", 4))).recognition.good


def test_profiles_are_listed_over_many_pages(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earmark.client.synchronous.PAGE", 2)
    made = {client.create_profile(kind="verification").id for _ in range(5)}
    listed = [profile.id for profile in client.list_profiles(kind="verification")]
    assert made <= set(listed)
    assert listed == sorted(listed, key=lambda one: one.bytes)


def test_profiles_move_by_a_sealed_file(client: Client) -> None:
    profile = client.create_profile("carl")
    client.enrol(profile.id, voices.wav("ben", 1))
    sealed = client.export_profiles("correct horse", profiles=[profile.id])
    client.delete_profile(profile.id)
    with pytest.raises(errors.ProfileFileInvalid):
        client.import_profiles(sealed, "another horse")
    assert client.import_profiles(sealed, "correct horse").added == [profile.id]
    assert client.import_profiles(io.BytesIO(sealed), "correct horse").skipped == [profile.id]
    assert client.show_profile(profile.id).label == "carl"


def test_a_profile_keeps_an_identifier_from_elsewhere(client: Client) -> None:
    wanted = uuid4()
    assert client.create_profile(profile_id=wanted).id == wanted
    with pytest.raises(errors.ProfileTaken):
        client.create_profile(profile_id=wanted)


def test_changes_hold_only_for_the_revision_that_was_read(client: Client) -> None:
    read = client.create_profile()
    changed = client.change_profile(read.id, locale="de-DE", expected=read.revision)
    assert changed.revision > read.revision
    for change in (
        lambda: client.change_profile(read.id, locale=None, expected=read.revision),
        lambda: client.reset_profile(read.id, expected=read.revision),
        lambda: client.delete_profile(read.id, expected=read.revision),
        lambda: client.enrol(read.id, voices.wav("ada", 1), expected=read.revision),
    ):
        with pytest.raises(errors.ProfileChanged):
            change()
    assert client.show_profile(read.id) == changed


def test_keys_and_tenant(client: Client, server: Server) -> None:
    assert set(client.show_caller().roles) == {"recognise", "enrol", "manage", "audit"}
    until = datetime.now(UTC) + timedelta(days=1)
    made = client.create_key(["recognise"], name="door", expires=until)
    assert (made.name, made.expires, made.hint) == ("door", until, made.secret[-4:])
    with Client(server.url, made.secret) as door:
        assert door.show_caller().roles == ["recognise"]
        with pytest.raises(errors.PermissionDenied):
            door.create_profile()
    changed = client.rotate_key(made.id, overlap=timedelta(hours=1))
    assert changed.secret != made.secret
    for key in (made, changed):
        with Client(server.url, key.secret) as door:
            door.show_caller()
        client.revoke_key(key.id)
        with Client(server.url, key.secret) as door, pytest.raises(errors.KeyInvalid):
            door.show_caller()
    assert {made.id, changed.id}.isdisjoint(key.id for key in client.list_keys())
    with pytest.raises(errors.KeyNotFound):
        client.revoke_key(made.id)

    assert client.show_tenant().keep_audio
    assert not client.keep_audio(False).keep_audio
    profile = client.create_profile().id
    assert not client.enrol(profile, voices.wav("ada", 1)).added[0].audio_kept
    assert client.keep_audio(True).keep_audio
    assert "my voice is my passport verify me" in client.show_phrases("en-US").passphrases


def test_errors_are_those_of_the_library(client: Client, tmp_path: Path) -> None:
    profile = client.create_profile().id
    with pytest.raises(errors.AudioNotRecognised):
        client.enrol(profile, b"no sound at all")
    with pytest.raises(errors.AudioEmpty):
        client.enrol(profile, b"")
    client.enrol(profile, voices.wav("ada", 1))
    with pytest.raises(errors.SpeechTooShort) as refused:
        client.verify(profile, voices.wav("ada", 2, seconds=0.8))
    assert refused.value.measure == "speech_seconds"
    assert refused.value.value < refused.value.limit
    with pytest.raises(errors.FileMissing):
        client.inspect(tmp_path / "nothing.wav")
    with pytest.raises(errors.InvalidArgument):
        client.show_profile("ada")
    with pytest.raises(errors.InvalidArgument):
        client.identify(voices.wav("ada", 1), among=[])
    with pytest.raises(errors.InvalidRequest):
        client.create_profile(kind="other")  # type: ignore[arg-type]


def test_an_address_or_key_that_cannot_be_is_told_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("EARMARK_API_KEY", raising=False)
    for arguments in (("http://127.0.0.1:1", None), ("127.0.0.1", "a-key"), ("http://127.0.0.1", "a key\n")):
        with pytest.raises(errors.InvalidRequest):
            Client(*arguments)


def test_address_and_key_come_from_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_URL", server.url)
    monkeypatch.setenv("EARMARK_API_KEY", server.key)
    with Client() as client:
        assert client.show_caller().tenant == "default"
        assert server.key not in repr(vars(client))


def test_asyncio_has_all_of_it(server: Server) -> None:
    async def live() -> None:
        async with AsyncClient(server.url, server.key) as client:
            profile = (await client.create_profile()).id
            await client.enrol(profile, voices.wav("ada", 1), voices.wav("ada", 2))
            answers = await asyncio.gather(*(client.verify(profile, voices.wav("ada", 4)) for _ in range(4)))
            assert all(answer.accepted for answer in answers)
            assert profile in [one.id async for one in client.list_profiles()]
            await client.delete_profile(profile)
            with pytest.raises(errors.ProfileNotFound):
                await client.show_profile(profile)

    asyncio.run(live())


def test_both_clients_are_alike() -> None:
    def face(of: type) -> dict[str, str]:
        methods = inspect.getmembers(of, inspect.isfunction)
        return {
            name: f"{inspect.signature(method)} {method.__doc__}".replace("AsyncIterator", "Iterator")
            for name, method in methods
            if not name.startswith("_") and "close" not in name
        }

    assert face(Client) == face(AsyncClient)


def test_identifiers_may_be_text(client: Client) -> None:
    profile = client.create_profile()
    assert client.show_profile(str(profile.id)).id == UUID(str(profile.id))
