"""`earmark import azure`: a table and a folder of recordings to profiles under the same GUIDs."""

import csv
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest
import voices
from command import Earmark, Ran

from earmark.cli import table as reading
from earmark.cli.moving import COLUMNS, KINDS
from earmark.service.actor import local_actor
from earmark.service.profiles import each_profile
from earmark.storage.store import open_store
from earmark.storage.values import Profile, ProfileKind, ProfileState

Clips = dict[str, list[Path]]
HEADER = "profileId,kind,locale,audio"
ADA = "678e0747-b842-4d20-b2d5-30b5fd92371a"
BEN = "8f1d2c3b-0a4e-4f6d-9b7c-5e6a7d8c9b0a"
CLARA = "0d9e3a52-51a1-4f0c-8a57-4a2f0e7b6c11"
SPEAKERS = ("ada", "ben", "clara", "dima", "eva", "gwen", "hana")


@pytest.fixture
def folder(clips: Clips, tmp_path: Path) -> Path:
    """The recordings of the sample speakers, as speaker/1.opus and so on; of passphrases 1.wav and so on."""
    place = tmp_path / "azure"
    for speaker in SPEAKERS:
        shutil.copytree(clips[speaker][0].parent, place / speaker)
    for speaker in ("mary", "nora"):
        (place / speaker).mkdir()
        for number in (1, 2, 3, 4):
            (place / speaker / f"{number}.wav").write_bytes(voices.wav(speaker, number))
    return place


def audio(speaker: str, *numbers: int) -> str:
    return ";".join(f"{speaker}/{number}.opus" for number in numbers or (1, 2, 3, 4, 5))


def write(folder: Path, *lines: str, name: str = "profiles.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def stored(home: Path) -> dict[str, Profile]:
    with open_store(home) as store:
        return {str(one.id): one for one in each_profile(local_actor(), store)}


@pytest.fixture
def three(folder: Path) -> Path:
    return write(
        folder,
        f"{HEADER},label,phrase",
        f"{ADA.upper()},TextIndependentIdentification,en-us,{audio('ada')},ada,",
        f"{BEN.replace('-', '')},TextDependentVerification,en-US,mary/1.wav,,"
        '"My voice is my passport, verify me."',
        f"{BEN},,,mary/2.wav,,",
        f"{BEN},,,mary/3.wav,,",
        f"{CLARA},verificationProfiles,en-US,nora/1.wav;nora/2.wav;nora/3.wav,,",
    )


def test_profiles_come_under_their_guids(earmark: Earmark, home: Path, clips: Clips, three: Path) -> None:
    dry = earmark("import", "azure", three, "--dry-run")
    assert (dry.code, dry.err) == (0, "")
    assert dry.out.splitlines()[-1] == "Nothing was stored. Would import 3 profiles; 0 refused."
    assert f"Would import {ADA}: 2" in dry.out  # over 20 s of speech
    assert stored(home) == {}

    done = earmark("import", "azure", three)
    assert (done.code, done.out, done.err) == (0, "Imported 3 profiles; 0 refused.\n", "")
    found = stored(home)
    assert {guid: (one.kind, len(one.enrolments), one.label) for guid, one in found.items()} == {
        ADA: (ProfileKind.IDENTIFICATION, 5, "ada"),
        BEN: (ProfileKind.TEXT_DEPENDENT, 3, None),
        CLARA: (ProfileKind.TEXT_DEPENDENT, 3, None),
    }
    assert {one.state for one in found.values()} == {ProfileState.ENROLLED}
    assert {one.locale for one in found.values()} == {"en-US"}
    assert {found[one].phrase for one in (BEN, CLARA)} == {voices.PASSPHRASE}  # heard, where it was not told
    assert earmark("verify", BEN, three.parent / "mary" / "4.wav").code == 0
    assert earmark("verify", BEN, three.parent / "nora" / "4.wav").code == 1
    assert earmark("verify", BEN, clips["ada"][4]).code == 1

    again = earmark("import", "azure", three, "--json")
    assert again.code == 0
    assert again.json["summary"] == {"imported": 0, "already": 3, "refused": 0}
    assert stored(home) == found


def test_refusals_are_told_reported_and_mended(earmark: Earmark, home: Path, folder: Path) -> None:
    (folder / "broken.wav").write_bytes(b"this is no sound")
    lines = [
        HEADER,
        f"{ADA},TextIndependentIdentification,en-US,{audio('ada', 1)}",  # too little speech
        f"{BEN},TextDependentVerification,en-US,{audio('ben', 1)};gone.wav;broken.wav",
        "nobody,TextIndependentVerification,en-US,x.wav",
        f"{CLARA},TextIndependentVerification,en-US,{audio('clara')}",
    ]
    table, report = write(folder, *lines), folder / "refused.csv"
    done = earmark("import", "azure", table, "--report", report)
    assert done.code == 3
    assert "Imported 1 profile; 3 refused." in done.out
    assert list(stored(home)) == [CLARA]
    with report.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["row"], row["profile"], row["code"]) for row in rows] == [
        ("4", "nobody", "invalid_argument"),
        ("2", ADA, "speech_too_short"),
        ("3", BEN, "file_not_found"),
        ("3", BEN, "audio_not_recognised"),
    ]
    assert rows[2]["file"].endswith("gone.wav")
    assert all(row["message"] for row in rows)

    # The same as JSON lines, from a dry run: nothing is stored, and the same is refused.
    as_lines = folder / "refused.jsonl"
    dry = earmark("import", "azure", table, "--report", as_lines, "--dry-run", "--json")
    assert dry.code == 3
    assert [json.loads(line)["code"] for line in as_lines.read_text().splitlines()] == [
        row["code"] for row in rows
    ]
    assert dry.json["summary"] == {"would_import": 0, "already": 1, "refused": 3}

    lines[1] = lines[1].replace(audio("ada", 1), audio("ada"))
    lines[2] = f"{BEN},TextDependentVerification,en-US,mary/1.wav;mary/2.wav;mary/3.wav"
    mended = earmark("import", "azure", write(folder, *lines[:3], lines[4]), "--json")
    assert mended.code == 0
    assert mended.json["summary"] == {"imported": 2, "already": 1, "refused": 0}


