"""Every hostile recording gives its own clear error, from bytes and from a file."""

from pathlib import Path

import pytest
from hostile import Hostile, hostile_inputs

from earmark.errors import AudioError, QualityRefused
from earmark.voice.audio import load_clip
from earmark.voice.quality import ENROL, RECOGNISE, QualityRules, measure, refuse
from earmark.voice.vad import find_speech

LOADED = [entry for entry in hostile_inputs() if entry.stage == "load"]


def test_the_table_is_large_and_its_names_are_unique() -> None:
    names = [entry.name for entry in hostile_inputs()]
    assert len(names) >= 45
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("entry", LOADED, ids=lambda entry: entry.name)
def test_hostile_bytes_give_their_own_error(entry: Hostile) -> None:
    with pytest.raises(AudioError) as caught:
        load_clip(entry.data)
    assert caught.value.code == entry.code, str(caught.value)
    message = str(caught.value)
    assert 20 < len(message) < 220, message
    assert "<" not in message, "an object's address is no help"
    assert "0x" not in message


@pytest.mark.parametrize("entry", LOADED[::7], ids=lambda entry: entry.name)
def test_a_file_gives_the_error_of_its_bytes(entry: Hostile, tmp_path: Path) -> None:
    path = tmp_path / f"recording{entry.suffix}"
    path.write_bytes(entry.data)
    with pytest.raises(AudioError) as caught:
        load_clip(path)
    assert caught.value.code == entry.code


@pytest.mark.parametrize("rules", [ENROL, RECOGNISE], ids=["enrol", "recognise"])
@pytest.mark.parametrize("entry", [e for e in hostile_inputs() if e.stage == "quality"], ids=lambda e: e.name)
def test_what_decodes_well_is_refused_for_its_quality(entry: Hostile, rules: QualityRules) -> None:
    clip = load_clip(entry.data)
    quality = measure(clip, find_speech(clip), several_voices=False)
    with pytest.raises(QualityRefused) as caught:
        refuse(quality, rules)
    assert caught.value.code == entry.code, quality
