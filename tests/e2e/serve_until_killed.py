"""Run by test_service_killed.py: for each line of input, `earmark serve` in a process that is to be killed.

It is forked from one that has imported everything, since starting Python and importing takes ten times
longer than opening the store and listening. It prints its process id, then the server's own lines;
`dead` follows its end.
"""

import os
import sys

import dbos  # noqa: F401
import obstore  # noqa: F401

import earmark.api.listen
import earmark.api.start
import earmark.telemetry.logs  # noqa: F401
from earmark.cli.main import run


def serve(home: str) -> None:
    os.write(1, f"{os.getpid()}\n".encode())
    sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115 - for the rest of a short life
    code = run(["serve", "--home", home, "--port", "0"])
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            serve(sys.argv[1])
        os.waitpid(child, 0)
        os.write(1, b"dead\n")
