"""What SDKs send to an order, and outcomes to what they read: by the contract's sections 2 to 4."""

import base64
import json
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from fastapi.exceptions import RequestValidationError

from earmark.api.family import explain
from earmark.api.pyannoteai import convert, wire
from earmark.api.pyannoteai.errors import fields_of
from earmark.service.diarise import Fit
from earmark.service.orders import LITTLE_ENDIAN, Order, Outcome, SpeakerOutcome, Voice
from earmark.service.outgoing import Outgoing, Policy
from earmark.service.voiceprint_string import read_voiceprint, write_voiceprint
from earmark.storage.values import Job, JobKind, JobState
from earmark.voice.diarization.turns import Turn

MODEL, SIZE = "earmark-1@1.0", 256
AT = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=timezone(timedelta(hours=1)))
LATER = AT + timedelta(minutes=1)
GUID = UUID("3c8a89a5-dcc6-4edb-a75d-ffd64739674d")


def voice() -> Voice:
    vector = np.zeros(SIZE)
    vector[0] = 1.0
    return Voice(vector.astype(LITTLE_ENDIAN).tobytes(), 12.0, MODEL)


PRINT = write_voiceprint(voice())


def order(kind: JobKind = JobKind.DIARIZE, **body: Any) -> Order:
    asked = {"url": "media://a"} | ({"voiceprints": []} if kind is JobKind.IDENTIFY else {}) | body
    return convert.parse_order(json.dumps(asked).encode(), kind, model=MODEL, dimension=SIZE)


def wrong(kind: JobKind, **body: Any) -> dict[str, str]:
    """Fields that are refused, with what is said of each."""

    with pytest.raises(RequestValidationError) as refused:
        order(kind, **body)
    return {one["field"]: one["message"] for one in fields_of(explain(refused.value))}


def job(kind: JobKind = JobKind.DIARIZE, state: JobState = JobState.SUCCEEDED) -> Job:
    return Job(GUID, kind, "pyannoteai", state, 1.0, AT, LATER, LATER if state.ended else None)


# As captured from the released SDKs, version by version.
SENT: dict[str, tuple[JobKind, dict[str, Any]]] = {
    "0.1 diarize": (JobKind.DIARIZE, {"numSpeakers": None, "confidence": False}),
    "0.1 identify": (
        JobKind.IDENTIFY,
        {"numSpeakers": None, "matching": {"exclusive": True, "threshold": 0.0}},
    ),
    "0.1 voiceprint": (JobKind.VOICEPRINT, {}),
    "0.3 diarize": (
        JobKind.DIARIZE,
        {
            "model": "precision-2",
            **dict.fromkeys(("numSpeakers", "minSpeakers", "maxSpeakers")),
            **dict.fromkeys(("confidence", "turnLevelConfidence", "exclusive"), False),
        },
    ),
    "0.4 diarize": (
        JobKind.DIARIZE,
        {"model": "precision-2", "numSpeakers": None, "transcription": False, "exclusive": False},
    ),
    "0.4 voiceprint": (JobKind.VOICEPRINT, {"model": "precision-2"}),
    "all null": (
        JobKind.IDENTIFY,
        dict.fromkeys(
            ("model", "webhook", "webhookStatusOnly", "exclusive", "confidence", "turnLevelConfidence"), None
        )
        | {"matching": {"threshold": None, "exclusive": None}},
    ),
    "no matching": (JobKind.IDENTIFY, {"matching": None}),
}


@pytest.mark.parametrize("name", SENT)
def test_defaults_of_every_sdk_ask_for_the_same(name: str) -> None:
    kind, body = SENT[name]
    assert order(kind, **body) == Order(kind, "media://a", needs_speech=kind is not JobKind.VOICEPRINT)


def test_every_switch_arrives() -> None:
    asked = order(
        JobKind.IDENTIFY,
        url="https://example.com/a.wav",
        minSpeakers=2,
        maxSpeakers=4.0,
        exclusive=True,
        confidence=True,
        turnLevelConfidence=True,
        matching={"threshold": 62.5, "exclusive": False},
        voiceprints=[{"label": "Ann", "voiceprint": PRINT}, {"label": "Ben", "voiceprint": PRINT}],
        webhook="https://example.com/hook",
        webhookStatusOnly=True,
    )
    assert (asked.source, asked.least, asked.most) == ("https://example.com/a.wav", 2, 4)
    assert (asked.threshold, asked.exclusive_names, asked.exclusive_turns) == (62.5, False, True)
    assert [(known.label, known.voice) for known in asked.known] == [("Ann", voice()), ("Ben", voice())]
    assert asked.webhook is not None
    assert (asked.webhook.url, asked.webhook.status_only) == ("https://example.com/hook", True)
    assert asked.extra == {"confidence": True, "turnLevelConfidence": True}


