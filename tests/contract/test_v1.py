"""REST v1.0 as its samples of 2016 to 2018 spoke it, against a real server.

There is no package of them: this client does what the Python sample did, chunked uploads, `True` with a
capital and polling of path and host alone included; the .NET and Java samples' forms are sent beside it.
"""

import http.client
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import voices
from contract import lives
from contract.proofs import did, shows
from server import Server

TIMES = ("createdDateTime", "lastActionDateTime")


class Oxford:
    """A caller of v1.0; every good answer of an operation is recorded."""

    def __init__(self, server: Server, key: str | None = None) -> None:
        self._place = urlsplit(server.url).netloc
        self._key = server.key if key is None else key

    def ask(
        self,
        row: str,
        body: bytes | Iterator[bytes] | None = None,
        *,
        kind: str | None = None,
        path: str | None = None,
        **query: str,
    ) -> tuple[int, dict[str, str], Any]:
        """Carry out `family: METHOD /path`; the answer's status, headers (lower case) and JSON."""
        _, method, template = row.split()
        where = "/spid/v1.0" + (template if path is None else path)
        if query:
            where += "?" + urlencode(query)
        headers = {"Ocp-Apim-Subscription-Key": self._key}
        if kind is not None:
            headers["Content-Type"] = kind
        connection = http.client.HTTPConnection(self._place, timeout=60)
        try:
            connection.request(method, where, body, headers)
            answer = connection.getresponse()
            said = answer.read()
        finally:
            connection.close()
        if answer.status < 300:
            did(f"v1.0 {row}")
            did("v1.0 header Ocp-Apim-Subscription-Key")
        found = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, found, json.loads(said) if said else None

    def send(self, row: str, sound: bytes, **options: Any) -> tuple[int, dict[str, str], Any]:
        """Post a recording as the Python sample does: in chunks, as a stream of octets."""
        chunks = (sound[start : start + 8192] for start in range(0, len(sound), 8192))
        return self.ask(row, chunks, kind="application/octet-stream", **options)

    def outcome(self, headers: dict[str, str]) -> Any:
        """Poll what an accepted request came to, by host and path alone."""
        place = urlsplit(headers["operation-location"])
        assert place.scheme in {"http", "https"}
        assert place.netloc == self._place
        did("v1.0 header Operation-Location (answer)")
        for _ in range(60):
            path = place.path.removeprefix("/spid/v1.0")
            status, _, operation = self.ask("identification: GET /operations/{id}", path=path)
            assert status == 200
            if operation["status"] in {"succeeded", "failed"}:
                return operation
            assert operation["status"] in {"notstarted", "running"}
            time.sleep(0.5)
        pytest.fail("the operation never ended")


@pytest.fixture
def oxford(server: Server) -> Oxford:
    return Oxford(server)


def is_time(text: str) -> bool:
    """Whether the Java sample's pattern reads it: with a fraction of a second."""
    time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")
    return text[19] == "." and text.endswith("Z")


def is_english(locale: str) -> bool:
    return locale.lower() == "en-us"  # as it was given, or as it should be


def is_id(text: str) -> bool:
    return str(uuid.UUID(text)) == text


def created(oxford: Oxford, family: str) -> str:
    """A new profile by the JSON that Python sends, or the form that .NET and Java do."""
    name = {"identification": "identificationProfile", "text-dependent": "verificationProfile"}[family]
    word = name.removesuffix("Profile")
    row = f"{family}: POST /{name}s"
    status, _, said = oxford.ask(row, b'{"locale":"en-us"}', kind="application/json")
    assert status == 200
    shows(f"v1.0 created {word} profile", said, {f"{name}Id": is_id})
    did("v1.0 body locale (JSON)")
    status, _, other = oxford.ask(row, b"locale=en-us", kind="application/x-www-form-urlencoded")
    assert status == 200
    assert other[f"{name}Id"] != said[f"{name}Id"]
    did("v1.0 body locale (form)")
    return str(said[f"{name}Id"])


