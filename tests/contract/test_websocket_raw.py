"""The WebSocket protocol over plain connections: every field of every answer, every way to give a key."""

import copy
import uuid
from typing import Any

import numpy as np
import pytest
import voices
from contract import lives, surface
from contract.fields import between, enrollment_checks, profile_checks
from contract.proofs import did, shows
from contract.speech import CONFIG, ID, KEY, connected
from server import Server
from websockets.exceptions import InvalidStatus

SUCCESS = {"status.statusCode": "Success", "status.reason": ""}
LANGUAGE = "format=simple&language=en-US"


def family_rows(*rows: str) -> pytest.MarkDecorator:
    """A family as parameter; `rows` are what each proves."""
    return pytest.mark.parametrize(
        "family",
        [
            pytest.param(
                family,
                marks=pytest.mark.proves(
                    *(f"WebSocket {row.format(family=family)}" for row in rows), client="WebSocket"
                ),
            )
            for family in surface.FAMILIES
        ],
    )


@family_rows("{family}: *", "speaker.profiles *", "profile profileId", "body scenario")
def test_a_life(family: str, server: Server) -> None:
    """All that a profile goes through, on one connection."""
    scenario = surface.SCENARIOS[family]

    def profiles(operation: str, **body: Any) -> list[Any]:
        path = f"speaker.profile.{operation}"
        said = speech.ask(path, family, **body)
        checks = {"scenario": scenario, "operation": operation, "profiles": bool} | SUCCESS
        shows("WebSocket speaker.profiles", said, checks)
        return list(said["profiles"])

    with connected(server) as speech:
        [made] = profiles("create", locale="en-us", number="1")
        profile = made["profileId"]
        one: dict[str, Any] = {"profileIds": [profile]}
        did("WebSocket body scenario")
        shows(
            "WebSocket profile",
            made,
            profile_checks("WebSocket", family, profile, enrolled=False, changed=False),
        )
        assert profiles("fetch", **one) == [made]
        assert made in profiles("fetch", maxPageSize=-1)
        assert speech.ask("speaker.profile.phrases", family, locale="en-us")["phrases"]
        dependent = family == "text-dependent"
        speaker = lives.SPEAKER if dependent else lives.VOICE
        clips = [(1,), (2,), (3,)] if dependent else [(1, 2), (3, 4)]
        for clip in clips:
            said = speech.ask("speaker.profile.enroll", family, voices.pcm(speaker, *clip), **one)
            assert said["status"]["statusCode"] == "Success"
        assert speech.ask("speaker.context", family, voices.pcm(speaker, 5), **one)
        seconds = [voices.seconds(speaker, *clip) for clip in clips]
        checks = profile_checks("WebSocket", family, profile, *seconds, enrolled=True, changed=True)
        shows("WebSocket profile", profiles("fetch", **one)[0], checks)
        [emptied] = profiles("reset", **one)
        assert emptied == made
        profiles("delete", **one)
        assert speech.ask("speaker.profile.fetch", family, **one)["profiles"][0]["profileId"] == profile


@family_rows("profile *", "enrollment *", "speaker.profile.enrollment *", "{family}: enroll")
def test_enrollments(family: str, server: Server) -> None:
    with connected(server) as speech:
        profile = speech.create(family)
        seconds: list[float] = []
        speaker = lives.SPEAKER if family == "text-dependent" else lives.VOICE
        for number in (1, 2, 3):
            seconds.append(voices.seconds(speaker, number))
            sound = voices.pcm(speaker, number)
            said = speech.ask("speaker.profile.enroll", family, sound, profileIds=[profile])
            checks = {"scenario": surface.SCENARIOS[family], "enrollment": bool} | SUCCESS
            shows("WebSocket speaker.profile.enrollment", said, checks)
            enrolled = family == "text-dependent" and number == 3
            checks = enrollment_checks("WebSocket", family, profile, *seconds, enrolled=enrolled)
            shows("WebSocket enrollment", said["enrollment"], checks)
            again = speech.ask("speaker.profile.fetch", family, profileIds=[profile])
            checks = profile_checks("WebSocket", family, profile, *seconds, enrolled=enrolled, changed=True)
            shows("WebSocket profile", again["profiles"][0], checks)