def test_the_number_of_speakers_wins() -> None:
    asked = order(numSpeakers=3, minSpeakers=9, maxSpeakers=2)
    assert (asked.speakers, asked.least) == (3, None)


def test_what_is_unknown_is_passed_over_and_told() -> None:
    asked = order(JobKind.IDENTIFY, speed=2, matching={"fuzzy": 1})
    assert "fuzzy, speed" in asked.extra["warning"]
    junk: dict[str, Any] = {f"x{'y' * 500}{number}": 1 for number in range(900)}
    many = order(**junk)
    assert len(json.dumps(many.extra)) < 4_096
    assert "and 895 more" in many.extra["warning"]


@pytest.mark.parametrize(
    ("threshold", "told"), [(0, False), (0.6, True), (1, True), (1.01, False), (50, False)]
)
def test_a_threshold_of_another_scale_is_told(threshold: float, told: int) -> None:
    asked = order(JobKind.IDENTIFY, matching={"threshold": threshold})
    assert asked.threshold == threshold
    assert ("0 to 100" in asked.extra.get("warning", "")) == told


def test_more_speakers_than_can_be_told_apart() -> None:
    asked = order(maxSpeakers=200)
    assert asked.most == 50
    assert "50" in asked.extra["warning"]


TOO_MANY = [{"label": f"a{number}", "voiceprint": PRINT} for number in range(51)]
REFUSED: dict[str, tuple[JobKind, dict[str, Any], str, str]] = {
    "no url": (JobKind.DIARIZE, {"url": None}, "url", "required"),
    "empty url": (JobKind.DIARIZE, {"url": ""}, "url", "at least 1"),
    "url of another kind": (JobKind.DIARIZE, {"url": 5}, "url", "string"),
    "media without a key": (JobKind.DIARIZE, {"url": "media://"}, "url", "pattern"),
    "media with a blank": (JobKind.VOICEPRINT, {"url": "media://a b"}, "url", "pattern"),
    "media with an end of line": (JobKind.DIARIZE, {"url": "media://a\n"}, "url", "pattern"),
    "media too long": (JobKind.DIARIZE, {"url": "media://" + "a" * 248}, "url", "255"),
    "no speakers": (JobKind.DIARIZE, {"numSpeakers": 0}, "numSpeakers", "greater than or equal to 1"),
    "half a speaker": (JobKind.DIARIZE, {"minSpeakers": 1.5}, "minSpeakers", "whole"),
    "speakers as text": (JobKind.DIARIZE, {"maxSpeakers": "2"}, "maxSpeakers", "number"),
    "too many speakers": (JobKind.DIARIZE, {"numSpeakers": 51}, "numSpeakers", "50"),
    "at least too many": (JobKind.DIARIZE, {"minSpeakers": 51}, "minSpeakers", "50"),
    "least beyond most": (
        JobKind.DIARIZE,
        {"minSpeakers": 3, "maxSpeakers": 2},
        "minSpeakers",
        "maxSpeakers",
    ),
    "a flag as text": (JobKind.DIARIZE, {"confidence": "yes"}, "confidence", "boolean"),
    "another model": (JobKind.DIARIZE, {"model": "precision-9"}, "model", "precision-2"),
    "community for a voiceprint": (JobKind.VOICEPRINT, {"model": "community-1"}, "model", "precision-2"),
    "community for names": (JobKind.IDENTIFY, {"model": "community-1"}, "model", "precision-2"),
    "transcription": (JobKind.DIARIZE, {"transcription": True}, "transcription", "does not transcribe"),
    "no voiceprints": (JobKind.IDENTIFY, {"voiceprints": None}, "voiceprints", "required"),
    "51 voiceprints": (JobKind.IDENTIFY, {"voiceprints": TOO_MANY}, "voiceprints", "50"),
    "threshold below": (JobKind.IDENTIFY, {"matching": {"threshold": -1}}, "matching.threshold", "0"),
    "threshold beyond": (JobKind.IDENTIFY, {"matching": {"threshold": 101}}, "matching.threshold", "100"),
    "matching as text": (JobKind.IDENTIFY, {"matching": "strict"}, "matching", "object"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_field_by_field(name: str) -> None:
    kind, body, field, says = REFUSED[name]
    told = wrong(kind, **body)
    assert says in told[field]


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ({"label": "SPEAKER_00"}, "label", "SPEAKER_"),
        ({"label": "speaker_x"}, "label", "SPEAKER_"),
        ({"label": ""}, "label", "at least 1"),
        ({"label": "a" * 101}, "label", "100"),
        ({"label": "Ann"}, "label", "its own"),
        ({"label": None}, "label", "required"),
        ({"voiceprint": None}, "voiceprint", "required"),
        ({"voiceprint": "A" * 20_001}, "voiceprint", "20000"),
        ({"voiceprint": "dummy"}, "voiceprint", "base64"),
        ({"voiceprint": base64.b64encode(bytes(1_024)).decode()}, "voiceprint", "hosted pyannoteAI"),
    ],
)
def test_what_is_wrong_with_a_voiceprint(given: dict[str, Any], field: str, says: str) -> None:
    first = {"label": "Ann", "voiceprint": PRINT}
    told = wrong(JobKind.IDENTIFY, voiceprints=[first, {"label": "Ben", "voiceprint": PRINT} | given])
    assert says in told[f"voiceprints[1].{field}"]


