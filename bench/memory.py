"""Resident memory while clips of 1,000 different lengths are embedded: it has to stay flat."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MARKS = (100, 250, 500, 1_000)

# In a process of its own, so that nothing else of the benchmark is in the figures.
PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np
from bench.subjects import entry
from earmark.voice.embedding import Embedder

def status(field):
    rows = Path("/proc/self/status").read_text().splitlines()
    return next(int(row.split()[1]) / 1024 for row in rows if row.startswith(field))

embedder = Embedder(entry(sys.argv[1] or None))
marks = [int(mark) for mark in sys.argv[2].split(",")]
draw = np.random.default_rng(1)
lengths = draw.permutation(np.linspace(0.5 * 16000, 8 * 16000, marks[-1]).astype(int))
out = {"0": status("VmRSS")}
for count, length in enumerate(lengths, start=1):
    embedder.vectors([(0.1 * draw.standard_normal(length)).astype(np.float32)])
    if count in marks:
        out[str(count)] = status("VmRSS")
out["peak"] = status("VmHWM")
print(json.dumps(out))
"""


def lines(model: str | None) -> Iterator[str]:
    """The section, line by line."""
    if not Path("/proc/self/status").exists():
        yield "skipped: read from /proc, which this system does not have"
        return
    command = [sys.executable, "-c", PROGRAM, model or "", ",".join(map(str, MARKS))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        yield f"failed: {done.stderr.strip().splitlines()[-1]}"
        return
    found = json.loads(done.stdout)
    yield "resident MiB, model loaded: {:.0f}; ".format(found["0"]) + ", ".join(
        f"after {mark} lengths: {found[str(mark)]:.0f}" for mark in MARKS
    )
    growth = found[str(MARKS[-1])] - found[str(MARKS[0])]
    yield f"growth from {MARKS[0]} to {MARKS[-1]} lengths: {growth:+.1f} MiB; peak {found['peak']:.0f} MiB"
