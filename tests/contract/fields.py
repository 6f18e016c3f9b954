"""A family and what was given to a profile -> what every field of the answers about it must say."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from contract.surface import Protocol

VERSION: Protocol = "2021-09-05"
Checks = dict[str, Any]


def group(protocol: Protocol, family: str, name: str) -> str:
    """The name of a group of fields; in REST a profile's and an enrollment's have their kind behind it."""
    kind = "text-dependent" if family == "text-dependent" else "text-independent"
    return f"{protocol} {name}" if protocol == "WebSocket" else f"{protocol} {name} ({kind})"


def profile_checks(
    protocol: Protocol, family: str, profile: str, *seconds: float, enrolled: bool, changed: bool
) -> Checks:
    """What a profile says that holds recordings of so many seconds; `changed` since it was made."""
    checks = _enrolled(protocol, family, profile, *seconds, enrolled=enrolled)
    if protocol == "WebSocket":
        return checks
    checks |= {
        "locale": "en-US",
        "createdDateTime": is_time,
        "lastUpdatedDateTime": is_time if changed else None,
        "modelVersion": is_day if seconds else None,
    }
    if protocol == VERSION and family != "text-dependent":
        checks["profileStatus"] = "Active"
    return checks


def enrollment_checks(
    protocol: Protocol, family: str, profile: str, *seconds: float, enrolled: bool
) -> Checks:
    """What the answer to the last of these recordings says."""
    last = seconds[-1]
    checks = _enrolled(protocol, family, profile, *seconds, enrolled=enrolled)
    checks |= _lengths(protocol, audioLength=near(last), audioSpeechLength=between(0.8 * last, last))
    if family == "text-dependent":
        checks["passPhrase"] = is_text
    return checks


def _enrolled(protocol: Protocol, family: str, profile: str, *seconds: float, enrolled: bool) -> Checks:
    """What both have in common. On the WebSocket all families have all fields."""
    total, dependent, speech = sum(seconds), family == "text-dependent", protocol == "WebSocket"
    checks: Checks = {
        "profileId": profile,
        "enrollmentStatus": "Enrolled" if enrolled else "Enrolling",
        "enrollmentsCount": len(seconds),
    }
    checks |= _lengths(
        protocol, enrollmentsLength=near(total), enrollmentsSpeechLength=between(0.8 * total, total)
    )
    if dependent or speech:
        checks["remainingEnrollmentsCount"] = max(0, (3 if dependent else 1) - len(seconds))
    if not dependent or speech:
        left = 0 if enrolled or dependent else between(20 - total, 20 - 0.8 * total)
        checks |= _lengths(protocol, remainingEnrollmentsSpeechLength=left)
    if speech:
        checks |= {"profileStatus": "Active", "locale": "en-US", "passPhrase": is_text}
    return checks


def _lengths(protocol: Protocol, **checks: Any) -> Checks:
    """The checks of lengths, under the second spelling too where the protocol has it."""
    return checks | ({f"{name}InSec": check for name, check in checks.items()} if protocol == VERSION else {})


def is_time(text: str) -> bool:
    """Whether it is a time as Azure wrote it, with a fraction of a second."""
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text) is not None


def is_day(text: str) -> bool:
    return re.fullmatch(r"\d{4}-\d\d-\d\d", text) is not None


def is_text(value: object) -> bool:
    return isinstance(value, str)


def near(seconds: float) -> Any:
    return pytest.approx(seconds, abs=0.02)


def between(least: float, most: float) -> Callable[[float], bool]:
    return lambda value: least <= value <= most
