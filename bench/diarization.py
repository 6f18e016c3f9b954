"""Real-time factor and memory of diarization: 5 minutes, 1 hour and 4 hours, each in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from earmark.evaluation.conversations import make_conversation
from earmark.voice.audio import load_clip
from earmark.voice.features import SAMPLE_RATE
from earmark.voice.samples import sample_speakers

SECONDS = (300, 3_600, 14_400)
REPEATED = 300  # seconds of the conversation that is repeated
AIM = 0.03  # on one thread

PROGRAM = """
import json, sys, time
from pathlib import Path
from earmark.voice.engine import Engine

engine = Engine(model=sys.argv[2] or None, threads=int(sys.argv[3]))
engine.ears
started, busy = time.perf_counter(), time.process_time()
found = engine.diarize(Path(sys.argv[1]))
took, busy = time.perf_counter() - started, time.process_time() - busy
status = Path("/proc/self/status")
rows = status.read_text().splitlines() if status.exists() else []
peak = next((int(row.split()[1]) / 1024 for row in rows if row.startswith("VmHWM")), float("nan"))
print(json.dumps([took, busy, peak, found.seconds, len(found.speakers), len(found.turns)]))
"""


def lines(model: str | None, folder: Path) -> Iterator[str]:
    """The section, line by line; recordings are made in `folder` and removed again."""
    yield (
        f"FLAC of a simulated conversation of four sample voices, repeated after {REPEATED} s; from the "
        f"file to the turns, model loaded; aim {AIM} on one thread"
    )
    for seconds in SECONDS:
        file = folder / f"{seconds}.flac"
        write_conversation(file, seconds)
        for threads in (1, 2):
            yield f"  {seconds / 60:4.0f} min, {threads} thread{'s' if threads > 1 else ' '}: " + _run(
                file, model, threads
            )
        file.unlink()


def write_conversation(file: Path, seconds: int) -> None:
    """One conversation, the same every time, again and again; never whole in memory."""
    voices = [[load_clip(clip) for clip in clips] for clips in list(sample_speakers().values())[:4]]
    noise = np.random.default_rng(2).standard_normal(10 * SAMPLE_RATE).astype(np.float32)
    made = make_conversation(
        np.random.default_rng(5), voices, seconds=REPEATED, overlap=0.08, noise=noise, snr_db=25.0
    )
    with soundfile.SoundFile(file, "w", SAMPLE_RATE, 1, "PCM_16") as out:
        for _ in range(seconds // REPEATED):
            out.write(made.samples)


def _run(file: Path, model: str | None, threads: int) -> str:
    command = [sys.executable, "-c", PROGRAM, str(file), model or "", str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"failed: {done.stderr.strip().splitlines()[-1]}"
    took, busy, peak, heard, speakers, turns = json.loads(done.stdout)
    return (
        f"real-time factor {took / heard:.4f} (processor {busy / heard:.4f}), peak {peak:.0f} MiB, "
        f"{speakers} speakers, {turns} turns"
    )
