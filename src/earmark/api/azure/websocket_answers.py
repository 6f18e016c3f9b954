"""Our values and errors to the JSON of the speech WebSocket (contract, section 4.4).

Every failure has the shape that makes the client end its call: an empty list, or an answer without the
object that it looks for, would leave the call waiting for ever.
"""

from collections.abc import Sequence

from earmark import errors
from earmark.api.azure import convert
from earmark.api.azure.convert import NOBODY, Json
from earmark.api.azure.errors import message_of
from earmark.api.azure.limits import Scenario
from earmark.errors import EarmarkError
from earmark.service.enrol import Enrolled
from earmark.service.next_steps import Verified
from earmark.storage.values import Profile
from earmark.voice.scoring.decision import Identification

# The codes that the client knows: any other reads as "enrolling". The most particular class decides.
STATUS_CODES: dict[type[EarmarkError], str] = {
    errors.EarmarkError: "InvalidOperation",
    errors.AudioError: "InvalidAudioFormat",
    errors.AudioEmpty: "AudioTooShort",
    errors.AudioSilent: "AudioTooShort",
    errors.AudioTooShort: "AudioTooShort",
    errors.SpeechTooShort: "AudioTooShort",
    errors.AudioTooLong: "AudioTooLong",
    errors.AudioTooLarge: "AudioTooLong",
    errors.PhraseNotHeard: "InvalidPhrase",
    errors.PhraseUnsupported: "InvalidPhrase",
    errors.NotFound: "ProfileNotFound",
    errors.ProfileNotEnrolled: "IncompleteEnrollment",
    errors.ProfileChanged: "StorageConflict",
    errors.EnrolmentLimit: "TooManyEnrollments",
    errors.ModelMismatch: "IncompatibleProfiles",
}
SUCCESS: Json = {"statusCode": "Success", "reason": ""}


def status_of(error: EarmarkError) -> Json:
    """Return the status of a failure."""
    code = next(STATUS_CODES[cls] for cls in type(error).__mro__ if cls in STATUS_CODES)
    if isinstance(error, errors.ProfileNotFound):
        return {"statusCode": code, "reason": "Profile Not Found."}
    if isinstance(error, errors.ProfileNotEnrolled):
        return {"statusCode": code, "reason": code}  # the live service's very word
    return {"statusCode": code, "reason": message_of(error)}


def profile_json(profile: Profile, scenario: Scenario, *, activation: bool) -> Json:
    """Return a profile; the names are without `InSec`."""
    return {
        "profileId": str(profile.id),
        "profileStatus": convert.profile_status(profile, activation=activation and not scenario.dependent),
        "locale": profile.locale or "en-US",
        "enrollmentStatus": convert.status(profile),
        "enrollmentsCount": len(profile.enrolments),
        "enrollmentsLength": convert.seconds(profile.total_seconds),
        "enrollmentsSpeechLength": convert.seconds(profile.speech_seconds),
        "remainingEnrollmentsCount": convert.remaining_clips(profile, scenario),
        "remainingEnrollmentsSpeechLength": convert.remaining_seconds(profile, scenario),
        "passPhrase": profile.phrase or "",
    }


def profiles_answer(
    operation: str, scenario: Scenario, found: Sequence[Profile], *, activation: bool = False
) -> Json:
    """Return the answer to create, fetch, reset and delete; an empty list becomes one row that says so."""
    rows = [profile_json(profile, scenario, activation=activation) for profile in found]
    if not rows:
        nobody = {"statusCode": "ProfileNotFound", "reason": "There are no profiles."}
        return _profiles(operation, scenario, nobody, [_stub("")])
    return _profiles(operation, scenario, SUCCESS, rows)


def profiles_failure(operation: str, scenario: Scenario, error: EarmarkError, asked: str) -> Json:
    """Return the failure of create, fetch, reset and delete."""
    return _profiles(operation, scenario, status_of(error), [_stub(asked)])


def enrolment_answer(scenario: Scenario, done: Enrolled) -> Json:
    """Return what an enrolment did."""
    quality = done.enrolments[-1].quality
    enrolment = profile_json(done.profile, scenario, activation=False) | {
        "audioLength": convert.seconds(quality.total_seconds),
        "audioSpeechLength": convert.seconds(quality.speech_seconds),
    }
    return {"scenario": scenario.name, "status": SUCCESS, "enrollment": enrolment}


def enrolment_failure(scenario: Scenario, error: EarmarkError) -> Json:
    """Return the failure of an enrolment: one without the object `enrollment`."""
    return {"scenario": scenario.name, "status": status_of(error)}


def verification_answer(scenario: Scenario, verified: Verified, profile_id: str) -> Json:
    """Return whether it is the person of the profile."""
    result = convert.verification_json(verified) | {"profileId": profile_id}
    return {"scenario": scenario.name, "status": SUCCESS, "verificationResult": result}


def identification_answer(scenario: Scenario, found: Identification) -> Json:
    """Return who it is."""
    result = convert.identification_json(found)
    return {"scenario": scenario.name, "status": SUCCESS, "identificationResult": result}


def recognition_failure(scenario: Scenario, error: EarmarkError) -> Json:
    """Return the failure of a recognition, with the empty result without which the client's reader throws."""
    nobody = {"profileId": NOBODY, "score": 0.0}
    if scenario.identifies:
        result: Json = {"identificationResult": {"identifiedProfile": nobody, "profilesRanking": []}}
    else:
        result = {"verificationResult": nobody | {"recognitionResult": "Reject"}}
    return {"scenario": scenario.name, "status": status_of(error)} | result


def phrases_answer(scenario: Scenario, locale: str, phrases: Sequence[str]) -> Json:
    """Return the phrases of a locale."""
    kind = "KnownPassPhrases" if scenario.dependent else "KnownActivationPhrases"
    return {"status": SUCCESS, "locale": locale, "passPhraseType": kind, "phrases": list(phrases)}


def phrases_failure(locale: str) -> Json:
    """Return that a locale has none."""
    status = {"statusCode": "InvalidLocale", "reason": "The locale is not supported."}
    return {"status": status, "locale": locale, "passPhraseType": "", "phrases": []}


def _profiles(operation: str, scenario: Scenario, status: Json, rows: list[Json]) -> Json:
    return {"scenario": scenario.name, "operation": operation, "status": status, "profiles": rows}


def _stub(asked: str) -> Json:
    return {"profileId": asked, "enrollmentStatus": "ProfileNotFound"}
