"""What `earmark diarize --json` prints; see `shapes` for the rules that it keeps."""

from typing import TYPE_CHECKING, Annotated, NotRequired, TypedDict

if TYPE_CHECKING:
    from earmark.service.diarise import Diarised, Fit, NamedSpeaker
    from earmark.voice.diarization.turns import Turn


class TurnJson(TypedDict):
    """One stretch of one speaker's speech."""

    start: Annotated[float, "seconds from the start of the recording"]
    end: Annotated[float, "seconds from the start of the recording"]
    speaker: Annotated[str, "`SPEAKER_00` and so on"]
    name: Annotated[str, "who it is: label or identifier; the same as `speaker` for a stranger"]
    confidence: NotRequired[Annotated[float, "0 to 100: how surely this speaker speaks here"]]


class VoiceFitJson(TypedDict):
    """One known voice, as a possible name of a speaker."""

    profile: Annotated[str, "identifier"]
    label: Annotated[str | None, "what people call it"]
    confidence: Annotated[float, "0 to 100: the odds are even at 50"]


class SpeakerJson(TypedDict):
    """One of the people in a recording."""

    speaker: Annotated[str, "`SPEAKER_00` and so on, in the order in which they are first heard"]
    name: Annotated[str, "as in the turns"]
    match: Annotated[VoiceFitJson | None, "who it is; null for a stranger"]
    voices: Annotated[list[VoiceFitJson], "the likeliest of those looked for, best first"]
    seconds: Annotated[float, "of speech, overlap included"]
    remembered: Annotated[bool, "a profile was made of this speaker by this command"]
    not_remembered: NotRequired[Annotated[str, "why no profile could be made"]]


class DiarizationJson(TypedDict):
    """What `diarize` found in one recording."""

    file: str
    seconds: Annotated[float, "length of the recording"]
    speakers: list[SpeakerJson]
    turns: Annotated[list[TurnJson], "by start; turns of different speakers may overlap"]
    exclusive_turns: NotRequired[Annotated[list[TurnJson], "with --exclusive: never two at once"]]
    warning: NotRequired[Annotated[str, "what could not be done as asked"]]


def diarization_json(result: "Diarised", *, file: str, exclusive: bool) -> DiarizationJson:
    """A `Diarised`, under the name of its recording."""
    from earmark.voice.diarization.turns import speech_seconds

    found = result.diarization
    names = {one.speaker: one.name for one in result.speakers}
    shape: DiarizationJson = {
        "file": file,
        "seconds": round(found.seconds, 3),
        "speakers": [_speaker(one, speech_seconds(found.turns, one.speaker)) for one in result.speakers],
        "turns": [_turn(turn, names) for turn in found.turns],
    }
    if exclusive:
        shape["exclusive_turns"] = [_turn(turn, names) for turn in found.exclusive]
    if found.warning is not None:
        shape["warning"] = found.warning
    return shape


def _turn(turn: "Turn", names: dict[str, str]) -> TurnJson:
    shape: TurnJson = {
        "start": round(turn.start, 3),
        "end": round(turn.end, 3),
        "speaker": turn.speaker,
        "name": names[turn.speaker],
    }
    if turn.confidence is not None:
        shape["confidence"] = round(100.0 * turn.confidence, 1)
    return shape


def _speaker(one: "NamedSpeaker", seconds: float) -> SpeakerJson:
    shape: SpeakerJson = {
        "speaker": one.speaker,
        "name": one.name,
        "match": None if one.match is None else _fit(one.match),
        "voices": [_fit(fit) for fit in one.fits],
        "seconds": round(seconds, 2),
        "remembered": one.remembered,
    }
    if one.not_remembered is not None:
        shape["not_remembered"] = one.not_remembered
    return shape


def _fit(fit: "Fit") -> VoiceFitJson:
    return {"profile": fit.key, "label": fit.label, "confidence": round(fit.confidence, 1)}
