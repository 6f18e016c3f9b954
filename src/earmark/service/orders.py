"""What is asked of a job and what comes of it: frozen values to bytes, which are kept sealed, and back."""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from earmark.errors import InvalidRequest, SealBroken
from earmark.service.diarise import Fit
from earmark.storage.values import JobKind
from earmark.voice.diarization.pipeline import wanted_speakers
from earmark.voice.diarization.turns import Turn
from earmark.voice.features import Floats

MOST_KNOWN = 100  # voices that a caller may bring
MOST_WHO = 10_000  # profiles that may be named
MOST_EXTRA = 4_096  # bytes, as JSON
LONGEST_LABEL = 1_000  # characters; a caller's own, which is kept no longer than the job
LITTLE_ENDIAN = np.dtype("<f4")
FORMAT = 1


@dataclass(frozen=True)
class Voice:
    """How one person sounds, to be carried about."""

    vector: bytes  # (D,) float32 of unit length, little-endian
    seconds: float  # net speech behind it
    model: str  # name and version that made it, as in "earmark-1@1.0"

    @property
    def numbers(self) -> Floats:
        """The vector, (D,) float32."""
        return np.frombuffer(self.vector, LITTLE_ENDIAN).astype(np.float32)


@dataclass(frozen=True)
class Known:
    """A voice that the caller brings, under the caller's own label."""

    label: str
    voice: Voice


@dataclass(frozen=True)
class Webhook:
    """Where the end of a job is told."""

    url: str
    status_only: bool = False


@dataclass(frozen=True)
class Order:
    """What is asked of a job."""

    kind: JobKind
    source: str  # "media://key", or the http(s) address of a recording
    speakers: int | None = None  # exactly so many people; or `least` to `most`
    least: int | None = None
    most: int | None = None
    known: tuple[Known, ...] = ()
    who: tuple[str, ...] | Literal["all"] | None = None  # profiles of the store, by GUID or label
    threshold: float = 0.0  # 0 to 100, of the confidence from which on a speaker is named
    exclusive_names: bool = True  # nobody is two speakers
    exclusive_turns: bool = False  # the door shows the turns that never overlap
    remember: bool = False  # make profiles of the strangers
    needs_speech: bool = False  # fail where nobody speaks, instead of finding no turns
    webhook: Webhook | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)  # the door's own switches, as JSON

    def to_bytes(self) -> bytes:
        """The order as bytes."""
        return _pack(asdict(self))

    @staticmethod
    def from_bytes(kept: bytes) -> "Order":
        """The order that `to_bytes` was given."""
        told = _unpack(kept)
        who = told["who"]
        told |= {
            "kind": JobKind(told["kind"]),
            "known": tuple(Known(one["label"], Voice(**one["voice"])) for one in told["known"]),
            "who": tuple(who) if isinstance(who, list) else who,
            "webhook": None if told["webhook"] is None else Webhook(**told["webhook"]),
        }
        return Order(**told)


@dataclass(frozen=True)
class SpeakerOutcome:
    """One of the people in a recording."""

    speaker: str  # "SPEAKER_00", as in the turns
    match: str | None = None  # key of the voice: the caller's label, or a profile's GUID
    label: str | None = None  # of the voice; a profile may have none
    fits: tuple[Fit, ...] = ()  # best first; all the voices that the caller brought, else the likeliest
    remembered: bool = False  # a profile was made of this speaker
    not_remembered: str | None = None  # why none could be made, where it was asked for
    seconds: float = 0.0  # of speech while nobody else speaks

    @property
    def confidence(self) -> dict[str, float]:
        """0 to 100 for each voice of `fits`, by key."""
        return {fit.key: fit.confidence for fit in self.fits}


