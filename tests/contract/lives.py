"""What every client must be able to do with a profile, and what has to come of it."""

from pathlib import Path

import voices
from contract.proofs import did
from contract.remote import Client, Profile, Rejected, Type

NOBODY = "00000000-0000-0000-0000-000000000000"
UNKNOWN = "b1c8d5c2-6f7e-4f0a-9d3e-2a1b0c9d8e7f"

# Two sentences of gwen's have 11 s of speech, four 23 s; the fifth is for recognising her.
VOICE = "gwen"
ENROLS, FURTHER, GENUINE = (VOICE, 1, 2), (VOICE, 3, 4), (VOICE, 5)
OTHER, IMPOSTOR = ("eva", 1, 2, 3, 4), ("stranger", 4)
# Of passphrases: the voice that enrols, then the right voice or another with the right words or others.
SPEAKER = "mary"
OUTCOMES: dict[tuple[str, int], bool] = {
    ("mary", 5): True,
    ("mary other", 5): False,
    ("john", 5): False,
    ("john other", 5): False,
}


def speaker_of(family: str, other: str = VOICE) -> str:
    """Who speaks in the recordings of a family: of passphrases somebody who says one."""
    return SPEAKER if family == "text-dependent" else other


class Clips:
    """Sample clips as WAV files in a folder, written when they are first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def wav(self, clip: tuple[str | int, ...]) -> str:
        speaker, *numbers = clip
        path = self._folder / f"{speaker}-{'-'.join(map(str, numbers))}.wav"
        if not path.exists():
            path.write_bytes(voices.wav(str(speaker), *map(int, numbers)))
        return str(path)

    def pcm(self, clip: tuple[str | int, ...]) -> str:
        path = Path(self.wav(clip)).with_suffix(".pcm")
        speaker, *numbers = clip
        path.write_bytes(voices.pcm(str(speaker), *map(int, numbers)))
        return str(path)


class Story:
    """One client telling one family's life of a profile; every step that went well is recorded as a proof."""

    def __init__(self, client: Client, kind: Type, clips: Clips, rows: dict[str, str]) -> None:
        self.client, self.kind, self.clips, self.rows = client, kind, clips, rows

    def did(self, step: str) -> None:
        did(self.rows[step])

    def begin(self) -> Profile:
        """Create, get and list: an empty profile that can be found."""
        profile = self.client.create(self.kind)
        assert len(profile.id) == 36
        self.did("create")
        fresh = self.client.get(profile)
        # 1.18 knows one word for both
        assert fresh["reason"] in {"EnrollingVoiceProfile", "EnrolledVoiceProfile"}
        assert fresh["details"]["enrollmentStatus"] == "Enrolling"
        assert fresh["details"]["profileId"] == profile.id
        assert fresh["details"]["enrollmentsCount"] == 0
        self.did("get")
        listed = [row["details"]["profileId"] for row in self.client.list(self.kind)]
        assert listed.count(profile.id) == 1
        self.did("list")
        return profile

    def enroll(self, profile: Profile, clip: tuple[str | int, ...], *, count: int, enrolled: bool) -> None:
        """Give one recording; `count` recordings are in it then."""
        said = self.client.enroll(profile, wav=self.clips.wav(clip))
        self.enrolled(said, profile, count=count, enrolled=enrolled)

    def enrolled(self, said: dict, profile: Profile, *, count: int, enrolled: bool) -> None:  # type: ignore[type-arg]
        """Hold the result of an enrolment against what it should say."""
        status = "Enrolled" if enrolled else "Enrolling"
        assert said["reason"] == f"{status}VoiceProfile", said
        details = said["details"]
        assert details["enrollmentStatus"] == status
        assert details["profileId"] == profile.id
        assert details["enrollmentsCount"] == count
        self.did("enroll")

    def verify(self, profile: Profile) -> None:
        """The same voice is accepted, another is not; nor are other words than the passphrase."""
        if self.kind is Type.TEXT_DEPENDENT:
            for clip, accepted in OUTCOMES.items():
                said = self.client.verify(profile, wav=self.clips.wav(clip))
                assert said["reason"] == ("RecognizedSpeaker" if accepted else "NoMatch"), (clip, said)
                assert (said["score"] >= 0.5) is accepted, (clip, said)
            self.did("verify")
            return
        genuine = self.client.verify(profile, wav=self.clips.wav(GENUINE))
        assert genuine["reason"] == "RecognizedSpeaker", genuine
        assert genuine["profileId"] == profile.id
        assert 0.5 <= genuine["score"] <= 1
        impostor = self.client.verify(profile, wav=self.clips.wav(IMPOSTOR))
        assert impostor["reason"] == "NoMatch", impostor
        assert 0 <= impostor["score"] < 0.5
        self.did("verify")

    def refuses_other_words(self, profile: Profile) -> None:
        """A recording of other words than the profile's passphrase is not enrolled."""
        other = self.clips.wav((f"{SPEAKER} other", 1))
        assert "InvalidPhrase" in refused(self.client, "enroll", profile, wav=other)

    def identify(self, profile: Profile, other: Profile, *, reason: str) -> None:
        """The right one of two is found, and nobody where neither speaks."""
        genuine = self.client.identify(other, profile, wav=self.clips.wav(GENUINE))
        assert genuine["reason"] == reason, genuine
        assert genuine["profileId"] == profile.id
        assert 0.5 <= genuine["score"] <= 1
        impostor = self.client.identify(other, profile, wav=self.clips.wav(IMPOSTOR))
        assert impostor["reason"] == reason, impostor
        assert impostor["profileId"] == NOBODY
        assert 0 <= impostor["score"] < 0.5
        self.did("identify")

    def end(self, profile: Profile) -> None:
        """Reset makes it empty, delete takes it away."""
        assert self.client.reset(profile)["reason"] == "ResetVoiceProfile"
        assert self.client.get(profile)["details"]["enrollmentStatus"] == "Enrolling"
        assert self.client.get(profile)["details"]["enrollmentsCount"] == 0
        self.did("reset")
        assert self.client.delete(profile)["reason"] == "DeletedVoiceProfile"
        gone = self.client.get(profile)
        assert gone["reason"] == "Canceled"
        assert gone["errorDetails"]
        self.did("delete")


def unknown_ids_are_cancelled(client: Client, kind: Type, clips: Clips) -> None:
    """Nothing that is done to a profile that nobody has succeeds, and all of it ends."""
    nobody = Profile(UNKNOWN, kind)
    for said in (
        client.get(nobody),
        client.enroll(nobody, wav=clips.wav(ENROLS)),
        client.reset(nobody),
    ):
        assert said["reason"] == "Canceled", said
        assert said["errorDetails"], said
    sound = clips.wav(GENUINE)
    if kind is Type.IDENTIFICATION:
        assert client.identify(nobody, wav=sound)["reason"] == "Canceled"
    else:
        assert client.verify(nobody, wav=sound)["reason"] == "Canceled"


def refused(client: Client, call: str, *args: object, **audio: object) -> str:
    """What the client says of a call that must fail: a rejected promise's words, or a Canceled result's."""
    try:
        said = getattr(client, call)(*args, **audio)
    except Rejected as error:
        return str(error)
    assert said["reason"] == "Canceled", said
    return str(said.get("errorDetails", ""))
