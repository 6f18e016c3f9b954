"""pyannoteAI's own SDK, four of its releases, unmodified, against a real server (contract, section 2)."""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import meeting
import numpy as np
import pytest
import sdks
import voices
from contract.sdk import Raised, Sdk, running_sdk
from server import Server

POLL = 10.0  # seconds between two polls of the SDK: what nobody should have to wait


since_0_2 = pytest.mark.parametrize("sdk", ["0.2.2", "0.3.0", "0.4.0"], indirect=True)
since_0_3 = pytest.mark.parametrize("sdk", ["0.3.0", "0.4.0"], indirect=True)


@pytest.fixture(scope="module", params=sdks.WHEELS)
def sdk(request: pytest.FixtureRequest, server: Server) -> Iterator[Sdk]:
    with running_sdk(request.param, server) as running:
        yield running


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("recordings")
    found = {
        "meeting": meeting.meeting(),
        "silence": voices.as_wav(bytes(2 * 16_000 * 3)),
        "long": voices.as_wav(voices.pcm("ada", 1, 2, 3, 4, 5) + voices.pcm("ada", 1, 2, 3)),
        "text": b"This is no recording.\n" * 100,
        "empty": b"",
    } | {name: meeting.alone(name) for name in ("ada", "ben", "eva")}
    paths = {}
    for name, data in found.items():
        paths[name] = folder / f"{name}.wav"
        paths[name].write_bytes(data)
    return paths


@pytest.fixture(scope="module")
def prints(sdk: Sdk, recordings: dict[str, Path]) -> dict[str, str]:
    """Voiceprints of three people."""
    made = {}
    for name in ("ada", "ben", "eva"):
        job = sdk.retrieve(sdk.voiceprint(sdk.upload(str(recordings[name]))))
        assert job["status"] == "succeeded", job
        made[name] = job["output"]["voiceprint"]
    return made


def upload(sdk: Sdk, path: Path) -> str:
    url: str = sdk.upload(str(path))
    return url


def names(job: dict[str, Any], key: str = "diarization") -> list[str]:
    assert job["status"] == "succeeded", job
    return [turn["speaker"] for turn in job["output"][key]]


def agrees(job: dict[str, Any], key: str = "diarization", speaker: str = "speaker") -> dict[str, str]:
    """Hold the turns against those that the recording was made of; returns who is called what."""
    called: dict[str, str] = {}
    true = meeting.turns()
    assert len(job["output"][key]) == len(true)
    for turn, (name, start, end) in zip(job["output"][key], true, strict=True):
        assert start - 0.5 < turn["start"] < turn["end"] < end + 0.5
        assert min(turn["end"], end) - max(turn["start"], start) > 0.7 * (end - start)
        assert called.setdefault(name, turn[speaker]) == turn[speaker]
    assert len(set(called.values())) == 2
    return called


def test_the_key_of_an_upload_is_the_files_own(sdk: Sdk, recordings: dict[str, Path]) -> None:
    data = recordings["meeting"].read_bytes()
    url = upload(sdk, recordings["meeting"])
    assert url == f"media://{hashlib.md5(data).hexdigest()}"
    assert upload(sdk, recordings["meeting"]) == url  # the same file again: in its own place
    assert sdk.upload(str(recordings["ada"]), "media://people/ada-1_b.wav") == "media://people/ada-1_b.wav"


def test_an_upload_tells_how_far_it_is(sdk: Sdk, recordings: dict[str, Path]) -> None:
    url, sent = sdk.hear_upload(str(recordings["ada"]))
    assert url.startswith("media://")
    assert sent == recordings["ada"].stat().st_size


def test_who_speaks_when_without_the_wait_of_a_poll(sdk: Sdk, recordings: dict[str, Path]) -> None:
    url = upload(sdk, recordings["meeting"])
    job_id = sdk.diarize(url)
    begun = time.monotonic()
    job = sdk.retrieve(job_id)
    assert time.monotonic() - begun < POLL, "the answer did not wait for the job"
    assert job["jobId"] == job_id
    assert set(job["output"]) == {"diarization"}
    agrees(job)


def test_the_options_that_this_release_has(sdk: Sdk, recordings: dict[str, Path]) -> None:
    options: dict[str, Any] = {"num_speakers": 2, "confidence": True}
    if sdk.version >= "0.2":
        options |= {"exclusive": True, "turn_level_confidence": True}
    if sdk.version >= "0.4":
        options |= {"transcription": False}
    job = sdk.retrieve(sdk.diarize(upload(sdk, recordings["meeting"]), **options))
    agrees(job)
    output = job["output"]
    assert output["confidence"]["resolution"] == 0.02
    assert all(isinstance(score, int) and 0 <= score <= 100 for score in output["confidence"]["score"])
    lasts = meeting.turns()[-1][2]
    assert len(output["confidence"]["score"]) == pytest.approx(lasts / 0.02, abs=2)
    if sdk.version < "0.2":
        return
    agrees(job, "exclusiveDiarization")
    for turn in output["diarization"] + output["exclusiveDiarization"]:
        assert set(turn["confidence"]) == {"SPEAKER_00", "SPEAKER_01"}
        assert max(turn["confidence"], key=turn["confidence"].get) == turn["speaker"]


