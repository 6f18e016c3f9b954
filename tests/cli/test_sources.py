"""What audio arguments name."""

from pathlib import Path

import pytest

from earmark.cli.sources import gather, is_outright, parse_raw
from earmark.errors import FileMissing, InvalidRequest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.wav", "a.WAV", "notes.txt", ".hidden.wav", "deep/c.opus", "deep/d.raw"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "empty").mkdir()
    return tmp_path


def names(folder: Path, *arguments: str, raw: bool = False) -> list[str]:
    found = gather([str(folder / argument) for argument in arguments], raw=raw)
    return [Path(recording.name).relative_to(folder).as_posix() for recording in found]


def test_folder_gives_its_audio_sorted_and_from_below(folder: Path) -> None:
    assert names(folder, ".") == ["a.WAV", "b.wav", "deep/c.opus"]


def test_raw_files_are_taken_from_a_folder_when_their_format_is_stated(folder: Path) -> None:
    assert names(folder, "deep", raw=True) == ["deep/c.opus", "deep/d.raw"]


def test_a_file_named_outright_is_tried_whatever_it_is_called(folder: Path) -> None:
    assert names(folder, "notes.txt") == ["notes.txt"]


def test_patterns_are_expanded_and_sorted(folder: Path) -> None:
    assert names(folder, "*.wav", "deep") == ["b.wav", "deep/c.opus"]
    assert names(folder, "**/*.opus") == ["deep/c.opus"]


def test_a_file_reached_twice_counts_once_in_the_order_given(folder: Path) -> None:
    assert names(folder, "b.wav", ".") == ["b.wav", "a.WAV", "deep/c.opus"]


def test_a_name_with_pattern_characters_is_a_file_first(folder: Path) -> None:
    (folder / "x[1].wav").write_bytes(b"x")
    assert names(folder, "x[1].wav") == ["x[1].wav"]


@pytest.mark.parametrize("argument", ["gone.wav", "*.flac", "empty", "gone/"])
def test_nothing_matched_is_an_error_that_says_so(folder: Path, argument: str) -> None:
    with pytest.raises(FileMissing, match=r"check|name its files"):
        names(folder, "b.wav", argument)


def test_standard_input_once(folder: Path) -> None:
    with pytest.raises(InvalidRequest, match="once"):
        gather(["-", str(folder / "b.wav"), "-"])


def test_outright_is_one_file_by_its_own_name(folder: Path) -> None:
    file, only = str(folder / "b.wav"), str(folder / "b*.wav")
    assert is_outright([file], gather([file]))
    assert not is_outright([only], gather([only]))
    assert not is_outright([str(folder)], gather([str(folder)]))


def test_raw_format() -> None:
    one, two = parse_raw("s16le:8000"), parse_raw("f32le:44100:2")
    assert one is not None
    assert two is not None
    assert (one.encoding, one.sample_rate, one.channels) == ("s16le", 8000, 1)
    assert (two.encoding, two.sample_rate, two.channels) == ("f32le", 44100, 2)
    assert parse_raw(None) is None


@pytest.mark.parametrize(
    "text", ["", "s16le", "s16:8000", "s16le:8k", "s16le:8000:one", "s16le:-1", "s16le:8000:1:1"]
)
def test_a_wrong_raw_format_shows_how_to_write_it(text: str) -> None:
    with pytest.raises(InvalidRequest, match="s16le:8000:1"):
        parse_raw(text)
