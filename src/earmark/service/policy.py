"""What a door asks before a profile counts as enrolled, and a profile to what is still missing."""

from dataclasses import dataclass, replace

from earmark.errors import EnrolmentLimit
from earmark.storage.profiles import MAX_ENROLMENTS
from earmark.storage.values import Profile, ProfileKind
from earmark.voice.engine import SOME_SPEECH
from earmark.voice.quality import ENROL, QualityRules


@dataclass(frozen=True)
class EnrolmentPolicy:
    """The rules of one door; each foreign protocol has its own."""

    each: QualityRules  # every recording by itself
    clip_seconds: tuple[float, float]  # least and most length of one recording, speech or not
    enough_seconds: float  # net speech over all recordings
    enough_clips: int
    most_seconds: float  # length of all recordings together
    most_clips: int


@dataclass(frozen=True)
class Missing:
    """What a profile lacks to be enrolled."""

    speech_seconds: float
    recordings: int

    @property
    def nothing(self) -> bool:
        """Whether it is enough."""
        return self.speech_seconds <= 0 and self.recordings <= 0


# A recording keeps the rules of enrolment by itself, but the seconds of speech count over all of them.
NATIVE = EnrolmentPolicy(
    each=replace(ENROL, speech_seconds=SOME_SPEECH.speech_seconds),
    clip_seconds=(0.0, float("inf")),  # the engine's limits hold
    enough_seconds=ENROL.speech_seconds,
    enough_clips=1,
    most_seconds=float("inf"),
    most_clips=MAX_ENROLMENTS,
)

# What Azure asked of enrolments (its contract, sections 1 and 3.1): of any words, and of a passphrase. It had
# no rule about clipping and voices; ours stand, since a spoilt enrolment spoils every decision.
ANY_WORDS = EnrolmentPolicy(
    each=replace(NATIVE.each, snr_db=0.0),
    clip_seconds=(1.0, 120.0),
    enough_seconds=20.0,
    enough_clips=1,
    most_seconds=300.0,
    most_clips=MAX_ENROLMENTS,
)
PASSPHRASE = EnrolmentPolicy(
    each=replace(NATIVE.each, snr_db=10.0, several_voices=False),  # too short to find two voices in
    clip_seconds=(1.0, 10.0),
    enough_seconds=0.0,
    enough_clips=3,
    most_seconds=float("inf"),
    most_clips=50,
)


def policy_of(kind: ProfileKind) -> EnrolmentPolicy:
    """Return our own rules for profiles of a kind."""
    return PASSPHRASE if kind is ProfileKind.TEXT_DEPENDENT else NATIVE


def missing(profile: Profile, policy: EnrolmentPolicy) -> Missing:
    """Return what the profile lacks by this policy; zeros when nothing."""
    return Missing(
        speech_seconds=max(0.0, policy.enough_seconds - profile.speech_seconds),
        recordings=max(0, policy.enough_clips - len(profile.enrolments)),
    )


def check_room(clips: int, seconds: float, policy: EnrolmentPolicy) -> None:
    """Raise EnrolmentLimit when so many recordings of so many seconds in all are too much for a profile."""
    if clips > policy.most_clips:
        raise EnrolmentLimit(
            f"A profile holds at most {policy.most_clips} recordings: add fewer, or reset it."
        )
    if seconds > policy.most_seconds:
        raise EnrolmentLimit(
            f"A profile holds at most {policy.most_seconds:g} s of recordings: add less, or reset it."
        )