@pytest.mark.proves(
    "v1.0 identification: *",
    "v1.0 header *",
    "v1.0 query shortAudio (enroll)",
    "v1.0 query shortAudio (identify)",
    "v1.0 query identificationProfileIds",
    "v1.0 body locale (JSON)",
    "v1.0 body locale (form)",
    "v1.0 body WAV (application/octet-stream, chunked)",
    "v1.0 created identification profile *",
    "v1.0 identification profile *",
    "v1.0 operation (succeeded) *",
    "v1.0 processingResult of enroll *",
    "v1.0 processingResult of identify *",
    client="v1.0 samples",
)
def test_identification(oxford: Oxford) -> None:
    profile = created(oxford, "identification")
    one = f"/identificationProfiles/{profile}"
    status, _, said = oxford.ask("identification: GET /identificationProfiles/{id}", path=one)
    assert status == 200
    expected = identification_profile(profile, "Enrolling", speech=0)
    shows("v1.0 identification profile", said, expected)
    status, _, listed = oxford.ask("identification: GET /identificationProfiles")
    assert status == 200
    assert [row for row in listed if row["identificationProfileId"] == profile] == [said]

    # 23 s are too little: v1.0 asks for 30.
    enroll = {"path": f"{one}/enroll"}
    row = "identification: POST /identificationProfiles/{id}/enroll"
    operation = enrolled(oxford, row, voices.wav(*lives.ENROLS, 3, 4), status="Enrolling", **enroll)
    assert operation["processingResult"]["remainingEnrollmentSpeechTime"] == pytest.approx(7, abs=0.5)
    did("v1.0 body WAV (application/octet-stream, chunked)")
    enrolled(oxford, row, voices.wav(*lives.ENROLS), status="Enrolled", **enroll)

    other = created(oxford, "identification")
    other_one = f"/identificationProfiles/{other}/enroll"
    enrolled(oxford, row, voices.wav("eva", 1), status="Enrolled", path=other_one, shortAudio="True")
    did("v1.0 query shortAudio (enroll)")

    among = {"identificationProfileIds": f"{other},{profile}", "shortAudio": "True"}
    for clip, found in ((lives.GENUINE, profile), (lives.IMPOSTOR, lives.NOBODY)):
        sound = voices.wav(*clip)
        status, headers, said = oxford.send("identification: POST /identify", sound, **among)
        assert (status, said) == (202, None)
        result = oxford.outcome(headers)["processingResult"]
        confidence = {"Low", "Normal", "High"}.__contains__
        checks = {"identifiedProfileId": found, "confidence": confidence}
        shows("v1.0 processingResult of identify", result, checks)
    did("v1.0 query shortAudio (identify)")
    did("v1.0 query identificationProfileIds")

    row = "identification: POST /identificationProfiles/{id}/reset"
    assert oxford.ask(row, path=f"{one}/reset")[::2] == (200, None)
    said = oxford.ask("identification: GET /identificationProfiles/{id}", path=one)[2]
    shows("v1.0 identification profile", said, expected)
    assert oxford.ask("identification: DELETE /identificationProfiles/{id}", path=one)[::2] == (200, None)
    assert oxford.ask("identification: GET /identificationProfiles/{id}", path=one)[0] == 404


def identification_profile(profile: str, status: str, *, speech: float) -> dict[str, Any]:
    return {
        "identificationProfileId": profile,
        "locale": is_english,
        "enrollmentSpeechTime": pytest.approx(speech),
        "remainingEnrollmentSpeechTime": pytest.approx(max(0, 30 - speech)),
        **dict.fromkeys(TIMES, is_time),
        "enrollmentStatus": status,
    }


