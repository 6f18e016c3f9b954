"""The speech WebSocket's failures and live streams, asked of a real server (contract, section 4)."""

import uuid
from typing import Any

import pytest
import voices
from contract import lives, surface
from contract.speech import Speech, connected
from server import Server
from websockets.exceptions import ConnectionClosed

FAMILIES = pytest.mark.parametrize("family", surface.FAMILIES)
SECOND = 32_000  # bytes


def enroll(speech: Speech, family: str, profile: str, sound: bytes, *, end: bool = True) -> Any:
    return speech.ask("speaker.profile.enroll", family, sound, end=end, profileIds=[profile])


def recognise(speech: Speech, family: str, sound: bytes, *profiles: str, end: bool = True) -> Any:
    return speech.ask("speaker.context", family, sound, end=end, profileIds=list(profiles))


def enrolled(speech: Speech, family: str) -> str:
    """A profile that can be recognised."""
    profile, speaker = speech.create(family), lives.speaker_of(family)
    clips = [(1,), (2,), (3,)] if family == "text-dependent" else [(1, 2, 3, 4)]
    for numbers in clips:
        said = enroll(speech, family, profile, voices.pcm(speaker, *numbers))
    assert said["enrollment"]["enrollmentStatus"] == "Enrolled"
    return profile


def failed(said: Any) -> str:
    """The code of an answer that says a failure in the shape that ends the client's call."""
    assert "enrollment" not in said
    result = said.get("identificationResult", {}).get("identifiedProfile", said.get("verificationResult"))
    if result is not None:
        assert (result["profileId"], result["score"]) == (lives.NOBODY, 0)
    assert said["status"]["reason"]
    return str(said["status"]["statusCode"])


@FAMILIES
def test_recordings_that_cannot_be_used(family: str, server: Server) -> None:
    most = 10 if family == "text-dependent" else 120
    stereo = voices.as_wav(voices.pcm("ada", 1), channels=2)
    with connected(server) as speech:
        profile, ready = speech.create(family), enrolled(speech, family)
        for sound, codes in (
            (b"", {"AudioTooShort"}),
            (b"\x00", {"AudioTooShort"}),
            (bytes(5 * SECOND), {"AudioTooShort"}),  # silence
            (voices.pcm("ada", 1, seconds=0.9), {"AudioTooShort"}),
            (bytes((most + 2) * SECOND), {"AudioTooLong"}),
            (b"RIFF" + bytes(5 * SECOND), {"InvalidAudioFormat"}),
            (stereo[:34] + b"\x08\x00" + stereo[36:], {"InvalidAudioFormat"}),  # 8 bit
        ):
            assert failed(enroll(speech, family, profile, sound)) in codes
            assert failed(recognise(speech, family, sound, ready)) in codes
        [row] = speech.ask("speaker.profile.fetch", family, profileIds=[profile])["profiles"]
        assert (row["enrollmentsCount"], row["enrollmentsLength"]) == (0, 0)


@FAMILIES
def test_profiles_that_cannot_be_recognised(family: str, server: Server) -> None:
    sound = voices.pcm(*lives.GENUINE)
    with connected(server) as speech:
        empty = speech.create(family)
        said = recognise(speech, family, sound, empty)
        assert failed(said) == said["status"]["reason"] == "IncompleteEnrollment"
        for ids in ([lives.UNKNOWN], ["x"], [enrolled(speech, family), lives.UNKNOWN]):
            expected = {"ProfileNotFound", "InvalidOperation"}
            assert failed(recognise(speech, family, sound, *ids)) in expected
        assert failed(recognise(speech, family, sound)) == "InvalidOperation"
        assert failed(enroll(speech, family, lives.UNKNOWN, sound)) == "ProfileNotFound"
        for other in surface.FAMILIES:
            if other != family:
                assert failed(enroll(speech, other, empty, sound)) == "ProfileNotFound"


