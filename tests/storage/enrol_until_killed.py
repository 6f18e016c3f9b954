"""Run by test_kill.py: for each line of input, a process of its own that stores profiles until it is killed.

It is forked, since starting Python and importing takes a hundred times longer than an enrolment. It prints
its process id, then every profile that is confirmed with its number of enrolments; `dead` follows its end.
"""

import os
import sys
from pathlib import Path

import numpy as np

from earmark.storage.profiles import add_enrolments, create_profile
from earmark.storage.store import DEFAULT_TENANT, open_store
from earmark.voice.quality import Quality
from earmark.voice.voiceprint import Embedding


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())  # one write: a line is there whole or not


def enrol(home: Path, url: str, seed: int) -> None:
    say(str(os.getpid()))
    random = np.random.default_rng(seed)
    quality = Quality(4.5, 5.0, 20.0, 0.0, 7_800.0, -20.0, False)
    clips = [random.normal(0, 0.1, 2_000).astype(np.float32) for _ in range(3)]
    embeddings = [Embedding(np.full(16, 0.25, np.float32), quality, "test@1")] * 3
    with open_store(home, database_url=url, environ={}) as store:
        for number in range(10_000):
            profile = create_profile(
                DEFAULT_TENANT, store, clips=clips, embeddings=embeddings, label=f"p{seed} {number}"
            )
            say(f"{profile.id} 3")
            if number % 2:
                add_enrolments(DEFAULT_TENANT, store, profile.id, clips=clips[:2], embeddings=embeddings[:2])
                say(f"{profile.id} 5")


if __name__ == "__main__":
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            enrol(Path(sys.argv[1]), sys.argv[2], int(line))
            os._exit(1)
        os.waitpid(child, 0)
        say("dead")