def enrolled(oxford: Oxford, row: str, sound: bytes, *, status: str, **options: str) -> Any:
    """Enrol asynchronously, and return the operation that came of it."""
    code, headers, said = oxford.send(row, sound, **options)
    assert (code, said) == (202, None)
    operation = oxford.outcome(headers)
    checks: dict[str, Any] = dict.fromkeys(TIMES, is_time)
    checks |= {"status": "succeeded", "processingResult": lambda result: isinstance(result, dict)}
    shows("v1.0 operation (succeeded)", operation, checks)
    seconds = len(sound) / 32000
    shows(
        "v1.0 processingResult of enroll",
        operation["processingResult"],
        {
            "enrollmentStatus": status,
            "enrollmentSpeechTime": lambda total: total > 0.7 * seconds,
            "remainingEnrollmentSpeechTime": lambda left: (left > 0) is (status == "Enrolling"),
            "speechTime": lambda speech: 0.7 * seconds < speech <= seconds,
        },
    )
    return operation


@pytest.mark.proves(
    "v1.0 text-dependent: *",
    "v1.0 query verificationProfileId",
    "v1.0 query locale",
    "v1.0 created verification profile *",
    "v1.0 verification profile *",
    "v1.0 verification enrollment *",
    "v1.0 verification result *",
    "v1.0 verification phrase *",
    client="v1.0 samples",
)
def test_verification(oxford: Oxford) -> None:
    status, _, phrases = oxford.ask("text-dependent: GET /verificationPhrases", locale="en-us")
    assert status == 200
    assert len(phrases) == 10
    for phrase in phrases:
        shows("v1.0 verification phrase", phrase, {"phrase": bool})
    did("v1.0 query locale")

    profile = created(oxford, "text-dependent")
    one = f"/verificationProfiles/{profile}"
    status, _, said = oxford.ask("text-dependent: GET /verificationProfiles/{id}", path=one)
    assert status == 200
    expected = verification_profile(profile, "Enrolling", count=0)
    shows("v1.0 verification profile", said, expected)
    status, _, listed = oxford.ask("text-dependent: GET /verificationProfiles")
    assert status == 200
    assert [row for row in listed if row["verificationProfileId"] == profile] == [said]

    row = "text-dependent: POST /verificationProfiles/{id}/enroll"
    checks: dict[str, Any]
    for count in (1, 2, 3):
        other = voices.wav(f"{lives.SPEAKER} other", count)
        if count > 1:
            status, _, said = oxford.send(row, other, path=f"{one}/enroll")
            assert (status, said["error"]) == (400, {"code": "BadRequest", "message": "InvalidPhrase"})
        status, _, said = oxford.send(row, voices.wav(lives.SPEAKER, count), path=f"{one}/enroll")
        assert status == 200
        checks = {
            "enrollmentStatus": "Enrolled" if count == 3 else "Enrolling",
            "enrollmentsCount": count,
            "remainingEnrollments": 3 - count,
            "phrase": voices.PASSPHRASE,
        }
        shows("v1.0 verification enrollment", said, checks)
    for clip, accepted in lives.OUTCOMES.items():
        sound = voices.wav(*clip)
        status, _, said = oxford.send("text-dependent: POST /verify", sound, verificationProfileId=profile)
        assert status == 200
        checks = {
            "result": "Accept" if accepted else "Reject",
            "confidence": {"Low", "Normal", "High"}.__contains__,
            "phrase": "" if "other" in clip[0] else voices.PASSPHRASE,
        }
        shows("v1.0 verification result", said, checks)
    did("v1.0 query verificationProfileId")

    row = "text-dependent: POST /verificationProfiles/{id}/reset"
    assert oxford.ask(row, path=f"{one}/reset")[::2] == (200, None)
    said = oxford.ask("text-dependent: GET /verificationProfiles/{id}", path=one)[2]
    shows("v1.0 verification profile", said, expected)
    assert oxford.ask("text-dependent: DELETE /verificationProfiles/{id}", path=one)[::2] == (200, None)
    assert oxford.ask("text-dependent: GET /verificationProfiles/{id}", path=one)[0] == 404