@dataclass(frozen=True)
class Outcome:
    """What came of a job: turns and speakers, or a voiceprint, or an error."""

    seconds: float = 0.0  # length of the recording
    turns: tuple[Turn, ...] = ()
    exclusive: tuple[Turn, ...] = ()  # the turns that never overlap
    certainty: bytes = b""  # one number, 0 to 100, every `resolution` seconds
    resolution: float = 0.02
    turn_fit: tuple[Mapping[str, int], ...] = ()  # of each turn, 0 to 100 for each speaker
    speakers: tuple[SpeakerOutcome, ...] = ()  # by name
    voiceprint: Voice | None = None
    warning: str | None = None
    error: str | None = None  # of a failed job: what is wrong and what to do next
    code: str | None = None  # of a failed job: the error's stable code
    model: str | None = None  # that listened

    def to_bytes(self) -> bytes:
        """The outcome as bytes."""
        return _pack(asdict(self))

    @staticmethod
    def from_bytes(kept: bytes) -> "Outcome":
        """The outcome that `to_bytes` was given."""
        told = _unpack(kept)
        told |= {
            "turns": tuple(Turn(**turn) for turn in told["turns"]),
            "exclusive": tuple(Turn(**turn) for turn in told["exclusive"]),
            "turn_fit": tuple(told["turn_fit"]),
            "speakers": tuple(
                SpeakerOutcome(**(one | {"fits": tuple(Fit(**fit) for fit in one["fits"])}))
                for one in told["speakers"]
            ),
            "voiceprint": None if told["voiceprint"] is None else Voice(**told["voiceprint"]),
        }
        return Outcome(**told)


def check_order(order: Order) -> None:
    """Refuse what can be seen to be wrong before anything is fetched or heard. Raises InvalidRequest."""
    wanted_speakers(order.speakers, order.least, order.most)
    if not 0.0 <= order.threshold <= 100.0:
        raise InvalidRequest(f"A threshold of {order.threshold:g} makes no sense: choose one from 0 to 100.")
    if len(order.known) > MOST_KNOWN:
        raise InvalidRequest(f"{len(order.known)} voiceprints are too many: bring at most {MOST_KNOWN}.")
    if len({known.label for known in order.known}) < len(order.known):
        raise InvalidRequest("Two voiceprints have the same label: give each its own.")
    if any(not 1 <= len(known.label) <= LONGEST_LABEL for known in order.known):
        raise InvalidRequest(f"A label has 1 to {LONGEST_LABEL:,} characters: choose another.")
    if order.known and (order.who is not None or order.remember):
        raise InvalidRequest(
            "Look either for voiceprints of your own or for enrolled profiles (which includes remembering "
            "strangers): ask for the other in a second job."
        )
    if isinstance(order.who, tuple) and not 1 <= len(order.who) <= MOST_WHO:
        raise InvalidRequest(f"Name 1 to {MOST_WHO:,} profiles, or all.")
    if order.kind is JobKind.VOICEPRINT and (order.known or order.who is not None or order.remember):
        raise InvalidRequest("A voiceprint is made of one person: nobody can be looked for meanwhile.")
    try:
        size = len(json.dumps(dict(order.extra)))
    except (TypeError, ValueError):
        size = MOST_EXTRA + 1
    if size > MOST_EXTRA:
        raise InvalidRequest(
            f"The options take more than {MOST_EXTRA:,} bytes: leave out what is not needed."
        )


def _pack(value: dict[str, Any]) -> bytes:
    text = json.dumps(value, separators=(",", ":"), default=_in_base64)
    return bytes([FORMAT]) + zlib.compress(text.encode(), 6)


def _in_base64(value: object) -> Any:
    if isinstance(value, bytes):
        return {"base64": b64encode(value).decode()}
    raise TypeError(f"{type(value).__name__} is not kept")


def _unpack(kept: bytes) -> dict[str, Any]:
    if kept[:1] != bytes([FORMAT]):
        raise SealBroken("A stored job is of an unknown format: use the release that wrote it.")
    told: dict[str, Any] = json.loads(zlib.decompress(kept[1:]), object_hook=_from_base64)
    return told


def _from_base64(value: dict[str, Any]) -> Any:
    return b64decode(value["base64"]) if value.keys() == {"base64"} else value