def test_a_number_of_speakers_is_kept(sdk: Sdk, recordings: dict[str, Path]) -> None:
    url = upload(sdk, recordings["meeting"])
    assert len(set(names(sdk.retrieve(sdk.diarize(url, num_speakers=1))))) == 1
    if sdk.version >= "0.2":
        assert len(set(names(sdk.retrieve(sdk.diarize(url, max_speakers=1))))) == 1


def test_voiceprints_name_those_who_speak(
    sdk: Sdk, recordings: dict[str, Path], prints: dict[str, str]
) -> None:
    url = upload(sdk, recordings["meeting"])
    known = {"Ada": prints["ada"], "Ben": prints["ben"], "Eva": prints["eva"]}
    job = sdk.retrieve(sdk.identify(url, known))
    called = agrees(job)
    assert agrees(job, "identification") == {"ada": "Ada", "ben": "Ben"}
    assert agrees(job, "identification", "match") == {"ada": "Ada", "ben": "Ben"}
    assert agrees(job, "identification", "diarizationSpeaker") == called
    rows = {row["speaker"]: row for row in job["output"]["voiceprints"]}
    assert list(rows) == sorted(rows) == sorted(called.values())
    for name, speaker in called.items():
        row = rows[speaker]
        assert row["match"] == name.capitalize()
        assert set(row["confidence"]) == {"Ada", "Ben", "Eva"}
        others = {label: score for label, score in row["confidence"].items() if label != row["match"]}
        assert row["confidence"][row["match"]] > 80
        assert max(others.values()) < 50


def test_a_stranger_has_no_name_from_a_threshold_on(
    sdk: Sdk, recordings: dict[str, Path], prints: dict[str, str]
) -> None:
    url = upload(sdk, recordings["meeting"])
    known = {"Ada": prints["ada"]}
    strict = sdk.retrieve(sdk.identify(url, known, matching_threshold=50.0))
    assert strict["status"] == "succeeded"
    rows = {row["match"] for row in strict["output"]["voiceprints"]}
    assert rows == {"Ada", None}
    stranger = [turn for turn in strict["output"]["identification"] if turn["match"] is None]
    assert stranger
    assert all(turn["speaker"] == turn["diarizationSpeaker"] for turn in stranger)
    # Without a threshold the last voiceprint that is left goes to the last speaker, as at the hosted service.
    lenient = sdk.retrieve(sdk.identify(url, {"Ada": prints["ada"], "Eva": prints["eva"]}))
    assert {row["match"] for row in lenient["output"]["voiceprints"]} == {"Ada", "Eva"}
    shared = sdk.retrieve(sdk.identify(url, known, exclusive_matching=False))
    assert {row["match"] for row in shared["output"]["voiceprints"]} == {"Ada"}


@pytest.mark.parametrize(
    ("recording", "says"),
    [("text", "Could not load audio"), ("empty", "Could not load audio"), ("silence", "speak")],
)
def test_a_job_that_fails_says_why(recording: str, says: str, sdk: Sdk, recordings: dict[str, Path]) -> None:
    job_id = sdk.diarize(upload(sdk, recordings[recording]))
    with pytest.raises(Raised) as failed:
        sdk.retrieve(job_id)
    assert failed.value.kind == "PyannoteAIFailedJob"
    assert says in failed.value.text


def test_a_voiceprint_is_of_thirty_seconds_at_most(sdk: Sdk, recordings: dict[str, Path]) -> None:
    job_id = sdk.voiceprint(upload(sdk, recordings["long"]))
    with pytest.raises(Raised) as failed:
        sdk.retrieve(job_id)
    assert failed.value.kind == "PyannoteAIFailedJob"
    lasts = voices.seconds("ada", 1, 2, 3, 4, 5) + voices.seconds("ada", 1, 2, 3)
    assert f"{lasts:.1f} s" in failed.value.text
    assert "30 s" in failed.value.text