@pytest.mark.parametrize("kind", JobKind)
@pytest.mark.parametrize("junk", ["x", 5, {"a": 1}, [1], [{"label": 1}], True])
def test_fields_of_another_kind_of_job_may_hold_anything(junk: Any, kind: JobKind) -> None:
    names = {"numSpeakers", "matching", "voiceprints", "confidence", "exclusive", "transcriptionConfig"}
    own = {"transcriptionConfig"} | set(convert.MODELS[kind].model_fields)
    asked = order(kind, **dict.fromkeys(names - own, junk))
    assert asked.extra.keys() <= {"warning"}


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b'"a"', b"\xff", b'{"url": NaN}', b"[" * 10_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(RequestValidationError):
        convert.parse_order(body, JobKind.DIARIZE, model=MODEL, dimension=SIZE)


def test_addresses_are_checked_before_the_job_is_made() -> None:
    anywhere, tls = Policy(), Policy(plain_http=False)
    asked = order(url="https://example.com/a.wav", webhook="http://example.com/hook")
    convert.check_addresses(asked, fetching=anywhere, calling=anywhere)
    for bad, field, policies in (
        (asked, "webhook", (anywhere, tls)),
        (order(url="file:///etc/passwd"), "url", (anywhere, anywhere)),
        (order(url="http://169.254.169.254/latest"), "url", (anywhere, anywhere)),
        (order(webhook="http://127.0.0.1/"), "webhook", (anywhere, anywhere)),
        (asked, "url", (Policy(Outgoing.NONE), anywhere)),
    ):
        with pytest.raises(RequestValidationError) as refused:
            convert.check_addresses(bad, fetching=policies[0], calling=policies[1])
        assert refused.value.errors()[0]["loc"] == ("body", field)


# The contract's example, section 4: scores of three speakers, the last of them a stranger.
TURNS = (
    Turn(0.0, 1.5, "SPEAKER_00", 0.9),
    Turn(1.23456, 3.0, "SPEAKER_01", 0.8),
    Turn(3.5, 4.0, "SPEAKER_02", 0.5),
)


def speaker(number: int, match: str | None, ann: float, ben: float) -> SpeakerOutcome:
    fits = tuple(sorted((Fit("Ann", "Ann", ann), Fit("Ben", "Ben", ben)), key=lambda fit: -fit.confidence))
    return SpeakerOutcome(f"SPEAKER_{number:02d}", match, match, fits)


LAST = "SPEAKER_02"
FOUND = Outcome(
    seconds=4.2,
    turns=TURNS,
    exclusive=(Turn(0.0, 1.3, "SPEAKER_00"), Turn(1.3, 3.0, "SPEAKER_01"), Turn(3.5, 4.0, "SPEAKER_02")),
    certainty=bytes([100, 0, 57]),
    turn_fit=tuple({f"SPEAKER_{n:02d}": 90 if n == turn else 5 for n in range(3)} for turn in range(3)),
    speakers=(speaker(2, None, 36, 16), speaker(0, "Ann", 90.6, 22), speaker(1, "Ben", 31, 82)),
)


