"""The native core of Microsoft's C#, C++, Java and Go packages, 1.46, against a real server on port 80."""

import json
from collections.abc import Iterator

import pytest
import voices
from contract import lives
from contract.fields import VERSION, enrollment_checks, group, profile_checks
from contract.lives import Clips, Story
from contract.proofs import shows
from contract.remote import KINDS, Client, Profile, Rejected, Type, native_core
from server import KEY

STEPS = {
    "create": "POST /profiles",
    "get": "GET /profiles/{id}",
    "list": "GET /profiles",
    "phrases": "GET /phrases/{locale}",
    "enroll": "POST /profiles/{id}/enrollments",
    "verify": "POST /profiles/{id}:verify",
    "identify": "POST /profiles:identifySingleSpeaker",
    "reset": "POST /profiles/{id}:reset",
    "delete": "DELETE /profiles/{id}",
}
NAME = "native core 1.46"


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The core, and a server that only it can see."""
    with native_core(tmp_path_factory.mktemp("home")) as client:
        client.open(key=KEY)
        yield client


def story(core: Client, kind: Type, clips: Clips, family: str) -> Story:
    return Story(core, kind, clips, {step: f"2021-09-05 {family}: {row}" for step, row in STEPS.items()})


@pytest.mark.proves("2021-09-05 identification: *", client=NAME)
def test_identification(core: Client, clips: Clips) -> None:
    tale = story(core, Type.IDENTIFICATION, clips, "identification")
    other = core.create(Type.IDENTIFICATION)
    tale.enroll(other, lives.OTHER, count=1, enrolled=True)
    profile = tale.begin()
    activation_phrase(tale)
    # It never asks to ignore the least length: 20 s of speech have to be there.
    tale.enroll(profile, lives.ENROLS, count=1, enrolled=False)
    tale.enroll(profile, lives.FURTHER, count=2, enrolled=True)
    tale.identify(profile, other, reason="RecognizedSpeakers")
    tale.end(profile)
    tale.end(other)


@pytest.mark.proves("2021-09-05 verification: *", client=NAME)
def test_verification(core: Client, clips: Clips) -> None:
    tale = story(core, Type.VERIFICATION, clips, "verification")
    profile = tale.begin()
    activation_phrase(tale)
    tale.enroll(profile, lives.ENROLS, count=1, enrolled=False)
    tale.enroll(profile, lives.FURTHER, count=2, enrolled=True)
    tale.verify(profile)
    tale.end(profile)


@pytest.mark.proves("2021-09-05 text-dependent: *", client=NAME)
def test_text_dependent_verification(core: Client, clips: Clips) -> None:
    tale = story(core, Type.TEXT_DEPENDENT, clips, "text-dependent")
    said = core.phrases(Type.TEXT_DEPENDENT)  # its reason says Canceled even when all is well
    assert len(said["phrases"]) == 10
    assert "my voice is my passport verify me" in said["phrases"]
    tale.did("phrases")
    profile = tale.begin()
    for count in (1, 2, 3):
        tale.enroll(profile, (lives.SPEAKER, count), count=count, enrolled=count == 3)
        tale.refuses_other_words(profile)
    tale.verify(profile)
    tale.end(profile)


def activation_phrase(tale: Story) -> None:
    said = tale.client.phrases(tale.kind)
    assert said["phrases"] == ["I'll talk for a few seconds so you can recognize my voice in the future."]
    tale.did("phrases")


@pytest.mark.proves("2021-09-05 profile *", "2021-09-05 enrollment *", client=NAME)
def test_the_fields_that_its_users_see(core: Client, clips: Clips) -> None:
    for family, kind in KINDS.items():
        profile = core.create(kind)
        said = json.loads(core.get(profile)["json"])
        checks = profile_checks(VERSION, family, profile.id, enrolled=False, changed=False)
        shows(group(VERSION, family, "profile"), said, checks)
        speaker = lives.SPEAKER if kind is Type.TEXT_DEPENDENT else "eva"
        said = json.loads(core.enroll(profile, wav=clips.wav((speaker, 1)))["json"])
        checks = enrollment_checks(VERSION, family, profile.id, voices.seconds(speaker, 1), enrolled=False)
        shows(group(VERSION, family, "enrollment"), said, checks)


def test_the_numbers_that_it_reads(core: Client, clips: Clips) -> None:
    """It knows only the names with InSec, and makes ticks of them."""
    profile = core.create(Type.VERIFICATION)
    details = core.enroll(profile, wav=clips.wav(("eva", 1)))["details"]
    assert details["audioLengthInSec"] == pytest.approx(6.57, abs=0.02)
    assert details["enrollmentsLengthInSec"] == details["audioLengthInSec"]
    assert 4 < details["audioSpeechLengthInSec"] <= details["audioLengthInSec"]
    assert details["enrollmentsSpeechLengthInSec"] == details["audioSpeechLengthInSec"]
    left = details["remainingEnrollmentsSpeechLengthInSec"]
    assert left == pytest.approx(20 - details["enrollmentsSpeechLengthInSec"], abs=0.02)


def test_it_follows_the_pages_of_a_list(core: Client) -> None:
    made = {core.create(Type.TEXT_DEPENDENT).id for _ in range(101)}  # a page has 100
    listed = [row["details"]["profileId"] for row in core.list(Type.TEXT_DEPENDENT)]
    assert made <= set(listed)
    assert len(listed) == len(set(listed))


def test_recognition_before_there_is_enough(core: Client, clips: Clips) -> None:
    for kind in (Type.VERIFICATION, Type.TEXT_DEPENDENT):
        said = core.verify(core.create(kind), wav=clips.wav(lives.GENUINE))
        assert said["reason"] == "Canceled"
        assert "not enrolled" in json.loads(said["json"])["error"]["message"]


@pytest.mark.parametrize("kind", Type)
def test_what_nobody_has(kind: Type, core: Client, clips: Clips) -> None:
    lives.unknown_ids_are_cancelled(core, kind, clips)


def test_a_wrong_key(core: Client, clips: Clips) -> None:
    profile = core.create(Type.VERIFICATION)
    core.open(key="not-the-key")
    try:
        with pytest.raises(Rejected, match="401"):
            core.create(Type.VERIFICATION)
        for call in ("get", "reset", "delete"):
            assert "401" in lives.refused(core, call, profile)
        assert "401" in lives.refused(core, "enroll", profile, wav=clips.wav(lives.ENROLS))
        assert "401" in lives.refused(core, "verify", profile, wav=clips.wav(lives.GENUINE))
    finally:
        core.open(key=KEY)
    assert core.get(Profile(profile.id, Type.VERIFICATION))["reason"] == "EnrollingVoiceProfile"