@pytest.mark.proves(
    *("WebSocket speaker.response (identification) *", "WebSocket identificationResult *"),
    *("WebSocket body profileIds", "WebSocket identification: recognise"),
    client="WebSocket",
)
def test_identification(server: Server) -> None:
    family, ids = "identification", {}
    path = "/speaker/ws/identification/text-independent/recognition"
    with connected(server) as speech:
        for speaker in ("ada", "ben", "clara", "eva", "gwen", "hana"):
            ids[speaker] = speech.create(family)
            numbers = (1, 2, 3, 4) if speaker == lives.VOICE else (1, 2, 3, 4, 5)
            sound = voices.pcm(speaker, *numbers)
            said = speech.ask("speaker.profile.enroll", family, sound, profileIds=[ids[speaker]])
            assert said["enrollment"]["enrollmentStatus"] == "Enrolled"
    for clip, found, score in (
        (lives.GENUINE, ids["gwen"], between(0.5, 1)),
        (lives.IMPOSTOR, lives.NOBODY, between(0, 0.4999)),
    ):
        with connected(server, path) as speech:
            said = speech.ask("speaker.context", family, voices.pcm(*clip), profileIds=list(ids.values()))
        checks = {"scenario": surface.SCENARIOS[family], "identificationResult": bool} | SUCCESS
        shows("WebSocket speaker.response (identification)", said, checks)
        result = said["identificationResult"]
        checks = {
            "identifiedProfile.profileId": found,
            "identifiedProfile.score": score,
            "profilesRanking[].profileId": set(ids.values()).__contains__,
            "profilesRanking[].score": between(0, 1),
        }
        shows("WebSocket identificationResult", result, checks)
        assert len(result["profilesRanking"]) == 5
        did("WebSocket body profileIds")


@pytest.mark.proves(
    *("WebSocket speaker.response (verification) *", "WebSocket verificationResult *"),
    *("WebSocket body features.*", "WebSocket verification: recognise"),
    client="WebSocket",
)
def test_verification(server: Server) -> None:
    family, features = "verification", {"interimResult": "enabled", "progressiveDetection": "disabled"}
    path = "/speaker/ws/verification/text-independent/recognition"
    with connected(server) as speech:
        profile = speech.create(family)
        speech.ask("speaker.profile.enroll", family, voices.pcm("gwen", 1, 2, 3, 4), profileIds=[profile])
    for clip, accepted in ((lives.GENUINE, True), (lives.IMPOSTOR, False)):
        with connected(server, path) as speech:
            sound, one = voices.pcm(*clip), [profile]
            said = speech.ask("speaker.context", family, sound, profileIds=one, features=features)
            # Whatever it enabled, one answer came, and the next is to the next question.
            assert speech.ask("speaker.profile.fetch", family, profileIds=one)["operation"] == "fetch"
        checks = {"scenario": surface.SCENARIOS[family], "verificationResult": bool} | SUCCESS
        shows("WebSocket speaker.response (verification)", said, checks)
        result = {
            "recognitionResult": "Accept" if accepted else "Reject",
            "profileId": profile,
            "score": between(0.5, 1) if accepted else between(0, 0.4999),
        }
        shows("WebSocket verificationResult", said["verificationResult"], result)
    did("WebSocket body features.interimResult")
    did("WebSocket body features.progressiveDetection")


@family_rows("speaker.phrases *", "body locale", "{family}: phrases")
def test_phrases(family: str, server: Server) -> None:
    with connected(server) as speech:
        said = speech.ask("speaker.profile.phrases", family, locale="en-US")
        kind = "KnownPassPhrases" if family == "text-dependent" else "KnownActivationPhrases"
        checks = {"locale": "en-US", "passPhraseType": kind, "phrases": bool}
        shows("WebSocket speaker.phrases", said, checks | SUCCESS)
        said = speech.ask("speaker.profile.phrases", family, locale="tlh")
        assert said["status"]["statusCode"] == "InvalidLocale"
        did("WebSocket body locale")


@family_rows("missing profile *")
def test_a_profile_that_is_missing(family: str, server: Server) -> None:
    stub = {"profileId": lives.UNKNOWN, "enrollmentStatus": "ProfileNotFound"}
    with connected(server) as speech:
        for operation in ("fetch", "reset", "delete"):
            said = speech.ask(f"speaker.profile.{operation}", family, profileIds=[lives.UNKNOWN])
            assert said["status"] == {"statusCode": "ProfileNotFound", "reason": "Profile Not Found."}
            shows("WebSocket missing profile", said["profiles"][0], stub)


@pytest.mark.proves(
    *("WebSocket body number", "WebSocket body maxPageSize", "WebSocket verification: fetch all"),
    client="WebSocket",
)
def test_how_many(server: Server) -> None:
    family = "verification"
    with connected(server) as speech:
        before = speech.ask("speaker.profile.fetch", family, maxPageSize=-1)["profiles"]
        said = speech.ask("speaker.profile.create", family, locale="en-us", number="1")
        assert len(said["profiles"]) == 1
        did("WebSocket body number")
        after = speech.ask("speaker.profile.fetch", family, maxPageSize=-1)["profiles"]
        missing = [row["profileId"] for row in before if row["enrollmentStatus"] != "ProfileNotFound"]
        assert set(missing) < {row["profileId"] for row in after}
        did("WebSocket body maxPageSize")


