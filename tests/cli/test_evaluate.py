"""`earmark evaluate` and `compare`, from recordings to report, and what they say of wrong input."""

import json
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest
from command import Earmark

Clips = dict[str, list[Path]]


@pytest.fixture
def voices(clips: Clips, tmp_path: Path) -> Path:
    """The sample speakers, one folder each, with two recordings that cannot be used."""
    root = tmp_path / "voices"
    for speaker, paths in clips.items():
        (root / speaker).mkdir(parents=True)
        for path in paths:
            shutil.copy(path, root / speaker)
    (root / "ada" / "broken.wav").write_bytes(b"RIFF nothing")
    (root / "zoe").mkdir()
    shutil.copy(clips["ben"][0], root / "zoe" / "only.opus")
    return root


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        for name, value in attrs:
            assert not (name in ("src", "href") and not (value or "").startswith("#"))


def test_a_folder_gives_a_report(earmark: Earmark, voices: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    ran = earmark("evaluate", voices, "--out", out, "--fmr", "0.1", "--keep-trials")
    assert ran.code == 0, ran.err
    assert "8 speakers, 36 usable recordings, 1 unusable; 70 same-speaker" in ran.out
    assert "Only 7 speakers have two recordings" in ran.out
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["data"]["failures"][0]["clip"] == "ada/broken.wav"
    assert report["data"]["failures"][0]["code"].startswith("audio_")
    assert report["data"]["speakers_with_one_clip"] == ["zoe"]
    assert report["data"]["genuine"] == 70
    assert report["data"]["impostor"] == 36 * 35 // 2 - 70 - 1  # zoe's recording is a copy of one of ben's
    value, low, high = report["overall"]["EER"]
    assert low <= value <= high < 0.5
    page = (out / "report.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(page)
    assert {"svg", "table", "figure", "nav"} <= set(tags.seen)
    assert "script" not in tags.seen
    for words in ("In short", "Error rates", "Operating point", "What was left out", "ada/broken.wav"):
        assert words in page
    markdown = (out / "report.md").read_text(encoding="utf-8")
    pictures = sorted(path.name for path in (out / "figures").iterdir())
    assert "det.svg" in pictures
    for name in pictures:
        ElementTree.parse(out / "figures" / name)
        assert f"figures/{name}" in markdown


def test_the_same_run_gives_the_same_bytes(earmark: Earmark, voices: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        earmark("evaluate", voices, "--out", tmp_path / name, "--threads", "2", "--cache", tmp_path / "cache")
    for file in ("report.html", "report.json", "report.md"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_trials_and_scores_go_out_and_come_back(earmark: Earmark, voices: Path, tmp_path: Path) -> None:
    first, listed, scored = tmp_path / "first", tmp_path / "listed", tmp_path / "scored"
    assert earmark("evaluate", voices, "--out", first, "--keep-trials").code == 0
    assert earmark("evaluate", voices, "--out", listed, "--trials", first / "trials.txt").code == 0
    rows = (first / "trials.txt").read_text(encoding="utf-8").splitlines()
    assert len(rows) == len((first / "scores.txt").read_text(encoding="utf-8").splitlines())
    given = ("--scores", first / "scores.txt", "--llr", "--trials", first / "trials.txt")
    ran = earmark("evaluate", voices, "--out", scored, *given, "--json")
    assert ran.code == 0, ran.err
    one, two, three = (
        json.loads((place / "report.json").read_text(encoding="utf-8"))["overall"]
        for place in (first, listed, scored)
    )
    assert one == two
    for name, found in one.items():
        assert found == pytest.approx(three[name], abs=1e-6)
    assert ran.json["overall"]["EER"] == pytest.approx(one["EER"], abs=1e-6)


def test_a_table_with_groups_and_names_that_are_markup(
    earmark: Earmark, clips: Clips, tmp_path: Path
) -> None:
    lines = ["speaker,clip,device"]
    for number, (speaker, paths) in enumerate(clips.items()):
        for path in paths:
            device = "<script>alert(1)</script>" if number % 2 else "phone|tablet"
            lines.append(f"<b>{speaker}</b>,{path},{device}")
    table = tmp_path / "clips.csv"
    table.write_text("\n".join(lines), encoding="utf-8")
    ran = earmark("evaluate", table, "--out", tmp_path / "out", "--enrol", "2", "--fmr", "0.1", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["speakers"] == 7
    assert ran.json["genuine"] == 21
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<b>" not in page


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (lambda root: root / "nowhere", "file_not_found", "no folder or table"),
        (lambda root: _file(root / "empty" / "x.txt", "").parent, "file_not_found", "no recording"),
        (lambda root: _file(root / "loose" / "x.wav", "").parent, "trials_invalid", "no speaker's folder"),
        (lambda root: _file(root / "t.csv", "name,clip\na,b\n"), "trials_invalid", "no column 'speaker'"),
        (lambda root: _file(root / "u.csv", "speaker,clip\na,b.wav\nc,d.wav\n"), "trials_too_few", "0 of 2"),
    ],
)
def test_wrong_sources_are_told(
    earmark: Earmark, tmp_path: Path, make: "object", code: str, words: str
) -> None:
    assert callable(make)
    ran = earmark("evaluate", make(tmp_path), "--out", tmp_path / "out", "--json")
    assert ran.code in (2, 4)
    assert ran.json["error"]["code"] == code
    assert words in ran.json["error"]["message"]


def test_it_runs_without_scipy(voices: Path, tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['scipy'] = None\n"
        "from earmark.cli.main import run\n"
        f"sys.exit(run(['evaluate', {str(voices)!r}, '--out', {str(tmp_path / 'out')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_is_remembered_is_not_heard_again(earmark: Earmark, voices: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert earmark("evaluate", voices, "--out", tmp_path / "one", "--cache", cache).code == 0
    first, second, *_ = kept = sorted(cache.rglob("*.npz"))
    assert len(kept) == 35  # of 36 recordings one is a copy
    first.write_bytes(b"damaged")
    shutil.copy(kept[2], second)  # a lie, which is believed: nothing was heard again
    assert earmark("evaluate", voices, "--out", tmp_path / "two", "--cache", cache).code == 0
    one, two = ((tmp_path / name / "report.json").read_text(encoding="utf-8") for name in ("one", "two"))
    assert one != two
    assert first.read_bytes() != b"damaged"


def _file(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_speakers_with_one_clip_only(earmark: Earmark, clips: Clips, tmp_path: Path) -> None:
    rows = "\n".join(f"{speaker},{paths[0]}" for speaker, paths in clips.items())
    ran = earmark("evaluate", _file(tmp_path / "t.csv", f"speaker,clip\n{rows}"), "--out", tmp_path / "o")
    assert ran.code == 2
    assert "No speaker has two recordings" in ran.err
    assert "ada" not in ran.err


def test_unknown_trials_and_contradictions(earmark: Earmark, voices: Path, tmp_path: Path) -> None:
    unknown = _file(tmp_path / "unknown.txt", "1 ada/1.opus ada/99.opus\n")
    ran = earmark("evaluate", voices, "--out", tmp_path / "o", "--trials", unknown, "--json")
    assert ran.json["error"]["code"] == "trials_invalid"
    assert "Line 1" in ran.json["error"]["message"]
    wrong = _file(tmp_path / "wrong.txt", "1 ada/1.opus ben/1.opus\n0 ada/1.opus ben/2.opus\n")
    assert earmark("evaluate", voices, "--out", tmp_path / "o", "--trials", wrong).code == 2
    for options in (["--llr"], ["--fmr", "0"], ["--prior", "1.5"], ["--group", "age"], ["--calibrate"]):
        assert earmark("evaluate", voices, "--out", tmp_path / "o", *options).code == 2
    taken = _file(tmp_path / "taken", "")
    assert earmark("evaluate", voices, "--out", taken).code == 2


def test_a_case_needs_a_validated_calibration(earmark: Earmark, clips: Clips) -> None:
    ran = earmark("compare", clips["ada"][3], "--known", clips["ada"][0])
    assert ran.code == 2
    assert "evaluate --calibrate" in ran.err


def test_a_case_is_reported_the_same_twice(earmark: Earmark, clips: Clips, tmp_path: Path) -> None:
    file = calibration(tmp_path)
    arguments: list[str | Path] = [clips["ada"][3], clips["ben"][3]]
    for path in clips["ada"][:3]:
        arguments += ["--known", path]
    ran = earmark("compare", *arguments, "--calibration", file, "--report", tmp_path / "1.html")
    assert ran.code == 0, ran.err
    assert "of the same speaker" in ran.out.splitlines()[0]
    assert "of different speakers" in ran.out.splitlines()[1]
    assert earmark("models", "calibrate", file).code == 0
    assert "by calibration" in earmark("models", "list").out
    earmark("compare", *arguments, "--report", tmp_path / "2.html")
    page = (tmp_path / "1.html").read_text(encoding="utf-8")
    assert page == (tmp_path / "2.html").read_text(encoding="utf-8")
    for words in ("Tippett", "Cllr", "SHA-256", "ENFSI", "support for the proposition"):
        assert words in page
    dated = earmark("compare", *arguments, "--report", tmp_path / "3.html", "--date", "1 May", "--json")
    assert [row["beyond_validation"] for row in dated.json["comparisons"]] == [False, False]
    assert "1 May" in (tmp_path / "3.html").read_text(encoding="utf-8")
    assert earmark("models", "uncalibrate", "earmark-1").code == 0
    assert "by calibration" not in earmark("models", "list").out
    both = earmark("compare", clips["ada"][0], "--known", clips["ada"][0], "--calibration", file)
    assert both.code == 2
    assert "among the known" in both.err


def calibration(folder: Path) -> Path:
    """The shipped calibration with the evidence of many made trials."""
    from earmark.voice.models.calibrations import CalibrationFile, to_text
    from earmark.voice.models.catalog import DEFAULT_MODEL, load_catalog

    entry = load_catalog()[DEFAULT_MODEL]
    assert entry.calibration is not None
    evidence = {
        **{"source": "made", "data_sha256": "0" * 64, "fitted_speakers": 900, "tested_speakers": 1_000},
        **{"genuine_trials": 5_000, "impostor_trials": 400_000},
        **{"same_speaker_people": 1_000, "speaker_pairs": 499_500},
        **{"genuine_llr": [-2.0, 3.0, 6.0], "impostor_llr": [-9.0, -4.0, 1.0]},
        "after": {"cllr": [0.2, 0.1, 0.3], "min_cllr": [0.1, 0.05, 0.2]},
    }
    file = CalibrationFile(entry.id, entry.sha256, entry.calibration, evidence)
    return _file(folder / "calibration.toml", to_text(file))
