"""Our values to Azure's JSON and its texts to ours: pure functions (contract, sections 1 to 4)."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from earmark.api.azure.limits import RANKED, Scenario
from earmark.errors import InvalidArgument, InvalidRequest, ProfileNotFound
from earmark.service.enrol import Enrolled
from earmark.service.next_steps import Verified
from earmark.service.policy import missing
from earmark.storage.labels import parse_guid
from earmark.storage.values import Profile, ProfileState
from earmark.voice.scoring.decision import Identification

BARELY = 0.01  # below the point of acceptance: what is rejected has a score under one half
NOBODY = "00000000-0000-0000-0000-000000000000"
Json = dict[str, Any]


def status(profile: Profile) -> str:
    """Return `Enrolled` or `Enrolling`; `Training` is never sent, since clients read it differently."""
    return "Enrolled" if profile.state is ProfileState.ENROLLED else "Enrolling"


def remaining_seconds(profile: Profile, scenario: Scenario) -> float:
    """Return the net speech that is still to be enrolled, in seconds."""
    done = profile.state is ProfileState.ENROLLED
    return 0.0 if done else seconds(missing(profile, scenario.enrolment).speech_seconds)


def remaining_clips(profile: Profile, scenario: Scenario) -> int:
    """Return how many recordings are still to be enrolled."""
    done = profile.state is ProfileState.ENROLLED
    return 0 if done else missing(profile, scenario.enrolment).recordings


def enrolled_json(profile: Profile, scenario: Scenario, *, in_sec: bool) -> Json:
    """Return what a profile and an enrolment have in common.

    `in_sec` adds the names of 2021-09-05 beside the old ones: its clients read the new, its published
    examples show the old, and both together were tried with all of them.
    """
    lengths: dict[str, float | int] = {
        "enrollmentsLength": seconds(profile.total_seconds),
        "enrollmentsSpeechLength": seconds(profile.speech_seconds),
    }
    left: Json = {}
    if scenario.dependent:
        left["remainingEnrollmentsCount"] = remaining_clips(profile, scenario)
    else:
        lengths["remainingEnrollmentsSpeechLength"] = remaining_seconds(profile, scenario)
    common = {
        "profileId": str(profile.id),
        "enrollmentStatus": status(profile),
        "enrollmentsCount": len(profile.enrolments),
    }
    return common | _twice(lengths, in_sec=in_sec) | left


def profile_json(profile: Profile, scenario: Scenario, *, in_sec: bool, activation: bool = False) -> Json:
    """Return a profile of v2.0 or, `in_sec`, of 2021-09-05; `activation` as in `profile_status`."""
    found = enrolled_json(profile, scenario, in_sec=in_sec)
    found |= {
        "locale": profile.locale or "en-US",
        "createdDateTime": moment(profile.created),
        "lastUpdatedDateTime": moment(profile.updated) if profile.revision else None,
        # The day of the newest voiceprint: our models have names, and clients want a date.
        "modelVersion": f"{profile.enrolments[-1].created:%Y-%m-%d}" if profile.enrolments else None,
    }
    if in_sec and not scenario.dependent:
        found["profileStatus"] = profile_status(profile, activation=activation)
    return found


def profile_status(profile: Profile, *, activation: bool) -> str:
    """Return `Inactive` for a profile that waits for an activation phrase, where the tenant asks for one."""
    return "Inactive" if activation and not profile.enrolments else "Active"


def enrolment_json(done: Enrolled, scenario: Scenario, *, in_sec: bool) -> Json:
    """Return what one enrolment did."""
    quality = done.enrolments[-1].quality
    clip = {
        "audioLength": seconds(quality.total_seconds),
        "audioSpeechLength": seconds(quality.speech_seconds),
    }
    found = enrolled_json(done.profile, scenario, in_sec=in_sec) | _twice(clip, in_sec=in_sec)
    if scenario.dependent:
        found["passPhrase"] = done.profile.phrase or ""
    return found


def score(llr: float, threshold: float) -> float:
    """Return 0 to 1, with 0.5 exactly at the operating point."""
    return round(0.5 * (1.0 + math.tanh(0.5 * (llr - threshold))), 6)


def margin(verified: Verified) -> float:
    """Return how far a verification is above the point of acceptance: the voice or the words, the worse."""
    voice = verified.decision.llr - verified.decision.operating_point.threshold
    if verified.words is None:
        return voice
    least = min(voice, verified.words.llr)
    return max(least, 0.0) if verified.accepted else min(least, -BARELY)


def verification_json(verified: Verified) -> Json:
    """Return the answer to a verification."""
    return {
        "recognitionResult": "Accept" if verified.accepted else "Reject",
        "score": score(margin(verified), 0.0),
    }


def identification_json(found: Identification) -> Json:
    """Return the answer to an identification: the best, or the all-zero GUID; and up to five, best first."""
    threshold = found.operating_point.threshold
    ranking = [
        {"profileId": candidate.key, "score": score(candidate.llr, threshold)}
        for candidate in found.candidates[:RANKED]
    ]
    best = {"profileId": found.best or NOBODY, "score": ranking[0]["score"] if ranking else 0.0}
    return {"identifiedProfile": best, "profilesRanking": ranking}


def confidence(llr: float, threshold: float) -> str:
    """Return v1.0's word for how far an LLR is from the operating point."""
    margin = abs(llr - threshold)
    return "Low" if margin < 1.0 else "Normal" if margin < 3.0 else "High"


def moment(time: datetime) -> str:
    """Return such as 2020-01-29T22:48:17.007Z; the Java client needs the fraction."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(value: float) -> float:
    """Return seconds with two decimals, rounded up, so that nothing is left only when nothing is."""
    return math.ceil(value * 100 - 1e-6) / 100


def parse_profile_id(text: str) -> UUID:
    """Return a GUID, with or without hyphens, in any case; ProfileNotFound for what is none."""
    found = parse_guid(text)
    if found is None:
        raise ProfileNotFound("The profile does not exist.")
    return found


def parse_profile_ids(text: str | None, *, most: int) -> Sequence[UUID]:
    """Return the GUIDs of a comma list; the native core ends it with a comma. InvalidRequest."""
    items = [item.strip() for item in (text or "").split(",") if item.strip()]
    if not items:
        raise InvalidRequest("Profile ids are missing: give 1 or more.")
    if len(items) > most:
        raise InvalidRequest(f"Too many profile ids: at most {most} may be given.")
    found = [parse_guid(item) for item in items]
    if not all(found):
        raise InvalidArgument("A profile id is not a GUID.")
    return [one for one in found if one is not None]


def parse_flag(text: str | None, name: str) -> bool:
    """Return a boolean in any case; InvalidArgument for anything else. The native core sends `True`."""
    if text is None or text.lower() == "false":
        return False
    if text.lower() == "true":
        return True
    raise InvalidArgument(f"The value of {name} must be true or false.")


def parse_size(text: str | None, name: str) -> int:
    """Return the size of a page, 1 to 500, 100 when none is given; InvalidArgument."""
    if text is None:
        return 100
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= 500):
        raise InvalidArgument(f"The value of {name} must be 1 to 500.")
    return int(text)


def _twice(lengths: dict[str, float | int], *, in_sec: bool) -> Json:
    return lengths | ({f"{name}InSec": value for name, value in lengths.items()} if in_sec else {})
