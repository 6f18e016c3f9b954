"""What npm's users see of a profile, an enrollment and a result: all fields, in every protocol of npm."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import voices
from contract import lives
from contract.fields import between, enrollment_checks, group, profile_checks
from contract.lives import Clips
from contract.proofs import shows
from contract.remote import KINDS, UNTHROTTLED, Client, Type, npm_client
from contract.surface import SCENARIOS, Protocol
from server import Server

PROTOCOLS: dict[str, Protocol] = {
    "1.18": "v2.0",
    "1.26": "2021-09-05",
    "1.34": "WebSocket",
    "1.46": "WebSocket",
}


CLIPS: tuple[tuple[int, ...], ...] = ((1,), (2,), (3, 4))  # only together they have 20 s of speech


@contextmanager
def opened(version: str, server: Server, clients: Path) -> Iterator[Client]:
    how, url = {
        "v2.0": ("property", server.url + "/speaker/{mode}/v2.0/{dependency}"),
        "2021-09-05": ("host", server.url),
        "WebSocket": ("host", server.ws_url),
    }[PROTOCOLS[version]]
    with npm_client(clients, version, how=how, url=url, key=server.key, properties=UNTHROTTLED) as client:
        yield client


def versions(*names: str, family: str) -> list[object]:
    """Each version, with the groups of fields of these names that it proves."""
    return [
        pytest.param(
            version,
            family,
            id=f"{version} {family}",
            marks=pytest.mark.proves(
                *(f"{group(protocol, family, name)} *" for name in names), client=f"npm {version}"
            ),
        )
        for version, protocol in PROTOCOLS.items()
    ]


def results(in_rest: str, *on_websocket: str) -> list[object]:
    """Each version, with the groups of fields of a result that it proves."""
    return [
        pytest.param(
            version,
            marks=pytest.mark.proves(
                *(
                    f"{protocol} {name} *"
                    for name in (on_websocket if protocol == "WebSocket" else [in_rest])
                ),
                client=f"npm {version}",
            ),
        )
        for version, protocol in PROTOCOLS.items()
    ]


@pytest.mark.parametrize(
    ("version", "family"),
    [parameters for family in KINDS for parameters in versions("profile", "enrollment", family=family)],
)
def test_profiles(version: str, family: str, server: Server, clients: Path, clips: Clips) -> None:
    protocol, dependent = PROTOCOLS[version], family == "text-dependent"
    seconds: list[float] = []
    one, enrollment = (group(protocol, family, name) for name in ("profile", "enrollment"))
    with opened(version, server, clients) as client:
        profile = client.create(KINDS[family])
        for count in range(4):
            # The REST clients always ask to ignore the least length, which the WebSocket cannot.
            enrolled = count == 3 if dependent or protocol == "WebSocket" else count > 0
            seen = client.get(profile)["details"]
            checks = profile_checks(
                protocol, family, profile.id, *seconds, enrolled=enrolled, changed=count > 0
            )
            shows(one, seen, checks)
            if count < 3:
                clip = (count + 1,) if dependent else CLIPS[count]
                speaker = lives.SPEAKER if dependent else lives.VOICE
                seconds.append(voices.seconds(speaker, *clip))
                said = client.enroll(profile, wav=clips.wav((speaker, *clip)))["details"]
                enrolled = count == 2 if dependent or protocol == "WebSocket" else True
                checks = enrollment_checks(protocol, family, profile.id, *seconds, enrolled=enrolled)
                shows(enrollment, said, checks)


@pytest.mark.parametrize(
    "version", results("verify", "verificationResult", "speaker.response (verification)")
)
def test_verification(version: str, server: Server, clients: Path, clips: Clips) -> None:
    protocol = PROTOCOLS[version]
    with opened(version, server, clients) as client:
        profile = client.create(Type.VERIFICATION)
        client.enroll(profile, wav=clips.wav((lives.VOICE, 1, 2, 3, 4)))
        for clip, result, score in (
            (lives.GENUINE, "Accept", between(0.5, 1)),
            (lives.IMPOSTOR, "Reject", between(0, 0.4999)),
        ):
            seen = client.verify(profile, wav=clips.wav(clip))
            said = json.loads(seen["json"])
            checks = {"recognitionResult": result, "score": score}
            if protocol != "WebSocket":
                shows(f"{protocol} verify", said, checks)
                continue
            about = {"scenario": SCENARIOS["verification"], "verificationResult": bool}
            about |= {"status.statusCode": "Success", "status.reason": ""}
            shows("WebSocket speaker.response (verification)", said, about)
            said = said["verificationResult"]
            shows("WebSocket verificationResult", said, checks | {"profileId": profile.id})


@pytest.mark.parametrize(
    "version", results("identify", "identificationResult", "speaker.response (identification)")
)
def test_identification(version: str, server: Server, clients: Path, clips: Clips) -> None:
    protocol = PROTOCOLS[version]
    with opened(version, server, clients) as client:
        known = [client.create(Type.IDENTIFICATION) for _ in range(2)]
        for profile, speaker in zip(known, (lives.VOICE, "eva"), strict=True):
            client.enroll(profile, wav=clips.wav((speaker, 1, 2, 3, 4)))
        for clip, found in ((lives.GENUINE, known[0].id), (lives.IMPOSTOR, lives.NOBODY)):
            seen = client.identify(*known, wav=clips.wav(clip))
            said = json.loads(seen["json"])
            checks = {
                "identifiedProfile.profileId": found,
                "identifiedProfile.score": between(0, 1),
                "profilesRanking[].profileId": {profile.id for profile in known}.__contains__,
                "profilesRanking[].score": between(0, 1),
            }
            if protocol != "WebSocket":
                shows(f"{protocol} identify", said, checks)
                continue
            about = {"scenario": SCENARIOS["identification"], "identificationResult": bool}
            about |= {"status.statusCode": "Success", "status.reason": ""}
            shows("WebSocket speaker.response (identification)", said, about)
            shows("WebSocket identificationResult", said["identificationResult"], checks)
