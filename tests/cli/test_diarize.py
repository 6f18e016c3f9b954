"""`earmark diarize` as somebody types it: words, JSON, RTTM, cues, a picture, and names."""

import json
import re
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

import pytest
from command import Earmark
from voices import as_wav, clip

from earmark.voice.diarization.rttm import read_rttm

Clips = dict[str, list[Path]]
PAUSE = bytes(2 * 6_400)  # 0.4 s


@cache
def sound() -> bytes:
    order = (("ada", 1), ("ben", 1), ("ada", 2), ("ben", 2))
    return as_wav(PAUSE.join(clip(speaker, number) for speaker, number in order))


@pytest.fixture
def meeting(tmp_path: Path) -> Path:
    path = tmp_path / "our meeting.wav"
    path.write_bytes(sound())
    return path


def test_who_speaks_when_in_words(earmark: Earmark, meeting: Path) -> None:
    done = earmark("diarize", meeting)
    assert (done.code, done.err) == (0, "")
    first = done.out.splitlines()[0]
    assert first.startswith("0:0")
    assert first.endswith("SPEAKER_00")
    assert "2 speakers in 0:" in done.out


def test_names_in_words_and_json(earmark: Earmark, clips: Clips, meeting: Path) -> None:
    assert earmark("enroll", "ada", *clips["ada"][2:]).code == 0
    words = earmark("diarize", meeting, "--who", "all")
    assert re.search(r"SPEAKER_00, heard for 0:\d\d, is ada \(confidence ", words.out)
    assert ", is nobody that was looked for; closest is ada (confidence " in words.out

    found = earmark("diarise", meeting, "--who", "ada", "--json", "--exclusive").json
    assert found["file"] == str(meeting)
    ada, stranger = found["speakers"]
    assert (ada["speaker"], ada["name"], ada["match"]["label"]) == ("SPEAKER_00", "ada", "ada")
    assert (stranger["name"], stranger["match"]) == ("SPEAKER_01", None)
    assert {turn["name"] for turn in found["turns"]} == {"ada", "SPEAKER_01"}
    assert all(0.0 <= turn["confidence"] <= 100.0 for turn in found["turns"])
    ends = [turn["end"] for turn in found["exclusive_turns"][:-1]]
    starts = [turn["start"] for turn in found["exclusive_turns"][1:]]
    assert all(end <= start for end, start in zip(ends, starts, strict=True))

    loose = earmark("diarize", meeting, "--who", "ada", "--threshold", "0", "--json").json
    assert [speaker["name"] for speaker in loose["speakers"]].count("ada") == 1


def test_rttm_cues_and_a_picture(earmark: Earmark, meeting: Path, tmp_path: Path) -> None:
    turns = list(read_rttm(earmark("diarize", meeting, "--rttm").out))
    assert {turn.speaker for turn in turns} == {"SPEAKER_00", "SPEAKER_01"}
    cues = earmark("diarize", meeting, "--text").out
    assert cues.startswith("1\n00:00:0")
    assert " --> " in cues
    picture = tmp_path / "meeting.svg"
    assert earmark("diarize", meeting, "--svg", picture, "--speakers", "2").code == 0
    assert "our meeting.wav" in ET.fromstring(picture.read_text(encoding="utf-8"))[0].text  # type: ignore[operator]


def test_the_number_of_speakers_can_be_told(earmark: Earmark, meeting: Path) -> None:
    assert len(earmark("diarize", meeting, "--speakers", "1", "--json").json["speakers"]) == 1
    assert len(earmark("diarize", meeting, "--max-speakers", "1", "--json").json["speakers"]) == 1
    wrong = earmark("diarize", meeting, "--min-speakers", "3", "--max-speakers", "2")
    assert wrong.code == 2
    assert "swap" in wrong.err


def test_strangers_are_remembered(earmark: Earmark, meeting: Path) -> None:
    first = earmark("diarize", meeting, "--remember", "--json").json
    assert [speaker["remembered"] for speaker in first["speakers"]] == [True, True]
    again = earmark("diarize", meeting, "--remember", "--json").json
    assert [speaker["remembered"] for speaker in again["speakers"]] == [False, False]
    assert [one["name"] for one in first["speakers"]] == [one["name"] for one in again["speakers"]]
    assert len(earmark("profiles", "list", "--json").json["profiles"]) == 2


def test_silence_is_an_answer_and_wrong_use_an_error(earmark: Earmark, meeting: Path, tmp_path: Path) -> None:
    silent = tmp_path / "silent.wav"
    silent.write_bytes(as_wav(bytes(64_000)))
    quiet = earmark("diarize", silent)
    assert (quiet.code, quiet.out) == (1, "Nobody speaks in these 0:02.\n")
    assert earmark("diarize", silent, "--json").json["turns"] == []
    for arguments in (
        ("--rttm", "--json"),
        ("--who", ","),
        ("--threshold", "101"),
        ("--svg", tmp_path / "no" / "folder.svg"),
    ):
        assert earmark("diarize", meeting, *arguments).code == 2
    assert earmark("diarize", tmp_path).code in (2, 4)
    assert earmark("diarize", meeting, "--who", "nobody").code == 4
    broken = tmp_path / "broken.wav"
    broken.write_bytes(sound()[:-1000])
    refused = earmark("diarize", broken, "--json")
    assert refused.code == 3
    assert json.loads(refused.out)["error"]["code"] == "audio_truncated"
