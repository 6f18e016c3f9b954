"""Every malformed or hostile recording: its own error, exit 3, one line, nothing stored."""

from pathlib import Path

import pytest
from command import Earmark
from hostile import Hostile, hostile_inputs

INPUTS = hostile_inputs()


@pytest.fixture(scope="module")
def one_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store for the whole table: since nothing is ever stored in it, no entry sees another."""
    return tmp_path_factory.mktemp("home")


def stored(home: Path) -> dict[str, bytes]:
    """Every byte in the state folder, but for the shared memory that SQLite rebuilds at will."""
    return {
        path.name: path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and not path.name.endswith("-shm")
    }


def test_the_table_is_long_enough() -> None:
    assert len(INPUTS) >= 40


@pytest.mark.parametrize("entry", INPUTS, ids=lambda entry: entry.name)
def test_a_bad_recording_is_refused_and_nothing_is_stored(
    entry: Hostile, earmark: Earmark, one_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARMARK_HOME", str(one_home))
    file = tmp_path / f"input{entry.suffix}"
    file.write_bytes(entry.data)
    earmark("profiles", "list")  # the store exists from here on
    before = stored(one_home)

    told = earmark("enroll", "ada", file, "--json")
    assert told.code == 3
    assert told.json["error"]["code"] == entry.code
    assert told.json["error"]["file"] == str(file)
    assert told.err == ""

    in_words = earmark("enroll", "ada", file)
    assert in_words.code == 3
    assert in_words.out == ""
    assert in_words.err.startswith(f"earmark: {file}: ")
    assert len(in_words.err.splitlines()) == 1

    assert earmark("profiles", "list", "--json").json == {"profiles": []}
    assert stored(one_home) == before


def test_bad_recordings_among_good_ones_spoil_no_answer(
    earmark: Earmark, clips: dict[str, list[Path]], tmp_path: Path
) -> None:
    earmark("enroll", "ada", *clips["ada"][:3])
    bad = tmp_path / f"bad{INPUTS[0].suffix}"
    bad.write_bytes(INPUTS[0].data)
    done = earmark("identify", bad, clips["ada"][3], "--json").json["results"]
    assert done[0]["error"]["code"] == INPUTS[0].code
    assert done[1]["best"]["label"] == "ada"
