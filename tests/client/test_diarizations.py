"""Diarizations by `earmark.Client` and `AsyncClient`, on a real service."""

import asyncio
import io
from pathlib import Path
from uuid import uuid4

import meeting
import pytest
import voices
from server import Server

from earmark import AsyncClient, Client, errors
from earmark.client import diarization_calls


def test_a_life(client: Client) -> None:
    for name in ("ada", "ben"):
        client.enrol(client.create_profile(f"{name} d").id, *(voices.wav(name, clip) for clip in (4, 5)))
    made = client.create_diarization(meeting.meeting(), who=["ada d", "ben d"])
    assert (made.state, made.progress, made.output) == ("created", 0.0, None)
    done = client.wait_for_diarization(made.id)
    assert (done.state, done.progress, done.problem) == ("succeeded", 1.0, None)
    assert done.output is not None
    assert [turn.name for turn in done.output.turns] == [f"{name} d" for name, _, _ in meeting.turns()]
    assert [speaker.speaker for speaker in done.output.speakers] == ["SPEAKER_00", "SPEAKER_01"]
    ada = done.output.speakers[0]
    assert ada.match is not None
    assert ada.match.label == ada.name == "ada d"
    assert ada.match.confidence > 80
    assert ada.match.profile == client.find_profile("ada d").id  # type: ignore[union-attr]
    assert client.show_diarization(made.id) == done
    assert made.id in {one.id for one in client.list_diarizations(state="succeeded")}
    assert made.id not in {one.id for one in client.list_diarizations(state="failed")}
    assert client.show_turns(made.id).count("\nSPEAKER ") == len(done.output.turns) - 1
    assert "ada d" in client.show_turns(made.id, "srt", exclusive=True)
    assert client.show_turns(made.id, "svg").startswith("<svg")
    assert client.cancel_diarization(made.id).state == "succeeded"
    client.delete_diarization(made.id)
    with pytest.raises(errors.JobNotFound):
        client.show_diarization(made.id)


def test_recordings_come_as_paths_bytes_and_files(client: Client, tmp_path: Path) -> None:
    data = meeting.meeting()
    path = tmp_path / "meeting.wav"
    path.write_bytes(data)
    part = io.BytesIO(b"before" + data)
    part.seek(6)
    for recording in (data, path, str(path), io.BytesIO(data), part):
        done = client.diarize(recording, speakers=2)
        assert done.state == "succeeded", done
        assert done.output is not None
        assert len(done.output.turns) == len(meeting.turns())
    with pytest.raises(errors.FileMissing):
        client.create_diarization(tmp_path / "nothing.wav")


def of_two(*clips: int) -> list[tuple[str, int]]:
    """Two people whom no other test of this folder enrols."""
    return [(name, clip) for clip in clips for name in ("gwen", "hana")]


def test_strangers_are_remembered(client: Client) -> None:
    first = client.diarize(meeting.meeting(*of_two(1, 2, 3)), remember=True)
    assert first.output is not None
    assert all(speaker.remembered for speaker in first.output.speakers), first.output
    again = client.diarize(meeting.meeting(*of_two(4, 5)), who="all")
    assert again.output is not None
    known = {speaker.name for speaker in first.output.speakers}
    assert len({speaker.name for speaker in again.output.speakers} & known) == 2


def test_what_goes_wrong(client: Client) -> None:
    failed = client.diarize(b"This is no recording.")
    assert failed.state == "failed"
    assert failed.problem is not None
    assert failed.problem.code == "audio_not_recognised"
    silent = client.diarize(voices.as_wav(bytes(2 * 16_000)))
    assert silent.output is not None
    assert silent.output.turns == []
    with pytest.raises(errors.InvalidRequest):
        client.show_turns(failed.id)
    with pytest.raises(errors.AddressRefused):
        client.create_diarization(source="http://127.0.0.1/a.wav")
    with pytest.raises(errors.MediaNotFound):
        client.create_diarization(source="media://nothing")
    with pytest.raises(errors.InvalidRequest):
        client.create_diarization(meeting.meeting(), speakers=99)
    with pytest.raises(errors.InvalidRequest):
        client.create_diarization(meeting.meeting(), who=[])
    lost = client.diarize(meeting.meeting(), who=["nobody of this name"])
    assert lost.problem is not None
    assert lost.problem.code == "profile_not_found"
    for both in ({}, {"recording": b"x", "source": "https://example.com"}):
        with pytest.raises(errors.InvalidArgument, match="either"):
            client.create_diarization(**both)  # type: ignore[arg-type]
    for call in (client.show_diarization, client.cancel_diarization, client.delete_diarization):
        with pytest.raises(errors.JobNotFound):
            call(uuid4())


def test_waiting_may_end_before_the_job(client: Client) -> None:
    long = meeting.meeting(
        *((name, clip) for _ in range(12) for name in ("ada", "ben") for clip in (1, 2, 3))
    )
    made = client.create_diarization(long)
    soon = client.wait_for_diarization(made.id, seconds=0)
    assert soon.state in ("created", "running")
    gone = client.cancel_diarization(made.id)
    assert gone.state == "canceled"
    assert client.wait_for_diarization(made.id).state == "canceled"


def test_from_asyncio(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "meeting.wav"
    path.write_bytes(meeting.meeting())

    async def life() -> None:
        async with AsyncClient(server.url, server.key) as client:
            done = await client.diarize(path)
            assert done.state == "succeeded"
            assert done.output is not None
            assert len(done.output.turns) == len(meeting.turns())
            assert done.id in [one.id async for one in client.list_diarizations()]
            assert "SPEAKER" in await client.show_turns(done.id)
            assert (await client.cancel_diarization(done.id)).state == "succeeded"
            assert await client.show_diarization(done.id) == done
            await client.delete_diarization(done.id)
            with pytest.raises(errors.JobNotFound):
                await client.wait_for_diarization(done.id, seconds=1)
            sent = await client.create_diarization(io.BytesIO(meeting.meeting()), speakers=2)
            assert (await client.wait_for_diarization(sent.id)).state == "succeeded"

    asyncio.run(life())


def test_a_request_that_is_sent_again_makes_one_job(client: Client) -> None:
    """As after an answer that was lost: the same key, the same recording, from its start."""
    before = len(list(client.list_diarizations()))
    call = diarization_calls.create(io.BytesIO(meeting.meeting()), None, {})
    first, second = client._send(call), client._send(call)
    assert first.id == second.id
    assert len(list(client.list_diarizations())) == before + 1
