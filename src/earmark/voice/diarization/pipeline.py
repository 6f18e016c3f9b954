"""A recording to its diarization: who speaks when, how sure that is, and how each of them sounds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from earmark.errors import InvalidRequest
from earmark.voice.audio import AudioSource, RawFormat
from earmark.voice.decode.limits import Limits
from earmark.voice.diarization.clustering import Clusters, Doubles, Tuning, Wanted, cluster
from earmark.voice.diarization.following import part_again
from earmark.voice.diarization.hearing import STRETCH_SECONDS, Activity, Embed, Heard, Unit, hear
from earmark.voice.diarization.segmenter import FRAME_SECONDS, WINDOW_SECONDS
from earmark.voice.diarization.source import LONG, open_stretches
from earmark.voice.diarization.stitching import Stitched, make_exclusive, make_turns, stitch
from earmark.voice.diarization.tuning import TUNING
from earmark.voice.diarization.turns import Turn, speakers_of
from earmark.voice.features import Floats

MOST_SPEAKERS = 50  # that can be asked for
PURE = 0.8  # share of a unit that is of one speaker, for it to tell how that one sounds


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

    The recording is decoded as it is heard, and what is kept of it grows by some 2 kB a second. `told` gets
    the seconds that are done. Raises InvalidRequest for numbers that contradict each other, and what
    `load_clip` raises. A recording without speech has no turns.
    """
    wanted = wanted_speakers(speakers, least, most)
    overlap = int(WINDOW_SECONDS)
    with open_stretches(
        audio, seconds=STRETCH_SECONDS, overlap=overlap, raw=raw, sample_rate=sample_rate, limits=limits
    ) as stretches:
        heard = hear(stretches, ears.segmenter, ears.embed, threads=ears.threads, told=told)
    return tell_apart(heard, ears.tuning, wanted)


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


def tell_apart(heard: Heard, tuning: Tuning, wanted: Wanted) -> Diarization:
    """What was heard of a recording to who speaks when in it."""
    alone = [unit for unit in heard.units if unit.alone]
    # People who speak only at the same time all along: better one voice of the two than nobody.
    units = alone or heard.units
    clusters = cluster(heard, units, tuning, wanted)
    again = part_again(heard, clusters, tuning)
    if again:
        units, clusters = again, cluster(heard, again, tuning, wanted)
    stitched = stitch(heard, units, clusters, tuning)
    numbered = [str(number) for number in range(clusters.seconds.size)]
    turns = make_turns(stitched.speaking, names=numbered)
    order = [int(number) for number in speakers_of(turns)]
    names = {str(number): f"SPEAKER_{place:02d}" for place, number in enumerate(order)}
    exclusive = [turn for turn in make_exclusive(stitched.loudest, names=numbered) if turn.speaker in names]
    fits = _fits(turns, units, clusters, tuning, order)
    people = [
        Speaker(f"SPEAKER_{place:02d}", *_voice(heard.units, stitched, one))
        for place, one in enumerate(order)
    ]
    surely = [
        _confidence(turn, stitched, fits[row, order.index(int(turn.speaker))])
        for row, turn in enumerate(turns)
    ]
    return Diarization(
        seconds=heard.seconds,
        turns=tuple(
            replace(turn, speaker=names[turn.speaker], confidence=sure)
            for turn, sure in zip(turns, surely, strict=True)
        ),
        exclusive=tuple(replace(turn, speaker=names[turn.speaker]) for turn in exclusive),
        speakers=tuple(people),
        fits=fits,
        certainty=stitched.certainty,
        warning=_warning(len(people), wanted),
    )


def _voice(units: Sequence[Unit], stitched: Stitched, one: int) -> tuple[float, Floats]:
    """Seconds of what a speaker says alone, and its pooled embedding (D,), as voiceprints are made."""
    shares = np.array([np.mean(stitched.loudest[unit.frames] == one) for unit in units])
    seconds = np.array([unit.seconds for unit in units]) * shares
    alone = np.array([unit.alone for unit in units])
    # What several people said is left out where there is anything else.
    for kept in (alone & (shares >= PURE), alone, np.ones(len(units), bool)):
        if seconds[kept].sum() > 0.0:
            break
    total = np.zeros(units[0].vector.size)
    for place in np.flatnonzero(kept & (seconds > 0.0)).tolist():
        total += seconds[place] * units[place].vector
    length = max(float(np.linalg.norm(total)), 1e-12)
    return float(seconds[kept].sum()), np.asarray(total / length, np.float32)


def _fits(
    turns: list[Turn], units: list[Unit], clusters: Clusters, tuning: Tuning, order: list[int]
) -> Doubles:
    """Of each turn, the probability of each speaker by its embedding alone; even where nothing was heard."""
    fits = np.full((len(turns), len(order)), 1.0 / max(1, len(order)))
    starts = np.array([unit.start for unit in units]) * FRAME_SECONDS
    persons, seconds = clusters.vectors[order], clusters.seconds[order]
    for row, turn in enumerate(turns):
        total, spoken = np.zeros(persons.shape[1]), 0.0
        first = int(np.searchsorted(starts, turn.start - 2 * WINDOW_SECONDS))
        for place in range(first, int(np.searchsorted(starts, turn.end))):
            unit = units[place]
            if order[0] < 0 or str(clusters.labels[place]) != turn.speaker:
                continue
            inside = np.mean(
                (unit.frames * FRAME_SECONDS >= turn.start) & (unit.frames * FRAME_SECONDS < turn.end)
            )
            total += inside * unit.seconds * unit.vector
            spoken += float(inside) * unit.seconds
        if spoken:
            cosine = persons @ (total / max(float(np.linalg.norm(total)), 1e-12))
            llrs = tuning.likeness.llr(cosine, spoken, seconds)
            odds = np.exp(llrs - llrs.max())
            fits[row] = odds / odds.sum()
    return fits


def _confidence(turn: Turn, stitched: Stitched, fit: float) -> float:
    """How sure a turn is: that its speaker speaks, and that it is this one."""
    frames = slice(round(turn.start / FRAME_SECONDS), round(turn.end / FRAME_SECONDS))
    return round(float(stitched.certainty[frames].mean()) / 100.0 * float(fit), 4)


def _warning(found: int, wanted: Wanted) -> str | None:
    if 0 < found < wanted.least:
        return f"{wanted.least} speakers were asked for, and only {found} could be told apart."
    return None
