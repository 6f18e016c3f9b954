"""Verification over HTTP beside the same pipeline in-process: throughput, latency, overhead, and memory.

Server and clients share the machine, as they do in the in-process run beside it: the clients' own cost is
part of the overhead that is told.
"""

import asyncio
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np

from earmark.service import recognise
from earmark.service.actor import local_actor
from earmark.service.enrol import enrol
from earmark.storage.store import open_store
from earmark.storage.values import ProfileKind
from earmark.voice.engine import Engine
from earmark.voice.features import SAMPLE_RATE
from earmark.voice.quality import RECOGNISE
from earmark.voice.samples import sample_speakers

CLIENTS = (1, 8, 32)
SECONDS = 5.0
VERIFICATIONS = 400  # behind each row
MARK = 1_000  # requests between two looks at the memory
P95_AIM_MS = 300.0
OVERHEAD_AIM = 20.0  # per cent of the inference time
GROWTH_AIM = 5.0  # per cent, from the first mark to the last
KEY = secrets.token_urlsafe(24)
AZURE = "/speaker-recognition/verification/text-independent/profiles/{}:verify?api-version=2021-09-05"
NATIVE = "/v1/profiles/{}/verify"


@dataclass(frozen=True)
class Run:
    """What some verifications took: seconds in all, and of each."""

    total: float
    each: list[float]

    @property
    def rate(self) -> float:
        return len(self.each) / self.total

    def percentile(self, share: float) -> float:
        return float(np.percentile(self.each, share)) * 1_000


@dataclass(frozen=True)
class Subject:
    """A home with one enrolled person, and a recording of SECONDS of the same voice as a WAV file."""

    home: Path
    guid: str
    wav: bytes


def lines(requests: int, route: str) -> Iterator[str]:
    """The section, line by line; `requests` over which memory is watched, none for 0."""
    workers = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        subject = make_subject(Path(folder))
        yield f"a clip of {SECONDS:g} s, {workers} workers, {VERIFICATIONS} verifications a row, {route} API"
        inference = in_process(subject, clients=1, count=50)
        yield f"  in-process, one at a time: {statistics.median(inference.each) * 1_000:.1f} ms (median)"
        with running(subject.home) as (url, process):
            ask = {"azure": AZURE, "native": NATIVE}[route].format(subject.guid)
            over_http(url + ask, subject.wav, clients=2, count=40)  # warm
            for clients in CLIENTS:
                yield from compared(subject, url + ask, clients=clients, workers=workers)
            yield from memory(url + ask, subject.wav, process, requests)


