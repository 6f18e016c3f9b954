"""The README's and the guide's commands and Python, run as they stand; as a program it writes output anew.

A console block holds `$ earmark ...` lines, each followed by what it prints; all blocks share one new state
folder and run in a copy of the sample clips, as the README says. Numbers may differ (another processor, a
newer model), the words may not.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from server import Server, running_server

from earmark import Client
from earmark.cli.settings import page as settings_page
from earmark.evaluation.prices import to_markdown
from earmark.voice.audio import load_clip
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.models.catalog import find_model, load_catalog
from earmark.voice.samples import sample_speakers

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
SERVICE = ROOT / "docs" / "service.md"
SAMPLES = ROOT / "src" / "earmark" / "samples"
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(console|python|bash)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COSTS = re.compile(r"(?<=<!-- costs: written by `make docs` -->\n).*?(?=<!-- /costs -->)", re.DOTALL)
VARIES = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"more than 99.9 %|less than 0.1 %", re.IGNORECASE), "N %"),
    (re.compile(r"this is not (\w+)\."), r"this may be \1, but not surely enough."),
    (re.compile(r"-?\d+(\.\d+)?"), "N"),
    (re.compile(r"[ -]+"), " "),
)


def tour_folder(folder: Path) -> Path:
    """The copy of the sample clips that the README begins with."""
    return shutil.copytree(SAMPLES, folder / "tour")


def earmark(line: str, tour: Path) -> str:
    """What a line of the README prints, standard error included."""
    done = subprocess.run(
        ["bash", "-c", line.replace("earmark", f'"{sys.executable}" -m earmark', 1)],
        cwd=tour,
        env=os.environ
        | {
            "EARMARK_HOME": str(tour.parent / "home"),
            "EARMARK_PASSPHRASE": "a long passphrase",
            "COLUMNS": "100",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def answered(block: str, tour: Path) -> str:
    """A console block with the output that its commands print now."""
    commands = [line for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"{line}\n{earmark(line.removeprefix('$ '), tour)}" for line in commands)


def costs() -> str:
    """What rates cost with the model that ships, for the page on the service."""
    prices = find_model(load_catalog()).prices
    assert prices is not None, "run recipes/calibrate.py"
    told = (
        f"Measured on {prices.speakers} speakers of {prices.sets} sets that nothing was fitted on, with 95 % "
        f"intervals over speakers. Test recordings were, in equal parts: {prices.recorded}."
    )
    return f"\n{to_markdown(prices)}\n{told}\n\n"


def masked(text: str) -> str:
    for pattern, word in VARIES:
        text = pattern.sub(word, text)
    return text


def test_the_readme_prints_what_it_says(tmp_path: Path) -> None:
    tour = tour_folder(tmp_path)
    blocks = BLOCK.findall(README.read_text(encoding="utf-8"))
    assert {kind for kind, _ in blocks} == {"console", "python"}
    for kind, block in blocks:
        if kind == "console":
            assert masked(answered(block, tour)) == masked(block), "run `make docs`"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.mark.parametrize("page", [README, SERVICE], ids=lambda page: page.name)
@pytest.mark.parametrize("language", ["python", "bash"])
def test_blocks_run_beside_a_service(page: Path, language: str, server: Server, tmp_path: Path) -> None:
    if language == "bash" and shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine")
    tour = tour_folder(tmp_path)
    environment = {"EARMARK_HOME": str(tmp_path / "home"), "EARMARK_URL": server.url}
    for kind, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == language:
            strict = [sys.executable, "-c", block] if kind == "python" else ["bash", "-euc", block]
            done = subprocess.run(
                strict,
                cwd=tour,
                env=os.environ | environment | {"EARMARK_API_KEY": server.key},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            assert "urn:earmark:error" not in done.stdout, done.stdout
    with Client(server.url, server.key) as client:  # the next block's people may have the same names
        for profile in client.list_profiles():
            client.delete_profile(profile.id)


def spoken_by(clip: Floats, factor: float) -> Floats:
    """A sample clip as somebody else might say it: higher and faster, or lower and slower."""
    places = np.arange(0.0, clip.size - 1, factor)
    return np.asarray(np.interp(places, np.arange(clip.size), clip), np.float32)


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """A folder with what the page on measuring talks of: 24 speakers, a table of them, and a case."""
    rows = ["speaker,clip,device,age"]
    for name, clips in list(sample_speakers().items())[:6]:
        for number, factor in enumerate((0.8, 1.0, 1.2, 1.4)):
            speaker = f"{name}{number}"
            (tmp_path / "recordings" / speaker).mkdir(parents=True)
            for take, path in enumerate(clips[:4]):
                clip = spoken_by(load_clip(path)[: 3 * SAMPLE_RATE], factor)
                clip_name = f"recordings/{speaker}/{take}.wav"
                soundfile.write(tmp_path / clip_name, clip, SAMPLE_RATE)
                rows.append(f"{speaker},{clip_name},{'phone' if number % 2 else 'laptop'},{20 + 10 * number}")
    (tmp_path / "clips.csv").write_text("\n".join(rows), encoding="utf-8")
    for name, number in {"interview-1": 0, "interview-2": 1, "interview": 2, "call": 3}.items():
        soundfile.write(tmp_path / f"{name}.wav", load_clip(sample_speakers()["ada"][number]), SAMPLE_RATE)
    return tmp_path


def test_the_commands_for_measuring_run(recordings: Path) -> None:
    """The lines of docs/evaluate.md, in their order; so few recordings need the `--force` that it names."""
    page = (ROOT / "docs" / "evaluate.md").read_text(encoding="utf-8")
    lines = [line for block in SHELL.findall(page) for line in block.splitlines()]
    inline = re.findall(r"`(earmark rules [^`]+)`", page)
    back = re.findall(r"and back: (earmark .+)$", page, re.MULTILINE)
    assert len(lines) == 5
    assert (len(inline), len(back)) == (2, 1)
    for line in (*lines, *inline, *back):
        command = line.split("#")[0].strip()
        if command.startswith("earmark models calibrate"):
            command += " --force"
        told = earmark(f"{command} && echo done", recordings)
        assert told.endswith("done\n"), told
    report = recordings / "report"
    assert {"report.html", "report.json", "report.md", "calibration.toml"} <= {
        path.name for path in report.iterdir()
    }
    assert "ENFSI" in (recordings / "case.html").read_text(encoding="utf-8")


def test_the_settings_page_is_up_to_date() -> None:
    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == settings_page(), "run `make docs`"


def test_the_table_of_costs_is_up_to_date() -> None:
    assert COSTS.findall(SERVICE.read_text(encoding="utf-8")) == [costs()], "run `make docs`"


def test_relative_links_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!\w+://|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"


def write_anew() -> None:
    with tempfile.TemporaryDirectory() as folder:
        tour = tour_folder(Path(folder))
        text = BLOCK.sub(
            lambda found: f"```console\n{answered(found[2], tour)}```" if found[1] == "console" else found[0],
            README.read_text(encoding="utf-8"),
        )
    README.write_text(text, encoding="utf-8")
    page = COSTS.sub(lambda _: costs(), SERVICE.read_text(encoding="utf-8"))
    SERVICE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    write_anew()