def test_a_diarization_as_sdks_read_it() -> None:
    told = convert.to_job(job(), Order(JobKind.DIARIZE, "media://a"), FOUND)
    assert told == {
        "jobId": str(GUID),
        "status": "succeeded",
        "createdAt": "2026-01-02T02:04:05.678Z",
        "updatedAt": "2026-01-02T02:05:05.678Z",
        "output": {
            "diarization": [
                {"speaker": "SPEAKER_00", "start": 0.0, "end": 1.5},
                {"speaker": "SPEAKER_01", "start": 1.235, "end": 3.0},
                {"speaker": "SPEAKER_02", "start": 3.5, "end": 4.0},
            ]
        },
    }
    wire.Job.model_validate(told)


def test_what_was_asked_for_comes_and_nothing_else() -> None:
    asked = Order(
        JobKind.DIARIZE,
        "media://a",
        exclusive_turns=True,
        extra={"confidence": True, "turnLevelConfidence": True, "warning": "Field x."},
    )
    output = convert.to_job(job(), asked, FOUND)["output"]
    assert set(output) == {"diarization", "exclusiveDiarization", "confidence", "warning"}
    assert output["confidence"] == {"score": [100, 0, 57], "resolution": 0.02}
    assert output["diarization"][1]["confidence"] == {"SPEAKER_00": 5, "SPEAKER_01": 90, "SPEAKER_02": 5}
    assert [turn["speaker"] for turn in output["exclusiveDiarization"]] == [
        "SPEAKER_00",
        "SPEAKER_01",
        "SPEAKER_02",
    ]
    assert output["exclusiveDiarization"][0]["confidence"]["SPEAKER_00"] == 90
    assert output["warning"] == "Field x."


def test_names_as_sdks_read_them() -> None:
    output = convert.to_job(job(JobKind.IDENTIFY), Order(JobKind.IDENTIFY, "media://a"), FOUND)["output"]
    assert set(output) == {"diarization", "identification", "voiceprints"}
    assert [turn["speaker"] for turn in output["diarization"]] == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_02"]
    assert output["identification"] == [
        {"speaker": "Ann", "start": 0.0, "end": 1.5, "diarizationSpeaker": "SPEAKER_00", "match": "Ann"},
        {"speaker": "Ben", "start": 1.235, "end": 3.0, "diarizationSpeaker": "SPEAKER_01", "match": "Ben"},
        {
            "speaker": "SPEAKER_02",
            "start": 3.5,
            "end": 4.0,
            "diarizationSpeaker": "SPEAKER_02",
            "match": None,
        },
    ]
    assert output["voiceprints"] == [
        {"speaker": "SPEAKER_00", "match": "Ann", "confidence": {"Ann": 90, "Ben": 22}},
        {"speaker": "SPEAKER_01", "match": "Ben", "confidence": {"Ben": 82, "Ann": 31}},
        {"speaker": "SPEAKER_02", "match": None, "confidence": {"Ann": 36, "Ben": 16}},
    ]


def test_a_voiceprint_can_be_sent_back() -> None:
    asked = Order(JobKind.VOICEPRINT, "media://a")
    output = convert.to_job(job(JobKind.VOICEPRINT), asked, Outcome(voiceprint=voice()))["output"]
    assert set(output) == {"voiceprint"}
    assert read_voiceprint(output["voiceprint"], model=MODEL, dimension=SIZE) == voice()


@pytest.mark.parametrize(
    ("state", "outcome", "status", "error"),
    [
        (
            JobState.FAILED,
            Outcome(error="Cut.", code="audio_truncated"),
            "failed",
            "Could not load audio: Cut.",
        ),
        (JobState.FAILED, Outcome(error="Nobody speaks.", code="audio_silent"), "failed", "Nobody speaks."),
        (JobState.FAILED, None, "failed", "failed"),
        (JobState.CANCELED, None, "canceled", "canceled"),
        (JobState.CANCELED, Outcome(error="Enough."), "canceled", "Enough."),
    ],
)
def test_a_job_that_went_wrong_always_says_why(
    state: JobState, outcome: Outcome | None, status: str, error: str
) -> None:
    told = convert.to_job(job(state=state), None, outcome)
    assert told["status"] == status
    assert error in told["output"]["error"]


@pytest.mark.parametrize(
    ("state", "status"),
    [(JobState.CREATED, "created"), (JobState.RUNNING, "running"), (JobState.EXPIRED, "succeeded")],
)
def test_before_the_end_and_after_a_day_there_is_no_output(state: JobState, status: str) -> None:
    told = convert.to_job(job(state=state), None, None)
    assert told["status"] == status
    assert "output" not in told


def test_every_state_has_a_status_that_sdks_know() -> None:
    known = {"created", "pending", "running", "succeeded", "failed", "canceled"}
    assert set(convert.STATUS) == set(JobState)
    assert set(convert.STATUS.values()) <= known
