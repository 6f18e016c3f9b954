"""The coverage page is what the tests' marks say now, and no row of it is empty."""

import subprocess
import sys
from pathlib import Path

import pytest
from contract import surface

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "azure-coverage.md"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page as it would be written now, by another Python: one cannot collect tests while it runs them."""
    path = tmp_path_factory.mktemp("page") / "page.md"
    command = [sys.executable, str(ROOT / "tests" / "contract" / "coverage_page.py"), str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return path.read_text(encoding="utf-8")


def test_the_page_is_current(page: str) -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == page, "write it anew: python tests/contract/coverage_page.py docs/azure-coverage.md"


def test_no_row_is_empty(page: str) -> None:
    lines = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    rows = [line for line in lines if "| Proven by |" not in line]
    assert len(rows) == len(surface.rows()) == len(set(surface.rows()))
    for row in rows:
        assert all(cell.strip() for cell in row.strip("|").split("|")), f"nothing proves {row}"
