"""What is stored about people, looked after from the command line."""

from pathlib import Path

import pytest
from command import Earmark

Clips = dict[str, list[Path]]
PASSPHRASE = "a long passphrase"


@pytest.fixture
def ada(earmark: Earmark, clips: Clips) -> str:
    return str(earmark("enroll", "ada", *clips["ada"][:2], "--json").json["profile"])


def test_list_and_show(earmark: Earmark, ada: str) -> None:
    assert [one["label"] for one in earmark("profiles", "list", "--json").json["profiles"]] == ["ada"]
    table = earmark("profiles", "list").out.splitlines()
    assert table[0].startswith("name")
    assert table[1].startswith("ada")
    assert ada in table[1]
    assert earmark("profiles", "show", "ada", "--json").json["profile"] == ada
    assert "2 recordings" in earmark("profiles", "show", ada).out
    assert earmark("profiles", "show", "ben").code == 4


def test_an_empty_store_says_how_to_begin(earmark: Earmark) -> None:
    done = earmark("profiles", "list")
    assert done.code == 0
    assert "earmark enroll" in done.out


@pytest.mark.usefixtures("ada")
def test_delete_asks_or_wants_yes(earmark: Earmark) -> None:
    refused = earmark("profiles", "delete", "ada")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert earmark("profiles", "delete", "ada", "--yes").code == 0
    assert earmark("profiles", "show", "ada").code == 4


def test_export_moves_to_another_home(
    earmark: Earmark, clips: Clips, ada: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ada.earmark"
    wanting = earmark("profiles", "export", "ada", "--out", file)
    assert wanting.code == 2
    assert "EARMARK_PASSPHRASE" in wanting.err
    monkeypatch.setenv("EARMARK_PASSPHRASE", PASSPHRASE)
    assert earmark("profiles", "export", "ada", "--out", file).code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"ada" not in file.read_bytes().split(b"\n", 2)[2]

    other = tmp_path / "other"
    assert earmark("profiles", "import", file, "--home", other, "--json").json["added"] == [ada]
    assert earmark("verify", "ada", clips["ada"][3], "--home", other).code == 0
    assert earmark("profiles", "import", file, "--home", other, "--json").json["skipped"] == [ada]

    monkeypatch.setenv("EARMARK_PASSPHRASE", "another one entirely")
    wrong = earmark("profiles", "import", file, "--home", tmp_path / "third", "--json")
    assert wrong.code == 2
    assert wrong.json["error"]["code"] == "profile_file_invalid"
    assert earmark("profiles", "import", tmp_path / "gone").code == 4


@pytest.mark.usefixtures("ada")
def test_a_broken_store_is_told_as_such(earmark: Earmark, home: Path) -> None:
    for path in home.glob("earmark.db*"):
        path.write_bytes(b"this is no database" * 100)
    done = earmark("profiles", "list", "--json")
    assert done.code == 5
    assert done.json["error"]["code"] == "store_unreadable"


def test_models(earmark: Earmark, tmp_path: Path) -> None:
    listed = earmark("models", "list", "--json").json["models"]
    assert [model["name"] for model in listed if model["default"]] == ["earmark-1"]
    assert "earmark-1@" in earmark("models", "list").out
    assert earmark("models", "check").code == 0
    assert earmark("models", "check", "nothing").code == 4
    assert earmark("models", "remove", "earmark-1").code == 2
    assert earmark("models", "add", tmp_path / "gone.onnx", "--family", "wespeaker").code == 4
    junk = tmp_path / "junk.onnx"
    junk.write_bytes(b"junk" * 100)
    refused = earmark("models", "add", junk, "--family", "wespeaker", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (2, "model_invalid")


def test_the_help_names_every_family(earmark: Earmark) -> None:
    from earmark.voice.models.families import FAMILIES

    shown = earmark("models", "add", "--help").out
    assert [family for family in FAMILIES if f"  {family} " not in shown] == []
