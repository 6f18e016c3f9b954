"""Every class of the error tree to each Azure family's answer."""

import json
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from earmark import errors
from earmark.api.azure import FAMILIES, wire
from earmark.api.azure.errors import respond, respond_v1
from earmark.api.azure.limits import SCENARIOS
from earmark.api.azure.websocket_answers import enrolment_failure, profiles_failure, recognition_failure
from earmark.errors import EarmarkError, QualityRefused, ServiceBusy

CLIENT_CODES = {  # that npm 1.27 to 1.46 knows; any other reads as "enrolling"
    *("InvalidLocale", "InvalidPhrase", "InvalidAudioFormat", "InvalidScenario", "InvalidProfileCount"),
    *("InvalidOperation", "AudioTooShort", "AudioTooLong", "TooManyEnrollments", "StorageConflict"),
    *("ProfileNotFound", "IncompatibleProfiles", "IncompleteEnrollment"),
}
DOCUMENTED = {  # the contract's table, section 2: class -> status and code
    errors.InvalidRequest: (400, "InvalidRequest"),
    errors.AudioTooLong: (400, "InvalidRequest"),
    errors.AudioTooShort: (400, "InvalidRequest"),
    errors.AudioNotRecognised: (400, "InvalidRequest"),
    errors.AudioUnsupported: (400, "InvalidRequest"),
    errors.SpeechTooNoisy: (400, "InvalidRequest"),
    errors.SpeechTooShort: (400, "InvalidRequest"),
    errors.ProfileNotEnrolled: (400, "InvalidRequest"),
    errors.InvalidArgument: (400, "InvalidArgument"),
    errors.KeyInvalid: (401, "Unauthorized"),
    errors.ProfileLimit: (403, "Forbidden"),
    errors.ProfileNotFound: (404, "Not Found"),
    errors.ProfileChanged: (409, "Conflict"),
    errors.ServiceBusy: (429, "RateLimit"),
    errors.EarmarkError: (500, "InternalServerError"),
}


def classes(root: type[EarmarkError] = EarmarkError) -> list[type[EarmarkError]]:
    return [root, *(found for child in root.__subclasses__() for found in classes(child))]


def made(error: type[EarmarkError]) -> EarmarkError:
    if issubclass(error, QualityRefused):
        return error("Say more.", measure="speech_seconds", value=1.0, limit=4.0)
    return error("Say more.")


def request(path: str = "/speaker-recognition/verification/text-independent/profiles") -> Request:
    return Request({"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": []})


def body(answer: Response) -> Any:
    return json.loads(bytes(answer.body))


every_class = pytest.mark.parametrize("error", classes(), ids=lambda error: error.__name__)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@every_class
def test_every_class_has_an_answer(error: type[EarmarkError], family: Any) -> None:
    answer = family.respond(made(error), request())
    assert answer.status_code in {*wire.REFUSALS, 405}
    said = body(answer)
    assert set(said) == {"error"}
    assert set(said["error"]) == {"code", "message"}
    assert all(isinstance(text, str) and text for text in said["error"].values())
    assert answer.headers["x-ms-error-code"] == said["error"]["code"]
    # Only the root is a fault of ours; a class that falls through to it was forgotten.
    assert (answer.status_code == 500) is (error is EarmarkError)


@every_class
def test_every_class_has_a_code_that_the_speech_client_knows(error: type[EarmarkError]) -> None:
    for scenario in SCENARIOS:
        enrolment = enrolment_failure(scenario, made(error))
        assert enrolment["status"]["statusCode"] in CLIENT_CODES
        assert enrolment["status"]["reason"]
        assert "enrollment" not in enrolment  # with one the client would take it for a success
        recognition = recognition_failure(scenario, made(error))
        name = "identificationResult" if scenario.identifies else "verificationResult"
        assert set(recognition) == {"scenario", "status", name}  # without it the client's reader throws
        for operation in ("create", "fetch", "reset", "delete"):
            said = profiles_failure(operation, scenario, made(error), "a")
            assert said["profiles"] == [{"profileId": "a", "enrollmentStatus": "ProfileNotFound"}]


@pytest.mark.parametrize(
    ("error", "answer"), DOCUMENTED.items(), ids=lambda value: getattr(value, "__name__", "")
)
def test_what_is_documented(error: type[EarmarkError], answer: tuple[int, str]) -> None:
    told = respond(made(error), request())
    assert (told.status_code, body(told)["error"]["code"]) == answer


def test_what_v1_calls_them() -> None:
    for error in (
        errors.InvalidRequest,
        errors.InvalidArgument,
        errors.AudioNotRecognised,
        errors.SpeechTooShort,
    ):
        told = respond_v1(made(error), request())
        assert (told.status_code, body(told)["error"]["code"]) == (400, "BadRequest")
    told = respond_v1(EarmarkError("x"), request())
    assert (told.status_code, body(told)["error"]["code"]) == (500, "InternalServerError")


@pytest.mark.parametrize(
    ("dependency", "code"), [("text-dependent", "InvalidOperation"), ("text-independent", "InvalidRequest")]
)
def test_a_profile_that_is_full(dependency: str, code: str) -> None:
    told = respond(
        made(errors.EnrolmentLimit), request(f"/speaker/verification/v2.0/{dependency}/profiles/1")
    )
    assert (told.status_code, body(told)["error"]["code"]) == (403, code)


def test_words_of_the_live_service() -> None:
    told = body(respond(made(errors.SpeechTooShort), request()))["error"]["message"]
    assert told == "Invalid audio length. Minimum allowed length is 4 second(s)."
    assert (
        body(respond(made(errors.ProfileNotEnrolled), request()))["error"]["message"]
        == "Profile is not enrolled."
    )
    scenario = SCENARIOS[0]
    status = recognition_failure(scenario, made(errors.ProfileNotEnrolled))["status"]
    assert status["reason"] == "IncompleteEnrollment"
    status = profiles_failure("delete", scenario, made(errors.ProfileNotFound), "")["status"]
    assert (status["statusCode"].upper(), status["reason"]) == ("PROFILENOTFOUND", "Profile Not Found.")


def test_who_is_too_early_is_told_when_to_come_again() -> None:
    for family in FAMILIES:
        assert family.respond(ServiceBusy("Wait.", retry_after=2.0), request()).headers["retry-after"] == "2"
        assert family.respond(ServiceBusy("Wait.", retry_after=0.1), request()).headers["retry-after"] == "1"
