"""What normalisation by strangers costs a trial, and all pairs of many clips in bounded memory."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.search import DIMENSION, made_gallery
from bench.timing import medians
from earmark.voice.scoring.alignment import TERMS, Alignment
from earmark.voice.scoring.backends import Cosine, Fused
from earmark.voice.scoring.calibration import Calibration, unchanged
from earmark.voice.scoring.decider import Decider
from earmark.voice.scoring.own_people import MOST, WEIGHED, OwnPeople
from earmark.voice.scoring.plda import Plda
from earmark.voice.scoring.voices import Voices

COHORT = 1_000
CLIPS = 10_000
GALLERIES = (1_000, 100_000)
MEANING = Calibration(
    (0.0,) * 4, (1.0, 0.0, 0.0, 0.0), (0.3, 10.0), (0.3, 10.0), ((0.1, 0.0), (0.001, 4.0)), "bench"
)

# In a process of its own, so that nothing else of the benchmark is in its memory.
PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np
from bench.scoring import made_decider
from bench.search import made_gallery

def status(field):
    rows = Path("/proc/self/status").read_text().splitlines()
    return next(int(row.split()[1]) / 1024 for row in rows if row.startswith(field))

import time
draw = np.random.default_rng(3)
count = int(sys.argv[1])
decider, gallery = made_decider(draw), made_gallery(count, draw)
voices = gallery.voices(np.arange(count))
before, started, pairs, high = status("VmRSS"), time.perf_counter(), 0, 0
for row, start, llrs in decider.all_pairs(voices):
    pairs += llrs.size
    high += int((llrs > 10.0).sum())
took = time.perf_counter() - started
print(json.dumps({"before": before, "peak": status("VmHWM"), "seconds": took, "pairs": pairs}))
"""


def made_decider(draw: np.random.Generator) -> Decider:
    """A back end of the shipped one's size, of random numbers."""
    cohort = made_gallery(COHORT, draw).matrix
    transform = draw.standard_normal((DIMENSION, DIMENSION)).astype(np.float32)
    plda = Plda(np.zeros(DIMENSION, np.float32), transform, np.full(DIMENSION, 0.5, np.float32))
    alignment = Alignment((0.0,) * len(TERMS), (0.1,) * len(TERMS), (0.3, 10.0))
    return Decider(Fused(cohort, plda, 50, (0.5, 0.5), alignment, MEANING), unchanged(MEANING))


def lines(rounds: int) -> Iterator[str]:
    """The section, line by line."""
    draw = np.random.default_rng(2)
    decider, plain = made_decider(draw), Decider(Cosine(), MEANING)
    pair = made_gallery(2, draw)
    enrolled, tested = pair.voices(np.array([0])), pair.voices(np.array([1]))
    kept = decider.hear(enrolled)
    full, once, cosine = medians(
        [
            lambda: decider.llrs(enrolled, tested),
            lambda: decider.llrs(kept, tested),
            lambda: plain.llrs(enrolled, tested),
        ],
        rounds=max(rounds, 50),
    )
    yield (
        f"a trial over a cohort of {COHORT:,}: {1e3 * full:.2f} ms, {1e3 * once:.2f} ms where the enrolled "
        f"side is kept, {1e3 * cosine:.2f} ms by cosine alone"
    )
    for size in GALLERIES:
        yield _gallery(size, decider, tested, draw, rounds)
    yield _own_people(decider, enrolled, tested, draw, rounds)
    yield from _all_pairs()


def _gallery(size: int, decider: Decider, tested: Voices, draw: np.random.Generator, rounds: int) -> str:
    gallery, rows = made_gallery(size, draw), np.arange(min(size, 512))
    first, again, searched = medians(
        [
            lambda: decider.llrs(decider.hear(gallery.voices(rows)), tested),
            lambda: decider.llrs(gallery.heard(decider.backend, rows), tested),
            lambda: gallery.search(tested.vectors[0], top=512),
        ],
        rounds=rounds,
    )
    return (
        f"{size:>9,} voiceprints: nearest 512 {1e3 * searched:.2f} ms; weighing them {1e3 * first:.1f} ms "
        f"the first time, {1e3 * again:.2f} ms from then on"
    )


def _own_people(
    decider: Decider, enrolled: Voices, tested: Voices, draw: np.random.Generator, rounds: int
) -> str:
    many, own = made_gallery(WEIGHED, draw), made_gallery(MOST, draw)
    people = OwnPeople([f"own {key}" for key in own.keys], own.voices(np.arange(MOST)))
    alone, among = decider.hear(enrolled), decider.hear(many.voices(np.arange(WEIGHED)))
    people.llrs(decider, ["one"], alone, tested)  # what is kept of them is made
    one, search = medians(
        [
            lambda: people.llrs(decider, ["one"], alone, tested),
            lambda: people.llrs(decider, many.keys, among, tested),
        ],
        rounds=max(rounds, 20),
    )
    return (
        f"beside {MOST} people of the place: {1e3 * one:.2f} ms a trial, {1e3 * search:.1f} ms more for the "
        f"{WEIGHED} likeliest of a search"
    )


def _all_pairs() -> Iterator[str]:
    if not Path("/proc/self/status").exists():
        yield "all pairs skipped: memory is read from /proc, which this system does not have"
        return
    command = [sys.executable, "-c", PROGRAM, str(CLIPS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        yield f"failed: {done.stderr.strip().splitlines()[-1]}"
        return
    found = json.loads(done.stdout)
    yield (
        f"all pairs of {CLIPS:,} clips: {found['pairs']:,} scores in {found['seconds']:.1f} s, "
        f"{found['peak'] - found['before']:.0f} MiB more than the clips themselves"
    )
