"""The surface, and the marks of the tests that prove it -> docs/azure-coverage.md.

Run as a program it writes the page anew: `python tests/contract/coverage_page.py docs/azure-coverage.md`.
"""

import contextlib
import io
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run as a program
from contract import proofs, surface

HERE = Path(__file__).parent

HEAD = """# What of Azure Speaker Recognition is answered, and how that is known

Every operation and every field of the three REST generations and of the WebSocket, each with the tests that
prove it and the clients that they drive. A test counts only if it saw the operation succeed or checked the
field: it fails if it is listed here and did neither. "HTTP" and "WebSocket" are plain connections, for what
no client of Microsoft's sends or shows; "v1.0 samples" does what the samples of 2016 to 2018 did, which were
never a package; all the others are Microsoft's own clients, unmodified.

This page is generated from the tests by `make docs`, and a test compares it with them. The tests are in
`tests/contract`.
"""


@dataclass(frozen=True)
class Proof:
    """A test and the client that it drives."""

    test: str  # file::name, without parameters
    client: str


class _Collected:
    """A plugin that keeps the tests that pytest found."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)


def collect() -> dict[str, set[Proof]]:
    """The proofs of each row, from the marks of the tests in this folder; nothing is run."""
    found = _Collected()
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", str(HERE)], plugins=[found])
    if code != pytest.ExitCode.OK:
        raise RuntimeError(f"the tests cannot be collected:\n{said.getvalue()}")
    proven: dict[str, set[Proof]] = defaultdict(set)
    for item in found.items:
        test = f"{item.path.name}::{item.name.partition('[')[0]}"
        for mark in item.iter_markers("proves"):
            for row in proofs.claimed(mark.args):
                proven[row].add(Proof(test, mark.kwargs["client"]))
    return proven


def write_page(proven: dict[str, set[Proof]]) -> str:
    """The page; a row without a proof is left empty, which a test refuses."""
    parts = [HEAD]
    for protocol in surface.PROTOCOLS:
        parts.append(f"\n## {surface.TITLES[protocol]}\n")
        rows = [
            (family, operation, f"{protocol} {family}: {operation}")
            for family, operations in surface.OPERATIONS[protocol].items()
            for operation in operations
        ]
        parts.append(_table("Family", "Operation", rows, proven))
        rows = [
            (group, field, f"{protocol} {group} {field}")
            for group, fields in surface.FIELDS[protocol].items()
            for field in fields
        ]
        parts.append(_table("Part", "Field", rows, proven))
    return "\n".join(parts)


def _table(kind: str, name: str, rows: Iterable[tuple[str, str, str]], proven: dict[str, set[Proof]]) -> str:
    lines = [f"| {kind} | {name} | Proven by | Through |", "| --- | --- | --- | --- |"]
    for left, right, row in rows:
        proofs_of = proven.get(row, set())
        tests = "<br>".join(f"`{test}`" for test in sorted({proof.test for proof in proofs_of}))
        clients = ", ".join(sorted({proof.client for proof in proofs_of}))
        lines.append(f"| {left} | `{right}` | {tests} | {clients} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(write_page(collect()), encoding="utf-8")
