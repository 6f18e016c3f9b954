"""Run the whole benchmark: `python -m bench [--model NAME] [--rounds N] [--only SECTION ...]`."""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

SECTIONS = ("speed", "memory", "search", "scoring", "precision", "limit", "diarization", "phrase", "service")
TITLES = {
    "speed": "Seconds of audio embedded per second",
    "memory": "Memory over 1,000 different clip lengths",
    "search": "1:N search, one thread",
    "scoring": "Scoring against a cohort, one thread",
    "precision": "Other precisions and runtimes",
    "limit": "Share of the processor's limit",
    "diarization": "Who spoke when: time per second of audio, and memory",
    "phrase": "Was this phrase said: time per second of audio, and beside the voice",
    "service": "Verification over HTTP",
}


def main() -> None:
    """Print every section."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--model", help="name of a model in the catalogue (default: the default model)")
    parser.add_argument("--rounds", type=int, default=9, help="alternating rounds behind each median")
    parser.add_argument(
        "--requests", type=int, default=10_000, help="requests over which the service's memory is watched"
    )
    parser.add_argument(
        "--route", choices=("azure", "native"), default="native", help="route by which the service is asked"
    )
    parser.add_argument("--only", choices=SECTIONS, nargs="+", default=SECTIONS)
    asked = parser.parse_args()
    # Before NumPy is loaded: its matrix products must not take more threads than a row says.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    started = time.monotonic()
    for name in asked.only:
        print(f"\n## {TITLES[name]}")
        for line in section(name, asked):
            print(line, flush=True)
    print(f"\nDone in {time.monotonic() - started:.0f} s.")


def _in_a_folder(lines: Callable[[Path], Iterator[str]]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield from lines(Path(folder))


def section(name: str, asked: argparse.Namespace) -> Iterator[str]:
    """Lines of one section."""
    from bench import diarization, limit, memory, phrase, precision, scoring, search, service, speed, subjects

    model, rounds = asked.model, asked.rounds
    root = subjects.speech_root()
    if name == "search":
        return search.lines(rounds)
    if name == "scoring":
        return scoring.lines(rounds)
    if name == "memory":
        return memory.lines(model)
    if name == "service":
        return service.lines(asked.requests, asked.route)
    if name == "phrase":
        return phrase.lines(model, rounds)
    if name == "diarization":
        return _in_a_folder(lambda folder: diarization.lines(model, folder))
    found = subjects.entry(model)
    if name == "speed":
        return speed.lines(found, root, rounds)
    return precision.lines(found, root, rounds) if name == "precision" else limit.lines(found, rounds)


if __name__ == "__main__":
    main()
