"""Sections of a recording to the speakers in them, and these to the people of the whole recording.

What is kept of a section once its speakers are told apart is small: hours need hardly more memory than
minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.voice.diarization.clustering import (
    Clusters,
    Doubles,
    Ints,
    Likeness,
    Tuning,
    Wanted,
    cluster,
    join,
    unit_rows,
)
from earmark.voice.diarization.following import part_again
from earmark.voice.diarization.hearing import Heard, Unit
from earmark.voice.diarization.segmenter import FRAME_SECONDS, WINDOW_SECONDS
from earmark.voice.diarization.stitching import Stitched, stitch
from earmark.voice.diarization.turns import Turn
from earmark.voice.features import Floats

PURE = 0.8  # share of a unit that is of one speaker, for it to tell how that one sounds


@dataclass(frozen=True, eq=False)
class Voices:
    """How speakers sound in what is nearly theirs alone, in what nobody else speaks in, and in all of it."""

    sums: Doubles  # (3, speakers, D), unit vectors times seconds
    seconds: Doubles  # (3, speakers)

    def of(self, one: int) -> tuple[float, Floats]:
        """Seconds of the purest that there is of a speaker, and its pooled embedding (D,), of unit length."""
        kind = int(np.argmax(self.seconds[:, one] > 0.0))
        total = self.sums[kind, one]
        length = max(float(np.linalg.norm(total)), 1e-12)
        return float(self.seconds[kind, one]), np.asarray(total / length, np.float32)


@dataclass(frozen=True, eq=False)
class Told:
    """A section, or a recording, whose speakers are told apart."""

    stitched: Stitched  # the frames that are its own
    sums: Doubles  # (speakers, D) of what they are told apart by, unit vectors times seconds
    seconds: Doubles  # (speakers,)
    units: NDArray[Any]  # (n,) records as `_records` makes them, by start
    voices: Voices


def tell_section(heard: Heard, tuning: Tuning, wanted: Wanted) -> Told:
    """Tell the speakers of a section apart."""
    if not heard.whole:  # who speaks in this section only must be left apart: too many are joined later
        wanted = replace(wanted, most=None)
    alone = [unit for unit in heard.units if unit.alone]
    # People who speak only at the same time all along: better one voice of the two than nobody.
    units = alone or heard.units
    clusters = cluster(heard, units, tuning, wanted)
    again = part_again(heard, clusters, tuning)
    if again:
        units, clusters = again, cluster(heard, again, tuning, wanted)
    stitched = stitch(heard, units, clusters, tuning)
    own = Stitched(
        stitched.speaking[heard.begin :].copy(),
        stitched.loudest[heard.begin :].copy(),
        stitched.certainty[heard.begin :].copy(),
    )
    voices = _voices(heard.units, stitched, clusters)
    return Told(own, clusters.sums, clusters.seconds, _records(heard.first, units, clusters), voices)


def _records(first: int, units: Sequence[Unit], clusters: Clusters) -> NDArray[Any]:
    """Units with their speakers; frames count from the recording's start."""
    kind = [("start", "i4"), ("end", "i4"), ("seconds", "f4"), ("speaker", "i2")]
    records = np.zeros(len(units), [*kind, ("vector", "f2", (clusters.sums.shape[1],))])
    for record, unit, label in zip(records, units, clusters.labels, strict=True):
        record["start"], record["end"] = first + unit.start, first + unit.end
        record["seconds"], record["speaker"], record["vector"] = unit.seconds, label, unit.vector
    return records


def _voices(units: Sequence[Unit], stitched: Stitched, clusters: Clusters) -> Voices:
    count, width = clusters.sums.shape
    sums, seconds = np.zeros((3, count, width)), np.zeros((3, count))
    for unit in units if count else ():
        owners = stitched.loudest[unit.frames]
        shares = np.bincount(owners[owners >= 0], minlength=count) / owners.size
        for one in np.flatnonzero(shares).tolist():
            kinds = [unit.alone and shares[one] >= PURE, unit.alone, True]
            sums[kinds, one] += unit.seconds * shares[one] * unit.vector
            seconds[kinds, one] += unit.seconds * shares[one]
    return Voices(sums, seconds)


def join_sections(parts: Sequence[Told], tuning: Tuning, wanted: Wanted) -> Told:
    """Sections to the recording: speakers of several sections who are one person become one."""
    if len(parts) == 1:
        return parts[0]
    spoken = [part for part in parts if part.seconds.size] or parts[:1]
    sums = np.concatenate([part.sums for part in spoken])
    seconds = np.concatenate([part.seconds for part in spoken])
    people = join(sums, seconds, tuning, wanted)
    member = (people == np.arange(people.max(initial=-1) + 1)[:, None]).astype(np.float64)
    voices = Voices(
        member @ np.concatenate([part.voices.sums for part in spoken], axis=1),
        np.concatenate([part.voices.seconds for part in spoken], axis=1) @ member.T,
    )
    names = np.split(people, np.cumsum([part.seconds.size for part in parts])[:-1])
    stitched = _joined([part.stitched for part in parts], names, len(member))
    units = np.concatenate([part.units for part in spoken])
    units["speaker"] = np.concatenate(
        [own[part.units["speaker"]] for part, own in zip(parts, names, strict=True)]
    )
    return Told(stitched, member @ sums, member @ seconds, units, voices)


def _joined(parts: Sequence[Stitched], names: Sequence[Ints], count: int) -> Stitched:
    """Frames of sections, whose speakers have `names`, to those of a recording with `count` speakers."""
    loudest = [np.append(own, -1)[part.loudest] for part, own in zip(parts, names, strict=True)]
    speaking = np.zeros((sum(map(len, loudest)), count), bool)
    end = 0
    for part, own in zip(parts, names, strict=True):
        start, end = end, end + len(part.loudest)
        for local, person in enumerate(own.tolist()):
            speaking[start:end, person] |= part.speaking[:, local]
    certainty = np.concatenate([part.certainty for part in parts])
    return Stitched(speaking, np.concatenate(loudest).astype(np.int16), certainty)


def fits_of(turns: Sequence[Turn], told: Told, likeness: Likeness, order: Sequence[int]) -> Doubles:
    """Of each turn, the probability of each speaker by its embedding alone; even where nothing was heard."""
    fits = np.full((len(turns), len(order)), 1.0 / max(1, len(order)))
    persons, seconds = unit_rows(told.sums[list(order)]), told.seconds[list(order)]
    starts = told.units["start"] * FRAME_SECONDS
    ends = told.units["end"] * FRAME_SECONDS
    for row, turn in enumerate(turns):
        near = slice(*np.searchsorted(starts, [turn.start - 2 * WINDOW_SECONDS, turn.end]))
        units = told.units[near]
        common = np.minimum(ends[near], turn.end) - np.maximum(starts[near], turn.start)
        inside = np.maximum(common, 0.0) / (ends[near] - starts[near])
        weights = inside * units["seconds"] * (units["speaker"] == int(turn.speaker))
        if weights.any():
            total = weights @ units["vector"].astype(np.float64)
            cosine = persons @ (total / max(float(np.linalg.norm(total)), 1e-12))
            llrs = likeness.llr(cosine, weights.sum(), seconds)
            odds = np.exp(llrs - llrs.max())
            fits[row] = odds / odds.sum()
    return fits