def test_fifty_candidates_and_one_more(server: Server) -> None:
    with connected(server) as speech:
        profile = enrolled(speech, "identification")
        sound = voices.pcm(*lives.GENUINE)
        said = recognise(speech, "identification", sound, *[profile] * 50)
        assert said["identificationResult"]["identifiedProfile"]["profileId"] == profile
        assert failed(recognise(speech, "identification", sound, *[profile] * 51)) == "InvalidOperation"


@FAMILIES
def test_less_than_four_seconds_of_speech(family: str, server: Server) -> None:
    """No message can ask to ignore the least length; a passphrase has none."""
    with connected(server) as speech:
        profile = enrolled(speech, family)
        said = recognise(speech, family, voices.pcm(lives.speaker_of(family), 5, seconds=2.9), profile)
        if family == "text-dependent":
            assert said["verificationResult"]["recognitionResult"] == "Accept"
        else:
            assert failed(said) == "AudioTooShort"
            assert said["status"]["reason"].startswith("Invalid audio length. Minimum allowed length is 4")


@FAMILIES
def test_locales(family: str, server: Server) -> None:
    """No answer makes the client report a failed creation well, so none fails for its locale."""
    with connected(server) as speech:
        for locale, shown in (("tlh", "en-US"), ("", "en-US"), ("EN-us", "en-US"), ("de-de", "de-DE")):
            [made] = speech.ask("speaker.profile.create", family, locale=locale, number="1")["profiles"]
            assert made["locale"] == ("en-US" if family == "text-dependent" else shown)
        said = speech.ask("speaker.profile.phrases", family, locale="tlh")
        assert said["status"]["statusCode"] == "InvalidLocale"


def test_live_streams_end_when_they_are_enough(server: Server) -> None:
    """Nobody closes them: a pause after enough, or enough and much more, is the end."""
    pause, everything = bytes(2 * SECOND), voices.pcm("gwen", 1, 2, 3, 4, 5)
    with connected(server) as speech:
        for family in ("identification", "verification"):
            profile = speech.create(family)
            whole = voices.pcm("gwen", 1, 2, 3, 4) + pause
            said = enroll(speech, family, profile, whole, end=False)
            assert said["enrollment"]["enrollmentStatus"] == "Enrolled"
            for sound in (voices.pcm(*lives.GENUINE) + pause, everything):
                said = recognise(speech, family, sound, profile, end=False)
                assert said["status"]["statusCode"] == "Success"


def test_late_audio_of_an_answered_stream_is_nobodys(server: Server) -> None:
    with connected(server) as speech:
        profile = enrolled(speech, "verification")
        request = uuid.uuid4().hex.upper()
        body = {"scenario": "TextIndependentVerification", "profileIds": [profile]}
        speech.send("speaker.context", body, request)
        speech.audio(request, voices.pcm("gwen", 1, 2, 3, 4))
        assert speech.answer()[1]["verificationResult"]["recognitionResult"] == "Accept"
        speech.audio(request, voices.pcm("stranger", 4))
        [row] = speech.ask("speaker.profile.fetch", "verification", profileIds=[profile])["profiles"]
        assert row["enrollmentsCount"] == 1


def test_a_name_that_no_scenario_has(server: Server) -> None:
    with connected(server) as speech:
        request = uuid.uuid4().hex.upper()
        for body in ({}, {"scenario": None}, {"scenario": "x", "profileIds": "x"}, {"scenario": ["x"]}):
            speech.send("speaker.profile.fetch", body, request)
            assert speech.answer()[1]["operation"] == "fetch"
            speech.send("speaker.context", body, request)
            speech.piece(request, b"")
            assert failed(speech.answer()[1])


@pytest.mark.parametrize(
    ("frame", "code"),
    [("x", 1007), ("Path: a\r\n\r\n[]", 1007), (b"", 1002), (b"\xff\xff", 1002), (b"\x00\x01x", 1002)],
)
def test_what_is_no_message_ends_the_connection(frame: str | bytes, code: int, server: Server) -> None:
    with connected(server) as speech:
        speech.socket.send(frame)
        with pytest.raises(ConnectionClosed) as told:
            speech.socket.recv(timeout=30)
        assert told.value.rcvd is not None
        assert told.value.rcvd.code == code
    with connected(server) as speech:
        speech.create("verification")
