"""The demo as a newcomer runs it: on the samples, on one's own folders, and on folders that will not do."""

import importlib
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from earmark.voice.samples import sample_speakers

DEMO = Path(__file__).parent.parent / "demo"
Run = tuple[subprocess.CompletedProcess[str], Path, Path]
DOT = "{http://www.w3.org/2000/svg}circle"


def run_demo(*arguments: str, temporary: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"TMPDIR": str(temporary), "COLUMNS": "110"}
    environment.pop("EARMARK_HOME", None)
    return subprocess.run(
        [sys.executable, str(DEMO / "run.py"), *arguments],
        env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def sample_run(
    tmp_path_factory: pytest.TempPathFactory,
) -> Run:
    temporary = tmp_path_factory.mktemp("state")
    picture = tmp_path_factory.mktemp("picture") / "scores.svg"
    return run_demo("--picture", str(picture), temporary=temporary), picture, temporary


def test_everything_comes_out_as_expected(
    sample_run: Run,
) -> None:
    done, _, _ = sample_run
    assert "NOT AS EXPECTED" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_says_that_the_voices_are_synthetic_and_shows_commands_that_can_be_typed(
    sample_run: Run,
) -> None:
    done, _, _ = sample_run
    assert "synthetic" in done.stdout
    commands = re.findall(r"^  \$ earmark (\w+)", done.stdout, re.MULTILINE)
    assert commands.count("enroll") == 9  # seven people and two refusals
    assert {"verify", "identify"} <= set(commands)


def test_the_picture_has_a_dot_for_each_comparison(
    sample_run: Run,
) -> None:
    done, picture, _ = sample_run
    assert str(picture) in done.stdout
    # Two held-out clips of seven speakers and five of the stranger, each against seven voiceprints.
    assert len(list(ET.parse(picture).iter(DOT))) == (14 + 5) * 7


def test_nothing_is_left_behind(sample_run: Run) -> None:
    _, _, temporary = sample_run
    assert list(temporary.iterdir()) == []


def test_own_folders_are_counted(tmp_path: Path) -> None:
    recordings, temporary = tmp_path / "my recordings", tmp_path / "state"
    temporary.mkdir()
    for name, clips in list(sample_speakers().items())[:3]:
        (recordings / f"[{name}] it's").mkdir(parents=True)
        for clip in clips[:3]:
            shutil.copy(clip, recordings / f"[{name}] it's")
    (recordings / "lonely").mkdir()
    picture = tmp_path / "scores.svg"
    done = run_demo("--audio", str(recordings), "--picture", str(picture), temporary=temporary)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 speakers with two clips or more" in done.stdout
    assert "1 more have fewer than two clips" in done.stdout
    assert len(list(ET.parse(picture).iter(DOT))) == 3 * 3
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        (None, "There is no folder"),
        ([], "0 folders"),
        (["ada/1.wav", "ada/2.wav"], "1 folders, 1 with two recordings"),
        (["ada/1.wav", "ben/2.wav"], "2 folders, 0 with two recordings or more, 2 with one only"),
        (["1.wav", "2.wav"], "2 recordings that lie in no speaker's folder"),
    ],
)
def test_folders_that_will_not_do_are_told_what_is_wanted(
    tmp_path: Path, layout: list[str] | None, said: str
) -> None:
    recordings = tmp_path / "recordings"
    if layout is not None:
        recordings.mkdir()
        for name in layout:
            (recordings / name).parent.mkdir(exist_ok=True)
            (recordings / name).write_bytes(b"")
    done = run_demo("--audio", str(recordings), temporary=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "one folder for each speaker" in done.stderr
    assert "Traceback" not in done.stderr


def test_recordings_that_cannot_be_used_are_told_and_counted(tmp_path: Path) -> None:
    for name in ("ada", "ben"):
        (tmp_path / "recordings" / name).mkdir(parents=True)
        for number in "12":
            (tmp_path / "recordings" / name / f"{number}.wav").write_bytes(b"not audio " * 30)
    done = run_demo("--audio", str(tmp_path / "recordings"), temporary=tmp_path)
    assert done.returncode == 1
    assert "Not used: 2 recordings" in done.stdout
    assert "Too little is left to count" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_figures_equal_hand_worked_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DEMO))
    figures = importlib.import_module("figures")
    assert figures.equal_error_rate([3.0, 4.0], [1.0, 2.0]) == 0.0
    assert figures.equal_error_rate([1.0, 3.0, 4.0, 5.0], [-1.0, 0.0, 0.5, 3.5]) == pytest.approx(0.25)
    assert figures.highest_likely(0, 30) == pytest.approx(3.8415 / 33.8415, abs=1e-4)
    assert figures.highest_likely(30, 30) == pytest.approx(1.0)


def test_equal_error_rate_agrees_with_the_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("scipy")
    from earmark.evaluation.metrics import eer

    monkeypatch.syspath_prepend(str(DEMO))
    figures = importlib.import_module("figures")
    random = np.random.default_rng(5)
    genuine, impostor = random.normal(2, 1, 400).tolist(), random.normal(0, 1, 900).tolist()
    assert figures.equal_error_rate(genuine, impostor) == pytest.approx(eer(genuine, impostor), abs=1 / 400)