def test_refusals(sdk: Sdk, recordings: dict[str, Path], prints: dict[str, str]) -> None:
    url = upload(sdk, recordings["meeting"])
    hosted = base64.b64encode(bytes(1_024)).decode()
    refusals: list[tuple[Callable[[], object], int, str]] = [
        (lambda: sdk.diarize(url, num_speakers=0), 400, "numSpeakers"),
        (lambda: sdk.diarize("media://nothing/here"), 404, "no recording"),
        (lambda: sdk.diarize("ftp://example.com/a.wav"), 400, "url"),
        (lambda: sdk.diarize("http://127.0.0.1/a.wav"), 400, "url"),
        (lambda: sdk.voiceprint("media://a b"), 400, "url"),
        (lambda: sdk.identify(url, {"Ada": hosted}), 400, "voiceprints[0].voiceprint"),
        (lambda: sdk.identify(url, {"SPEAKER_7": prints["ada"]}), 400, "voiceprints[0].label"),
        (lambda: sdk.identify(url, {"Ada": prints["ada"]}, matching_threshold=101), 400, "threshold"),
        (lambda: sdk.retrieve("3c8a89a5-dcc6-4edb-a75d-ffd64739674d"), 404, "no job"),
        (lambda: sdk.retrieve("nonsense"), 404, "no job"),
    ]
    for what, status, says in refusals:
        with pytest.raises(Raised) as refused:
            what()
        assert refused.value.kind == "HTTPError"
        assert str(status) in refused.value.text
        assert says in (refused.value.body or ""), refused.value.body


def test_a_wrong_key_is_explained(sdk: Sdk, server: Server) -> None:
    with running_sdk(sdk.version, server, key="") as closed:
        for key in ("not-the-key", "hf_looks-like-a-hub-token"):
            with pytest.raises(Raised) as refused:
                closed.open(key)
            assert refused.value.kind == "HTTPError"
            assert "Failed to authenticate" in refused.value.text


def test_other_bases(sdk: Sdk, server: Server, recordings: dict[str, Path]) -> None:
    """A slash too many, and the place below its own prefix."""
    for base in ("/v1/", "/pyannoteai/v1"):
        with running_sdk(sdk.version, server, base=base) as other:
            job = other.retrieve(other.diarize(upload(other, recordings["meeting"])))
            agrees(job)


def test_a_canceled_job(sdk: Sdk, server: Server, recordings: dict[str, Path]) -> None:
    job_id = sdk.diarize(upload(sdk, recordings["meeting"]))
    told = httpx.post(f"{server.url}/v1/diarizations/{job_id}/cancel", headers=server.headers)
    assert told.status_code == 200, told.text
    if told.json()["state"] == "canceled":  # it may have been quicker
        with pytest.raises(Raised) as canceled:
            sdk.retrieve(job_id)
        assert canceled.value.kind == "PyannoteAICanceledJob"
        assert "canceled" in canceled.value.text


@since_0_2
def test_more_words_than_a_release_knows(sdk: Sdk, recordings: dict[str, Path]) -> None:
    job = sdk.retrieve(sdk.diarize(upload(sdk, recordings["meeting"]), webhookStatusOnly=True, fancy=1))
    assert "fancy" in job["output"]["warning"]
    if sdk.version >= "0.4":
        with pytest.raises(Raised) as refused:
            sdk.diarize("media://a", transcription=True)
        assert "transcribe" in (refused.value.body or "")


@since_0_3
def test_a_waveform_in_memory(sdk: Sdk, tmp_path: Path) -> None:
    """Written by the SDK as a WAV of floats; an array the wrong way round claims thousands of channels."""
    samples = np.frombuffer(meeting.meeting()[44:], "<i2").astype(np.float32) / 32_768
    for name, wave in (("right", samples[None]), ("float64", samples.astype(np.float64)[None])):
        path = tmp_path / f"{name}.npy"
        np.save(path, wave)
        agrees(sdk.retrieve(sdk.diarize(sdk.upload({"waveform": str(path), "sample_rate": 16_000}))))
    path = tmp_path / "wrong.npy"
    np.save(path, np.stack([samples[:3_000], samples[:3_000]]))
    job_id = sdk.diarize(sdk.upload({"waveform": str(path), "sample_rate": 16_000}))
    with pytest.raises(Raised) as failed:
        sdk.retrieve(job_id)
    assert failed.value.kind == "PyannoteAIFailedJob"
    assert "channels" in failed.value.text


@since_0_3
def test_what_pyannote_audio_reads(sdk: Sdk, recordings: dict[str, Path]) -> None:
    """Its wrapper class asks in this way, and reads both lists of turns, and of each turn these fields."""
    url = sdk.upload({"audio": str(recordings["meeting"]), "uri": "meeting"})
    job = sdk.retrieve(sdk.diarize(url, confidence=False, model="precision-2", exclusive=True))
    for key in ("diarization", "exclusiveDiarization"):
        agrees(job, key)
        for turn in job["output"][key]:
            assert {"start", "end", "speaker"} <= set(turn)
    assert json.dumps(job)
