"""A state folder of its own for each test, the command in this process, and the sample clips."""

from pathlib import Path

import pytest
from command import Earmark, Ran

from earmark.cli.main import run
from earmark.voice.samples import sample_speakers


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("EARMARK_HOME", str(folder))
    monkeypatch.delenv("EARMARK_PASSPHRASE", raising=False)
    return folder


@pytest.fixture
def earmark(home: Path, capsys: pytest.CaptureFixture[str]) -> Earmark:
    assert not home.exists()

    def call(*arguments: str | Path) -> Ran:
        code = run([str(argument) for argument in arguments])
        return Ran(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def clips() -> dict[str, list[Path]]:
    return sample_speakers()