def verification_profile(profile: str, status: str, *, count: int) -> dict[str, Any]:
    return {
        "verificationProfileId": profile,
        "locale": is_english,
        "enrollmentsCount": count,
        "remainingEnrollmentsCount": max(0, 3 - count),
        **dict.fromkeys(TIMES, is_time),
        "enrollmentStatus": status,
    }


NET_BOUNDARY = "Upload----2018-03-20 14:54:09Z"  # with blanks, which the grammar forbids


@pytest.mark.parametrize(
    ("part", "boundary"),
    [
        pytest.param(
            part,
            boundary,
            marks=pytest.mark.proves(f"v1.0 body WAV (multipart: {part})", client="v1.0 samples"),
            id=part,
        )
        for part, boundary in {
            "Data": NET_BOUNDARY,
            "enrollmentData": "----WebKitFormBoundary7MA4YWxkTrZu0gW",
            "verificationData": NET_BOUNDARY,
            "identificationData": "b",
        }.items()
    ],
)
def test_recordings_in_forms(part: str, boundary: str, oxford: Oxford) -> None:
    profile = created(oxford, "text-dependent")
    row = "text-dependent: POST /verificationProfiles/{id}/enroll"
    body = form(part, boundary, voices.wav(lives.SPEAKER, 1))
    path = f"/verificationProfiles/{profile}/enroll"
    status, _, said = oxford.ask(row, body, kind=f'multipart/form-data; boundary="{boundary}"', path=path)
    assert (status, said["enrollmentsCount"]) == (200, 1)
    did(f"v1.0 body WAV (multipart: {part})")


@pytest.mark.proves("v1.0 body WAV (multipart/form-data without boundary)", client="v1.0 samples")
def test_a_recording_that_says_it_is_a_form(oxford: Oxford) -> None:
    profile = created(oxford, "text-dependent")
    row = "text-dependent: POST /verificationProfiles/{id}/enroll"
    path = f"/verificationProfiles/{profile}/enroll"
    sound = voices.wav(lives.SPEAKER, 1)
    status, _, said = oxford.ask(row, sound, kind="multipart/form-data", path=path)
    assert (status, said["enrollmentsCount"]) == (200, 1)
    did("v1.0 body WAV (multipart/form-data without boundary)")


def form(part: str, boundary: str, sound: bytes) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{part}"; filename="a.wav"\r\n\r\n'
    return head.encode() + sound + f"\r\n--{boundary}--\r\n".encode()


@pytest.mark.proves("v1.0 operation (failed) *", client="v1.0 samples")
def test_an_operation_that_fails(oxford: Oxford) -> None:
    profile = created(oxford, "identification")
    row = "identification: POST /identificationProfiles/{id}/enroll"
    silence = voices.as_wav(bytes(32000 * 6))
    status, headers, _ = oxford.send(row, silence, path=f"/identificationProfiles/{profile}/enroll")
    assert status == 202
    operation = oxford.outcome(headers)
    checks = dict.fromkeys(TIMES, is_time) | {"status": "failed", "message": bool}
    shows("v1.0 operation (failed)", operation, checks)


@pytest.mark.proves("v1.0 error *", client="v1.0 samples")
def test_errors(oxford: Oxford, server: Server) -> None:
    wrong = Oxford(server, key="not-the-key")
    calls = [
        (wrong, "identification: GET /identificationProfiles", None, 401),
        (oxford, "identification: GET /identificationProfiles/{id}", "identificationProfiles", 404),
        (oxford, "text-dependent: DELETE /verificationProfiles/{id}", "verificationProfiles", 404),
        (oxford, "text-dependent: GET /verificationProfiles/{id}", "verificationProfiles", 404),
    ]
    for caller, row, collection, expected in calls:
        path = None if collection is None else f"/{collection}/{lives.UNKNOWN}"
        status, _, said = caller.ask(row, path=path)
        assert status == expected, row
        shows("v1.0 error", said, {"error.code": bool, "error.message": bool})
    status, _, said = oxford.ask("identification: GET /operations/{id}", path=f"/operations/{lives.UNKNOWN}")
    assert status == 404