KEYS = {f"{place} {name}": (place, name) for name in (KEY, ID) for place in ("header", "query")}


@pytest.mark.parametrize(
    ("place", "name"),
    [
        pytest.param(*where, id=row, marks=pytest.mark.proves(f"WebSocket key {row}", client="WebSocket"))
        for row, where in KEYS.items()
    ],
)
def test_keys(place: str, name: str, server: Server) -> None:
    path = "/speaker/ws/verification/text-independent/profile"
    for key, right in ((server.key, True), ("not-the-key", False)):
        headers = {name: key} if place == "header" else {}
        where = path if place == "header" else f"{path}?{LANGUAGE}&{name}={key}"
        if right:
            with connected(server, where, headers=headers) as speech:
                speech.create("verification")
        else:
            with pytest.raises(InvalidStatus, match="401"), connected(server, where, headers=headers):
                pass
    did(f"WebSocket key {place} {name}")


@pytest.mark.proves(
    "WebSocket path *", "WebSocket query *", "WebSocket connection header *", client="WebSocket"
)
def test_addresses(server: Server) -> None:
    """Of an address nothing counts but the key: the messages say what they are about."""
    connection = uuid.uuid4().hex.upper()
    headers = {KEY: server.key, "X-ConnectionId": connection, "connectionId": connection}
    ends = [
        f"/speaker/ws/{path}/{end}"
        for path in surface.FAMILIES.values()
        for end in ("profile", "recognition")
    ]
    query = f"?format=detailed&language=de-DE&X-ConnectionId={connection}"
    for path in (*ends, "/any/path", "/", "//twice//"):
        with connected(server, path + query, headers=headers) as speech:
            for family in surface.FAMILIES:
                said = speech.ask("speaker.profile.create", family, locale="en-us", number="1")
                assert said["scenario"] == surface.SCENARIOS[family]
                assert said["profiles"][0]["locale"] == "en-US"
    for row in surface.FIELDS["WebSocket"]["path"]:
        did(f"WebSocket path {row}")
    for row in surface.FIELDS["WebSocket"]["query"]:
        did(f"WebSocket query {row}")
    for row in surface.FIELDS["WebSocket"]["connection header"]:
        did(f"WebSocket connection header {row}")


@pytest.mark.proves("WebSocket client header *", "WebSocket answer header *", client="WebSocket")
def test_headers(server: Server) -> None:
    with connected(server) as speech:
        body = {"locale": "en-us", "number": "1", "scenario": "textindependentverification"}
        request = uuid.uuid4().hex
        speech.socket.send(
            "path:SPEAKER.Profile.Create\r\nx-requestid:"
            f"{request}\r\nX-Timestamp: never\r\nContent-Type: text/plain\r\nmore: of it\r\n\r\n"
            '{"locale":"en-us","number":"1","scenario":"textindependentverification"}'
        )
        headers, said = speech.answer()
        assert said["scenario"] == "TextIndependentVerification"
        assert headers.pop("Content-Type") == "application/json; charset=utf-8"
        assert headers == {"Path": "speaker.profiles", "X-RequestId": request}
        speech.send("speaker.profile.create", body, request.upper())
        assert speech.answer()[0]["X-RequestId"] == request.upper()
    for group in ("client header", "answer header"):
        for name in surface.FIELDS["WebSocket"][group]:
            did(f"WebSocket {group} {name}")


@pytest.mark.proves("WebSocket client message *", "WebSocket body context.*", client="WebSocket")
def test_messages_and_the_rate_of_the_audio(server: Server) -> None:
    """Audio of 8 kHz is as long as it is only for whoever says so."""
    samples = np.frombuffer(voices.pcm("eva", 1), "<i2")
    half = samples[: samples.size // 2 * 2].reshape(-1, 2).mean(axis=1).astype("<i2").tobytes()
    slow = copy.deepcopy(CONFIG)
    slow["context"]["audio"] = {"source": {"samplerate": 8_000, "bitspersample": 16, "channelcount": 1}}
    lengths = []
    for config, sound in ((CONFIG, voices.pcm("eva", 1)), (slow, half)):
        with connected(server, config=config) as speech:
            speech.send("telemetry", {"Metrics": []}, uuid.uuid4().hex)
            speech.piece(uuid.uuid4().hex, b"nobody's")
            profile = speech.create("verification")
            said = speech.ask("speaker.profile.enroll", "verification", sound, profileIds=[profile])
            lengths.append(said["enrollment"]["audioLength"])
    assert lengths[0] == pytest.approx(lengths[1], abs=0.02)
    for row in surface.FIELDS["WebSocket"]["client message"]:
        did(f"WebSocket client message {row}")
    did("WebSocket body context.audio.source.samplerate")
