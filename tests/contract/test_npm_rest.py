"""npm 1.18 and 1.26: the clients of REST v2.0 and 2021-09-05, against a real server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from contract import lives
from contract.lives import Clips, Story
from contract.remote import KINDS, Client, Profile, Rejected, Type, npm_client
from server import Server

V2 = {
    "create": "POST /profiles",
    "get": "GET /profiles/{id}",
    "list": "GET /profiles",
    "phrases": "GET /phrases/{locale}",
    "enroll": "POST /profiles/{id}/enrollments",
    "verify": "POST /profiles/{id}/verify",
    "identify": "POST /profiles/identifySingleSpeaker",
    "reset": "POST /profiles/{id}/reset",
    "delete": "DELETE /profiles/{id}",
}
GA = V2 | {
    "verify": "POST /profiles/{id}:verify",
    "identify": "POST /profiles:identifySingleSpeaker",
    "reset": "POST /profiles/{id}:reset",
}
BRACES = "/speaker/{mode}/v2.0/{dependency}"  # the template of 1.18, which fills it in itself


@contextmanager
def opened(way: str, server: Server, clients: Path, *, key: str | None = None) -> Iterator[Client]:
    version, how = way.split()
    url = server.url + BRACES if how == "property" else server.url
    with npm_client(clients, version, how=how, url=url, key=key or server.key) as client:
        yield client


def rows(protocol: str, family: str) -> dict[str, str]:
    words = V2 if protocol == "v2.0" else GA
    return {step: f"{protocol} {family}: {operation}" for step, operation in words.items()}


def protocol_of(way: str) -> str:
    return "v2.0" if way.startswith("1.18") else "2021-09-05"


def ways(family: str, *extra: str) -> list[object]:
    """1.18 and 1.26 with the rows that each proves of a family."""
    return [
        pytest.param(
            way,
            marks=pytest.mark.proves(
                *(f"{protocol_of(way)} {family}: {row}" for row in extra_of(way, *extra)),
                client=f"npm {way.split()[0]}",
            ),
            id=way,
        )
        for way in ("1.18 property", "1.26 host", "1.26 endpoint")
    ]


def extra_of(way: str, *steps: str) -> list[str]:
    words = V2 if protocol_of(way) == "v2.0" else GA
    always = ("create", "get", "list", "enroll", "reset", "delete")
    return [words[step] for step in (*always, *steps)]


@pytest.mark.parametrize("way", ways("identification", "identify"))
def test_identification(way: str, server: Server, clients: Path, clips: Clips) -> None:
    with opened(way, server, clients) as client:
        story = Story(client, Type.IDENTIFICATION, clips, rows(protocol_of(way), "identification"))
        other = client.create(Type.IDENTIFICATION)
        story.enroll(other, lives.OTHER, count=1, enrolled=True)
        profile = story.begin()
        # It always asks to ignore the least length.
        story.enroll(profile, lives.ENROLS, count=1, enrolled=True)
        story.enroll(profile, lives.FURTHER, count=2, enrolled=True)
        story.identify(profile, other, reason="RecognizedSpeaker")
        story.end(profile)
        story.end(other)


@pytest.mark.parametrize("way", ways("verification", "verify"))
def test_verification(way: str, server: Server, clients: Path, clips: Clips) -> None:
    with opened(way, server, clients) as client:
        story = Story(client, Type.VERIFICATION, clips, rows(protocol_of(way), "verification"))
        profile = story.begin()
        story.enroll(profile, lives.ENROLS, count=1, enrolled=True)
        story.verify(profile)
        story.end(profile)


@pytest.mark.parametrize("way", ways("text-dependent", "verify", "phrases"))
def test_text_dependent_verification(way: str, server: Server, clients: Path, clips: Clips) -> None:
    with opened(way, server, clients) as client:
        story = Story(client, Type.TEXT_DEPENDENT, clips, rows(protocol_of(way), "text-dependent"))
        said = client.phrases(Type.TEXT_DEPENDENT)
        assert len(said["phrases"]) == 10
        # 1.18 looks for objects where v2.0 has texts, and finds the number only.
        if protocol_of(way) != "v2.0":
            assert "my voice is my passport verify me" in said["phrases"]
        story.did("phrases")
        profile = story.begin()
        # It asks here too to ignore the least length, which must not shorten the three recordings.
        for count in (1, 2, 3):
            story.enroll(profile, (lives.SPEAKER, count), count=count, enrolled=count == 3)
            story.refuses_other_words(profile)
        story.verify(profile)
        story.end(profile)


@pytest.mark.proves(
    "2021-09-05 identification: GET /phrases/{locale}",
    "2021-09-05 verification: GET /phrases/{locale}",
    client="npm 1.26",
)
@pytest.mark.parametrize("way", ["1.26 host", "1.26 endpoint"])
def test_activation_phrases(way: str, server: Server, clients: Path, clips: Clips) -> None:
    with opened(way, server, clients) as client:
        for family in ("identification", "verification"):
            said = client.phrases(KINDS[family])
            assert said["phrases"] == [
                "I'll talk for a few seconds so you can recognize my voice in the future."
            ]
            Story(client, KINDS[family], clips, rows("2021-09-05", family)).did("phrases")


@pytest.mark.parametrize("kind", Type)
@pytest.mark.parametrize("way", ["1.18 property", "1.26 host"])
def test_what_nobody_has(way: str, kind: Type, server: Server, clients: Path, clips: Clips) -> None:
    with opened(way, server, clients) as client:
        lives.unknown_ids_are_cancelled(client, kind, clips)


@pytest.mark.parametrize("way", ["1.18 property", "1.26 host"])
def test_a_profile_of_one_kind_is_nobodys_of_another(
    way: str, server: Server, clients: Path, clips: Clips
) -> None:
    with opened(way, server, clients) as client:
        profile = client.create(Type.IDENTIFICATION)
        elsewhere = Profile(profile.id, Type.VERIFICATION)
        assert client.get(elsewhere)["reason"] == "Canceled"
        assert profile.id not in str(client.list(Type.VERIFICATION))


@pytest.mark.parametrize("way", ["1.18 property", "1.26 host"])
def test_a_wrong_key(way: str, server: Server, clients: Path, clips: Clips) -> None:
    with opened(way, server, clients) as right:
        profile = right.create(Type.VERIFICATION)
    with opened(way, server, clients, key="not-the-key") as client:
        assert "401" in lives.refused(client, "create", Type.VERIFICATION)
        lives.refused(client, "get", profile)
        lives.refused(client, "enroll", profile, wav=clips.wav(lives.ENROLS))
        lives.refused(client, "verify", profile, wav=clips.wav(lives.GENUINE))
        lives.refused(client, "reset", profile)
        lives.refused(client, "delete", profile)
        with pytest.raises(Rejected):
            client.list(Type.VERIFICATION)
    with opened(way, server, clients) as right:
        assert right.get(profile)["details"]["profileId"] == profile.id
