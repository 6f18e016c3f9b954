"""Folders, tables, trial lists and score files: what they turn into, and clear errors for wrong ones."""

from pathlib import Path

import numpy as np
import pytest

from earmark.errors import FileMissing, TrialsInvalid
from earmark.evaluation.audit.attributes import attributes_of
from earmark.evaluation.audit.clips import Clip, Cut, clips_in_folder, clips_in_table
from earmark.evaluation.audit.lists import (
    check_labels,
    merge,
    read_scores,
    read_trials,
    score_lines,
    trial_lines,
)

PLACES = {"a/1.wav": 0, "a/2.wav": 1, "b/1.wav": 2}


def table(folder: Path, text: str, name: str = "clips.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_folder_of_folders() -> None:
    root = Path("voices")
    clips = clips_in_folder(root, [root / "ann" / "x.wav", root / "bob" / "deep" / "y.wav"])
    assert [(clip.name, clip.speaker) for clip in clips] == [("ann/x.wav", "ann"), ("bob/deep/y.wav", "bob")]
    with pytest.raises(TrialsInvalid, match="1 of 2 recordings lie in no speaker's folder"):
        clips_in_folder(root, [root / "x.wav", root / "ann" / "y.wav"])


def test_a_table_with_groups_and_cuts(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "\ufeffspeaker;clip;sex;start;end;note\nann;x.wav;f;;;hello\nann;long.wav;unknown;1.5;3;\nbob;y.wav;m;;;\n",
    )
    first, cut, last = clips_in_table(path)
    assert (first.name, first.path, first.groups) == ("x.wav", tmp_path / "x.wav", {"sex": "f"})
    assert (cut.name, cut.cut, cut.groups) == ("long.wav:1.5", Cut(1.5, 3.0, in_samples=False), {})
    assert last.cut is None
    assert clips_in_table(path, groups=["note"])[0].groups == {"note": "hello"}


def test_the_index_of_a_speech_set(tmp_path: Path) -> None:
    path = table(tmp_path, "shard\tstart_sample\tsamples\tspeaker\n000.opus\t1600\t800\tso1\n", "index.tsv")
    (clip,) = clips_in_table(path)
    assert (clip.name, clip.cut) == ("000.opus:1600", Cut(1600, 2400, in_samples=True))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no rows"),
        ("speaker,clip\n", "no rows"),
        ("who,clip\nann,x.wav\n", "no column 'speaker'; its columns are who, clip"),
        ("speaker,sound\nann,x.wav\n", "no column 'clip'"),
        ("speaker,clip\nann,\n", "Line 2 .* names no speaker or no clip"),
        ("speaker,clip\nann,x.wav\nbob,x.wav\n", "Line 3 .* repeats a clip"),
        ("speaker,clip,start,end\nann,x.wav,3,1\n", "Line 2 .* cuts out no stretch"),
        ("speaker,clip,start,end\nann,x.wav,a,b\n", "cuts out no stretch"),
        ("speaker,clip,start\nann,x.wav,1\n", "cuts out no stretch"),
    ],
)
def test_wrong_tables_are_told_by_line(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(TrialsInvalid, match=words) as told:
        clips_in_table(table(tmp_path, text))
    assert "bob" not in str(told.value)  # a name may be a person's


def test_a_table_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        clips_in_table(tmp_path / "missing.csv")
    (tmp_path / "x.wav").write_bytes(b"RIFF\xff\xfe\x00\x80" * 40)
    with pytest.raises(TrialsInvalid, match="is no table"):
        clips_in_table(tmp_path / "x.wav")
    with pytest.raises(TrialsInvalid, match="no column 'age'"):
        clips_in_table(table(tmp_path, "speaker,clip\nann,x.wav\n"), groups=["age"])


@pytest.mark.parametrize(
    "text",
    ["1 a/1.wav a/2.wav\n0 a/1.wav b/1.wav\n", "a/1.wav a/2.wav target\n\na/1.wav b/1.wav nontarget\n"],
)
def test_trial_lists_of_both_forms(text: str, tmp_path: Path) -> None:
    found = read_trials(table(tmp_path, text, "list.txt"), PLACES)
    assert found.enrol.tolist() == [0, 0]
    assert found.test.tolist() == [1, 2]
    assert found.genuine is not None
    assert found.genuine.tolist() == [True, False]
    lines = list(trial_lines([True, False], ["a/1.wav", "a/1.wav"], ["a/2.wav", "b/1.wav"]))
    again = read_trials(table(tmp_path, "".join(lines), "again.txt"), PLACES)
    assert again.test.tolist() == found.test.tolist()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no trials"),
        ("1 a/1.wav\n", "Line 1 .* is no trial"),
        ("2 a/1.wav a/2.wav\n", "is no trial"),
        (
            "1 a/1.wav a/2.wav\n1 a/1.wav zoe.wav\n",
            "Line 2 .* names a clip that is not among the 3 recordings",
        ),
    ],
)
def test_wrong_trial_lists(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(TrialsInvalid, match=words) as told:
        read_trials(table(tmp_path, text, "list.txt"), PLACES)
    assert "zoe" not in str(told.value)
    with pytest.raises(FileMissing):
        read_trials(tmp_path / "missing.txt", PLACES)


def test_a_label_against_its_speakers(tmp_path: Path) -> None:
    path = table(tmp_path, "1 a/1.wav a/2.wav\n1 a/1.wav b/1.wav\n", "list.txt")
    with pytest.raises(TrialsInvalid, match=r"1 of 2 trials .* the first of them trial 2"):
        check_labels(read_trials(path, PLACES), ["a", "a", "b"], path)


def test_scores_come_and_go(tmp_path: Path) -> None:
    scores = [0.123456789, -2.5]
    text = "".join(score_lines(["a/1.wav", "a/1.wav"], ["a/2.wav", "b/1.wav"], scores))
    found = read_scores(table(tmp_path, text, "scores.txt"), PLACES)
    assert found.scores is not None
    assert np.allclose(found.scores, scores, atol=0, rtol=1e-9)
    labelled = read_scores(table(tmp_path, "0 a/1.wav b/1.wav 1.5\n", "scores.txt"), PLACES)
    assert labelled.genuine is not None
    assert not labelled.genuine[0]
    for wrong in ("a/1.wav a/2.wav high\n", "a/1.wav a/2.wav nan\n", "a/1.wav 3\n", ""):
        with pytest.raises(TrialsInvalid):
            read_scores(table(tmp_path, wrong, "scores.txt"), PLACES)


def test_every_trial_needs_a_score(tmp_path: Path) -> None:
    trials = read_trials(table(tmp_path, "1 a/1.wav a/2.wav\n0 b/1.wav a/1.wav\n", "list.txt"), PLACES)
    both = read_scores(table(tmp_path, "a/2.wav a/1.wav 3\na/1.wav b/1.wav 1\n", "s.txt"), PLACES)
    merged = merge(trials, both)
    assert merged.scores is not None
    assert merged.scores.tolist() == [3.0, 1.0]  # either way round
    one = read_scores(table(tmp_path, "a/2.wav a/1.wav 3\n", "s.txt"), PLACES)
    with pytest.raises(TrialsInvalid, match="1 of 2 trials have no score"):
        merge(trials, one)


def clip(speaker: str, **groups: str) -> Clip:
    return Clip(f"{speaker}-{len(groups)}-{id(groups)}", speaker, Path("x"), None, groups)


def test_ages_and_other_numbers_make_bands() -> None:
    clips = [clip(f"s{age}", age=str(age), score=str(age / 7)) for age in range(5, 70)]
    ages, numbers = attributes_of(clips)
    assert sorted(set(ages.groups)) == ["0 to 12", "13 to 17", "18 to 34", "35 to 54", "55 and over"]
    assert ages.of_speakers
    assert len(set(numbers.groups)) == 4


def test_a_column_may_change_within_a_speaker() -> None:
    clips = [clip("a", device="phone"), clip("a", device="laptop"), clip("b", device="phone"), clip("c")]
    (found,) = attributes_of(clips)
    assert not found.of_speakers
    assert found.groups == ("phone", "laptop", "phone", "")
    assert attributes_of([clip("a", sex="f"), clip("b", sex="f")]) == []


def test_the_largest_groups_are_kept() -> None:
    clips = [clip(f"s{number}", accent=f"g{number % 20}") for number in range(45)]
    (found,) = attributes_of(clips)
    assert len(set(found.groups) - {""}) == 12
    assert found.dropped == 8
