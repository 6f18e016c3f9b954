"""The built wheel, in a virtual environment of its own: what somebody who installs Earmark gets."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import httpx
import pytest
import voices
from server import running_server

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    keep = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, env=keep | environment, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="the build backend is in requirements/dev.txt")
    folder = tmp_path_factory.mktemp("dist")
    script = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`earmark` of a fresh environment: the wheel installed, the dependencies shared with this one."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    done = run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        wheel,
    )
    assert done.returncode == 0, done.stderr
    found = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip()
    # A .pth inside a folder that a .pth adds is not followed: this checkout stays out of sight.
    lines = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(found) / "dependencies.pth").write_text("\n".join(sorted(lines)) + "\n", encoding="utf-8")
    where = run(python, "-c", "import earmark; print(earmark.__file__)").stdout
    assert where.startswith(str(folder)), f"the checkout was imported instead of the wheel: {where}"
    return scripts / "earmark"


def test_what_ships_is_inside_and_what_does_not_is_not(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.endswith("weights/earmark-1.onnx") for name in names)
    assert "earmark/voice/models/catalog.toml" in names
    assert any("storage/migrations/" in name and name.endswith(".py") for name in names)
    assert sum(name.startswith("earmark/samples/") and name.endswith(".opus") for name in names) >= 10
    assert "earmark/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "demo/", "bench/"))]
    assert not [name for name in names if name.endswith((".key", ".db", ".pyc"))]


def test_the_installed_command_enrols_and_verifies(command: Path, tmp_path: Path) -> None:
    samples = sorted((ROOT / "src/earmark/samples").glob("[a-z]*/*.opus"))
    speakers = sorted({path.parent for path in samples})
    first, second = (sorted(folder.glob("*.opus")) for folder in speakers[:2])
    home = {"EARMARK_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}

    assert run(command, "--version", **home).stdout.startswith("earmark ")
    enrolled = run(command, "enroll", "alice", *first[:-1], **home)
    assert enrolled.returncode == 0, enrolled.stderr
    same = run(command, "verify", "alice", first[-1], "--json", **home)
    assert same.returncode == 0, same.stderr + same.stdout
    assert json.loads(same.stdout)["accepted"] is True
    other = run(command, "verify", "alice", second[-1], "--json", **home)
    assert other.returncode == 1, other.stderr + other.stdout


def test_the_installed_command_serves(command: Path, tmp_path: Path) -> None:
    with (
        running_server(tmp_path, program=[str(command)]) as server,
        httpx.Client(base_url=server.url, headers=server.headers, timeout=60) as client,
    ):
        assert client.get("/ready").json()["status"] == "ready"
        made = client.post("/v1/profiles", json={}).json()["id"]
        enrolled = client.post(f"/v1/profiles/{made}/enrolments", content=voices.wav("ada", 1, 2))
        assert enrolled.json()["profile"]["state"] == "enrolled"
        answer = client.post(f"/v1/profiles/{made}/verify", content=voices.wav("ada", 4))
        assert answer.json()["accepted"] is True
        # Microsoft's newest REST, from the same wheel.
        base = "/speaker-recognition/verification/text-independent/profiles"
        created = client.post(base, params={"api-version": "2021-09-05"}, json={"locale": "en-US"})
        assert created.status_code == 201
