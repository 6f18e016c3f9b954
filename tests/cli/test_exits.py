"""Exit codes, and the JSON and line that go with an error."""

import json

import pytest

from earmark import errors
from earmark.cli.exits import MEANING, Exit, exit_for, worst
from earmark.cli.main import run
from earmark.cli.output import AboutFile, complain
from earmark.cli.reference import page


def test_every_exit_code_is_explained() -> None:
    assert set(MEANING) == set(Exit)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.AudioEmpty, 3),
        (errors.SpeechTooShort, 3),
        (errors.ProfileNotFound, 4),
        (errors.FileMissing, 4),
        (errors.LabelTaken, 2),
        (errors.ModelMismatch, 2),
        (errors.SealBroken, 5),
        (errors.EarmarkError, 70),
    ],
)
def test_a_class_exits_as_its_family_does(error: type[errors.EarmarkError], code: int) -> None:
    assert exit_for(error) == code


def test_several_recordings_exit_with_the_worst() -> None:
    assert worst([]) == Exit.OK
    assert worst([Exit.OK, Exit.NO]) == Exit.NO
    assert worst([Exit.NO, Exit.AUDIO, Exit.OK]) == Exit.AUDIO


def test_an_error_in_words_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    complain(AboutFile(errors.AudioEmpty("it is empty:\nrecord again"), "a\x1b[31m.wav"), as_json=False)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "earmark: a [31m.wav: it is empty: record again\n"


def test_an_error_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    refused = errors.SpeechTooShort("2.1 s of speech, need 4", measure="speech_seconds", value=2.1, limit=4.0)
    complain(AboutFile(refused, "a.wav"), as_json=True)
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out)["error"] == {
        "code": "speech_too_short",
        "message": "2.1 s of speech, need 4",
        "exit": 3,
        "file": "a.wav",
        "measure": "speech_seconds",
        "value": 2.1,
        "limit": 4.0,
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nonsense"],
        ["nonsense"],
        ["verify"],
        ["verify", "alice"],
        ["verify", "--threads", "0", "a", "b"],
        ["profiles", "x"],
    ],
)
def test_wrong_use_exits_2_with_a_hint(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("earmark: ")
    assert len(err.splitlines()) == 1
    assert "--help" in err


def test_wrong_use_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "wrong_use"


@pytest.mark.parametrize("arguments", [[], ["profiles"], ["models"]])
def test_a_group_by_itself_shows_its_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert "Usage: earmark" in capsys.readouterr().err


def test_a_fault_of_our_own_is_told_without_values(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("alice's secret")

    monkeypatch.setattr("earmark.cli.profiles.open_profiles", fail)
    assert run(["profiles", "list"]) == 70
    err = capsys.readouterr().err
    assert "KeyError" in err
    assert "cli/profiles.py" in err
    assert "report" in err
    assert "alice" not in err
    assert len(err.splitlines()) == 1


def test_the_reference_page_is_up_to_date(request: pytest.FixtureRequest) -> None:
    written = (request.config.rootpath / "docs" / "cli" / "reference.md").read_text(encoding="utf-8")
    assert written == page(), "run `make docs`"
