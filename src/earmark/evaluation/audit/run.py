"""Clips, a trial list or a score file to an audit and what it was made with: the whole way, step by step."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from earmark.errors import TrialsTooFew
from earmark.evaluation.audit.audit import Asked, Audit, run_audit
from earmark.evaluation.audit.clips import Clip
from earmark.evaluation.audit.hearing import Heard, Memory, hear_all
from earmark.evaluation.audit.lists import Listed, check_labels, merge, read_scores, read_trials
from earmark.evaluation.audit.pairs import listed_pairs, make_pairs
from earmark.evaluation.audit.provenance import Provenance, gather_provenance
from earmark.evaluation.audit.scoring import given_scores, number_speakers, score_pairs
from earmark.voice.engine import Engine
from earmark.voice.models.calibrations import CalibrationFile


@dataclass(frozen=True)
class Job:
    """What is evaluated, beside what is asked of it."""

    source: str  # name of the folder or table
    clips: Sequence[Clip]
    asked: Asked
    trials: Path | None = None  # a list; None: pairs are made
    date: str = ""


def evaluate_recordings(
    engine: Engine,
    job: Job,
    *,
    threads: int = 1,
    memory: Memory | None = None,
    installed: CalibrationFile | None = None,
    watch: Callable[[Iterator[Any]], Iterator[Any]] = lambda results: results,
    expect: Callable[[int], None] = lambda _: None,
) -> tuple[Audit, Provenance]:
    """Embed, pair, score and measure. `expect` is told how many recordings will pass through `watch`.

    Raises TrialsInvalid, TrialsTooFew and what hearing raises.
    """
    asked, clips, listed = job.asked, list(job.clips), None
    if job.trials is not None:
        listed = _read_list(job.trials, clips)
        clips, listed = _only_listed(clips, listed)
    expect(len(clips))
    heard = hear_all(engine, clips, threads=threads, strict=asked.strict, memory=memory, watch=watch)
    _enough(heard)
    speakers = number_speakers([clip.speaker for clip in heard.clips])
    lost = 0
    if listed is None:
        pairs = make_pairs(speakers, heard.digests, enrol=asked.enrol, most=asked.most, seed=asked.seed)
    else:
        usable, lost = _usable(listed, clips, heard)
        pairs = listed_pairs(usable, speakers)
    decider = None if engine.entry.calibration is None else engine.decider
    scored = score_pairs(heard, speakers, pairs, decider)
    audit = run_audit(heard, heard.clips, speakers, pairs, scored, decider, asked, lost=lost)
    contents = [(clip.name, digest) for clip, digest in zip(heard.clips, heard.digests, strict=True)]
    contents += [(failure.clip.name, failure.code) for failure in heard.failures]
    if job.trials is not None:
        contents.append(("trials", _digest(job.trials)))
    made = gather_provenance(job.source, contents, engine.entry, installed, _parameters(job), date=job.date)
    return audit, made


def evaluate_scores(job: Job, scores: Path, *, is_llr: bool) -> tuple[Audit, Provenance]:
    """Measure scores that somebody else has made of the clips. Raises TrialsInvalid, TrialsTooFew."""
    clips = list(job.clips)
    names = [clip.speaker for clip in clips]
    places = {clip.name: place for place, clip in enumerate(clips)}
    listed = read_scores(scores, places)
    check_labels(listed, names, scores)
    contents = [("scores", _digest(scores))]
    if job.trials is not None:
        listed = merge(_read_list(job.trials, clips), listed)
        contents.append(("trials", _digest(job.trials)))
    clips, listed = _only_listed(clips, listed)
    speakers = number_speakers([clip.speaker for clip in clips])
    pairs = listed_pairs(listed, speakers)
    scored = given_scores(np.asarray(listed.scores, np.float64), speakers, pairs, is_llr=is_llr)
    audit = run_audit(None, tuple(clips), speakers, pairs, scored, None, job.asked)
    return audit, gather_provenance(job.source, contents, None, None, _parameters(job), date=job.date)


def _read_list(path: Path, clips: Sequence[Clip]) -> Listed:
    listed = read_trials(path, {clip.name: place for place, clip in enumerate(clips)})
    check_labels(listed, [clip.speaker for clip in clips], path)
    return listed


def _only_listed(clips: Sequence[Clip], listed: Listed) -> tuple[list[Clip], Listed]:
    """The clips that occur in trials, and the trials by their new places."""
    used, places = np.unique(np.concatenate([listed.enrol, listed.test]), return_inverse=True)
    enrol, test = np.split(places.astype(np.intp), 2)
    return [clips[place] for place in used], Listed(enrol, test, listed.genuine, listed.scores)


def _usable(listed: Listed, clips: Sequence[Clip], heard: Heard) -> tuple[Listed, int]:
    """The trials by places among the usable clips, and how many have another."""
    found = {clip.name: place for place, clip in enumerate(heard.clips)}
    new = np.array([found.get(clip.name, -1) for clip in clips], np.intp)
    enrol, test = new[listed.enrol], new[listed.test]
    kept = (enrol >= 0) & (test >= 0)
    if not kept.any():
        raise TrialsTooFew("No listed trial has two usable recordings: see to the recordings first.")
    return Listed(enrol[kept], test[kept], None, None), int(np.count_nonzero(~kept))


def _enough(heard: Heard) -> None:
    if len(heard.clips) < 2:
        codes = sorted({failure.code for failure in heard.failures})
        raise TrialsTooFew(
            f"{len(heard.clips)} of {heard.attempts} recordings could be used "
            f"({', '.join(codes) or 'none'}): `earmark inspect` says why."
        )


def _parameters(job: Job) -> dict[str, str]:
    asked = job.asked
    return {
        "false-match rate asked for": f"{asked.fmr:g}",
        "false-positive identification rate": f"{asked.fpir:g}",
        "prior of the same speaker": f"{asked.costs.p_target:g}",
        "cost of a miss, of a false match": f"{asked.costs.miss:g}, {asked.costs.false_match:g}",
        "recordings to enrol a speaker": f"{asked.enrol}",
        "trials": f"at most {asked.most:,}" if job.trials is None else "listed",
        "seed": f"{asked.seed}",
        "what verify refuses": "left out" if asked.strict else "measured too",
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