def compared(subject: Subject, url: str, *, clients: int, workers: int) -> Iterator[str]:
    """One number of clients: rounds of both take turns, so that a busy spell falls on both."""
    rounds, threads = 4, min(clients, workers)
    served, local = [], []
    for _ in range(rounds):
        local.append(in_process(subject, clients=threads, count=VERIFICATIONS // rounds))
        served.append(over_http(url, subject.wav, clients=clients, count=VERIFICATIONS // rounds))
    ours, theirs = joined(served), joined(local)
    shown = ", ".join(f"p{share} {ours.percentile(share):.0f} ms" for share in (50, 95, 99))
    yield f"  {clients:>2} clients: {ours.rate:.1f}/s, {shown}"
    overhead = 100 * statistics.median(
        near.rate / far.rate - 1 for near, far in zip(local, served, strict=True)
    )
    yield (
        f"     in-process on {threads} thread{'s' if threads > 1 else ''}: {theirs.rate:.1f}/s, "
        f"p50 {theirs.percentile(50):.0f} ms, p95 {theirs.percentile(95):.0f} ms; "
        f"overhead of the service {overhead:.0f} % (aim below {OVERHEAD_AIM:g})"
    )
    if clients == 8:
        yield f"     p95 at 8 clients: {ours.percentile(95):.0f} ms (aim within {P95_AIM_MS:g})"


def make_subject(home: Path) -> Subject:
    """Enrol one sample speaker in a fresh home."""
    clips = next(iter(sample_speakers().values()))
    with open_store(home, environ={}) as store:
        done = enrol(local_actor(), store, Engine(home=home), None, clips[:3], kind=ProfileKind.VERIFICATION)
    return Subject(home, str(done.profile.id), five_seconds(clips[3:]))


def five_seconds(paths: list[Path]) -> bytes:
    """A WAV file of SECONDS: 16 kHz, 16 bit, mono."""
    import io
    import wave

    from earmark.voice.audio import load_clip

    samples = np.concatenate([load_clip(path) for path in paths])[: int(SECONDS * SAMPLE_RATE)]
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes((samples * 32_767).astype("<i2").tobytes())
    return file.getvalue()


def in_process(subject: Subject, *, clients: int, count: int) -> Run:
    """The same use case in this process, with a store and a recording of its own, on so many threads."""
    engine, actor = Engine(home=subject.home), local_actor()
    with open_store(subject.home, environ={}) as store:

        def verify() -> None:
            recognise.verify(
                actor,
                store,
                engine,
                subject.guid,
                subject.wav,
                kind=ProfileKind.VERIFICATION,
                rules=RECOGNISE,
            )

        return on_threads(verify, clients=clients, count=count)


def on_threads(work: Callable[[], None], *, clients: int, count: int) -> Run:
    """Do the work so many times, by so many at once."""

    def timed(_: int) -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    work()
    with ThreadPoolExecutor(clients) as pool:
        started = time.perf_counter()
        each = list(pool.map(timed, range(count)))
        return Run(time.perf_counter() - started, each)


def over_http(url: str, wav: bytes, *, clients: int, count: int) -> Run:
    """Ask the server so many times, by so many clients at once, each of which waits for its answer."""
    return asyncio.run(_over_http(url, wav, clients, count))


async def _over_http(url: str, wav: bytes, clients: int, count: int) -> Run:
    headers = {"Ocp-Apim-Subscription-Key": KEY, "Content-Type": "audio/wav"}
    limits = httpx.Limits(max_connections=clients)
    left, each = iter(range(count)), []
    async with httpx.AsyncClient(headers=headers, limits=limits, timeout=60, trust_env=False) as client:

        async def one() -> None:
            for _ in left:
                started = time.perf_counter()
                answer = await client.post(url, content=wav)
                each.append(time.perf_counter() - started)
                answer.raise_for_status()

        started = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(clients)))
        return Run(time.perf_counter() - started, each)


def joined(runs: list[Run]) -> Run:
    """Several rounds as one."""
    return Run(sum(run.total for run in runs), [one for run in runs for one in run.each])


@contextmanager
def running(home: Path) -> Iterator[tuple[str, int]]:
    """Give the address and the process id of a server on this home."""
    with subprocess.Popen(
        [sys.executable, "-m", "earmark", "serve", "--home", str(home), "--port", "0"],
        env=os.environ | {"EARMARK_BOOTSTRAP_KEY": KEY, "EARMARK_LOG_LEVEL": "info"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            while not (line := process.stdout.readline()).startswith("Listening on "):
                assert line, "the server did not start"
            yield line.split()[-1], process.pid
        finally:
            process.terminate()


def memory(url: str, wav: bytes, process: int, requests: int) -> Iterator[str]:
    """Resident memory of the server while it answers so many requests of 8 clients: it has to stay flat."""
    if not requests:
        return
    if not Path("/proc").exists():
        yield "  memory: skipped, read from /proc, which this system does not have"
        return
    marks = [resident(process)]
    for _ in range(max(2, requests // MARK)):
        over_http(url, wav, clients=8, count=MARK)
        marks.append(resident(process))
    shown = ", ".join(f"{mark:.0f}" for mark in marks)
    yield f"  resident MiB, at first and after every {MARK:,} requests: {shown}"
    growth = 100 * (marks[-1] / marks[1] - 1)
    yield f"  growth from the first {MARK:,} to the last: {growth:+.1f} % (aim within {GROWTH_AIM:g})"


def resident(process: int) -> float:
    """MiB that a process holds in memory."""
    rows = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(row.split()[1]) / 1024 for row in rows if row.startswith("VmRSS"))
