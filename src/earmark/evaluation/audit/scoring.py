"""Pairs of clips to trials as the model scores them, with what the report looks at beside: seconds, noise."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from earmark.evaluation.audit.hearing import Heard
from earmark.evaluation.audit.pairs import Pairs, Places
from earmark.evaluation.intervals import Trials
from earmark.evaluation.metrics import Doubles
from earmark.voice.features import Floats
from earmark.voice.scoring.backends import Cosine
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.decider import Decider
from earmark.voice.scoring.voices import Voices

BLOCK = 8_192  # trials scored at once: bounds the memory
LEAST_SECONDS = 0.1  # a single word without detected speech counts as so much


@dataclass(frozen=True, eq=False)
class Scored:
    """Trials and their circumstances; every array is (n,)."""

    trials: Trials  # `scores` are LLRs when `is_llr`
    raw: Doubles  # the back end's score, or the score as it was handed over
    snr_db: Doubles | None  # of the noisier side
    sides: Places  # place of the enrolment side in the pairs
    clips: Places  # place of the clip under test
    is_llr: bool
    kind: str = "cosine"  # what the raw scores are, as calibrations name them

    @property
    def raw_trials(self) -> Trials:
        """The trials with their raw scores."""
        return replace(self.trials, scores=self.raw)

    @property
    def seconds(self) -> Doubles:
        """Net speech of the shorter side."""
        return np.minimum(self.trials.enrol_seconds, self.trials.test_seconds)


def number_speakers(names: list[str]) -> Places:
    """(n,) a number for each clip's speaker, by the order of their names."""
    return np.unique(np.asarray(names), return_inverse=True)[1].astype(np.intp)


def side_vectors(heard: Heard, sides: tuple[tuple[int, ...], ...]) -> Floats:
    """(sides, D) unit vectors: of several clips their mean, as a voiceprint's."""
    if all(len(side) == 1 for side in sides):
        return heard.vectors[[side[0] for side in sides]]
    means = np.stack([heard.vectors[list(side)].sum(axis=0, dtype=np.float64) for side in sides])
    lengths = np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    return np.asarray(means / lengths, np.float32)


def side_seconds(heard: Heard, sides: tuple[tuple[int, ...], ...]) -> Doubles:
    """(sides,) net speech of all clips of a side, at least `LEAST_SECONDS`."""
    total = [heard.speech_seconds[list(side)].sum() for side in sides]
    return np.maximum(np.array(total, np.float64), LEAST_SECONDS)


def side_voices(heard: Heard, sides: Sequence[tuple[int, ...]]) -> Voices:
    """Sides as a back end takes them: what was measured of several clips is averaged as in a voiceprint."""
    recorded = []
    for side in sides:
        clips = list(side)
        lengths = np.maximum(heard.speech_seconds[clips], LEAST_SECONDS)
        noise, band = heard.snr_db[clips], heard.bandwidth_hz[clips]
        found = band > 0.0
        recorded.append(
            (
                np.average(noise, weights=lengths),
                np.average(band[found], weights=lengths[found]) if found.any() else np.nan,
            )
        )
    snr, bandwidth = np.array(recorded, np.float64).reshape(-1, 2).T
    return Voices(side_vectors(heard, tuple(sides)), side_seconds(heard, tuple(sides)), snr, bandwidth)


def score_pairs(
    heard: Heard,
    speakers: Places,
    pairs: Pairs,
    decider: Decider | None,
) -> Scored:
    """Score of every pair, and its LLR when it is known what a score means; cosines otherwise."""
    backend = Cosine() if decider is None else decider.backend
    sides = backend.hear(side_voices(heard, pairs.sides))
    clips = backend.hear(side_voices(heard, [(clip,) for clip in range(len(heard.clips))]))
    raw = np.empty(pairs.enrol.size, np.float64)
    for start in range(0, raw.size, BLOCK):
        part = slice(start, start + BLOCK)
        raw[part] = backend.pair_scores(sides.take(pairs.enrol[part]), clips.take(pairs.test[part]))
    noise = np.array([heard.snr_db[list(side)].min() for side in pairs.sides])
    owners = np.array([speakers[side[0]] for side in pairs.sides])
    trials = Trials(
        raw,
        owners[pairs.enrol].astype(np.int64),
        speakers[pairs.test].astype(np.int64),
        np.zeros(raw.size, np.int64),
        sides.voices.seconds[pairs.enrol],
        clips.voices.seconds[pairs.test],
    )
    snr = np.minimum(noise[pairs.enrol], heard.snr_db[pairs.test])
    scored = Scored(trials, raw, snr, pairs.enrol, pairs.test, is_llr=False, kind=backend.name)
    return scored if decider is None else with_llr(scored, decider.calibration)


def given_scores(scores: Doubles, speakers: Places, pairs: Pairs, *, is_llr: bool) -> Scored:
    """Trials that somebody else has scored; nothing is known of their recordings."""
    trials = Trials(
        scores,
        speakers[pairs.enrol].astype(np.int64),
        speakers[pairs.test].astype(np.int64),
        np.zeros(scores.size, np.int64),
        np.ones(scores.size),
        np.ones(scores.size),
    )
    return Scored(trials, scores, None, pairs.enrol, pairs.test, is_llr=is_llr)


def with_llr(scored: Scored, calibration: Calibration) -> Scored:
    """The same trials under a calibration."""
    trials = scored.trials
    llr = calibration.llr(scored.raw, trials.enrol_seconds, trials.test_seconds)
    return replace(scored, trials=replace(trials, scores=llr), is_llr=True)


def part_of(scored: Scored, where: NDArray[np.bool_]) -> Scored:
    """The trials at `where`, (n,)."""
    trials = Trials(**{name: values[where] for name, values in vars(scored.trials).items()})
    snr = None if scored.snr_db is None else scored.snr_db[where]
    return Scored(
        trials,
        scored.raw[where],
        snr,
        scored.sides[where],
        scored.clips[where],
        is_llr=scored.is_llr,
        kind=scored.kind,
    )
