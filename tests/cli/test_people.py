"""Enrol, verify and identify as somebody types them, on the sample voices."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from command import Earmark

Clips = dict[str, list[Path]]


def enrol(earmark: Earmark, clips: Clips, *names: str) -> None:
    for name in names:
        assert earmark("enroll", name, *clips[name][:3]).code == 0


def test_enrol_verify_identify_in_words(earmark: Earmark, clips: Clips) -> None:
    done = earmark("enrol", "ada", *clips["ada"][:3])
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Enrolled ada: 3 recordings, ")
    enrol(earmark, clips, "ben")

    yes = earmark("verify", "ada", clips["ada"][3])
    assert yes.code == 0
    assert yes.out.startswith("Accepted: this is ada. ")
    assert "1 false match in 1,000" in yes.out
    no = earmark("verify", "ada", clips["ben"][3])
    assert no.code == 1
    assert no.out.startswith("Rejected: this ")

    who = earmark("identify", clips["ben"][4])
    assert who.code == 0
    assert who.out.startswith("This is ben. ")
    nobody = earmark("identify", clips["eva"][0])
    assert nobody.code == 1
    assert nobody.out.startswith("Nobody enrolled matches; closest is ")
    among = earmark("identify", clips["ben"][4], "--among", "ada")
    assert among.code == 1
    assert "closest is ada" in among.out


def test_json_of_one_recording_stands_by_itself(earmark: Earmark, clips: Clips) -> None:
    made = earmark("enroll", "ada", *clips["ada"][:3], "--json").json
    assert (made["label"], made["added"], len(made["recordings"])) == ("ada", 3, 3)
    verified = earmark("verify", "ada", clips["ada"][3], "--json").json
    assert verified["accepted"] is True
    assert verified["llr"] >= verified["operating_point"]["threshold"]
    assert verified["file"] == str(clips["ada"][3])
    found = earmark("identify", clips["ada"][3], "--json").json
    assert found["best"]["label"] == "ada"
    assert found["best"]["profile"] == made["profile"]
    assert earmark("verify", made["profile"], clips["ada"][3]).code == 0  # the identifier serves as a name


def test_many_recordings_one_line_each_and_a_summary(earmark: Earmark, clips: Clips, tmp_path: Path) -> None:
    enrol(earmark, clips, "ada")
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    done = earmark("verify", "ada", clips["ada"][3], clips["ben"][0], broken)
    assert done.code == 3
    lines = done.out.splitlines()
    assert len(lines) == 4
    assert "Accepted" in lines[0]
    assert "Rejected" in lines[1]
    assert lines[2].startswith(f"{broken}: ")
    assert lines[3] == "3 recordings, 1 accepted, 1 rejected, 1 unusable."
    shape = earmark("verify", "ada", clips["ada"][3], clips["ben"][0], broken, "--json").json
    assert shape["summary"] == {"recordings": 3, "accepted": 1, "rejected": 1, "unusable": 1}
    assert shape["results"][2]["error"]["exit"] == 3


def test_a_folder_of_one_still_gives_a_list(earmark: Earmark, clips: Clips, tmp_path: Path) -> None:
    enrol(earmark, clips, "ada")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.opus").write_bytes(clips["ada"][3].read_bytes())
    assert len(earmark("verify", "ada", tmp_path / "in", "--json").json["results"]) == 1


def test_standard_input_and_raw_pcm(earmark: Earmark, clips: Clips, monkeypatch: pytest.MonkeyPatch) -> None:
    enrol(earmark, clips, "ada")
    samples, rate = soundfile.read(clips["ada"][3], dtype="int16")

    class Standard:
        buffer = io.BytesIO(samples.astype("<i2").tobytes())

    monkeypatch.setattr("sys.stdin", Standard)
    done = earmark("verify", "ada", "-", "--raw", f"s16le:{rate}", "--json")
    assert done.code == 0
    assert done.json["file"] == "-"


def test_a_stricter_rate_asks_for_more(earmark: Earmark, clips: Clips) -> None:
    enrol(earmark, clips, "ada")
    thresholds = [
        earmark("verify", "ada", clips["ada"][3], "--fmr", rate, "--json").json["operating_point"][
            "threshold"
        ]
        for rate in ("0.01", "0.001")
    ]
    assert thresholds[0] < thresholds[1]
    assert earmark("verify", "ada", clips["ada"][3], "--fmr", "2").code == 2


def test_adding_recordings(earmark: Earmark, clips: Clips) -> None:
    enrol(earmark, clips, "ada")
    again = earmark("enroll", "ada", clips["ada"][3])
    assert again.code == 2
    assert "label" in again.err
    more = earmark("enroll", "ada", clips["ada"][3], "--add", "--json")
    assert (more.code, more.json["added"], len(more.json["recordings"])) == (0, 1, 4)
    assert earmark("enroll", "nobody", clips["ada"][3], "--add").code == 4


def test_all_of_an_enrolment_or_nothing(earmark: Earmark, clips: Clips, tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    soundfile.write(bad, np.zeros(16_000 * 5, np.float32), 16_000)
    done = earmark("enroll", "ada", clips["ada"][0], bad)
    assert done.code == 3
    assert "bad.wav" in done.err
    assert len(done.err.splitlines()) == 1
    assert earmark("profiles", "list", "--json").json == {"profiles": []}


def test_who_is_not_there_is_not_found(earmark: Earmark, clips: Clips, tmp_path: Path) -> None:
    assert earmark("verify", "ada", clips["ada"][0]).code == 4
    assert earmark("identify", clips["ada"][0]).code == 4
    gone = earmark("verify", "ada", tmp_path / "gone.wav", "--json")
    assert gone.code == 4
    assert gone.json["error"]["code"] == "file_not_found"


def test_inspect_and_embed(earmark: Earmark, clips: Clips, tmp_path: Path) -> None:
    seen = earmark("inspect", clips["ada"][0])
    assert seen.code == 0
    assert "Good enough to enrol" in seen.out
    assert earmark("inspect", clips["ada"][0], "--json").json["quality"]["speech_seconds"] > 1

    out = tmp_path / "x.npy"
    done = earmark("embed", *clips["ada"][:2], "--out", out, "--json")
    assert [entry["row"] for entry in done.json["results"]] == [0, 1]
    rows = np.load(out)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    one = earmark("embed", clips["ada"][0], "--json").json
    assert np.allclose(one["vector"], rows[0], atol=1e-5)
    assert earmark("embed", clips["ada"][0], "--out", tmp_path / "x.txt").code == 2


def test_nothing_of_a_recognition_is_kept(earmark: Earmark, clips: Clips, home: Path) -> None:
    enrol(earmark, clips, "ada")
    before = {path: path.stat().st_size for path in sorted(home.rglob("*"))}
    earmark("verify", "ada", clips["ada"][3])
    earmark("identify", clips["ada"][3])
    earmark("inspect", clips["ada"][3])
    assert {path: path.stat().st_size for path in sorted(home.rglob("*"))} == before


def test_errors_are_json_too(earmark: Earmark, tmp_path: Path) -> None:
    empty = tmp_path / "empty.wav"
    empty.write_bytes(b"")
    done = earmark("inspect", empty, "--json")
    assert done.code == 3
    assert json.loads(done.out)["error"]["code"] == "audio_empty"
    assert done.err == ""
