"""npm 1.34 and 1.46: the clients of the WebSocket protocol, against a real server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from contract import lives
from contract.lives import Clips, Story
from contract.remote import UNTHROTTLED, Client, Profile, Rejected, Type, npm_client
from server import Server, running_server

WORDS = {
    "create": "create",
    "get": "fetch one",
    "list": "fetch all",
    "phrases": "phrases",
    "enroll": "enroll",
    "verify": "recognise",
    "identify": "recognise",
    "reset": "reset",
    "delete": "delete",
}
WAYS = ["1.34 host", "1.34 endpoint", "1.46 host", "1.46 endpoint", "1.46 host browser"]
both_versions = pytest.mark.parametrize("version", ["1.34", "1.46"])


@contextmanager
def opened(
    way: str, server: Server, clients: Path, *, key: str | None = None, throttled: bool = False
) -> Iterator[Client]:
    version, how, *where = way.split()
    # fromEndpoint sends every operation of every family to this one address
    url = server.ws_url if how == "host" else f"{server.ws_url}/any/path?x=1"
    properties = None if throttled else UNTHROTTLED
    with npm_client(
        clients,
        version,
        how=how,
        url=url,
        key=key or server.key,
        properties=properties,
        browser=where == ["browser"],
    ) as client:
        yield client


def rows(family: str) -> dict[str, str]:
    return {step: f"WebSocket {family}: {word}" for step, word in WORDS.items()}


def ways(family: str) -> list[object]:
    """All ways in, each proving every operation of a family."""
    return [
        pytest.param(
            way, id=way, marks=pytest.mark.proves(f"WebSocket {family}: *", client=f"npm {way.split()[0]}")
        )
        for way in WAYS
    ]


@pytest.mark.parametrize("way", ways("identification"))
def test_identification(way: str, server: Server, clients: Path, clips: Clips) -> None:
    with opened(way, server, clients) as client:
        story = Story(client, Type.IDENTIFICATION, clips, rows("identification"))
        other = client.create(Type.IDENTIFICATION)
        story.enroll(other, lives.OTHER, count=1, enrolled=True)
        profile = story.begin()
        activation_phrase(story)
        story.enroll(profile, lives.ENROLS, count=1, enrolled=False)
        story.enroll(profile, lives.FURTHER, count=2, enrolled=True)
        story.identify(profile, other, reason="RecognizedSpeakers")
        story.end(profile)
        story.end(other)


@pytest.mark.parametrize("way", ways("verification"))
def test_verification(way: str, server: Server, clients: Path, clips: Clips) -> None:
    with opened(way, server, clients) as client:
        story = Story(client, Type.VERIFICATION, clips, rows("verification"))
        profile = story.begin()
        activation_phrase(story)
        story.enroll(profile, lives.ENROLS, count=1, enrolled=False)
        story.enroll(profile, lives.FURTHER, count=2, enrolled=True)
        story.verify(profile)
        story.end(profile)


@pytest.mark.parametrize("way", ways("text-dependent"))
def test_text_dependent_verification(way: str, server: Server, clients: Path, clips: Clips) -> None:
    with opened(way, server, clients) as client:
        story = Story(client, Type.TEXT_DEPENDENT, clips, rows("text-dependent"))
        said = client.phrases(Type.TEXT_DEPENDENT)
        assert said["reason"] != "Canceled"
        assert len(said["phrases"]) == 10
        assert "my voice is my passport verify me" in said["phrases"]
        story.did("phrases")
        profile = story.begin()
        for count in (1, 2, 3):
            story.enroll(profile, (lives.SPEAKER, count), count=count, enrolled=count == 3)
            story.refuses_other_words(profile)
        story.verify(profile)
        story.end(profile)


def activation_phrase(story: Story) -> None:
    said = story.client.phrases(story.kind)
    assert said["reason"] != "Canceled"
    assert said["phrases"] == ["I'll talk for a few seconds so you can recognize my voice in the future."]
    assert said["type"]
    story.did("phrases")


@both_versions
def test_one_client_works_with_all_families(
    version: str, server: Server, clients: Path, clips: Clips
) -> None:
    """The path of its connection is that of its first call; the messages say what they are about."""
    with opened(f"{version} host", server, clients) as client:
        profiles = [client.create(kind) for kind in Type]
        for profile in profiles:
            speaker = lives.SPEAKER if profile.type is Type.TEXT_DEPENDENT else lives.VOICE
            said = client.enroll(profile, wav=clips.wav((speaker, 1)))
            assert said["reason"] == "EnrollingVoiceProfile"
            assert said["details"]["profileId"] == profile.id
            elsewhere = Profile(profile.id, Type((profile.type + 1) % 3))
            assert client.get(elsewhere)["reason"] == "Canceled"
            assert client.delete(profile)["reason"] == "DeletedVoiceProfile"


@both_versions
def test_streams_with_a_header_and_without(version: str, server: Server, clients: Path, clips: Clips) -> None:
    with opened(f"{version} host", server, clients) as client:
        profile = client.create(Type.VERIFICATION)
        first = client.enroll(profile, push=clips.wav(lives.ENROLS), close=True)  # a whole WAV file, pushed
        assert first["reason"] == "EnrollingVoiceProfile"
        second = client.enroll(profile, push=clips.pcm(lives.FURTHER), close=True)
        assert second["reason"] == "EnrolledVoiceProfile"
        assert second["details"]["enrollmentsCount"] == 2
        assert (
            client.verify(profile, push=clips.wav(lives.GENUINE), close=True)["reason"] == "RecognizedSpeaker"
        )
        assert client.verify(profile, push=clips.pcm(lives.IMPOSTOR), close=True)["reason"] == "NoMatch"


@both_versions
def test_streams_that_never_end(version: str, server: Server, clients: Path, clips: Clips) -> None:
    """A microphone does not stop; the server answers when it has enough."""
    with opened(f"{version} host", server, clients) as client:
        everything = (lives.VOICE, 1, 2, 3, 4, 5)  # 28 s, of which 20 s are enough
        profile = client.create(Type.VERIFICATION)
        said = client.enroll(profile, push=clips.wav(everything))
        assert said["reason"] == "EnrolledVoiceProfile", said
        assert client.get(profile)["details"]["enrollmentsCount"] == 1
        assert client.verify(profile, push=clips.wav(everything))["reason"] == "RecognizedSpeaker"
        assert client.verify(profile, push=clips.wav(("stranger", 1, 2, 3)))["reason"] == "NoMatch"

        known = client.create(Type.IDENTIFICATION)
        assert client.enroll(known, push=clips.pcm(everything))["reason"] == "EnrolledVoiceProfile"
        found = client.identify(known, push=clips.pcm(everything))
        assert (found["reason"], found["profileId"]) == ("RecognizedSpeakers", known.id)
        nobody = client.identify(known, push=clips.pcm(("stranger", 1, 2, 3)))
        assert nobody["profileId"] == lives.NOBODY

        phrase = client.create(Type.TEXT_DEPENDENT)
        again = (lives.SPEAKER, 1, 2, 3, 4, 5)  # the passphrase over and over, of which 10 s are taken
        for count in (1, 2, 3):
            said = client.enroll(phrase, push=clips.pcm(again))
            assert said["details"]["enrollmentsCount"] == count, said
        assert client.verify(phrase, push=clips.pcm(again))["reason"] == "RecognizedSpeaker"


@both_versions
def test_the_pace_of_the_client_itself(version: str, server: Server, clients: Path, clips: Clips) -> None:
    """Unhurried, it sends 5 s at once and then twice as fast as speech."""
    with opened(f"{version} host", server, clients, throttled=True) as client:
        profile = client.create(Type.TEXT_DEPENDENT)
        for count in (1, 2):
            said = client.enroll(profile, wav=clips.wav((lives.SPEAKER, count)))
            assert said["details"]["enrollmentsCount"] == count, said


@both_versions
def test_calls_after_an_enrolment_are_not_cancelled(
    version: str, server: Server, clients: Path, clips: Clips
) -> None:
    """A turn.end that came late would cancel whatever the user did next."""
    with opened(f"{version} host", server, clients) as client:
        profile = client.create(Type.VERIFICATION)
        for count in (1, 2, 3):
            assert client.enroll(profile, wav=clips.wav(("eva", count)))["reason"] != "Canceled"
            assert client.get(profile)["details"]["enrollmentsCount"] == count
            assert any(row["details"]["profileId"] == profile.id for row in client.list(Type.VERIFICATION))
        assert client.reset(profile)["reason"] == "ResetVoiceProfile"


@both_versions
def test_recognition_before_there_is_enough(
    version: str, server: Server, clients: Path, clips: Clips
) -> None:
    with opened(f"{version} host", server, clients) as client:
        sound = clips.wav(lives.GENUINE)
        for kind in (Type.VERIFICATION, Type.TEXT_DEPENDENT):
            said = client.verify(client.create(kind), wav=sound)
            assert (said["reason"], said["errorDetails"]) == ("Canceled", "IncompleteEnrollment")
        said = client.identify(client.create(Type.IDENTIFICATION), wav=sound)
        assert (said["reason"], said["errorDetails"]) == ("Canceled", "IncompleteEnrollment")


@pytest.mark.parametrize("kind", Type)
@both_versions
def test_what_nobody_has(version: str, kind: Type, server: Server, clients: Path, clips: Clips) -> None:
    with opened(f"{version} host", server, clients) as client:
        lives.unknown_ids_are_cancelled(client, kind, clips)
        gone = client.delete(Profile(lives.UNKNOWN, kind))
        assert gone["reason"] == "Canceled"
        assert "ProfileNotFound".lower() in gone["errorDetails"].lower()


@both_versions
def test_an_empty_house(version: str, tmp_path: Path, clients: Path) -> None:
    """There is no answer that the client turns into an empty list; what it gets must not hang it."""
    with running_server(tmp_path) as server, opened(f"{version} host", server, clients) as client:
        for kind in Type:
            assert [row["reason"] for row in client.list(kind)] == ["Canceled"]


@pytest.mark.parametrize("way", WAYS)
def test_a_wrong_key(way: str, server: Server, clients: Path, clips: Clips) -> None:
    told = "1006" if "browser" in way else "401"  # a browser does not say why an upgrade was refused
    with opened(way, server, clients, key="not-the-key") as client, pytest.raises(Rejected, match=told):
        client.create(Type.VERIFICATION)
    with opened(way, server, clients, key="not-the-key") as client:
        profile = Profile(lives.UNKNOWN, Type.VERIFICATION)
        said = lives.refused(client, "verify", profile, wav=clips.wav(lives.GENUINE))
        assert "Unable to contact server" in said  # the recogniser forgets what its first attempt was told