def test_json_says_what_was_heard(earmark: Earmark, folder: Path) -> None:
    table = write(folder, HEADER, f"{ADA},TextIndependentVerification,en-GB,{audio('ada')}")
    said = earmark("import", "azure", table, "--dry-run", "--json").json
    [entry] = said["results"]
    assert said["dry_run"] is True
    assert (entry["profile"], entry["outcome"]) == (ADA, "would be imported")
    assert len(entry["recordings"]) == 5
    assert all(one["speech_seconds"] > 1 for one in entry["recordings"])


def test_json_lines_and_any_length(earmark: Earmark, home: Path, folder: Path) -> None:
    record = {
        "identificationProfileId": ADA,
        "scenario": "identificationProfiles",
        "locale": "en-us",
        "audio": [f"ada/{number}.opus" for number in (1, 2)],
        "customer": {"id": 7},
    }
    table = write(folder, json.dumps(record), "", name="profiles.jsonl")
    short = earmark("import", "azure", table)
    assert short.code == 3
    assert "customer" in short.err
    assert earmark("import", "azure", table, "--any-length").code == 0
    assert len(stored(home)[ADA].enrolments) == 2


def test_tables_as_spreadsheets_save_them(earmark: Earmark, home: Path, folder: Path) -> None:
    header = HEADER.replace(",", ";")
    line = f'{ADA};TextIndependentIdentification;en-US;"{audio("ada")}"'
    path = folder / "german.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f"{header}\r\n{line}\r\n;;;\r\n".encode())
    assert earmark("import", "azure", path).code == 0
    assert len(stored(home)[ADA].enrolments) == 5
    tabs = write(folder, HEADER.replace(",", "\t"), line.replace(";", "\t", 3), name="tabs.tsv")
    assert earmark("import", "azure", tabs, "--json").json["summary"]["already"] == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\n \n", "empty"),
        (HEADER.encode(), "no row below"),
        (f"{HEADER}\n,,,\n".encode(), "no row below"),
        (f"{HEADER}\n{ADA},x,en-US,a.wav".encode("utf-16"), "UTF-8"),
        (f"{HEADER}\n{ADA},x,en-US,ä.wav".encode("latin-1"), "not UTF-8 in line 2"),
        (b"PK\x03\x04 a spreadsheet", "spreadsheet"),
        (f"{HEADER}\n{ADA},x,en-US,a\0.wav".encode(), "not text"),
        (f"guid,kind,locale\n{ADA},x,en-US".encode(), "lacks audio"),
        (f"who,what\n{ADA},x".encode(), "lacks profile and kind and locale and audio"),
        (f"{HEADER}\n{ADA},x,en-US,a.wav,b.wav".encode(), "Row 2 has more cells"),
        (f'{HEADER}\n{ADA},x,en-US,"a.wav'.encode(), "cannot be read at row 2"),
        (f"{HEADER}\n{ADA},x,en-US,{'a' * 200_000}".encode(), "cannot be read at row 2"),
        (f"{HEADER},id\n{ADA},x,en-US,a.wav,{ADA}".encode(), "two columns that mean profile"),
    ],
)
def test_what_is_no_table_is_told_in_one_line(
    earmark: Earmark, home: Path, tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    done = earmark("import", "azure", path)
    assert (done.code, done.out) == (2, "")
    assert says in done.err.splitlines()[-1]
    assert not home.exists()  # no store is opened for it


@pytest.mark.parametrize(
    "line", ["[1]", "nonsense", '"x"', "[" * 100_000, '{"profile": 7}', '{"audio": ["\\ud800"]}']
)
def test_what_are_no_json_lines(earmark: Earmark, tmp_path: Path, line: str) -> None:
    done = earmark("import", "azure", write(tmp_path, line, name="table.jsonl"))
    assert (done.code, len(done.err.splitlines())) == (2, 1)


def test_tables_that_are_not_there_or_too_large(
    earmark: Earmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert earmark("import", "azure", tmp_path / "gone.csv").code == 4
    assert earmark("import", "azure", tmp_path).code == 2
    table = write(tmp_path, HEADER, *[f"{ADA},x,en-US,a.wav"] * 3)
    monkeypatch.setattr(reading, "MAX_ROWS", 2)
    assert "more than 2 rows" in earmark("import", "azure", table).err
    monkeypatch.setattr(reading, "MAX_BYTES", 20)
    assert "import it in parts" in earmark("import", "azure", table).err


def test_a_report_that_cannot_be_written_is_told_before_anything_is_stored(
    earmark: Earmark, home: Path, three: Path
) -> None:
    for report in (three, three.parent, three.parent / "gone" / "refused.csv"):
        assert earmark("import", "azure", three, "--report", report).code == 2
    assert not home.exists() or stored(home) == {}
    assert three.read_text(encoding="utf-8").startswith(HEADER)


def test_into_a_tenant(earmark: Earmark, three: Path) -> None:
    earmark("tenants", "create", "acme")
    assert earmark("import", "azure", three, "--tenant", "acme").code == 0
    assert earmark("profiles", "list", "--json").json == {"profiles": []}
    assert len(earmark("profiles", "list", "--tenant", "acme", "--json").json["profiles"]) == 3


def test_what_stands_in_a_table_does_not_steer_the_terminal(earmark: Earmark, folder: Path) -> None:
    table = write(folder, HEADER, "\x1b[2Jx,TextIndependentVerification,en-US,a.wav")
    assert "\x1b" not in earmark("import", "azure", table).out


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_killed_and_taken_up_again(earmark: Earmark, home: Path, folder: Path) -> None:
    guids = {str(UUID(int=number)): speaker for number, speaker in enumerate(SPEAKERS * 2, 1)}
    lines = [f"{guid},TextIndependentVerification,en-US,{audio(speaker)}" for guid, speaker in guids.items()]
    table = write(folder, HEADER, *lines)
    command = [sys.executable, "-m", "earmark", "import", "azure", table, "--home", home, "--any-length"]
    before: set[str] = set()
    for _ in range(2):
        with subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL) as process:
            while process.poll() is None and len(stored(home)) < len(before) + 2:
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
        found = stored(home)
        assert before < set(found)
        assert {len(one.enrolments) for one in found.values()} == {5}  # whole, or absent
        before = set(found)
    rest: Ran = earmark("import", "azure", table, "--any-length", "--json")
    assert rest.code == 0
    assert rest.json["summary"]["already"] == len(before)
    assert set(stored(home)) == set(guids)
    assert {len(one.enrolments) for one in stored(home).values()} == {5}


PAGE = Path(__file__).parents[2] / "docs" / "migrate-from-azure.md"


def masked(text: str) -> str:
    return re.sub(r"((less|more) than )?-?\d+(\.\d+)?", "N", text, flags=re.IGNORECASE)


def test_the_page_about_moving_says_what_happens(
    earmark: Earmark, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    [table] = re.findall(r"^```csv\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(folder)
    (folder / "profiles.csv").write_text(table, encoding="utf-8")
    commands = 0
    for block in re.findall(r"^```console\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        for command, shown in re.findall(r"^\$ earmark (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            commands += 1
            done = earmark(*shlex.split(command))
            # Another processor or model gives other numbers.
            assert masked(done.out) == masked(shown)
    assert commands == 4


def test_the_page_about_moving_knows_every_kind_and_column() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for word in list(KINDS)[:5] + list(dict.fromkeys(COLUMNS.values())):
        assert f"`{word}`" in page
