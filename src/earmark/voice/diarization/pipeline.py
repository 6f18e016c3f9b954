"""A recording to its diarization: who speaks when, how sure that is, and how each of them sounds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from earmark.errors import InvalidRequest
from earmark.voice.audio import AudioSource, RawFormat
from earmark.voice.decode.limits import Limits
from earmark.voice.diarization.clustering import Doubles, Tuning, Wanted
from earmark.voice.diarization.hearing import STRETCH_SECONDS, Activity, Embed, Heard, hear
from earmark.voice.diarization.sections import fits_of, join_sections, tell_section
from earmark.voice.diarization.segmenter import FRAME_SECONDS, WINDOW_SECONDS
from earmark.voice.diarization.source import LONG, open_stretches
from earmark.voice.diarization.stitching import Stitched, make_exclusive, make_turns
from earmark.voice.diarization.tuning import TUNING
from earmark.voice.diarization.turns import Turn, speakers_of
from earmark.voice.features import Floats

MOST_SPEAKERS = 50  # that can be asked for


@dataclass(frozen=True, eq=False)
class Speaker:
    """One of the people in a recording."""

    name: str  # "SPEAKER_00", "SPEAKER_01", ... in the order in which they are first heard
    seconds: float  # of speech while nobody else speaks: what `vector` is made of
    vector: Floats  # (D,) of unit length


@dataclass(frozen=True, eq=False)
class Diarization:
    """Who speaks when in a recording."""

    seconds: float  # length of the recording
    turns: tuple[Turn, ...]  # by start; those of different speakers may overlap
    exclusive: tuple[Turn, ...]  # never two at once: the one who is heard best
    speakers: tuple[Speaker, ...]
    fits: (
        Doubles  # (turns, speakers) 0 to 1, rows sum to 1: whose voice the turn is, as far as it can be heard
    )
    certainty: NDArray[np.uint8]  # 0 to 100 for every `resolution` seconds
    resolution: float = FRAME_SECONDS
    warning: str | None = None  # why the number of speakers is not the one asked for


@dataclass(frozen=True, eq=False)
class Ears:
    """What a recording is heard with."""

    segmenter: Activity
    embed: Embed
    tuning: Tuning = TUNING
    threads: int = 1  # that hear side by side


def diarize(
    audio: AudioSource,
    ears: Ears,
    *,
    speakers: int | None = None,
    least: int | None = None,
    most: int | None = None,
    raw: RawFormat | None = None,
    sample_rate: int | None = None,
    limits: Limits = LONG,
    told: Callable[[float], None] | None = None,
) -> Diarization:
    """Say who speaks when, among exactly `speakers` people or `least` to `most`, as many as are heard.

    The recording is decoded as it is heard, and its speakers are told apart in sections of 16 to 20 minutes,
    whose people are compared at the end: some 500 bytes are kept of each second. `told` gets the seconds that
    are done. Raises InvalidRequest for numbers that contradict each other, and what `load_clip` raises. A
    recording without speech has no turns.
    """
    wanted = wanted_speakers(speakers, least, most)
    overlap = int(WINDOW_SECONDS)
    with open_stretches(
        audio, seconds=STRETCH_SECONDS, overlap=overlap, raw=raw, sample_rate=sample_rate, limits=limits
    ) as stretches:
        sections = hear(stretches, ears.segmenter, ears.embed, threads=ears.threads, told=told)
        return tell_apart(sections, ears.tuning, wanted)


def wanted_speakers(speakers: int | None, least: int | None, most: int | None) -> Wanted:
    """The numbers that were asked for; `speakers` wins. Raises InvalidRequest."""
    if speakers is not None:
        least = most = speakers
    for number in (least, most):
        if number is not None and not 1 <= number <= MOST_SPEAKERS:
            raise InvalidRequest(f"Asked for {number} speakers: ask for 1 to {MOST_SPEAKERS}.")
    if least is not None and most is not None and least > most:
        raise InvalidRequest(f"At least {least} and at most {most} speakers cannot be: swap them.")
    return Wanted(least or 1, most)


def tell_apart(sections: Iterable[Heard], tuning: Tuning, wanted: Wanted) -> Diarization:
    """What was heard of a recording to who speaks when in it."""
    # No section is held while the next one is heard, as it would be by the name of a loop.
    parts = list(map(partial(tell_section, tuning=tuning, wanted=wanted), sections))
    found = join_sections(parts, tuning, wanted)
    numbered = [str(number) for number in range(found.seconds.size)]
    turns = make_turns(found.stitched.speaking, names=numbered)
    order = [int(number) for number in speakers_of(turns)]
    names = {str(number): f"SPEAKER_{place:02d}" for place, number in enumerate(order)}
    exclusive = [
        turn for turn in make_exclusive(found.stitched.loudest, names=numbered) if turn.speaker in names
    ]
    fits = fits_of(turns, found, tuning.likeness, order)
    surely = [
        _confidence(turn, found.stitched, fits[row, order.index(int(turn.speaker))])
        for row, turn in enumerate(turns)
    ]
    return Diarization(
        seconds=found.stitched.loudest.size * FRAME_SECONDS,
        turns=tuple(
            replace(turn, speaker=names[turn.speaker], confidence=sure)
            for turn, sure in zip(turns, surely, strict=True)
        ),
        exclusive=tuple(replace(turn, speaker=names[turn.speaker]) for turn in exclusive),
        speakers=tuple(Speaker(names[str(one)], *found.voices.of(one)) for one in order),
        fits=fits,
        certainty=found.stitched.certainty,
        warning=_warning(len(order), wanted),
    )


def _confidence(turn: Turn, stitched: Stitched, fit: float) -> float:
    """How sure a turn is: that its speaker speaks, and that it is this one."""
    frames = slice(round(turn.start / FRAME_SECONDS), round(turn.end / FRAME_SECONDS))
    return round(float(stitched.certainty[frames].mean()) / 100.0 * float(fit), 4)


def _warning(found: int, wanted: Wanted) -> str | None:
    if 0 < found < wanted.least:
        return f"{wanted.least} speakers were asked for, and only {found} could be told apart."
    return None
