"""Turns to RTTM, cues and a picture; and what can be said of a list of turns."""

import xml.etree.ElementTree as ET

import pytest

from earmark.errors import InvalidRequest
from earmark.voice.diarization.rttm import read_rttm, to_rttm
from earmark.voice.diarization.srt import to_srt
from earmark.voice.diarization.timeline import to_svg
from earmark.voice.diarization.turns import Turn, solo_stretches, speakers_of, speech_seconds

TURNS = [
    Turn(0.5, 4.0, "bo", 0.9),
    Turn(3.0, 5.25, "al ice"),
    Turn(3700.0, 3701.5, "bo"),
]


def test_rttm_comes_back_as_it_went() -> None:
    text = to_rttm(TURNS, recording="a meeting")
    assert text.splitlines()[0] == "SPEAKER a_meeting 1 0.500 3.500 <NA> <NA> bo 0.900 <NA>"
    back = list(read_rttm(text))
    assert [(turn.start, turn.end, turn.speaker) for turn in back] == [
        (0.5, 4.0, "bo"),
        (3.0, 5.25, "al_ice"),
        (3700.0, 3701.5, "bo"),
    ]


def test_other_lines_are_passed_over_and_broken_ones_refused() -> None:
    assert list(read_rttm(";; a remark\n\nSPKR-INFO x 1 <NA> <NA> <NA> unknown bo <NA> <NA>\n")) == []
    for line in ("SPEAKER x 1 0.5", "SPEAKER x 1 half 1.0 <NA> <NA> bo <NA> <NA>"):
        with pytest.raises(InvalidRequest, match="Line 1"):
            list(read_rttm(line))


def test_cues_are_numbered_and_timed() -> None:
    assert to_srt(TURNS) == (
        "1\n00:00:00,500 --> 00:00:04,000\nbo\n\n"
        "2\n00:00:03,000 --> 00:00:05,250\nal ice\n\n"
        "3\n01:01:40,000 --> 01:01:41,500\nbo\n"
    )


def test_the_picture_has_a_bar_for_each_turn_and_escapes_names() -> None:
    turns = [*TURNS, Turn(6.0, 7.0, "<script>&")]
    root = ET.fromstring(to_svg(turns, seconds=3800.0, title="a & b"))
    bars = [node for node in root.iter("{http://www.w3.org/2000/svg}rect") if node.get("rx")]
    assert len(bars) == 4
    words = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"a & b", "bo", "al ice", "<script>&"} <= set(words)
    assert "Nobody speaks." in to_svg([], seconds=0.0, title="silence")


def test_speakers_and_what_they_say_alone() -> None:
    assert speakers_of(TURNS) == ["bo", "al ice"]
    assert speech_seconds(TURNS, "bo") == 5.0
    assert solo_stretches(TURNS, "bo") == [(0.5, 3.0), (3700.0, 3701.5)]
    assert solo_stretches(TURNS, "al ice") == [(4.0, 5.25)]
    assert solo_stretches([], "bo") == []
